"""Real small parts that tests use in place of others: a clock turned by hand, a source's taker."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from types import TracebackType

import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.formats.base import Decoded
from telltale.sources.base import Source
from tests.waiting import until

START_NS = 1_763_712_000_000_000_000


class HandClock:
    """Tells the time it was turned to; sleepers wake when it passes their moment."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self._now_ns = now_ns
        self._order = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        """Return the time it was turned to."""
        return self._now_ns

    def __call__(self) -> int:
        """Return the same, for parts that are handed a function."""
        return self._now_ns

    def jump(self, seconds: float) -> None:
        """Be later at once; nobody wakes before the next `turn`."""
        self._now_ns += round(seconds * NS_PER_S)

    async def sleep(self, seconds: float) -> None:
        """Wait until it was turned past this moment."""
        wake_ns = self._now_ns + round(seconds * NS_PER_S)
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (wake_ns, next(self._order), future))
        await future

    async def turn(self, seconds: float) -> None:
        """Let time pass, waking sleepers in their order, each at its moment."""
        end_ns = self._now_ns + round(seconds * NS_PER_S)
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end_ns:
            wake_ns, _, future = heapq.heappop(self._sleepers)
            self._now_ns = max(self._now_ns, wake_ns)
            if not future.done():
                future.set_result(None)
                await settle()
        self._now_ns = end_ns
        await settle()


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(50):
        await asyncio.sleep(0)


class Collector:
    """Opens a source, collects what it yields, and closes it at the end of the block."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.taken: list[Decoded] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Collector:
        await self.source.open()
        self._task = asyncio.create_task(self._collect())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.source.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def ended(self) -> bool:
        """True once the source gave everything."""
        return self._task is not None and self._task.done()

    @property
    def rows(self) -> int:
        """Samples taken so far."""
        return sum(decoded.rows for decoded in self.taken)

    def times_ns(self, machine: str | None = None) -> IntArray:
        """Return the times taken, in the order in which they came."""
        parts = [
            batch.time_ns
            for decoded in self.taken
            for batch in decoded.batches
            if machine in (None, batch.machine)
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def column(self, name: str) -> FloatArray:
        """Return one column's values, in the order in which they came."""
        parts = [batch.columns[name] for decoded in self.taken for batch in decoded.batches]
        return np.concatenate(parts) if parts else np.empty(0)

    async def until_rows(self, rows: int, within_s: float = 5.0) -> None:
        """Wait until so many samples came. Fails after `within_s`."""
        await until(lambda: self.rows >= rows, within_s=within_s, every_s=0.002)

    async def until_end(self, within_s: float = 5.0) -> None:
        """Wait until the source ends. Raises what it raised."""
        assert self._task is not None
        async with asyncio.timeout(within_s):
            await self._task

    async def _collect(self) -> None:
        async for decoded in self.source.batches():
            self.taken.append(decoded)
