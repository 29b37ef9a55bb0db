"""The demo's five machines: one per built-in profile, all simulated, one developing a fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import NS_PER_S, Batch, IntArray
from telltale.formats.base import Decoded
from telltale.profiles.schema import SimulatorSettings
from telltale.runtime.core import Runtime
from telltale.runtime.machine import LiveMachine
from telltale.sources.simulator import SimulatorSource

PAST_S = 1800  # so that the first charts have something to show, beside what is learnt from
FAULT_AGE_S = 75  # the fault is young when the page opens and crosses its limits while one looks
PIECE_ROWS = 4000


@dataclass(frozen=True, slots=True)
class DemoMachine:
    """One machine of the demo; `fault` develops."""

    id: str
    title: str
    place: str
    profile: str
    seed: int
    fault: str | None = None


MACHINES = (
    DemoMachine("pump-3", "Pump 3", "hall B", "industrial_pump", 3, fault="bearing_wear"),
    DemoMachine("dyno", "2JZ dyno", "cell 1", "toyota_2jz_gte", 1),
    DemoMachine("gr86-7", "GR86 Cup 7", "test track", "gr86_cup", 7),
    DemoMachine("focus-st", "Focus ST", "road", "focus_st", 5),
    DemoMachine("fan-2", "Fan 2", "roof", "rotating_machine", 2),
)


async def start_demo(runtime: Runtime) -> None:
    """Register the machines, let them live through the last half hour or more, then go on live."""
    for machine in MACHINES:
        live = await runtime.fleet.register(
            machine.id,
            profile=machine.profile,
            title=machine.title,
            place=machine.place,
            simulated=True,
        )
        settings = live.profile.simulator
        if settings is None:
            continue
        source = SimulatorSource(
            machine=machine.id,
            simulator=settings.name,
            rate_hz=settings.rate_hz,
            seed=machine.seed,
        )
        await live_through_the_past(runtime, live, machine, source, settings)
        runtime.feeds.add(source, profile=machine.profile)


async def live_through_the_past(
    runtime: Runtime,
    live: LiveMachine,
    machine: DemoMachine,
    source: SimulatorSource,
    settings: SimulatorSettings,
) -> None:
    """Keep what the machine would have read for half an hour, or since an earlier demo ended."""
    past_s = PAST_S + live.profile.learn_s
    times = past_times(runtime.clock(), live.last_time_ns, settings.rate_hz, past_s)
    if not len(times):  # it was stopped a moment ago
        return
    healthy = int(np.searchsorted(times, runtime.clock() - FAULT_AGE_S * NS_PER_S))
    learnt = 1 + int(np.searchsorted(times, times[0] + round(live.profile.learn_s * NS_PER_S)))
    await live_through(runtime, source, times[:learnt])
    await runtime.learning.catch_up(live)
    await live_through(runtime, source, times[learnt:healthy])
    if machine.fault is not None:
        source.simulator.set_fault(machine.fault, 1.0)
    await live_through(runtime, source, times[healthy:])


def past_times(now_ns: int, known_ns: int, rate_hz: float, past_s: float) -> IntArray:
    """Return the times of the readings that are to be made up for, oldest first."""
    step_ns = round(NS_PER_S / rate_hz)
    start_ns = max(now_ns - round(past_s * NS_PER_S), known_ns + step_ns)
    return np.arange(start_ns, now_ns, step_ns, dtype=np.int64)


async def live_through(runtime: Runtime, source: SimulatorSource, times: IntArray) -> None:
    """Simulate these times and keep the readings, piece by piece."""
    for first in range(0, len(times), PIECE_ROWS):
        piece = times[first : first + PIECE_ROWS]
        batch = Batch(source.machine, piece, source.simulator.advance(piece))
        await runtime.ingest(Decoded((batch,)), simulated=True, source=source.name, is_live=False)
