"""Long work beside the event loop: its answer comes, and its end is not waited for."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from telltale.models.progress import step
from telltale.runtime.beside import beside
from tests.waiting import until


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


async def test_cancelled_work_ends_at_its_next_step_and_leaves_the_core_free() -> None:
    steps, has_ended = [], threading.Event()

    def work() -> None:
        try:
            for number in range(10_000):
                steps.append(number)
                step(number, 10_000, "round")
                time.sleep(0.001)
        finally:
            has_ended.set()

    task = asyncio.create_task(beside(work))
    await until(lambda: len(steps) > 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert await asyncio.to_thread(has_ended.wait, 10.0)
    assert len(steps) < 10_000


async def test_whoever_waits_hears_how_far_the_work_is() -> None:
    heard: list[str] = []

    def work() -> int:
        for number in range(1, 4):
            step(number, 3, "epoch")
        return 6 * 7

    assert await beside(work, lambda told: heard.append(str(told))) == 42
    assert heard == ["epoch 1 of 3", "epoch 2 of 3", "epoch 3 of 3"]
