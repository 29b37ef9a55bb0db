"""The demo's five machines: one per built-in profile, all simulated, one developing a fault."""

from __future__ import annotations

from dataclasses import dataclass

from telltale.runtime.core import Runtime
from telltale.sources.simulator import SimulatorSource


@dataclass(frozen=True, slots=True)
class DemoMachine:
    """One machine of the demo; `fault` grows from the start."""

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
    """Register the machines and start their simulators."""
    for machine in MACHINES:
        live = await runtime.register(
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
        if machine.fault is not None:
            source.simulator.set_fault(machine.fault, 1.0)
        runtime.feeds.add(source, profile=machine.profile)
