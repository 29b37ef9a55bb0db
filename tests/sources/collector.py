"""Takes what a source yields, beside the test."""

from __future__ import annotations

import asyncio
from types import TracebackType

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.formats.base import Decoded
from telltale.sources.base import Source


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
        async with asyncio.timeout(within_s):
            while self.rows < rows:
                await asyncio.sleep(0.002)

    async def until_end(self, within_s: float = 5.0) -> None:
        """Wait until the source ends. Raises what it raised."""
        assert self._task is not None
        async with asyncio.timeout(within_s):
            await self._task

    async def _collect(self) -> None:
        async for decoded in self.source.batches():
            self.taken.append(decoded)
