"""When the store cannot keep a write, the machine goes back to where the store is."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest

from telltale.errors import StoreBusyError, StoreError
from telltale.formats.base import Decoded
from telltale.profiles.load import ProfileBook
from telltale.runtime.core import Runtime
from telltale.runtime.fleet import Fleet
from telltale.store.base import RangeQuery, Write
from telltale.store.sqlite import SQLiteStore
from telltale.stream.memory import MemoryStream
from tests.runtime.test_core import readings
from tests.waiting import until


class MoodyStore(SQLiteStore):
    """A real store that fails or refuses while it is told to."""

    mood = "well"
    next_moods: tuple[str, ...] = ()  # of that many writes, before `mood` counts again

    def submit(self, write: Write) -> Future[int]:
        mood, *rest = (*self.next_moods, self.mood)
        self.next_moods = tuple(rest[:-1])
        if mood == "busy":
            raise StoreBusyError("The write queue is full.")
        if mood == "failing":
            failed: Future[int] = Future()
            failed.set_exception(StoreError("The disk is full."))
            return failed
        return super().submit(write)


@pytest.fixture
def store(tmp_path: Path) -> MoodyStore:
    return MoodyStore(tmp_path)


async def test_a_failed_write_is_an_error_and_a_repeat_counts_as_new(store: MoodyStore) -> None:
    runtime = Runtime(Fleet(store=store, stream=MemoryStream(), profiles=ProfileBook(None)))
    await runtime.start()
    try:
        await runtime.ingest(readings("pump-1", n=3))
        store.mood = "failing"
        again = readings("pump-1", n=3, start_ns=1_763_711_100_000_000_000)
        with pytest.raises(StoreError, match="The disk is full"):
            await runtime.ingest(again)
        await until(lambda: runtime.machine("pump-1").state_word() == "failed")
        store.mood = "well"
        (receipt,) = await runtime.ingest(again)
        assert (receipt.accepted, receipt.late) == (3, 0)
        await until(lambda: runtime.machine("pump-1").state_word() != "failed")
        assert len(await store.read(RangeQuery("pump-1", 0, 2**62))) == 6
    finally:
        await runtime.stop()


async def test_a_full_queue_takes_nothing(store: MoodyStore) -> None:
    runtime = Runtime(Fleet(store=store, stream=MemoryStream(), profiles=ProfileBook(None)))
    await runtime.start()
    try:
        await runtime.ingest(readings("pump-1", n=3))
        state = runtime.machine("pump-1").state
        store.mood = "busy"
        with pytest.raises(StoreBusyError):
            await runtime.ingest(readings("pump-1", n=3, start_ns=1_763_711_100_000_000_000))
        assert runtime.machine("pump-1").state is state
        store.mood = "well"
    finally:
        await runtime.stop()


async def test_a_queue_that_fills_up_between_two_machines_of_an_input_costs_neither(
    store: MoodyStore,
) -> None:
    runtime = Runtime(Fleet(store=store, stream=MemoryStream(), profiles=ProfileBook(None)))
    await runtime.start()
    try:
        for machine in ("pump-1", "pump-2"):
            await runtime.ingest(readings(machine, n=3))
        later_ns = 1_763_711_100_000_000_000
        both = [readings(f"pump-{i}", n=3, start_ns=later_ns).batches[0] for i in (1, 2)]
        store.next_moods = ("well", "busy", "busy")
        receipts = await runtime.ingest(Decoded(tuple(both)))
        assert [(receipt.accepted, receipt.replaced) for receipt in receipts] == [(3, 0)] * 2
        assert [live.rows for live in runtime.machines()] == [6, 6]
        assert list(store.next_moods) == []
    finally:
        await runtime.stop()


async def test_what_was_worked_out_after_a_failed_write_is_not_kept_either(
    store: MoodyStore,
) -> None:
    runtime = Runtime(Fleet(store=store, stream=MemoryStream(), profiles=ProfileBook(None)))
    await runtime.start()
    try:
        first, second, third = (
            readings("pump-1", n=3, start_ns=1_763_711_000_000_000_000 + i * 10**11)
            for i in range(3)
        )
        await runtime.ingest(first)
        store.mood = "failing"
        _, failing = await runtime.submit(second)
        store.mood = "well"
        _, following = await runtime.submit(third)
        for future, words in ((failing[0], "disk is full"), (following[0], "send it again")):
            with pytest.raises(StoreError, match=words):
                await asyncio.wrap_future(future)
        await until(lambda: runtime.machine("pump-1").write_failed)
        await runtime.ingest(second)
        (receipt,) = await runtime.ingest(third)
        assert (receipt.accepted, receipt.late) == (3, 0)
        assert runtime.machine("pump-1").rows == 9
    finally:
        await runtime.stop()


async def test_readings_sent_again_are_counted_once(store: MoodyStore) -> None:
    runtime = Runtime(Fleet(store=store, stream=MemoryStream(), profiles=ProfileBook(None)))
    await runtime.start()
    try:
        for _ in range(3):
            await runtime.ingest(readings("pump-1", n=5))
        assert runtime.machine("pump-1").rows == 5
    finally:
        await runtime.stop()
