"""Waiting for something that another task does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(is_so: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    """Return when it is so; fail if it never is."""
    async with asyncio.timeout(timeout_s):
        while not is_so():
            await asyncio.sleep(0.01)
