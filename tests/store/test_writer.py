"""The writer alone: its queue, its groups and what it says when the disk is full."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from telltale.errors import StoreBusyError, StoreError, StoreFullError
from telltale.store.base import RangeQuery, Write
from telltale.store.commit import Committed, Committer
from telltale.store.database import open_database
from telltale.store.failures import WriteFailures, size_text
from telltale.store.files import ARCHIVE
from telltale.store.sqlite import SQLiteStore
from telltale.store.writer import Writer
from tests.store.samples import opened, profile, ramp

PUMP = profile()
EVERYTHING = RangeQuery("pump-1", 0, 2**62)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path, check_s=1.0).connection
    yield connection
    connection.close()


def writer_on(connection: sqlite3.Connection, folder: Path, **settings: int) -> Writer:
    chosen = {"commit_ms": 5, "commit_rows": 2000, "queue_rows": 10_000, **settings}
    return Writer(
        Committer(connection, folder / ARCHIVE),
        connection,
        WriteFailures(folder),
        clock_ns=time.time_ns,
        **chosen,  # type: ignore[arg-type]  # each test names its own
    )


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM samples_test_pump").fetchone()[0])


def test_a_full_disk_fails_only_its_group_and_later_writes_work_again(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    failures = WriteFailures(tmp_path)
    writer = Writer(
        Committer(connection, tmp_path / ARCHIVE),
        connection,
        failures,
        commit_ms=5,
        commit_rows=2000,
        queue_rows=10**6,
        clock_ns=time.time_ns,
    )
    writer.start()
    try:
        writer.submit(Write(PUMP, ramp(100))).result(5)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")
        refused = writer.submit(Write(PUMP, ramp(20_000, start_s=100.0)))
        with pytest.raises(StoreFullError, match=r"No room .* about 1\.9 MB needed.*Free space"):
            refused.result(5)
        assert "No room" in str(failures.problem)
        assert failures.failed_commits == 1
        assert count(connection) == 100
        connection.execute("PRAGMA max_page_count = 1000000")
        writer.submit(Write(PUMP, ramp(20_000, start_s=100.0))).result(5)
        assert str(failures.problem) == "None"
        assert count(connection) == 20_100
    finally:
        writer.stop()


def test_a_full_queue_takes_nothing_more_and_says_when_there_is_room(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    writer = writer_on(connection, tmp_path, queue_rows=1_000)  # not started: nothing is written
    futures = [writer.submit(Write(PUMP, ramp(600, start_s=600.0 * i))) for i in range(2)]
    with pytest.raises(StoreBusyError, match=r"1200 readings wait .* send it again"):
        writer.submit(Write(PUMP, ramp(1, start_s=5_000.0)))
    room = writer.room()
    assert not room.done()
    writer.start()
    room.result(5)
    writer.submit(Write(PUMP, ramp(1, start_s=5_000.0))).result(5)
    writer.stop()
    assert all(future.done() for future in futures)
    assert count(connection) == 1_201


def test_a_write_cancelled_in_time_is_not_kept(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    writer = writer_on(connection, tmp_path)
    cancelled = writer.submit(Write(PUMP, ramp(10)))
    assert cancelled.cancel()
    kept = writer.submit(Write(PUMP, ramp(5, start_s=100.0)))
    writer.start()
    kept.result(5)
    writer.stop()
    assert count(connection) == 5
    assert writer.queued_rows == 0


def test_many_small_writes_share_a_commit(connection: sqlite3.Connection, tmp_path: Path) -> None:
    writer = writer_on(connection, tmp_path)
    futures = [writer.submit(Write(PUMP, ramp(1, start_s=float(i)))) for i in range(1_000)]
    writer.start()
    for future in futures:
        future.result(5)
    writer.stop()
    assert writer.commits <= 3
    assert count(connection) == 1_000


def test_a_busy_thread_beside_it_does_not_hold_the_writer_up(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    """Row by row, the interpreter lock let about 500 rows a second through."""
    writer = writer_on(connection, tmp_path, queue_rows=10**6)
    is_over = threading.Event()

    def busy() -> None:
        while not is_over.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=busy)
    writer.start()
    thread.start()
    try:
        started = time.monotonic()
        writer.submit(Write(PUMP, ramp(20_000))).result(30)
        assert time.monotonic() - started < 10.0
    finally:
        is_over.set()
        thread.join()
        writer.stop()


def test_nothing_is_taken_after_the_stop(connection: sqlite3.Connection, tmp_path: Path) -> None:
    writer = writer_on(connection, tmp_path)
    writer.start()
    writer.stop()
    writer.stop()
    with pytest.raises(StoreError, match="closed"):
        writer.submit(Write(PUMP, ramp(1)))


async def test_room_is_back_pressure_for_a_producer_that_never_polls(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path, queue_rows=500)
    await store.open()
    futures = []
    for index in range(200):
        await store.room()
        futures.append(store.submit(Write(PUMP, ramp(100, start_s=100.0 * index))))
        assert (await store.status()).queue_rows <= 600
    for future in futures:
        await asyncio.wrap_future(future)
    assert len(await store.read(EVERYTHING)) == 20_000
    await store.close()


async def test_growth_and_forecast_come_from_what_arrived(tmp_path: Path) -> None:
    now_ns = [1_700_000_000_000_000_000]
    store = SQLiteStore(tmp_path, clock_ns=lambda: now_ns[0], max_bytes=1_000_000_000)
    await store.open()
    await asyncio.wrap_future(store.submit(Write(PUMP, ramp(5_000))))
    assert (await store.status()).bytes_per_day is None
    now_ns[0] += 12 * 3_600_000_000_000
    status = await store.status()
    assert status.bytes_per_day is not None
    assert status.full_in_days is not None
    assert status.bytes_per_day == pytest.approx(2 * status.size_bytes, rel=0.1)
    room_bytes = min(1_000_000_000 - status.size_bytes, status.free_bytes)
    assert status.full_in_days == pytest.approx(room_bytes / status.bytes_per_day, rel=0.01)
    await store.close()


def test_sizes_read_like_a_person_would_say_them() -> None:
    assert [size_text(n) for n in (12, 3_400, 5e6, 2.5e12)] == [
        "12 bytes",
        "3.4 kB",
        "5.0 MB",
        "2.5 TB",
    ]


async def test_a_store_that_is_in_use_is_not_opened_twice(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    with pytest.raises(StoreError, match="in use by another telltale"):
        await SQLiteStore(tmp_path).open()
    await store.close()
    await store.open()
    await store.close()


class SlowCommits:
    """Keeps nothing, and takes its time: a slow disk."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s = takes_s
        self.groups: list[int] = []

    def commit(self, writes: Sequence[Write], now_ns: int) -> Committed:
        time.sleep(self.takes_s)
        self.groups.append(len(writes))
        return Committed([len(write.batch) for write in writes], [])

    def forget(self) -> None:
        return

    def interrupt(self) -> None:
        return

    def close(self) -> None:
        return


def slow_writer(commits: SlowCommits, connection: sqlite3.Connection, folder: Path) -> Writer:
    return Writer(
        commits,
        connection,
        WriteFailures(folder),
        commit_ms=1_000,
        commit_rows=2000,
        queue_rows=10_000,
        clock_ns=time.time_ns,
    )


def test_a_sender_that_is_alone_and_waits_for_each_answer_is_not_kept_waiting_for_company(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    commits = SlowCommits(0.05)
    writer = slow_writer(commits, connection, tmp_path)
    writer.start()
    try:
        began = time.monotonic()
        for number in range(12):
            writer.submit(Write(PUMP, ramp(1, start_s=number))).result(5)
        took_s = time.monotonic() - began
    finally:
        writer.stop()
    assert commits.groups == [1] * 12
    assert took_s < 12 * 0.05 + 1.0, "each waited for four times as long as a commit takes"


def test_senders_side_by_side_are_still_committed_together(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    commits = SlowCommits(0.02)
    writer = slow_writer(commits, connection, tmp_path)
    writer.start()

    def send(sender: int) -> None:
        for number in range(10):
            writer.submit(Write(PUMP, ramp(1, start_s=100.0 * sender + number))).result(10)

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
    try:
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join(60)
    finally:
        writer.stop()
    assert sum(commits.groups) == 80
    assert len(commits.groups) < 30
