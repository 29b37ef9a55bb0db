"""Watching a folder: real files that appear, grow, break and come back after a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import structlog.testing

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.sources.folder_memory import MEMORY_FILE
from telltale.sources.watch_folder import PIECE_BYTES, WatchFolder, csv_header
from tests.doubles import Collector


def watching(folder: Path, **settings: float | bool | str) -> WatchFolder:
    return WatchFolder(folder, **{"poll_s": 0.02, "settle_s": 0.1, **settings})  # type: ignore[arg-type]


def rows(first: int, n: int) -> str:
    return "".join(
        f"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z,{i}\n" for i in range(first, first + n)
    )


async def test_files_that_are_there_and_that_appear_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,x\n" + rows(0, 3))
    (tmp_path / "notes.txt").write_text("not for us")
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3)
        (tmp_path / "b.ndjson").write_text('{"time": 1763712000, "x": 9}\n')
        await taken.until_rows(4)
        assert taken.column("x").tolist() == [0.0, 1.0, 2.0, 9.0]
        assert {b.machine for d in taken.taken for b in d.batches} == {"a", "b"}


async def test_a_growing_file_gives_each_row_once(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n")
    async with Collector(watching(tmp_path, settle_s=60.0, machine="m")) as taken:
        for first in (0, 10, 20):
            with path.open("a") as file:
                file.write(rows(first, 10))
            await taken.until_rows(first + 10)
        assert taken.column("x").tolist() == [float(i) for i in range(30)]
        assert len(taken.times_ns("m")) == 30


async def test_a_row_being_written_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 2) + "2026-01-01T00:00:02Z,1")
    async with Collector(watching(tmp_path, settle_s=60.0)) as taken:
        await taken.until_rows(2)
        with path.open("a") as file:
            file.write("234\n")
        await taken.until_rows(3)
        assert taken.column("x").tolist() == [0.0, 1.0, 1234.0]


async def test_a_last_row_without_line_end_is_taken_once_the_file_rests(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("time,x\n" + rows(0, 2) + "2026-01-01T00:00:02Z,2")
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3)
        assert taken.column("x").tolist() == [0.0, 1.0, 2.0]


async def test_what_was_read_is_remembered_across_restarts(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 5))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(5)
        async with asyncio.timeout(5):
            while not (tmp_path / MEMORY_FILE).exists():
                await asyncio.sleep(0.01)
    async with Collector(watching(tmp_path)) as again:
        with path.open("a") as file:
            file.write(rows(5, 2))
        await again.until_rows(2)
        assert again.column("x").tolist() == [5.0, 6.0]


async def test_a_broken_file_is_given_up_and_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\x00\x01\x02" * 100 + b"\n\x001\n\x002\n")
    (tmp_path / "b.csv").write_text("time,x\n" + rows(0, 2))
    with structlog.testing.capture_logs():
        async with Collector(watching(tmp_path)) as taken:
            await taken.until_rows(2)
            assert taken.column("x").tolist() == [0.0, 1.0]
            assert taken.source.status.rejected > 0


async def test_a_line_without_end_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x" * (PIECE_BYTES + 10))
    (tmp_path / "b.csv").write_text("time,x\n" + rows(0, 2))
    with structlog.testing.capture_logs() as logs:
        async with Collector(watching(tmp_path, settle_s=60.0)) as taken:
            await taken.until_rows(2)
    assert [entry["file"] for entry in logs if entry["event"] == "file_refused"] == ["a.csv"]


async def test_a_large_file_comes_in_bounded_pieces(tmp_path: Path) -> None:
    n = 60_000
    (tmp_path / "a.ndjson").write_text(
        "".join(f'{{"time": {1763712000 + i}, "x": {i}, "pad": 0.123456789}}\n' for i in range(n))
    )
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(n, within_s=20)
        assert len(taken.taken) > 1
        assert taken.column("x").tolist() == [float(i) for i in range(n)]


async def test_a_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,x\n" + rows(0, 5))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(5)
        path.write_text("time,x\n" + rows(100, 1))
        await taken.until_rows(6)
        assert taken.column("x")[-1] == 100.0


async def test_a_missing_folder_is_unavailable_until_it_is_there(tmp_path: Path) -> None:
    source = watching(tmp_path / "drop")
    with pytest.raises(SourceUnavailableError, match="no such folder"):
        await source.open()
    (tmp_path / "drop").mkdir()
    await source.open()
    await source.close()


def test_settings_are_checked() -> None:
    with pytest.raises(SettingsError, match="poll_s"):
        WatchFolder("x", poll_s=0)
    with pytest.raises(SettingsError, match="settle_s"):
        WatchFolder("x", settle_s=-1)
    with pytest.raises(SettingsError, match="folder"):
        WatchFolder(" ")


def test_a_unit_row_belongs_to_the_header() -> None:
    assert csv_header(b"time,x\ns,mm\n1,2\n") == b"time,x\ns,mm\n"
    assert csv_header(b"time,x\n1,2\n3,4\n") == b"time,x\n"
    assert csv_header(b"") == b""
