"""Runs a plant on a fixed grid of time and reads its sensors at any times in between.

The grid starts at the first sample and never depends on how the samples are asked for, which is
what makes a simulation the same bits in one block or in a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Protocol

import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.errors import BatchError
from telltale.simulators.base import Fault, Sensor, check_scenario, check_severity
from telltale.simulators.sensors import SensorBank

MAX_GAP_NS = 600 * NS_PER_S  # across a longer pause the machine stands still
REPAIR_S = 5.0  # time constant with which a fault goes when it is switched off


class Plant(Protocol):
    """The physics of one machine, one step of time after the other.

    Attributes:
        sensors: What is measured, in the order of the values that `step` returns.
        faults, scenarios: What can go wrong, and what it can be doing; the first is the default.
        step_s: Length of a step.
        draws: Normal random numbers that a step needs.
    """

    sensors: tuple[Sensor, ...]
    faults: tuple[Fault, ...]
    scenarios: tuple[str, ...]
    step_s: float
    draws: int

    def step(self, scenario: str, level: Mapping[str, float], z: list[float]) -> list[float]:
        """Go on by one step and return the true value of every sensor.

        Args:
            scenario: What the machine is doing.
            level: How far each fault has developed, 0 to 1.
            z: `draws` standard normal numbers.
        """


class SteppedSimulator:
    """A plant with its sensors, as a `Simulator`. Subclasses say which plant."""

    name: str
    title: str
    profile: str

    def __init__(
        self, plant: Plant, rng: np.random.Generator, *, scenario: str | None = None
    ) -> None:
        self._plant = plant
        self.faults = plant.faults
        self.scenarios = plant.scenarios
        self.scenario = check_scenario(self.name, scenario or plant.scenarios[0], plant.scenarios)
        self.channels = tuple(sensor.name for sensor in plant.sensors)
        process_seed, sensor_seed = rng.integers(0, 2**63, size=2)
        self._process_rng = np.random.default_rng(process_seed)
        self._bank = SensorBank(plant.sensors, np.random.default_rng(sensor_seed))
        self._held = np.array([sensor.is_held for sensor in plant.sensors])
        self._step_ns = round(plant.step_s * NS_PER_S)
        self._target = {fault.name: 0.0 for fault in plant.faults}
        self._level = dict(self._target)
        self._start_ns: int | None = None
        self._last_ns = 0
        self._index = -1  # newest grid point that was computed
        self._rows = np.empty((0, 0))  # the newest grid points, at most two

    def set_scenario(self, name: str) -> None:
        """Do this from the next step on. Raises SettingsError for an unknown name."""
        self.scenario = check_scenario(self.name, name, self.scenarios)

    def set_fault(self, name: str, severity: float) -> None:
        """Let a fault develop to this severity, 0 (repaired) to 1. Raises SettingsError."""
        self._target[name] = check_severity(self.name, name, severity, self.faults)

    def severities(self) -> Mapping[str, float]:
        """Return every fault's severity as it was set."""
        return dict(self._target)

    def advance(self, time_ns: IntArray) -> dict[str, FloatArray]:
        """Return the readings at these times, one array of shape (n,) per channel."""
        if len(time_ns) == 0:
            return {name: np.empty(0) for name in self.channels}
        if self._start_ns is None:
            self._start_ns = self._last_ns = int(time_ns[0])
        step_ns = np.diff(time_ns, prepend=self._last_ns)
        if np.any(step_ns < 0):
            raise BatchError(f"{self.name}: time goes back. Ask for samples in time order.")
        cuts = [0, *np.flatnonzero(step_ns > MAX_GAP_NS).tolist(), len(time_ns)]
        parts = [self._advance_unbroken(time_ns[a:b]) for a, b in pairwise(cuts) if b > a]
        readings = np.concatenate(parts, axis=1)
        return {name: readings[row] for row, name in enumerate(self.channels)}

    def _advance_unbroken(self, time_ns: IntArray) -> FloatArray:
        start_ns = self._start_ns or 0
        if int(time_ns[0]) - self._last_ns > MAX_GAP_NS:
            start_ns = self._start_ns = start_ns + int(time_ns[0]) - self._last_ns
        self._last_ns = int(time_ns[-1])
        index, rest_ns = np.divmod(time_ns - start_ns, self._step_ns)
        last = int(index[-1])
        rows = self._grid(last + (1 if rest_ns[-1] else 0))
        first = self._index - len(rows) + 1
        below = rows[index - first]
        above = rows[np.minimum(index + 1 - first, len(rows) - 1)]
        share = (rest_ns / self._step_ns)[:, None]
        values = below + (above - below) * share
        n_sensors = len(self._held)
        values[:, :n_sensors][:, self._held] = below[:, :n_sensors][:, self._held]
        self._rows = rows[last - first :]
        levels = {f.name: values[:, n_sensors + k] for k, f in enumerate(self.faults)}
        return self._bank.read(np.ascontiguousarray(values[:, :n_sensors].T), levels)

    def _grid(self, to_index: int) -> FloatArray:
        """Return the kept grid points and all newer ones up to `to_index`, shape (points, k)."""
        n_new = to_index - self._index
        if n_new <= 0:
            return self._rows
        draws = self._process_rng.standard_normal((n_new, self._plant.draws)).tolist()
        new = np.array([self._step(z) for z in draws])
        self._index = to_index
        return np.concatenate((self._rows, new)) if len(self._rows) else new

    def _step(self, z: list[float]) -> list[float]:
        level = self._level
        for fault in self.faults:
            now, target = level[fault.name], self._target[fault.name]
            if now != target:
                lag_s = fault.onset_s if target > now else REPAIR_S
                level[fault.name] = toward(now, target, self._plant.step_s, lag_s)
        return [*self._plant.step(self.scenario, level, z), *level.values()]


def toward(now: float, target: float, step_s: float, lag_s: float) -> float:
    """Return a first-order lag's value one step later; exact for a constant target."""
    return target + (now - target) * math.exp(-step_s / lag_s)
