"""What sensors make of the true values: noise, resolution, end stops, and their own faults."""

from __future__ import annotations

import numpy as np

from telltale.batch import BoolArray, FloatArray
from telltale.simulators.base import Sensor

GLITCH_SIGMA = 2.33  # at full severity about 1 sample in 100 is wrong
STUCK_AT = 0.5  # a sensor sticks once its fault is half developed


class SensorBank:
    """All sensors of one machine. Draws the same number of normals per sample, in sample order.

    That, and nothing computed across samples but the hold of a stuck sensor, makes the
    readings independent of how the samples come in blocks.
    """

    def __init__(self, sensors: tuple[Sensor, ...], rng: np.random.Generator) -> None:
        self._sensors = sensors
        self._rng = rng
        self._steps = np.array([[s.step] for s in sensors])
        self._low = np.array([[s.low] for s in sensors])
        self._high = np.array([[s.high] for s in sensors])
        self._noise = np.array([[s.noise] for s in sensors])
        self._share = np.array([[s.noise_share] for s in sensors])
        self._last = np.full(len(sensors), np.nan)

    def read(self, true: FloatArray, levels: dict[str, FloatArray]) -> FloatArray:
        """Return readings of the true values, both of shape (sensors, n).

        Args:
            true: One row per sensor.
            levels: Development of each fault, 0 to 1, shape (n,).
        """
        n = true.shape[1]
        draws = self._rng.standard_normal((n, len(self._sensors) + 1)).T
        seen: FloatArray = true + draws[:-1] * (self._noise + self._share * np.abs(true))
        for row, sensor in enumerate(self._sensors):
            if sensor.glitch_by is not None:
                is_wrong = draws[-1] > GLITCH_SIGMA + 6.0 * (1.0 - levels[sensor.glitch_by])
                seen[row, is_wrong] = sensor.glitch
        # rounded again: 851 steps of 0.1 are 85.1, not 85.10000000000001
        stepped = np.round(np.round(seen / self._steps) * self._steps, 9)
        seen = np.clip(stepped, self._low, self._high) + 0.0
        for row, sensor in enumerate(self._sensors):
            if sensor.stuck_by is not None:
                seen[row] = held(seen[row], levels[sensor.stuck_by] > STUCK_AT, self._last[row])
        if n:
            self._last = seen[:, -1].copy()
        return seen


def held(values: FloatArray, is_stuck: BoolArray, last: float) -> FloatArray:
    """Return values with each stuck sample replaced by the newest one before it that is not."""
    if not is_stuck.any():
        return values
    extended: FloatArray = np.concatenate(([values[0] if np.isnan(last) else last], values))
    index = np.where(is_stuck, 0, np.arange(1, len(values) + 1))
    result: FloatArray = extended[np.maximum.accumulate(index)]
    return result
