"""What a live client may say: any text is understood or refused with a sentence."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.api.live_messages import (
    MAX_CLIENT_MESSAGE,
    Ping,
    Pong,
    Resume,
    Subscribe,
    client_message,
)
from telltale.errors import DecodeError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["type", "machines", "channels", "rate_hz", "backfill_s", "resume", "epoch", "seq", "sent_ms"]
)
MESSAGES = st.builds(
    lambda kind, rest: {"type": kind, **rest},
    st.sampled_from(["subscribe", "ping", "pong", "hello", ""]) | VALUES,
    st.dictionaries(WORDS, VALUES, max_size=5),
)
WISH = json.dumps(
    {
        "type": "subscribe",
        "machines": ["pump-3"],
        "channels": ["*"],
        "rate_hz": 10,
        "backfill_s": 60,
        "resume": {"epoch": "e", "seq": 118},
    }
).encode()


def is_answered(said: str | bytes) -> bool:
    """Return whether a message is understood, or refused with what to send."""
    try:
        message = client_message(said)
    except DecodeError as error:
        return re.search("Send JSON|longer than", str(error)) is not None
    return isinstance(message, Subscribe | Ping | Pong)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120) | st.text(max_size=120))
def test_any_bytes_are_a_message_or_refused(said: str | bytes) -> None:
    assert is_answered(said)


@settings(max_examples=150, deadline=None)
@given(MESSAGES | VALUES)
def test_any_json_is_a_message_or_refused(said: Any) -> None:
    assert is_answered(json.dumps(said))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=3)), min_size=1, max_size=4))
def test_a_damaged_message_is_a_message_or_refused(damage: list[tuple[int, bytes]]) -> None:
    body = bytearray(WISH)
    for place, new in damage:
        at = place % len(body)
        body[at : at + len(new)] = new
    assert is_answered(bytes(body))


def test_what_is_said_is_what_is_understood() -> None:
    wish = client_message(WISH)
    assert wish == Subscribe(
        machines=("pump-3",), rate_hz=10, backfill_s=60, resume=Resume("e", 118)
    )
    assert client_message('{"type": "ping", "sent_ms": 5}') == Ping(5)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("[" * 30_000, "cannot be read"),
        ('{"type": "subscribe", "backfill_s": 1e9}', "backfill_s"),
        ('{"type": "dance"}', "dance"),
        ("x" * (MAX_CLIENT_MESSAGE + 1), "longer than"),
        (b'{"type": "ping", "sent_ms": "\xff"}', "cannot be read"),
    ],
)
def test_what_is_refused_is_named(said: str | bytes, word: str) -> None:
    with pytest.raises(DecodeError, match=word):
        client_message(said)
