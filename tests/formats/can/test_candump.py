"""candump's lines, whatever they look like: read at once, or refused with a sentence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import DecodeError, TelltaleError
from telltale.formats.can.candump import CandumpReader, has_no_time, is_candump
from telltale.formats.can.frames import EXTENDED, Frames, joined
from tests.formats.can.parts import START_S, Frame, as_arrays, car_frames

FRAMES = car_frames()
COMPACT = "".join(frame.line() for frame in FRAMES).encode()


def plain(frame: Frame) -> str:
    payload = " ".join(frame.data[i : i + 2].upper() for i in range(0, len(frame.data), 2))
    return f" ({frame.time_s:.6f})  can0  {frame.id:>8}   [{len(frame.data) // 2}]  {payload}\n"


def read(text: bytes, cuts: tuple[int, ...] = ()) -> tuple[Frames, CandumpReader]:
    reader = CandumpReader()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    found = [reader.feed(text[a:b]) for a, b in pairwise(edges)]
    return joined([*found, reader.feed(b"", last=True)]), reader


def assert_same(found: Frames, expected: Frames) -> None:
    for name in ("time_ns", "keys", "lengths", "data"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_both_forms_of_candump_give_the_same_frames() -> None:
    expected = as_arrays(FRAMES)
    found, reader = read(COMPACT)
    assert_same(found, expected)
    assert (reader.refusals.rows, reader.others, found.bus_names) == (0, 0, ["can0"])
    found, reader = read("".join(map(plain, FRAMES)).encode())
    assert_same(found, expected)
    assert (reader.refusals.rows, reader.others) == (0, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(COMPACT)), max_size=6))
def test_where_the_bytes_are_cut_changes_nothing(cuts: list[int]) -> None:
    found, reader = read(COMPACT, tuple(cuts))
    assert_same(found, as_arrays(FRAMES))
    assert reader.refusals.rows == 0


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.one_of(st.sampled_from(COMPACT.splitlines()[:8]), st.binary(max_size=60)), max_size=8
        ).map(b"\n".join),
        st.text("()0123456789.# can[]RT_ABCDEFabcdef\n\r", max_size=300).map(str.encode),
    )
)
def test_any_bytes_are_frames_or_are_refused_line_by_line(text: bytes) -> None:
    try:
        found, reader = read(text)
    except TelltaleError as error:
        assert "Check" in str(error)  # noqa: PT017  only some inputs end so
        return
    lines = [line for line in text.split(b"\n") if line]
    assert len(found) + reader.others + reader.refusals.rows <= len(lines)
    for reason in reader.refusals.reasons:
        assert reason.message.startswith(f"Row {reason.row}: ")
    is_candump(text)
    has_no_time(text)


def test_lines_that_are_no_frames_cost_only_themselves() -> None:
    good = Frame(START_S, "100", "0102").line()
    text = good + "(x) can0 100#00\n" + "# a remark\n\n" + good.replace("0102", "010G") + good
    found, reader = read(text.encode())
    assert len(found) == 2
    assert reader.refusals.rows == 2
    assert [reason.row for reason in reader.refusals.reasons] == [1, 4]
    assert "'(x) can0 100#00' is not a line of candump" in reader.refusals.reasons[0].message


def test_remote_and_error_frames_are_counted_and_hold_nothing() -> None:
    time = f"({START_S}.000001)"
    text = f"{time} can0 123#R\n{time} can0 123#R8\n{time} can0 20000004#000C000000000000\n"
    text += f" {time}  can0  123   [8]  remote request\n"
    found, reader = read(text.encode())
    assert (len(found), reader.others, reader.refusals.rows) == (0, 4, 0)


def test_flexible_data_rate_and_direction_and_short_fractions_are_read() -> None:
    text = "(12.5) can1 123##1" + "AB" * 64 + "\n(13.25) vcan0 1F334455#01 R\n"
    found, _ = read(text.encode())
    assert found.time_ns.tolist() == [12_500_000_000, 13_250_000_000]
    assert found.lengths.tolist() == [64, 1]
    assert found.keys.tolist() == [0x123, 0x1F334455 | EXTENDED]
    assert found.data[0].tolist() == [0xAB] * 64
    assert [found.bus_names[i] for i in found.buses] == ["can1", "vcan0"]


def test_lines_of_a_thousand_shapes_take_no_longer_than_others() -> None:
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"()[. x-/z", dtype=np.uint8)
    text = b"\n".join(rng.choice(letters, 40).tobytes() for _ in range(20_000))
    _, reader = read(text)
    assert reader.refusals.rows > 19_000
    assert len(reader.refusals.reasons) == 20


def test_a_file_that_is_no_text_is_given_up_soon() -> None:
    with pytest.raises(DecodeError, match="longer than 4096 bytes"):
        read(b"x" * 10_000)


def test_a_log_without_times_is_known_as_one() -> None:
    assert has_no_time(b"  can0  123   [2]  01 02\n  can0  124   [1]  01\n")
    assert not has_no_time(COMPACT)
    assert is_candump(COMPACT)
    assert not is_candump(b"time,speed\n1,2\n")
