"""The core of all detectors that measure how far a window's mean is from normal operation.

Distances are lengths: the mean of each column, less its usual value, goes through one matrix, and
groups of what comes out are added in squares. Mahalanobis' distance, the residuals of regressions
and the two distances of a principal component analysis differ in that matrix only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.detectors.statistics import window_statistic
from telltale.models.numeric import product
from telltale.models.parameters import Parameters

HALVINGS = 40  # of the way back to normal, to find where the limit is crossed


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """What a distance detector learnt: k columns, q directions, g distances.

    Attributes:
        centre: Usual mean of each column, shape (k,).
        matrix: Takes columns to directions, shape (k, q).
        adds: 1 where a direction counts for a distance, else 0, shape (q, g).
        limits: What each distance is divided by, shape (g,).
        powers: Weight of each distance, shape (g,), if the score is their weighted geometric mean;
            adds up to 1. None if it is the greatest.
    """

    centre: FloatArray
    matrix: FloatArray
    adds: FloatArray
    limits: FloatArray
    powers: FloatArray | None = None

    @staticmethod
    def of(centre: FloatArray, maps: Sequence[FloatArray]) -> Distances:
        """Return distances with a matrix each, their limits 1."""
        n = len(maps)
        return Distances(
            centre,
            np.concatenate(maps, axis=1),
            np.repeat(np.eye(n), [one.shape[1] for one in maps], axis=0),
            np.ones(n),
        )

    def lengths(self, means: FloatArray) -> FloatArray:
        """Return the distances over their limits, shape (n, k) to (n, g)."""
        along = product(means - self.centre, self.matrix)
        lengths: FloatArray = np.sqrt(product(np.square(along), self.adds)) / self.limits
        return lengths

    def forms(self) -> FloatArray:
        """Return the quadratic form of each distance, shape (g, k, k)."""
        each = [
            (self.matrix * part) @ self.matrix.T / limit**2
            for part, limit in zip(self.adds.T, self.limits, strict=True)
        ]
        return np.stack(each)

    def combined(self, lengths: FloatArray) -> FloatArray:
        """Return the score of distances, shape (..., g) to (...)."""
        if lengths.shape[-1] == 1:
            return lengths[..., 0].copy()
        if self.powers is None:
            greatest: FloatArray = lengths.max(axis=-1)
            return greatest
        total = np.zeros(lengths.shape[:-1])
        with np.errstate(divide="ignore"):
            for at, power in enumerate(self.powers):
                total += power * np.log(np.ascontiguousarray(lengths[..., at]))
        return np.exp(total)

    def scores(self, means: FloatArray) -> FloatArray:
        """Return the score of each row, shape (n, k) to (n,)."""
        return self.combined(self.lengths(means))


class DistanceCore:
    """Gives the score of each window, and which columns it comes from."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        read = Parameters(card, files)
        centre = read.take("centre", len(card.columns))
        matrix = read.take("matrix", len(centre), None)
        limits = read.take("limits", None)
        adds = read.take("adds", matrix.shape[1], len(limits))
        powers = None
        if card.settings.get("combined") == "geometric":
            powers = read.take("powers", len(limits))
        if not len(limits) or not (limits > 0.0).all():
            raise ModelError(f"{card.name}: a limit of its distances is not above 0.")
        self._distances = Distances(centre, matrix, adds, limits, powers)

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the score of each window, shape (m, 1)."""
        return self._distances.scores(window_statistic("mean", windows))[:, None]

    def evidence(self, windows: FloatArray) -> Evidence:
        """Return the terms of the quadratic forms, and what each column should have been.

        A column's expected value is the one at which the score would be least, all others as they
        are. Its bound is where, on the way there, the score comes back to 1; NaN if it does not.
        """
        means = window_statistic("mean", windows)
        found = self._distances
        apart = means - found.centre
        forms = found.forms()
        slopes = np.einsum("gij,mj->mgi", forms, apart)
        lengths = found.lengths(means)
        weights = self._weights(lengths)
        share = np.einsum("mg,mgi,mi->mi", weights, slopes, apart)
        curvature = np.einsum("mg,gii->mi", weights, forms)
        known = curvature > 0.0
        towards = np.where(
            known, -np.einsum("mg,mgi->mi", weights, slopes) / np.where(known, curvature, 1.0), 0.0
        )
        lines = _Lines(found, lengths, slopes, np.einsum("gii->gi", forms))
        expected = np.where(known, means + towards, np.nan)
        return Evidence(share, windows[:, -1].copy(), expected, means + lines.crossing(towards))

    def _weights(self, lengths: FloatArray) -> FloatArray:
        """Return how much each distance counts in the evidence of each window, shape (m, g)."""
        powers = self._distances.powers
        squares = np.maximum(np.square(lengths), 1e-300)
        if powers is not None:
            weights: FloatArray = powers / squares
            return weights
        is_greatest = lengths == lengths.max(axis=1, keepdims=True)
        greatest: FloatArray = is_greatest / squares
        return greatest


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The score of m windows when one column of k moves: a parabola for each squared distance."""

    distances: Distances
    lengths: FloatArray  # (m, g)
    slopes: FloatArray  # (m, g, k)
    curvatures: FloatArray  # (g, k)

    def scores(self, moved: FloatArray) -> FloatArray:
        """Return the score with each column alone moved by so much, shape (m, k)."""
        by = moved[:, None, :]
        squares = self.lengths[:, :, None] ** 2 + 2.0 * by * self.slopes + by**2 * self.curvatures
        lengths = np.sqrt(np.maximum(squares, 0.0)).transpose(0, 2, 1)
        return self.distances.combined(np.ascontiguousarray(lengths))

    def crossing(self, towards: FloatArray) -> FloatArray:
        """Return how far each column must move for a score of 1; NaN where it never gets there."""
        stays, arrives = np.zeros_like(towards), towards.copy()
        reaches = self.scores(arrives) <= 1.0
        is_above = self.scores(stays) > 1.0
        for _ in range(HALVINGS):
            middle = (stays + arrives) / 2.0
            is_normal = self.scores(middle) <= 1.0
            stays = np.where(is_normal, stays, middle)
            arrives = np.where(is_normal, middle, arrives)
        return np.where(reaches & is_above, arrives, np.nan)
