"""`PlayHead`: where in a recording a replay is, how fast it goes on, and when a place is due."""

from __future__ import annotations

import numpy as np

from telltale.batch import NS_PER_S, IntArray
from telltale.sources.checks import check_number
from telltale.sources.clock import Clock

SLOWEST, FASTEST = 0.1, 1000.0
AS_FAST_AS_POSSIBLE = 0.0


class PlayHead:
    """Ties a moment of the clock to a place in a recording, nanoseconds from its start.

    Without a pace (stopped, paused, or as fast as possible) it stays where it was put.

    Args:
        clock: Tells the time.
        speed: How much faster than recorded; 0 is as fast as possible.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self.speed = speed
        self.is_running = False
        self.is_paused = False
        self._clock = clock
        self._moment_ns = 0
        self._place_ns = 0

    @property
    def is_unpaced(self) -> bool:
        """True when everything is due at once."""
        return self.speed == AS_FAST_AS_POSSIBLE

    def put(self, position_ns: int) -> None:
        """Be at this place now."""
        self._moment_ns = self._clock.now_ns()
        self._place_ns = position_ns

    def position_ns(self) -> int:
        """Return the place that is played now."""
        if self.is_paused or self.is_unpaced or not self.is_running:
            return self._place_ns
        return self._place_ns + round((self._clock.now_ns() - self._moment_ns) * self.speed)

    def until_s(self, position_ns: int) -> float:
        """Return how long it takes to get to a place; 0 or less if it is passed already."""
        if self.is_unpaced:
            return 0.0
        return (position_ns - self.position_ns()) / NS_PER_S / self.speed

    def moments_ns(self, positions_ns: IntArray) -> IntArray:
        """Return when these places are played, at the present pace, on the clock."""
        since_ns = np.round((positions_ns - self._place_ns) / self.speed)
        moments_ns: IntArray = self._moment_ns + since_ns.astype(np.int64)
        return moments_ns


def checked_speed(where: str, speed: float) -> float:
    """Return the speed if a replay can go at it. Raises SettingsError."""
    if speed == AS_FAST_AS_POSSIBLE:
        return speed
    return check_number(where, "speed (or 0)", speed, SLOWEST, FASTEST)
