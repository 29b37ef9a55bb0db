"""The clock that sources are handed, so that tests can turn it by hand."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from telltale.batch import NS_PER_S


class Clock(Protocol):
    """Tells the time and waits. Its time never goes back."""

    def now_ns(self) -> int:
        """Return UTC nanoseconds since 1970."""

    async def sleep(self, seconds: float) -> None:
        """Wait this long on this clock."""


class SystemClock:
    """The machine's clock. A step of the wall clock back does not reach the readings."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Return UTC nanoseconds since 1970, carried on by the monotonic clock."""
        now_ns = time.monotonic_ns() + self._offset_ns
        ahead_ns = time.time_ns() - now_ns
        if ahead_ns > NS_PER_S:  # the computer slept, or its clock was set forward
            self._offset_ns += ahead_ns
            now_ns += ahead_ns
        return now_ns

    async def sleep(self, seconds: float) -> None:
        """Wait this long."""
        await asyncio.sleep(seconds)
