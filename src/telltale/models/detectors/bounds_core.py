"""The core of all detectors that hold each channel against bounds of its own.

A bound may depend on the channel's level: how fast a temperature changes is another thing when the
machine is cold. How much of the way from the middle to the bound is used up is the channel's part;
the greatest part is the score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.detectors.statistics import Statistic, window_statistic
from telltale.models.parameters import Parameters


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Bounds of s statistics of k columns, for each of b stretches of the column's level.

    Attributes:
        statistics: What is looked at.
        edges: Levels between the stretches, shape (k, b - 1), rising.
        low, middle, high: Shape (s, k, b); infinite where there is no bound.
    """

    statistics: tuple[Statistic, ...]
    edges: FloatArray
    low: FloatArray
    middle: FloatArray
    high: FloatArray

    def places(self, level: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return low, middle and high at these levels, shape (m, k) to (s, m, k)."""
        columns = np.arange(level.shape[1])
        if not self.edges.shape[1]:
            at = np.zeros(level.shape, dtype=np.int64)
        else:
            at = (level[:, :, None] >= self.edges).sum(axis=2)
        return self.low[:, columns, at], self.middle[:, columns, at], self.high[:, columns, at]

    def found(self, windows: FloatArray) -> FloatArray:
        """Return the statistics, shape (s, m, k)."""
        return np.stack([window_statistic(name, windows) for name in self.statistics])

    def used(self, windows: FloatArray) -> FloatArray:
        """Return how much of the way to its bound each statistic uses, shape (s, m, k)."""
        found = self.found(windows)
        low, middle, high = self.places(windows[:, -1])
        apart = found - middle
        used: FloatArray = np.maximum(apart / (high - middle), apart / (low - middle))
        return used + 0.0  # 0 / -inf is -0.0, which people should not see


class BoundsCore:
    """Gives the score of each window, and which columns are beyond their bounds."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        read = Parameters(card, files)
        names = tuple(str(name) for name in card.settings.get("statistics", ()))
        if not names or not set(names) <= set(get_args(Statistic)):
            raise ModelError(
                f"{card.name}/card.json: settings.statistics must name some of "
                f"{', '.join(get_args(Statistic))}."
            )
        k, s = len(card.columns), len(names)
        edges = read.take("edges", k, None)
        shape = (s, k, edges.shape[1] + 1)
        low, middle, high = (read.take(name, *shape) for name in ("low", "middle", "high"))
        if not (np.isfinite(middle) & (low < middle) & (middle < high)).all():
            raise ModelError(f"{card.name}: each middle must lie between its low and high bound.")
        statistics: tuple[Statistic, ...] = names  # type: ignore[assignment]  # checked above
        self._bounds = Bounds(statistics, edges, low, middle, high)

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the score of each window, shape (m, 1)."""
        score: FloatArray = self._bounds.used(windows).max(axis=(0, 2))[:, None]
        return score

    def evidence(self, windows: FloatArray) -> Evidence:
        """Return each column's part in squares, and its usual value and bound where it has one.

        Value, mean and change say what the newest sample should have been; a path or a jump does
        not.
        """
        bounds = self._bounds
        used, found, newest = bounds.used(windows), bounds.found(windows), windows[:, -1]
        low, middle, high = bounds.places(newest)
        share = np.square(np.maximum(used.max(axis=0), 0.0))
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
        expected, bound = np.full(newest.shape, np.nan), np.full(newest.shape, np.nan)
        for at, name in enumerate(bounds.statistics):
            if name in ("value", "mean", "change"):
                rest = newest - found[at]
                expected = rest + middle[at]
                nearest = np.where(found[at] > middle[at], high[at], low[at])
                is_beyond = (used[at] > 1.0) & np.isfinite(nearest)
                bound = np.where(is_beyond, rest + nearest, np.nan)
        return Evidence(share, newest.copy(), expected, bound)
