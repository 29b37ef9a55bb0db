"""Long work in a thread that nobody waits for when telltale stops."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def beside(work: Callable[[], T]) -> T:
    """Return what the work gives, or raise what it raises.

    `asyncio.to_thread` has the process wait for the work at its end, which a training can draw
    out by minutes. What was cancelled here is left to itself: it must change nothing.
    """
    loop = asyncio.get_running_loop()
    given: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: Exception | None) -> None:
        if given.done():  # nobody waits for it any more
            return
        if error is not None:
            given.set_exception(error)
        else:
            given.set_result(result)  # type: ignore[arg-type]  # there is one without an error

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as raised:  # raised again where it is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name="telltale-beside", daemon=True).start()
    return await given
