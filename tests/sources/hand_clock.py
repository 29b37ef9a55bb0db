"""A clock that is turned by hand: nothing happens until a test says that time passes."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from telltale.batch import NS_PER_S

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
