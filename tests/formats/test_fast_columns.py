"""The quick way through packed columns gives the plain way's numbers, or nothing."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.formats.decode import decode
from telltale.formats.fast_columns import read_columns
from telltale.formats.raw_columns import FieldNames

NAMES = FieldNames()
NOW_NS = 1_760_000_000_000_000_000
values = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3)
)


def packed(value: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:  # beyond 64 bits MessagePack has no integers
        return msgspec.msgpack.encode({"time": [1.0]})


def decoded(body: bytes, *, quick: bool) -> tuple[Batch, ...]:
    """What a body becomes; a list around it is never taken the quick way."""
    if not quick:
        whole = msgspec.msgpack.decode(body)
        n = len(next(iter(whole.values())))
        body = msgspec.msgpack.encode([{k: v[i] for k, v in whole.items()} for i in range(n)])
    return decode(
        body, content_type="application/msgpack", machine="pump-1", arrival_ns=NOW_NS
    ).batches


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.lists(st.floats(-1e300, 1e300), min_size=70, max_size=70),
        min_size=1,
    )
)
def test_both_ways_give_the_same_numbers(columns: dict[str, list[float]]) -> None:
    body = packed({"time": [1_750_000_000_000 + i for i in range(70)], **columns})
    raw = read_columns(body, NAMES, 1000)
    assert raw is not None
    assert all(isinstance(raw.values[name], np.ndarray) for name in columns)
    (quick,), (plain,) = decoded(body, quick=True), decoded(body, quick=False)
    assert np.array_equal(quick.time_ns, plain.time_ns)
    for name in columns:
        assert np.array_equal(quick.columns[name], plain.columns[name])


@given(st.dictionaries(st.text(max_size=3), st.lists(values, max_size=20) | values, max_size=4))
def test_whatever_is_not_all_floats_keeps_what_was_sent(sent: dict[str, Any]) -> None:
    raw = read_columns(packed(sent), NAMES, 1000)
    if raw is None:
        return
    for name, column in raw.values.items():
        if isinstance(column, np.ndarray):
            assert column.tolist() == sent[name]
        else:
            assert repr(list(column)) == repr(sent[name])


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_damaged_bytes_give_columns_or_nothing(noise: bytes, at: int) -> None:
    body = packed({"time": [1.0] * 40, "a": [1.5] * 40, "b": [2.5] * 40})
    read_columns(body[:at] + noise + body[at + len(noise) :], NAMES, 1000)
    read_columns(noise, NAMES, 1000)


@pytest.mark.parametrize(
    "value",
    [
        [1.0, 2.0],
        {"time": [1.0, 2.0], "a": [1.0]},
        {"time": 1.0, "a": 2.0},
        {"machine": "pump-1", "time": [1.0], "a": [1.0]},
        {"columns": {"a": [1.0]}, "units": {"a": "K"}},
        {},
        {"a": []},
        {"a": [1.0] * 1001},
    ],
)
def test_anything_else_is_left_to_the_plain_way(value: object) -> None:
    assert read_columns(packed(value), NAMES, 1000) is None
