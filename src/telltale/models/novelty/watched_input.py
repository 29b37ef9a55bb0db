"""One input of the novelty detector: its newest values, and a memory for each average of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from telltale.models.novelty.memory import Learner, Memory


class Look(NamedTuple):
    """What was found of one value.

    Attributes:
        sigmas: How strange its strangest average is, in standard deviations above the usual.
        value: The value itself.
        expected: The known value that its strangest average is nearest to.
        bound: What the value would have to be for that average to be normal.
    """

    sigmas: float
    value: float
    expected: float
    bound: float


class WatchedInput:
    """Watches one input for the length of a batch.

    Args:
        averages: Samples in each running mean.
        newest: The newest values before this batch, oldest first.
        memories: One for each average.
        limit_sigmas: Where normal ends.
    """

    def __init__(
        self,
        averages: Sequence[int],
        newest: Sequence[float],
        memories: Sequence[Memory],
        limit_sigmas: float,
    ) -> None:
        self._averages = averages
        self._newest = list(newest)
        self._learners = [Learner(memory) for memory in memories]
        self._limit_sigmas = limit_sigmas

    def look(self, value: float) -> Look:
        """Return how strange the next value is, and learn it."""
        self._newest = [*self._newest, value][-max(self._averages) :]
        strangest = Look(-math.inf, value, math.nan, math.nan)
        for average, learner in zip(self._averages, self._learners, strict=True):
            if len(self._newest) < average:
                continue
            mean = sum(self._newest[-average:]) / average
            nearest = learner.nearest(mean)
            distance = abs(mean - nearest)
            if learner.sigmas(distance) > strangest.sigmas:
                sigmas = learner.sigmas(distance)
                room = learner.normal_distance(self._limit_sigmas)
                back = mean - nearest - math.copysign(room, mean - nearest)
                strangest = Look(sigmas, value, nearest, value - back * average)
            learner.learn(mean, distance)
        return strangest

    def kept(self) -> tuple[list[float], list[Memory]]:
        """Return newest values and memories for the next batch."""
        return self._newest, [learner.kept() for learner in self._learners]
