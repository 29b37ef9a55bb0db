"""The core of the shape detector: how far a window is from the nearest one known to be normal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, threshold_of
from telltale.models.parameters import Parameters
from telltale.models.shares import shares_of


class Shapes:
    """Windows of normal operation, and the distance of others from the nearest of them.

    Args:
        known: Shape (k, samples, columns), in the columns' units.
        scale: What counts as 1 in each column, shape (columns,), above 0.
    """

    def __init__(self, known: FloatArray, scale: FloatArray) -> None:
        self.known = known
        self.scale = scale
        self._flat = np.ascontiguousarray((known / scale).reshape(len(known), -1))
        self._halves = 0.5 * np.einsum("ij,ij->i", self._flat, self._flat)

    def nearest(self, windows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the nearest known window of each, and the scaled difference squared.

        One matrix-vector product per window, always of one size: the same bits in any batch.

        Args:
            windows: Shape (m, samples, columns).

        Returns:
            Nearest windows and squared differences, both of the shape of `windows`.
        """
        found, squares = np.empty_like(windows), np.empty_like(windows)
        for row, window in enumerate(windows):
            asked = np.ascontiguousarray(window / self.scale).reshape(-1)
            place = int(np.argmin(self._halves - self._flat @ asked))
            found[row] = self.known[place]
            squares[row] = ((window - found[row]) / self.scale) ** 2
        return found, squares


def distances(squares: FloatArray) -> FloatArray:
    """Return the root of the mean square, shape (m, samples, columns) to (m,)."""
    total = np.zeros(len(squares))
    for sample in squares.reshape(len(squares), -1).T:  # one after the other: see `numeric`
        total += sample
    root: FloatArray = np.sqrt(total / max(1, squares[0].size if len(squares) else 1))
    return root


class ShapeCore:
    """Scores windows by their distance in multiples of the card's threshold."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        parameters = Parameters(card, files)
        columns = len(card.columns)
        known = parameters.take("known", None, card.window.samples, columns)
        scale = parameters.take("scale", columns)
        if not len(known) or not (scale > 0.0).all():
            raise ModelError(f"{card.name}: its parameters hold no windows, or no scale above 0.")
        self._threshold = threshold_of(card)
        self._shapes = Shapes(known, scale)

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the score of each window, shape (m, 1)."""
        _, squares = self._shapes.nearest(windows)
        score: FloatArray = distances(squares)[:, None] / self._threshold
        return score

    def evidence(self, windows: FloatArray) -> Evidence:
        """Return each column's share of the squared distance, against the nearest known window."""
        nearest, squares = self._shapes.nearest(windows)
        by_column = squares.sum(axis=1)
        share, total = shares_of(by_column), by_column.sum(axis=1, keepdims=True)
        value, expected = windows[:, -1, :], nearest[:, -1, :]
        room = self._threshold**2 * squares[0].size if len(squares) else 0.0
        left = room - (total - squares[:, -1, :])  # what the newest sample alone may have of it
        reach = np.sqrt(np.where(left >= 0.0, left, np.nan)) * self._shapes.scale
        return Evidence(share, value, expected, expected + np.copysign(reach, value - expected))
