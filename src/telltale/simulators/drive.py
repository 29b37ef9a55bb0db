"""Small pieces that several plants share: drifting values and random holds."""

from __future__ import annotations

import math


class Drift:
    """A value that wanders around its mean: an Ornstein-Uhlenbeck process, exact per step."""

    def __init__(self, mean: float, sigma: float, lag_s: float, step_s: float) -> None:
        self._mean = mean
        self._keep = math.exp(-step_s / lag_s)
        self._kick = sigma * math.sqrt(1.0 - self._keep**2)
        self.value = mean

    def step(self, z: float) -> float:
        """Go on by one step with one standard normal number."""
        self.value = self._mean + (self.value - self._mean) * self._keep + self._kick * z
        return self.value


class Hold:
    """Keeps a value for a random time, then takes a new one between two ends."""

    def __init__(self, shortest_s: float, typical_s: float, step_s: float) -> None:
        self._shortest_s, self._typical_s, self._step_s = shortest_s, typical_s, step_s
        self._left_s = 0.0
        self._share = 0.5

    def step(self, z_time: float, z_value: float) -> float:
        """Go on by one step; return a share of 0 to 1 that jumps now and then."""
        self._left_s -= self._step_s
        if self._left_s <= 0.0:
            self._left_s = self._shortest_s + self._typical_s * abs(z_time)
            self._share = normal_share(z_value)
        return self._share


def normal_share(z: float) -> float:
    """Return where a standard normal number lies among all of them, 0 to 1."""
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


def clamp(value: float, low: float, high: float) -> float:
    """Return the value, or the end that it is beyond."""
    return low if value < low else min(value, high)
