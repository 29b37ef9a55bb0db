"""The GR Cup logger's clock and lap error, and the long form's pivot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.chunks import Chunk
from telltale.formats.files import read_file
from telltale.formats.gr_cup import EcuClock, LapMemory
from telltale.formats.gr_cup_long import HOLD_NS, LongDecoder
from telltale.formats.times import texts_to_ns
from tests.formats.cases import joined

S = 10**9


def test_a_clock_that_is_right_is_left_alone() -> None:
    logger = np.array([100, 101, 102], dtype=np.int64) * S
    assert EcuClock().right(logger, logger + 6 * S).tolist() == logger.tolist()


def test_a_clock_that_is_days_off_takes_the_date_of_the_receive_time() -> None:
    received = np.array([500_000, 500_000, 500_000], dtype=np.int64) * S
    logger = np.array([7, 8, 9], dtype=np.int64) * S
    assert EcuClock().right(logger, received).tolist() == [
        500_000 * S,
        500_001 * S,
        500_002 * S,
    ]


def test_a_clock_that_jumps_is_set_again() -> None:
    received = np.array([500_000, 500_001, 500_002], dtype=np.int64) * S
    logger = np.array([7, 90_000, 90_001], dtype=np.int64) * S
    assert EcuClock().right(logger, received).tolist() == received.tolist()


@given(st.integers(0, 6))
def test_the_clock_does_not_care_where_the_stream_is_cut(cut: int) -> None:
    received = np.array([500_000, 500_000, 500_003, 500_003, 500_500, 500_501]) * S
    logger = np.array([7, 8, 9, 9, 400_000, 400_002]) * S
    whole = EcuClock().right(logger, received)
    clock = EcuClock()
    parts = [clock.right(logger[:cut], received[:cut]), clock.right(logger[cut:], received[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_lap_error_becomes_the_lap_before() -> None:
    memory = LapMemory()
    laps = np.array([32768, 2, 32768, np.nan, 3.0])
    np.testing.assert_array_equal(memory.mended(laps), [np.nan, 2, 2, np.nan, 3])
    np.testing.assert_array_equal(memory.mended(np.array([32768.0])), [3])


def messages(seconds: list[float], names: list[str], values: list[str]) -> Chunk:
    times = [f"2025-09-06T18:40:{second:06.3f}Z" for second in seconds]
    columns = {"meta_time": times, "telemetry_name": names, "telemetry_value": values}
    return Chunk(columns, np.arange(len(times), dtype=np.int64))


@pytest.mark.parametrize("cut", range(5))
def test_messages_of_one_instant_meet_across_chunks(cut: int) -> None:
    chunk = messages([1, 2, 1, 2], ["speed", "speed", "nmot", "speed"], ["10", "20", "5000", "21"])
    decoder = LongDecoder(tuple(chunk.columns), machine="car")
    pieces = [decoder.decode(chunk.part(0, cut)), decoder.decode(chunk.part(cut, 4), last=True)]
    batch = joined(pieces)["car"]
    assert len(batch) == 2
    np.testing.assert_array_equal(batch.columns["speed"], [10, 21])  # the later duplicate
    np.testing.assert_array_equal(batch.columns["nmot"], [5000, np.nan])


def test_old_messages_are_given_out_before_the_end() -> None:
    chunk = messages([0, 0, 30], ["speed", "nmot", "speed"], ["1", "2", "3"])
    decoder = LongDecoder(tuple(chunk.columns), machine="car")
    (first,) = decoder.decode(chunk).batches
    assert first.time_ns.tolist() == texts_to_ns(["2025-09-06T18:40:00.000Z"]).tolist()
    assert HOLD_NS < 30 * S
    (rest,) = decoder.decode(chunk.part(0, 0), last=True).batches
    assert rest.columns["speed"].tolist() == [3.0]


@pytest.mark.parametrize(
    ("name", "column"),
    [("lap_start", "lap_start"), ("lap_end", "lap_end"), ("lap_time", "lap_timed")],
)
def test_a_lap_says_in_a_column_of_its_own_what_it_marks(
    tmp_path: Path, name: str, column: str
) -> None:
    path = tmp_path / f"race1_{name}.csv"
    path.write_text(
        "lap,meta_time,timestamp,vehicle_id\n"
        "3,2025-09-06T18:40:41.927Z,2025-09-06T18:40:41.776Z,GR86-1\n"
        "32768,2025-09-06T18:42:28.189Z,2025-09-06T18:42:25.505Z,GR86-1\n"
    )
    (batch,) = joined(read_file(path)).values()
    assert {name: values.tolist() for name, values in batch.columns.items()} == {
        "lap": [3.0, 3.0],
        column: [3.0, 3.0],
    }
