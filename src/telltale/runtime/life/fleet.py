"""How long machines of a profile live: their failures as labelled, in hours of recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np

from telltale.batch import FOREVER_NS, NS_PER_S
from telltale.errors import ModelError
from telltale.labels import LabelKind, of_kind
from telltale.models.life.fleet import FleetLife, fleet_weibull
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.store.base import Session

S_PER_H = 3600.0
HORIZONS_H = (24.0, 168.0, 720.0)  # a day, a week, a month


class ChanceView(msgspec.Struct, frozen=True):
    """How likely a machine fails within some hours of running."""

    within_h: float
    chance: float


class MachineLifeView(msgspec.Struct, frozen=True):
    """One machine that runs: how old it is since it began or failed last, in running hours."""

    machine: str
    title: str
    age_h: float
    failures: int
    chances: tuple[ChanceView, ...]


class WeibullView(msgspec.Struct, frozen=True):
    """How lives are distributed, with bounds of 90 %; a shape above 1 means that they wear out."""

    shape: float
    shape_low: float
    shape_high: float
    scale_h: float
    scale_low_h: float
    scale_high_h: float


class FleetLivesView(msgspec.Struct, frozen=True):
    """Lives of all machines of a profile.

    Attributes:
        failures, running: Lives that ended, and those that go on.
        weibull: None where nothing can be told; `reason` says why.
        machines: Those that run, the likeliest to fail first.
    """

    profile: str
    failures: int
    running: int
    weibull: WeibullView | None
    reason: str
    is_simulated: bool
    machines: tuple[MachineLifeView, ...]


@dataclass(frozen=True, slots=True)
class _Ages:
    """One machine's ages at its failures and now, in running hours."""

    live: LiveMachine
    failed_h: tuple[float, ...]
    now_h: float


async def fleet_lives(
    fleet: Fleet, profile: str, horizons_h: Sequence[float] = HORIZONS_H
) -> FleetLivesView:
    """Return how long machines of a profile live: real ones, or simulated where none is real."""
    machines = [live for live in fleet.all() if live.tools.base.id == profile]
    real = [live for live in machines if not live.machine.simulated]
    ages = [await _ages(fleet, live) for live in real or machines]
    failed = [age for one in ages for age in one.failed_h if age > 0.0]
    running = [one.now_h for one in ages if one.now_h > 0.0]
    has_failed = np.arange(len(failed) + len(running)) < len(failed)
    found, reason = None, ""
    try:
        found = await asyncio.to_thread(fleet_weibull, np.array(failed + running), has_failed)
    except ModelError as error:
        outside = sum(len(one.failed_h) for one in ages) - len(failed)
        told = f" {outside} more are labelled where nothing was recorded before." if outside else ""
        reason = f"{error}{told}"
    views = [_machine_view(one, found, horizons_h) for one in ages]
    views.sort(key=lambda view: -view.chances[0].chance if view.chances else -view.age_h)
    return FleetLivesView(
        profile=profile,
        failures=len(failed),
        running=len(running),
        weibull=None if found is None else _weibull_view(found),
        reason=reason,
        is_simulated=bool(machines) and not real,
        machines=tuple(views),
    )


async def _ages(fleet: Fleet, live: LiveMachine) -> _Ages:
    """Return a machine's ages: the time in its recordings, life by life."""
    labels = of_kind(await fleet.store.labels(live.machine.id), LabelKind.FAILURE)
    sessions = await fleet.store.sessions(live.machine.id)
    edges = [-FOREVER_NS, *sorted({label.start_ns for label in labels}), FOREVER_NS]
    hours = [running_h(sessions, start, stop) for start, stop in pairwise(edges)]
    return _Ages(live, tuple(hours[:-1]), hours[-1])


def running_h(sessions: Sequence[Session], start_ns: int, end_ns: int) -> float:
    """Return how long recordings last within a stretch, in hours."""
    overlaps = (
        min(session.end_ns, end_ns) - max(session.start_ns, start_ns) for session in sessions
    )
    return sum(max(0, overlap) for overlap in overlaps) / NS_PER_S / S_PER_H


def _machine_view(
    one: _Ages, found: FleetLife | None, horizons_h: Sequence[float]
) -> MachineLifeView:
    chances: tuple[ChanceView, ...] = ()
    if found is not None:
        age = np.array([one.now_h])
        chances = tuple(
            ChanceView(h, float(found.weibull.failure_within(age, h)[0])) for h in horizons_h
        )
    machine = one.live.machine
    return MachineLifeView(machine.id, machine.title, one.now_h, len(one.failed_h), chances)


def _weibull_view(found: FleetLife) -> WeibullView:
    return WeibullView(
        shape=found.weibull.shape,
        shape_low=found.shape_low,
        shape_high=found.shape_high,
        scale_h=found.weibull.scale,
        scale_low_h=found.scale_low,
        scale_high_h=found.scale_high,
    )
