"""The greatest of the last so many numbers, kept as they come."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence


class Record:
    """A queue of falling numbers: each was the greatest of all after it.

    Args:
        reach: How many samples back a number counts.
        kept: As `kept` gave it.
    """

    def __init__(self, reach: int, kept: Sequence[tuple[int, float]]) -> None:
        self._reach = reach
        self._falling = deque(kept)

    def greatest(self, at: int) -> float:
        """Return the greatest number of the samples `at - reach` to `at`; -infinity if none."""
        while self._falling and self._falling[0][0] < at - self._reach:
            self._falling.popleft()
        return self._falling[0][1] if self._falling else -math.inf

    def take(self, at: int, number: float) -> None:
        """Add the number of sample `at`, which is later than all before."""
        while self._falling and self._falling[-1][1] <= number:
            self._falling.pop()
        self._falling.append((at, number))

    def kept(self) -> list[tuple[int, float]]:
        """Return what a later `Record` starts from."""
        return list(self._falling)
