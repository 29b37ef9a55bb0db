"""Readings of a simulated plant whose faults come and go, with how far each has developed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from telltale.batch import FloatArray, IntArray
from telltale.simulators.sensors import SensorBank
from telltale.simulators.stepped import Plant

Float32Array: TypeAlias = npt.NDArray[np.float32]

PIECE_S = (120.0, 600.0)  # a fault moves towards each new severity for so long
OFF_SHARE = 0.35  # of the pieces in which a fault goes away


class MakesPlant(Protocol):
    """Makes a plant in an ambient temperature."""

    def __call__(self, ambient_c: float) -> Plant:
        """Return a new plant."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is simulated.

    Attributes:
        episodes: Machines, each with a seed of its own.
        length_s: Of each.
        warm_up_s: Left out at the start of each.
        every_s: One row per so long.
        most_faults: At once.
    """

    episodes: int
    length_s: float
    warm_up_s: float
    every_s: float
    most_faults: int


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What was simulated; n rows.

    Attributes:
        values: Shape (n, sensors), in the plant's order.
        levels: How far each fault has developed, 0 to 1, shape (n, faults).
        episode: Which machine, shape (n,).
    """

    values: FloatArray
    levels: FloatArray
    episode: IntArray


def simulate(make: MakesPlant, plan: Plan, seed: int) -> Readings:
    """Return readings of machines that differ in duty, ambient temperature and faults."""
    parts = [_episode(make, plan, np.random.default_rng((seed, at))) for at in range(plan.episodes)]
    values, levels = (np.concatenate(each) for each in zip(*parts, strict=True))
    rows = [len(part[0]) for part in parts]
    return Readings(values, levels, np.repeat(np.arange(plan.episodes), rows))


def _episode(
    make: MakesPlant, plan: Plan, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    plant = make(float(rng.uniform(2.0, 40.0)))
    n_steps = round(plan.length_s / plant.step_s)
    levels = _developments(plant, n_steps, plan.most_faults, rng)
    names = [fault.name for fault in plant.faults]
    scenarios = rng.choice(plant.scenarios, size=1 + n_steps // round(600.0 / plant.step_s))
    every, first = round(plan.every_s / plant.step_s), round(plan.warm_up_s / plant.step_s)
    rows, kept = [], []
    for at in range(n_steps):
        level = dict(zip(names, levels[at].tolist(), strict=True))
        scenario = str(scenarios[at * len(scenarios) // n_steps])
        true = plant.step(scenario, level, rng.standard_normal(plant.draws).tolist())
        if at >= first and at % every == 0:
            rows.append(true)
            kept.append(at)
    shown = {name: levels[kept, k] for k, name in enumerate(names)}
    bank = SensorBank(plant.sensors, rng)
    return bank.read(np.array(rows).T, shown).T, levels[kept]


def _developments(
    plant: Plant, n_steps: int, most_faults: int, rng: np.random.Generator
) -> FloatArray:
    """Return severities that move in straight lines between random ones, shape (steps, faults)."""
    levels = np.zeros((n_steps, len(plant.faults)))
    n_faults = int(rng.integers(0, most_faults + 1))
    for fault in rng.permutation(len(plant.faults))[:n_faults]:
        times, goals = [0.0], [float(rng.uniform()) * (rng.uniform() > OFF_SHARE)]
        while times[-1] < n_steps:
            times.append(times[-1] + float(rng.uniform(*PIECE_S)) / plant.step_s)
            goals.append(float(rng.uniform()) * (rng.uniform() > OFF_SHARE))
        levels[:, fault] = np.interp(np.arange(n_steps), times, goals)
    return levels
