"""Waiting for something that another task does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(
    holds: Callable[[], object], *, within_s: float = 10.0, every_s: float = 0.005
) -> None:
    """Return when it holds, looking so often; fail if it does not in time."""
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(every_s)
