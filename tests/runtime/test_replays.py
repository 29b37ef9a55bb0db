"""Replays: recordings played again as machines of their own, at most so many remembered."""

from __future__ import annotations

import pytest

from telltale.errors import SettingsError
from telltale.runtime.core import Runtime
from telltale.runtime.replays import MAX_REPLAYS, Replay, Replays
from tests.runtime.conftest import OpenRuntime
from tests.runtime.test_core import T0, readings
from tests.waiting import until


async def started(runtime: Runtime, replays: Replays, speed: float) -> Replay:
    if runtime.fleet.find("pump-1") is None:
        await runtime.ingest(readings("pump-1"))
    return await replays.start("pump-1", start_ns=T0, end_ns=T0 + 60 * 10**9, speed=speed)


async def test_a_replay_that_makes_room_is_forgotten_among_the_sources_too(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        replays = Replays(runtime)
        for _ in range(MAX_REPLAYS + 3):
            replay = await started(runtime, replays, speed=0.0)
            await until(lambda replay=replay: replay.has_ended)  # type: ignore[misc]
        assert len(replays.all()) == len(runtime.feeds.all()) == MAX_REPLAYS
        assert len(await runtime.store.sessions("pump-1-replay")) == 1


async def test_two_replays_into_one_machine_at_once_are_refused(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        replays = Replays(runtime)
        first = await started(runtime, replays, speed=1.0)
        with pytest.raises(SettingsError, match=f"Replay {first.id} plays into pump-1-replay"):
            await started(runtime, replays, speed=1.0)
        await replays.remove(first.id)
        await started(runtime, replays, speed=1.0)
        assert len(replays.all()) == 1
