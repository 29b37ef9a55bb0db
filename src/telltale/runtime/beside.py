"""Long work in a thread that nobody waits for when telltale stops, and that ends when cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from telltale.models.progress import Step, Stopped, heard_by

T = TypeVar("T")


async def beside(work: Callable[[], T], on_step: Callable[[Step], None] | None = None) -> T:
    """Return what the work gives, or raise what it raises.

    `asyncio.to_thread` has the process wait for the work at its end, which a training can draw
    out by minutes. What was cancelled here ends at its next `models.progress.step`; work that
    tells none goes on to its end, left to itself: it must change nothing.

    Args:
        work: Runs in a thread of its own.
        on_step: Told, on the event loop, how far it is.
    """
    loop = asyncio.get_running_loop()
    given: asyncio.Future[T] = loop.create_future()
    is_unwanted = threading.Event()

    def tell(result: T | None, error: Exception | None) -> None:
        if given.done():  # nobody waits for it any more
            return
        if error is not None:
            given.set_exception(error)
        else:
            given.set_result(result)  # type: ignore[arg-type]  # there is one without an error

    def hear(step: Step | None) -> None:
        if is_unwanted.is_set():
            raise Stopped
        if on_step is not None and step is not None:
            loop.call_soon_threadsafe(on_step, step)

    def run() -> None:
        result, error = None, None
        try:
            with heard_by(hear):
                result = work()
        except Stopped:
            return
        except Exception as raised:  # raised again where it is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has closed
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name="telltale-beside", daemon=True).start()
    try:
        return await given
    finally:
        is_unwanted.set()
