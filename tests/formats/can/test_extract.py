"""Signals cut out of arrays equal what cantools decodes frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cantools.database
import numpy as np
import pytest
from cantools.database.can import Database, Message, Signal
from cantools.database.conversion import BaseConversion
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.formats.can import databases
from telltale.formats.can.extract import signals_of
from telltale.formats.can.tables import CanTables
from tests.formats.can import parts

LITTLE: Literal["little_endian"] = "little_endian"
BIG: Literal["big_endian"] = "big_endian"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A random signal and the payloads that carry it."""

    signal: Signal
    n_bytes: int
    payloads: list[bytes]


@st.composite
def wanted(draw: st.DrawFn) -> Wanted:
    n_bytes = draw(st.sampled_from([1, 2, 7, 8, 12, 64]))
    is_float = draw(st.booleans())
    lengths = [n for n in (16, 32, 64) if n <= 8 * n_bytes]
    if is_float and lengths:
        length = draw(st.sampled_from(lengths))
    else:
        is_float, length = False, draw(st.integers(1, min(64, 8 * n_bytes)))
    first = draw(st.integers(0, 8 * n_bytes - length))
    is_big = draw(st.booleans())
    start = 8 * (first // 8) + 7 - first % 8 if is_big else first
    scale = draw(st.sampled_from([1, 2, -3, 0.25, 0.1, -0.001, 1e-7]))
    offset = draw(st.sampled_from([0, -40, 0.5, 1e6]))
    is_signed = not is_float and draw(st.booleans())
    made = Signal(
        "S",
        start,
        length,
        BIG if is_big else LITTLE,
        is_signed=is_signed,
        conversion=BaseConversion.factory(scale, offset, is_float=is_float),
    )
    payloads = draw(st.lists(st.binary(min_size=n_bytes, max_size=n_bytes), min_size=1, max_size=5))
    return Wanted(made, n_bytes, payloads)


def tables_of(message: Message) -> CanTables:
    loaded = Database([message], strict=False)
    return databases.tables_of("random", loaded)


def decoded(message: Message, payload: bytes) -> dict[str, float]:
    values = message.decode(payload, decode_choices=False)
    assert isinstance(values, dict)
    return {name: float(value) for name, value in values.items()}  # type: ignore[arg-type]


def arrays(payloads: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([len(payload) for payload in payloads], dtype=np.int64)
    width = max(8, int(lengths.max()))
    text = b"".join(payload.ljust(width, b"\0") for payload in payloads)
    return np.frombuffer(text, dtype=np.uint8).reshape(len(payloads), width), lengths


@settings(max_examples=400, deadline=None)
@given(wanted())
def test_any_signal_is_what_cantools_decodes(case: Wanted) -> None:
    theirs = Message(0x123, "M", case.n_bytes, [case.signal], strict=False)
    expected = [decoded(theirs, payload)["S"] for payload in case.payloads]
    [message] = tables_of(theirs).messages
    found = signals_of(message, *arrays(case.payloads))["S"]
    numbers = np.array(expected)
    numbers[~np.isfinite(numbers)] = np.nan
    np.testing.assert_allclose(found, numbers, rtol=1e-14, atol=0.0)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=20),
    st.lists(st.integers(0, 15), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, 15), min_size=1, max_size=3, unique=True),
)
def test_multiplexed_signals_are_there_when_cantools_says_so(
    payloads: list[bytes], outer: list[int], inner: list[int]
) -> None:
    signals = [
        Signal("Page", 0, 4, LITTLE, is_multiplexer=True),
        Signal(
            "Sub", 4, 4, LITTLE, is_multiplexer=True, multiplexer_ids=outer,
            multiplexer_signal="Page",
        ),
        Signal("Deep", 8, 16, LITTLE, multiplexer_ids=inner, multiplexer_signal="Sub"),
        Signal("Shallow", 31, 12, BIG, multiplexer_ids=outer, multiplexer_signal="Page"),
        Signal("Always", 48, 16, LITTLE),
    ]  # fmt: skip
    theirs = Message(0x123, "M", 8, signals, strict=False)
    [message] = tables_of(theirs).messages
    found = signals_of(message, *arrays(payloads))
    for row, payload in enumerate(payloads):
        try:
            expected = decoded(theirs, payload)
        except cantools.database.errors.DecodeError:  # a page that it does not know
            page, sub = payload[0] & 15, payload[0] >> 4
            assert page not in outer or sub not in inner
            continue
        there = {name: values[row] for name, values in found.items() if not np.isnan(values[row])}
        assert there == expected


def test_a_payload_that_is_too_short_for_a_signal_costs_only_that_signal(tmp_path: Path) -> None:
    tables = parts.tables_of(tmp_path, parts.CAR)
    [engine, *_] = tables.messages
    found = signals_of(engine, *arrays([bytes(8), bytes(4), bytes(1)]))
    assert {name: np.isnan(values).tolist() for name, values in found.items()} == {
        "Engine.Speed": [False, False, True],
        "Torque": [False, False, True],
        "Gear": [False, True, True],
        "Engine.Counter": [False, True, True],
    }


@pytest.mark.parametrize(
    ("payload", "speed"),
    [
        ("F0FF7D6817FFFFFF", 0x1768 * 0.125),
        ("F0FF7DFFFAFFFFFF", 0xFAFF * 0.125),
        ("F0FF7D00FEFFFFFF", None),
        ("F0FF7D34FEFFFFFF", None),
        ("F0FF7DFFFFFFFFFF", None),
    ],
)
def test_j1939_says_with_its_largest_numbers_that_nothing_was_measured(
    tmp_path: Path, payload: str, speed: float | None
) -> None:
    tables = parts.tables_of(tmp_path, parts.TRUCK)
    found = signals_of(tables.messages[0], *arrays([bytes.fromhex(payload)]))
    assert found["EngineSpeed"].tolist() == pytest.approx(
        [np.nan if speed is None else speed], nan_ok=True
    )
    assert found["TorqueMode"].tolist() == [0.0]


def test_a_range_that_takes_the_largest_numbers_keeps_all_but_the_last_two(tmp_path: Path) -> None:
    tables = parts.tables_of(tmp_path, parts.BOAT)
    headings = [0xFDE8, 0xFE10, 0xFFFD, 0xFFFE, 0xFFFF]
    payloads = [bytes([0xFF, *raw.to_bytes(2, "little"), 0, 0, 0, 0, 0]) for raw in headings]
    found = signals_of(tables.messages[1], *arrays(payloads))["Heading"]
    assert found.tolist() == pytest.approx([6.5, 6.504, np.nan, np.nan, np.nan], nan_ok=True)
    largest = signals_of(tables.messages[1], *arrays([bytes([0xFF, 0xFC, 0xFF, *bytes(5)])]))
    assert largest["Heading"].tolist() == pytest.approx([6.5532])
