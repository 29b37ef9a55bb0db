"""MQTT through a whole runtime: what a publisher was acknowledged is kept once, come what may."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from telltale.profiles.load import ProfileBook
from telltale.runtime.core import Runtime
from telltale.runtime.fleet import Fleet
from telltale.sources import make_source
from telltale.sources.base import SourceState
from telltale.store.base import RangeQuery
from telltale.stream.memory import MemoryStream
from tests.brokers import Peer, TestBroker, broker, needs_mosquitto
from tests.runtime.conftest import OpenRuntime
from tests.runtime.test_failed_writes import MoodyStore
from tests.waiting import until

MACHINES = 5
START_MS = 1_763_000_000_000


def body(i: int) -> str:
    return f'{{"time": {START_MS + i}, "number": {i}}}'


class Publisher:
    """Publishes so many numbered messages with QoS 1 from a thread of its own."""

    def __init__(self, peer: Peer, numbers: range) -> None:
        self._peer = peer
        self._numbers = numbers
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        infos = []
        for i in self._numbers:
            infos.append(self._peer.client.publish(f"plant/m{i % MACHINES}/all", body(i), qos=1))
            if len(infos) > 1_000:  # as far ahead as a patient publisher goes
                infos[-1_000].wait_for_publish(60)
        for info in infos:
            info.wait_for_publish(60)
        self.acknowledged = sum(info.is_published() for info in infos)

    async def join(self) -> None:
        await asyncio.to_thread(self._thread.join)


async def kept_numbers(runtime: Runtime) -> list[float]:
    found = [
        batch.columns[name]
        for live in runtime.machines()
        for batch in [await runtime.store.read(RangeQuery(live.machine.id, 0, 2**62))]
        for name in batch.columns
        if name.startswith("number")
    ]
    return sorted(np.concatenate(found).tolist()) if found else []


def rows(runtime: Runtime) -> int:
    return sum(live.rows for live in runtime.machines())


@pytest.mark.parametrize(
    "count", [3_000, pytest.param(100_000, marks=pytest.mark.long)], ids=["short", "long"]
)
@pytest.mark.parametrize("version", ["3.1.1", "5"])
@needs_mosquitto
async def test_no_acknowledged_message_is_lost_while_the_broker_is_restarted_twice(
    count: int, version: str, open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    with broker("mosquitto", tmp_path / "broker", "max_inflight_messages 500\n") as running:
        async with open_runtime() as runtime:
            source = make_source(
                "mqtt", topics="plant/{machine}/#", port=running.port, version=version
            )
            runtime.feeds.add(source)
            await runtime.feeds.tried(source.name)
            peer = await asyncio.to_thread(Peer, running.port, "publisher")
            publisher = Publisher(peer, range(count))
            for part in (1, 2):
                await until(lambda part=part: rows(runtime) > count * part / 3, within_s=600)  # type: ignore[misc]
                await asyncio.to_thread(running.stop)
                await asyncio.to_thread(running.start)
            await publisher.join()
            await until(lambda: rows(runtime) >= count, within_s=600)
            assert publisher.acknowledged == count
            assert await kept_numbers(runtime) == list(range(count))
            peer.leave()


async def test_a_broker_that_forgets_everything_costs_nothing_that_it_had_passed_on(
    open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    """amqtt keeps no session over a kill: a publisher that holds on to its messages loses none."""
    with broker("amqtt", tmp_path / "broker") as running:
        async with open_runtime() as runtime:
            source = make_source("mqtt", topics="plant/{machine}/#", port=running.port)
            runtime.feeds.add(source)
            await runtime.feeds.tried(source.name)
            for part in range(3):
                await until(lambda: source.status.state is SourceState.LIVE, within_s=30)
                peer = await asyncio.to_thread(Peer, running.port, "publisher")
                publisher = Publisher(peer, range(part * 300, part * 300 + 300))
                await publisher.join()
                await until(lambda part=part: rows(runtime) >= 300 * (part + 1))  # type: ignore[misc]
                peer.leave()
                if part < 2:
                    await asyncio.to_thread(running.kill)
                    await until(lambda: source.status.state is SourceState.WAITING)
                    await asyncio.to_thread(running.start)
            assert await kept_numbers(runtime) == list(range(900))


@needs_mosquitto
async def test_what_came_while_telltale_was_killed_and_away_is_kept_once(
    open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    with broker("mosquitto", tmp_path / "broker") as running:
        peer = await asyncio.to_thread(Peer, running.port, "publisher")
        for life in range(3):
            async with open_runtime() as runtime:
                await listen(runtime, running)
                publisher = Publisher(peer, range(life * 400, life * 400 + 300))
                await until(lambda: rows(runtime) > 50)  # stopped in the middle of it
            await publisher.join()
            await Publisher(peer, range(life * 400 + 300, life * 400 + 400)).join()
        async with open_runtime() as runtime:
            await listen(runtime, running)
            async with asyncio.timeout(20):
                while await kept_numbers(runtime) != list(range(1_200)):
                    await asyncio.sleep(0.1)
        peer.leave()


async def listen(runtime: Runtime, running: TestBroker) -> None:
    source = make_source("mqtt", topics="plant/{machine}/#", port=running.port, client_id="stays")
    runtime.feeds.add(source)
    await runtime.feeds.tried(source.name)


@needs_mosquitto
async def test_what_the_store_cannot_keep_is_not_acknowledged_and_comes_again(
    tmp_path: Path,
) -> None:
    store = MoodyStore(tmp_path / "data")
    runtime = Runtime(Fleet(store=store, stream=MemoryStream(), profiles=ProfileBook(None)))
    await runtime.start()
    with broker("mosquitto", tmp_path / "broker") as running:
        try:
            await listen(runtime, running)
            peer = await asyncio.to_thread(Peer, running.port)
            peer.publish("plant/m0/all", body(0))
            await until(lambda: rows(runtime) == 1)
            store.mood = "failing"
            peer.publish("plant/m0/all", body(5))
            (source,) = runtime.feeds.all()
            await until(lambda: source.status.state is SourceState.WAITING)
            assert "could not be kept" in source.status.detail
            store.mood = "well"
            await until(lambda: rows(runtime) == 2)
            assert await kept_numbers(runtime) == [0, 5]
            peer.leave()
        finally:
            await runtime.stop()
