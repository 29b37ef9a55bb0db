"""What the store does when nobody waits: archive, let go of old samples, give space back."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

from telltale.store import chunks, parquet, retention
from telltale.store.archive import DAY_NS, Plan, Sealing, Written, next_plan
from telltale.store.reading import Readers
from telltale.store.writer import Writer

FREED_PAGES = 1000  # 4 MB given back to the disk per call


class Housekeeping:
    """Bounded pieces of work on an open store. Calls do not run side by side."""

    def __init__(
        self,
        folder: Path,
        writer: Writer,
        readers: Readers,
        limits: retention.Limits,
        archive_after_days: float | None,
    ) -> None:
        self._archive = folder / "archive"
        self._writer = writer
        self._readers = readers
        self._limits = limits
        self._archive_after_days = archive_after_days
        self._sealing = Sealing(self._archive, writer.committer)
        self._one_at_a_time = asyncio.Lock()

    async def run(self, now_ns: int) -> bool:
        """Do one piece of each kind; True if there is more to do now."""
        async with self._one_at_a_time:
            is_more = await self._expire(now_ns)
            if self._archive_after_days is not None and parquet.is_available():
                before_ns = now_ns - int(self._archive_after_days * DAY_NS)
                plan = await self._plan(before_ns)
                if plan is not None:
                    await self._seal(plan)
                    is_more = True
            await asyncio.wrap_future(self._writer.call(_give_back, in_transaction=False))
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

    async def _plan(self, before_ns: int) -> Plan | None:
        return await self._readers.run(lambda c: next_plan(c, before_ns))

    async def _expire(self, now_ns: int) -> bool:
        committer, limits = self._writer.committer, self._limits
        if limits == retention.Limits():
            return False
        found = await asyncio.wrap_future(
            self._writer.call(lambda c: retention.expire(c, committer, limits, now_ns))
        )
        if found:
            await self._sweep()
        return found

    async def _seal(self, plan: Plan) -> Written:
        """Seal one chunk; if too many late samples came in meanwhile, a later call tries again."""
        sealing, call = self._sealing, self._writer.call
        chunk = await asyncio.wrap_future(call(lambda c: sealing.begin(c, plan)))
        try:
            written = await self._readers.run(lambda c: sealing.write(c, plan, chunk))
        except BaseException:
            await asyncio.wrap_future(call(lambda c: sealing.abandon(c, chunk)))
            raise
        is_done = await asyncio.wrap_future(call(lambda c: sealing.finish(c, plan, written)))
        await self._sweep()
        return written if is_done else replace(written, hot_rows=0)

    async def _sweep(self) -> None:
        await asyncio.wrap_future(
            self._writer.call(lambda c: chunks.sweep(c, self._archive), in_transaction=False)
        )


def _give_back(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA incremental_vacuum({FREED_PAGES})").fetchall()
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
