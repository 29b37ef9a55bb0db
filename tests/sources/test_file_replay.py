"""Replaying log files: real files in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from telltale.errors import DecodeError, SettingsError, SourceUnavailableError
from telltale.sources.base import SourceState
from telltale.sources.file_replay import FileReplay
from tests.doubles import START_NS, Collector, HandClock


def log_file(folder: Path, rows: int = 50) -> Path:
    lines = [f"2026-01-01T00:00:{i * 0.1:09.6f}Z,{i},{2 * i}" for i in range(rows)]
    path = folder / "drive.csv"
    path.write_text("time,x,y\n" + "\n".join(lines) + "\n")
    return path


async def test_a_file_is_played_completely_with_its_own_times(tmp_path: Path) -> None:
    replay = FileReplay(log_file(tmp_path), speed=0, machine="car")
    assert replay.duration_s is None
    async with Collector(replay) as taken:
        await taken.until_end()
        assert taken.column("x").tolist() == [float(i) for i in range(50)]
        assert len(taken.times_ns("car")) == 50
        assert taken.times_ns()[10] - taken.times_ns()[0] == 1_000_000_000
        assert replay.duration_s == pytest.approx(4.9)


async def test_a_file_is_played_in_time_and_can_be_sought(tmp_path: Path) -> None:
    replay = FileReplay(log_file(tmp_path), speed=10)
    async with Collector(replay) as taken:
        await taken.until_rows(1)
        replay.seek(4.0)
        await taken.until_end()
        values = taken.column("x").tolist()
        assert values[0] == 0.0
        assert values[-10:] == [float(i) for i in range(40, 50)]
        assert len(values) < 30


async def test_a_looped_file_begins_again(tmp_path: Path) -> None:
    replay = FileReplay(log_file(tmp_path, 5), speed=1000, loop=True, times="original")
    async with Collector(replay) as taken:
        await taken.until_rows(12)
        assert taken.column("x")[:11].tolist() == [*range(5), *range(5), 0]
        assert (taken.times_ns()[1:] > taken.times_ns()[:-1]).all()


async def test_a_missing_file_is_unavailable_until_it_is_there(tmp_path: Path) -> None:
    replay = FileReplay(tmp_path / "drive.csv", clock=HandClock(START_NS))
    with pytest.raises(SourceUnavailableError, match="no such file"):
        await replay.open()
    log_file(tmp_path)
    await replay.open()
    assert replay.status.state is SourceState.LIVE
    await replay.close()


async def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(b"")
    replay = FileReplay(path, speed=0)
    async with Collector(replay) as taken:
        with pytest.raises(DecodeError):
            await taken.until_end()
        assert "empty.csv cannot be read" in replay.status.detail


def test_settings_are_those_of_a_replay(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="speed"):
        FileReplay(tmp_path / "drive.csv", speed=-3)
