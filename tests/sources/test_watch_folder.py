"""Watching a folder: real files that appear, grow, break and come back after a restart."""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import structlog.testing

from telltale.batch import NS_PER_S
from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.files import read_file
from telltale.sources.watch_folder import MAX_OPEN, WatchFolder
from telltale.sources.watched_file import PIECE_BYTES
from tests.doubles import Collector
from tests.formats.cases import GOOD, as_csv, input_of
from tests.waiting import until

NOT_GROWING = 60.0


def watching(folder: Path, **settings: Any) -> WatchFolder:
    return WatchFolder(folder, **{"poll_s": 0.02, "settle_s": 0.1, **settings})


def rows(first: int, n: int) -> str:
    return "".join(
        f"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z,{i}\n" for i in range(first, first + n)
    )


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
async def test_a_watched_file_gives_what_an_import_gives(tmp_path: Path, case: Path) -> None:
    given = input_of(case)
    path = tmp_path / given.name
    path.write_bytes(given.read_bytes())
    os.utime(path, (1_795_000_000, 1_795_000_000))
    expected = list(read_file(path))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(sum(piece.rows for piece in expected))
        assert as_csv(taken.taken) == as_csv(expected)


async def test_files_that_are_there_and_that_appear_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,x\n" + rows(0, 3))
    (tmp_path / "picture.png").write_text("not for us")
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3)
        (tmp_path / "b.ndjson").write_text('{"time": 1763712000, "x": 9}\n')
        await taken.until_rows(4)
        assert taken.column("x").tolist() == [0.0, 1.0, 2.0, 9.0]
        assert {b.machine for d in taken.taken for b in d.batches} == {"a", "b"}


async def test_what_is_there_can_be_left_and_what_is_added_still_taken(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 3))
    async with Collector(watching(tmp_path, existing=False)) as taken:
        assert "leaves the 1 logs that are there" in taken.source.status.detail
        with path.open("a") as file:
            file.write(rows(3, 2))
        (tmp_path / "new.csv").write_text("time,x\n" + rows(9, 1))
        await taken.until_rows(3)
        await asyncio.sleep(0.2)
        assert sorted(taken.column("x")) == [3.0, 4.0, 9.0]


async def test_a_growing_file_gives_each_row_once(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n")
    async with Collector(watching(tmp_path, machine="m")) as taken:
        for first in (0, 30, 60):
            with path.open("a") as file:
                file.write(rows(first, 30))
            await taken.until_rows(first + 30)
        assert taken.column("x").tolist() == [float(i) for i in range(90)]
        assert len(taken.times_ns("m")) == 90


async def test_rows_come_while_the_file_is_still_being_written(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 25))
    async with Collector(watching(tmp_path, settle_s=NOT_GROWING)) as taken:
        await taken.until_rows(24)  # the newest waits for others of its time
        with path.open("a") as file:
            file.write(rows(25, 1))
        await taken.until_rows(25)


async def test_a_clock_that_counts_from_the_start_goes_on_from_the_same_start(
    tmp_path: Path,
) -> None:
    path, memory = tmp_path / "logs" / "drive.csv", tmp_path / "memory.json"
    path.parent.mkdir()
    path.write_text("t [s],oil [°C]\n" + "".join(f"{i},{80 + i}\n" for i in range(30)))
    async with Collector(watching(path.parent, memory=memory)) as taken:
        await taken.until_rows(30)
        ended_ns = path.stat().st_mtime_ns
        assert abs(int(taken.times_ns()[-1]) - ended_ns) < NS_PER_S
        assert taken.taken[0].units == {"oil": "°C"}
        assert "so that it ends when the file was last changed" in taken.taken[0].notes[0]
        await until(lambda: memory.exists() and b'"is_flushed":true' in memory.read_bytes())
    first_ns = int(taken.times_ns()[0])
    with path.open("a") as file:
        file.write("30,110\n31,111\n")
    async with Collector(watching(path.parent, memory=memory)) as again:
        await again.until_rows(2)
        offsets_s = (again.times_ns() - first_ns) / NS_PER_S
        assert offsets_s.tolist() == [30.0, 31.0]


async def test_words_keep_their_numbers_across_a_restart(tmp_path: Path) -> None:
    path, memory = tmp_path / "flags.csv", tmp_path / "memory" / "flags.json"
    words = ["GF", "FCY", "GF", "GF"] * 10
    times = [1_763_712_000 + i for i in range(41)]
    path.write_text("time,flag\n" + "".join(f"{t},{w}\n" for t, w in zip(times, words)))  # noqa: B905
    async with Collector(watching(tmp_path, memory=memory)) as taken:
        await taken.until_rows(40)
    with path.open("a") as file:
        file.write(f"{times[-1]},FCY\n")
    async with Collector(watching(tmp_path, memory=memory)) as again:
        await again.until_rows(1)
        assert again.column("flag").tolist() == [taken.column("flag")[1]]


async def test_a_row_being_written_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 25) + "2026-01-01T00:00:25Z,1")
    async with Collector(watching(tmp_path, settle_s=NOT_GROWING)) as taken:
        await taken.until_rows(24)
        with path.open("a") as file:
            file.write("234\n" + rows(26, 1))
        await taken.until_rows(26)
        assert taken.column("x")[-1] == 1234.0


async def test_a_last_row_without_line_end_is_taken_once_the_file_rests(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("time,x\n" + rows(0, 2) + "2026-01-01T00:00:02Z,2")
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3)
        assert taken.column("x").tolist() == [0.0, 1.0, 2.0]


async def test_what_was_read_is_remembered_across_restarts(tmp_path: Path) -> None:
    folder, memory = tmp_path / "logs", tmp_path / "memory.json"
    folder.mkdir()
    path = folder / "log.csv"
    path.write_text("time,x\n" + rows(0, 5))
    packed = folder / "old.csv.gz"
    packed.write_bytes(gzip.compress(b"time,x\n" + rows(0, 5).encode()))
    async with Collector(watching(folder, memory=memory)) as taken:
        await taken.until_rows(10)
        await asyncio.sleep(0.1)  # the next look: what it gave is taken care of
    async with Collector(watching(folder, memory=memory)) as again:
        with path.open("a") as file:
            file.write(rows(5, 2))
        await again.until_rows(2)
        await asyncio.sleep(0.3)
        assert again.column("x").tolist() == [5.0, 6.0]
    assert sorted(p.name for p in folder.iterdir()) == ["log.csv", "old.csv.gz"]


async def test_the_memory_of_a_killed_watcher_lags_behind_what_it_gave(tmp_path: Path) -> None:
    folder, memory = tmp_path / "logs", tmp_path / "memory.json"
    folder.mkdir()
    (folder / "log.csv").write_text("time,x\n" + rows(0, 50))
    source = watching(folder, memory=memory)
    await source.open()
    pieces = source.batches()
    while (await anext(pieces)).rows == 0:
        pass
    assert not memory.exists()  # killed here, it reads them again: better twice than never
    await pieces.aclose()  # type: ignore[attr-defined]
    await source.close()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"\x00\x01\x02" * 100 + b"\n\x001\n", "binary"),
        ("a.csv", b"Dear reader,\nthis is a letter\n", "no column of numbers"),
        ("a.json", b'{"time": 1763712000, "x": ', "not JSON"),
        ("a.parquet", b"PAR1 not really PAR1", "cannot be read as Parquet"),
        ("a.csv", b'time,x\n1763712000,1\n1763712001,"2\n', "never ends"),
        ("a.zip", b"PK\x03\x04 broken", "broken zip"),
    ],
)
async def test_a_hopeless_file_is_named_with_its_reason_and_costs_no_other(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "b.csv").write_text("time,x\n" + rows(5, 2))
    with structlog.testing.capture_logs() as logs:
        async with Collector(watching(tmp_path)) as taken:
            await until(lambda: why in taken.source.status.detail)
            await until(lambda: {5.0, 6.0} <= set(taken.column("x")))
            assert name in taken.source.status.detail
            assert taken.source.status.rejected > 0
            (tmp_path / name).write_bytes(b"")
            (tmp_path / name).unlink()
            await until(lambda: why not in taken.source.status.detail)
    (refused,) = [entry for entry in logs if entry["event"] == "file_refused"]
    assert refused["file"] == name
    assert why in refused["reason"]


async def test_a_file_that_was_refused_is_tried_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Dear reader,\nthis is a letter\n")
    with structlog.testing.capture_logs():
        async with Collector(watching(tmp_path)) as taken:
            await until(lambda: taken.source.status.rejected == 1)
            path.write_text("time,x\n" + rows(0, 3))
            await taken.until_rows(3)


async def test_what_became_of_each_file_is_said_once_it_rests(tmp_path: Path) -> None:
    text = "time,x,note\n" + "".join(
        f"2026-01-01T00:00:00Z,{i},a remark of its own number {i}\n" for i in range(4)
    )
    (tmp_path / "a.csv").write_text(text + "soon,9,\n")
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(4)
        told = "Last read: a.csv: 4 readings of a, 1 refused; left out note (free text)."
        await until(lambda: told in taken.source.status.detail)
        assert "spread evenly over 1 s" in taken.taken[0].notes[0]


async def test_an_old_log_is_a_recording_and_what_is_written_now_is_live(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 3))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3)
        assert not taken.source.is_live
        with path.open("a") as file:
            file.write(f"{time.time()},3\n")
        await taken.until_rows(4)
        assert taken.source.is_live


async def test_files_beyond_those_that_are_kept_open_are_still_followed(tmp_path: Path) -> None:
    paths = [tmp_path / f"log_{i:03d}.csv" for i in range(MAX_OPEN + 5)]
    for path in paths:
        path.write_text("t_s,x\n" + "".join(f"{i},{i}\n" for i in range(3)))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3 * len(paths), within_s=20)
        await asyncio.sleep(0.3)
        before_ns = taken.times_ns("log_000")
        with paths[0].open("a") as file:
            file.write("3,3\n")
        await taken.until_rows(3 * len(paths) + 1, within_s=20)
        assert int(taken.times_ns("log_000")[-1] - before_ns[-1]) == NS_PER_S


async def test_a_line_without_end_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"time,x\n" + b"1" * (6 * PIECE_BYTES))
    (tmp_path / "b.csv").write_text("time,x\n" + rows(0, 2))
    with structlog.testing.capture_logs() as logs:
        async with Collector(watching(tmp_path)) as taken:
            await taken.until_rows(2)
            await until(lambda: any(entry["event"] == "file_refused" for entry in logs))
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


async def test_a_parquet_file_is_read_whole_and_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"

    def write(n: int) -> None:
        with duckdb.connect() as connection:
            log = connection.sql(
                "SELECT 1763712000 + i AS time, i::FLOAT AS x FROM range(?) r(i)", params=[n]
            )
            log.write_parquet(str(path))

    write(3)
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(3)
        time.sleep(0.02)  # so that the file's time of change is another one
        write(4)
        await taken.until_rows(7)
        assert np.unique(taken.times_ns()).tolist() == [
            (1_763_712_000 + i) * NS_PER_S for i in range(4)
        ]


async def test_json_lines_without_a_time_are_of_the_moment_of_writing(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"x": 1}\n{"x": 2}\n')
    os.utime(path, (1_700_000_000, 1_700_000_000))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(2)
        with path.open("a") as file:
            file.write('{"x": 3}\n')
        await taken.until_rows(3)
        times_ns = taken.times_ns()
        assert times_ns[:2].tolist() == [1_700_000_000 * NS_PER_S, 1_700_000_000 * NS_PER_S + 1]
        assert abs(int(times_ns[2]) - time.time_ns()) < 20 * NS_PER_S


@pytest.mark.parametrize("n", [1, 500])
async def test_a_file_written_anew_is_read_anew(tmp_path: Path, n: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,x\n" + rows(0, 50))
    async with Collector(watching(tmp_path)) as taken:
        await taken.until_rows(50)
        path.write_text("time,x\n" + rows(100, n))
        await taken.until_rows(50 + n)
        assert taken.column("x")[-1] == 99.0 + n


@pytest.mark.parametrize("after", ["", "time,x\n" + rows(100, 30)])
async def test_a_file_taken_away_before_it_rested_gives_its_last_whole_row(
    tmp_path: Path, after: str
) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,x\n" + rows(0, 30) + "2026-01-01T00:00:30Z,3")  # then comes the rest
    async with Collector(watching(tmp_path, settle_s=NOT_GROWING)) as taken:
        await taken.until_rows(29)
        path.rename(tmp_path / "log.csv.1")
        if after:
            path.write_text(after)
        await taken.until_rows(59 if after else 30)
        await asyncio.sleep(0.2)
        expected = [*range(30), *(range(100, 129) if after else ())]
        assert taken.column("x").tolist() == expected


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
