"""Long work beside the event loop: its answer comes, and its end is not waited for."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from telltale.runtime.beside import beside


async def test_what_the_work_gives_or_raises_comes_back() -> None:
    assert await beside(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        await beside(lambda: 1 // 0)


def test_work_that_was_cancelled_does_not_keep_the_loop_from_ending() -> None:
    go_on, has_ended = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(60.0)
        has_ended.set()

    async def cancelled() -> None:
        task = asyncio.create_task(beside(work))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    began = time.monotonic()
    asyncio.run(cancelled())
    assert time.monotonic() - began < 30.0
    assert not has_ended.is_set()
    go_on.set()  # its answer finds a closed loop
    assert has_ended.wait(30.0)
