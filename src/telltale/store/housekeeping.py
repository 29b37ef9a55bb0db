"""What the store does aside: archive, let go of old samples, remove some, give space back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from telltale.errors import StoreError
from telltale.store import chunks, parquet, removal, retention
from telltale.store.archive import DAY_NS, Plan, Sealing, Written, next_plan
from telltale.store.reading import Readers
from telltale.store.writer import Writer

FREED_PAGES = 1000  # 4 MB given back to the disk per call: about 20 ms for the writer
MAX_LOOKS = 5  # at a recording that samples keep coming into

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Housekeeping:
    """Bounded pieces of work on an open store. Calls do not run side by side."""

    def __init__(
        self,
        folder: Path,
        writer: Writer,
        readers: Readers,
        sealing: Sealing,
        *,
        limits: retention.Limits,
        archive_after_days: float | None,
    ) -> None:
        self._archive = folder / "archive"
        self._writer = writer
        self._readers = readers
        self._limits = limits
        self._archive_after_days = archive_after_days
        self._sealing = sealing
        self._one_at_a_time = asyncio.Lock()

    async def run(self, now_ns: int) -> bool:
        """Do one piece of each kind; True if there is more to do now."""
        async with self._one_at_a_time:
            is_more = await self._remove_piece() or await self._expire(now_ns)
            if self._archive_after_days is not None and parquet.is_available():
                before_ns = now_ns - int(self._archive_after_days * DAY_NS)
                plan = await self._plan(before_ns)
                if plan is not None:
                    await self._seal(plan)
                    is_more = True
            await self._call(_give_back, in_transaction=False)
            return is_more

    async def archive(self, before_ns: int) -> int:
        """Seal all whole days before a time; return how many samples were.

        Goes forward in time once: late samples that keep coming in do not keep it going.
        """
        total = 0
        reached_ns: dict[tuple[int, str], int] = {}
        async with self._one_at_a_time:
            while (plan := await self._plan(before_ns)) is not None:
                key = (plan.machine, plan.profile)
                if plan.start_ns <= reached_ns.get(key, plan.start_ns - 1):
                    break
                written = await self._seal(plan)
                reached_ns[key] = written.hot_last_ns
                total += written.hot_rows
        return total

    async def remove_machine(self, machine: str) -> None:
        """Remove a machine and all that is kept of it. Raises StoreError."""
        async with self._one_at_a_time:
            await self._call(lambda c: removal.note_machine(c, machine))
            await self._remove_noted()

    async def remove_session(self, session: str) -> None:
        """Remove one recording. Raises StoreError."""
        async with self._one_at_a_time:
            for _ in range(MAX_LOOKS):
                if await self._note_recording(session):
                    break
            else:
                raise StoreError(
                    f"Samples keep coming into {session!r}. Nothing was removed: stop what sends "
                    "them, then try again."
                )
            await self._remove_noted()

    async def _note_recording(self, session: str) -> bool:
        recording = await self._readers.run(lambda c: removal.find_recording(c, session))
        rests: list[removal.Rest] = []
        is_noted = False
        try:
            for old in recording.cut:
                rests.append(  # noqa: PERF401  when one fails, those before it are known
                    await self._rest(recording, old)
                )
            is_noted = await self._call(lambda c: removal.note_recording(c, recording, rests))
        finally:
            if not is_noted:
                await self._abandon([rest.new for rest in rests])
        return is_noted

    async def _rest(self, recording: removal.Recording, old: chunks.Chunk) -> removal.Rest:
        """Write what stays of a chunk into a new one."""
        new = await self._call(lambda c: chunks.begin(c, old.machine, old.profile))
        try:
            return await self._readers.run(
                lambda c: removal.write_rest(c, self._archive, recording, old, new)
            )
        except BaseException:
            await self._abandon([new])
            raise

    async def _abandon(self, given_up: Sequence[chunks.Chunk]) -> None:
        for chunk in given_up:
            await self._call(partial(chunks.drop, chunk=chunk.id))
        await self._sweep()

    async def _remove_noted(self) -> None:
        """Remove what is noted and give its room back. What fails is tried again later."""
        try:
            while await self._remove_piece():
                pass
            await self._sweep()
            while await self._call(_give_back, in_transaction=False):
                pass
        except StoreError as error:
            log.warning("removal_unfinished", error=str(error))

    async def _remove_piece(self) -> bool:
        return await self._call(removal.piece)

    async def _call(
        self, job: Callable[[sqlite3.Connection], T], *, in_transaction: bool = True
    ) -> T:
        """Do something on the writer."""
        return await asyncio.wrap_future(self._writer.call(job, in_transaction=in_transaction))

    async def _plan(self, before_ns: int) -> Plan | None:
        return await self._readers.run(lambda c: next_plan(c, before_ns))

    async def _expire(self, now_ns: int) -> bool:
        limits = self._limits
        if limits == retention.Limits():
            return False
        found = await self._call(lambda c: retention.expire(c, limits, now_ns))
        if found:
            await self._sweep()
        return found

    async def _seal(self, plan: Plan) -> Written:
        """Seal one chunk; if too many late samples came in meanwhile, a later call tries again."""
        sealing = self._sealing
        chunk = await self._call(lambda c: sealing.begin(c, plan))
        try:
            written = await self._readers.run(lambda c: sealing.write(c, plan, chunk))
        except BaseException:
            await self._call(lambda c: sealing.abandon(c, chunk))
            raise
        is_done = await self._call(lambda c: sealing.finish(c, plan, written))
        await self._sweep()
        return written if is_done else replace(written, hot_rows=0)

    async def _sweep(self) -> None:
        await self._call(lambda c: chunks.sweep(c, self._archive), in_transaction=False)


def _give_back(connection: sqlite3.Connection) -> bool:
    """Give one piece back to the disk; True if there is more that could be."""
    before = _free_pages(connection)
    # A script runs to its end; `execute` would stop after the first page
    connection.executescript(f"PRAGMA incremental_vacuum({FREED_PAGES})")
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return 0 < _free_pages(connection) < before


def _free_pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA freelist_count").fetchone()[0])
