"""What values an input has had: how far a new one is from all of them, in bounded room."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise

import msgspec

MAX_KNOWN = 2048  # values kept; at this many, the half that adds least is forgotten
MAX_SIGMAS = 1000.0  # an input that never changed makes any change infinitely strange


class Memory(msgspec.Struct, frozen=True):
    """The values that were seen, and how far a new one usually was from them.

    Attributes:
        known: Values in order, any two at least `apart` from each other.
        apart: A value nearer to a known one than this is taken as known.
        n: Distances so far.
        mean: Of the distances.
        squares: Sum of their squared deviations from the mean.
    """

    known: list[float] = []
    apart: float = 0.0
    n: int = 0
    mean: float = 0.0
    squares: float = 0.0


class Learner:
    """A memory while it learns: one batch long, then it is a `Memory` again."""

    __slots__ = ("_apart", "_known", "_mean", "_n", "_squares")

    def __init__(self, memory: Memory) -> None:
        self._known = list(memory.known)
        self._apart = memory.apart
        self._n, self._mean, self._squares = memory.n, memory.mean, memory.squares

    def nearest(self, value: float) -> float:
        """Return the known value nearest to this one; NaN if none is known."""
        known = self._known
        if not known:
            return math.nan
        at = bisect_left(known, value)
        if at == 0:
            return known[0]
        if at == len(known):
            return known[-1]
        below, above = known[at - 1], known[at]
        return below if value - below <= above - value else above

    def sigmas(self, distance: float) -> float:
        """Return how strange a distance is, in standard deviations above the mean so far."""
        above, deviation = distance - self._mean, self._deviation()
        if deviation > 0.0:
            return min(above / deviation, MAX_SIGMAS)
        return MAX_SIGMAS if above > 0.0 else 0.0

    def normal_distance(self, limit_sigmas: float) -> float:
        """Return the distance that is so many standard deviations above the mean so far."""
        return self._mean + limit_sigmas * self._deviation()

    def learn(self, value: float, distance: float) -> None:
        """Take in a value whose distance from the known ones is this, NaN for the first."""
        if not math.isnan(distance):  # Welford, "Note on a method ...", Technometrics 4 (1962) 419
            self._n += 1
            before = distance - self._mean
            self._mean += before / self._n
            self._squares += before * (distance - self._mean)
        if not distance <= self._apart:
            known = self._known
            known.insert(bisect_left(known, value), value)
            if len(known) >= MAX_KNOWN:
                self._thin()

    def kept(self) -> Memory:
        """Return what was learnt."""
        return Memory(self._known, self._apart, self._n, self._mean, self._squares)

    def _deviation(self) -> float:
        return math.sqrt(self._squares / self._n) if self._n else 0.0

    def _thin(self) -> None:
        """Forget values that lie closest to others until half are left; the ends stay."""
        while len(self._known) > MAX_KNOWN // 2:
            known = self._known
            gaps = sorted(late - early for early, late in pairwise(known))
            self._apart = max(self._apart, gaps[len(gaps) // 2])
            left = [known[0]]
            for value in known[1:-1]:
                if value - left[-1] > self._apart:
                    left.append(value)
            self._known = [*left, known[-1]]
