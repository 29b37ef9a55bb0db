"""A runtime over a real store in a temporary folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from telltale.profiles.load import ProfileBook
from telltale.runtime.core import Runtime
from telltale.runtime.fleet import Fleet
from telltale.store.sqlite import SQLiteStore
from telltale.stream.memory import MemoryStream
from tests.doubles import HandClock

OpenRuntime = Callable[[], AbstractAsyncContextManager[Runtime]]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def open_runtime(tmp_path: Path, clock: HandClock) -> OpenRuntime:
    """Opens a runtime on the same folder each time it is called: a restart."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Runtime]:
        runtime = Runtime(
            Fleet(
                store=SQLiteStore(tmp_path),
                stream=MemoryStream(),
                profiles=ProfileBook(tmp_path / "profiles"),
                clock=clock,
            )
        )
        await runtime.start()
        try:
            yield runtime
        finally:
            await runtime.stop()

    return opened
