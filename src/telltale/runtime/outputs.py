"""Runs sinks: opens them, gives them what is new in turns, retries for ever and says why."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from telltale.errors import SourceUnavailableError
from telltale.runtime.machine import LiveMachine
from telltale.sinks.base import EventOut, MachineOut, SignalOut, Sink, ValueOut
from telltale.sources.base import SourceState

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

log = structlog.get_logger(__name__)

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
EVENTS_PER_TURN = 1_000


class Outputs:
    """All running sinks of one runtime, by name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: dict[str, tuple[Sink, asyncio.Task[None]]] = {}

    def add(self, sink: Sink) -> None:
        """Start a sink."""
        task = asyncio.create_task(self._run(sink), name=f"telltale-{sink.name}")
        self._tasks[sink.name] = sink, task

    async def remove(self, name: str) -> None:
        """Stop one sink and forget it."""
        sink, task = self._tasks.pop(name)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await sink.close()

    async def stop(self) -> None:
        """Stop all sinks."""
        for name in list(self._tasks):
            await self.remove(name)

    async def _run(self, sink: Sink) -> None:
        """Drive one sink; a lost one is opened again, more and more slowly."""
        retry_s, is_lost = FIRST_RETRY_S, False
        while True:
            try:
                await sink.open()
                if is_lost:
                    log.info("sink_back", sink=sink.name)
                retry_s, is_lost = FIRST_RETRY_S, False
                await self._give(sink)
            except SourceUnavailableError as error:
                if not is_lost:
                    log.warning("sink_lost", sink=sink.name, error=str(error))
                is_lost = True
                await sink.close()
                sink.status.state = SourceState.WAITING
                sink.status.detail = f"{error} Next try in {retry_s:.0f} s."
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
            except Exception as error:  # a fault in one sink must not take anything else along
                log.exception("sink_failed", sink=sink.name, error=str(error))
                await sink.close()
                sink.status.state = SourceState.ENDED
                sink.status.detail = f"Stopped by a fault: {error}"
                return

    async def _give(self, sink: Sink) -> None:
        ring = self._runtime.stream.hub.ring
        cursor = ring.total
        while True:
            machines = [machine_out(live) for live in self._runtime.machines()]
            entries, missed = ring.since(cursor, EVENTS_PER_TURN)
            cursor += missed + len(entries)
            sink.status.dropped += missed
            await sink.publish(machines, [EventOut(one.machine, one.encoded) for one in entries])
            await asyncio.sleep(sink.every_s)


def machine_out(live: LiveMachine) -> MachineOut:
    """Return one machine as sinks see it."""
    states, profile = live.value_states(), live.profile
    return MachineOut(
        id=live.machine.id,
        title=live.machine.title,
        profile_title=profile.title,
        place=live.machine.place,
        state=live.state_word(),
        stale_after_s=profile.stale_after_s,
        signals={
            name: SignalOut(signal.title, signal.unit, signal.decimals)
            for name in profile.names
            for signal in (profile.signal(name),)
        },
        values={
            name: ValueOut(value, live.times_ns[name], states.get(name, "ok"))
            for name, value in live.values.items()
            if name in live.times_ns
        },
    )
