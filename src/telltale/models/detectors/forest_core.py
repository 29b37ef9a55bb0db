"""The core of the isolation forest: how few cuts set a window's mean apart from all others.

Source:
    Liu, Ting and Zhou, "Isolation forest", IEEE ICDM 2008, equations 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card
from telltale.models.detectors.statistics import window_statistic
from telltale.models.numeric import product
from telltale.models.parameters import Parameters
from telltale.models.shares import occluded_parts, shares_of

PIECE_ROWS = 512  # asked of all trees at once: fits into a core's cache
EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees of equal depth, laid out as heaps: the children of node i are 2 i + 1 and 2 i + 2.

    Attributes:
        columns: Which column each node cuts, shape (trees, nodes).
        cuts: Rows below it go left; infinite where a tree ended sooner, shape (trees, nodes).
        paths: Of each leaf the cuts to it and those still to be expected, shape (trees, leaves).
        samples: Rows that each tree was grown on.
    """

    columns: IntArray
    cuts: FloatArray
    paths: FloatArray
    samples: int

    def scores(self, rows: FloatArray) -> FloatArray:
        """Return the anomaly score of each row, between 0 and 1, shape (n, k) to (n,)."""
        trees, nodes = self.columns.shape
        first, depth = np.arange(trees) * nodes, (nodes + 1).bit_length() - 1
        columns, cuts, paths = self.columns.ravel(), self.cuts.ravel(), self.paths.ravel()
        share = np.full((trees, 1), 1.0 / trees / usual_path(self.samples))
        found = np.empty(len(rows))
        for start in range(0, len(rows), PIECE_ROWS):
            piece = rows[start : start + PIECE_ROWS]
            each = np.arange(len(piece))[:, None]
            node = np.zeros((len(piece), trees), dtype=np.int64)
            for _ in range(depth):
                here = node + first
                node = 2 * node + 1 + (piece[each, columns[here]] >= cuts[here])
            leaf = node - nodes + np.arange(trees) * self.paths.shape[1]
            found[start : start + PIECE_ROWS] = product(paths[leaf], share)[:, 0]
        return np.exp2(-found)


def usual_path(n: int) -> float:
    """Return the mean number of cuts that set one of n rows apart."""
    if n <= 1:
        return 0.0
    return 1.0 if n == 2 else 2.0 * (math.log(n - 1.0) + EULER) - 2.0 * (n - 1.0) / n


class ForestCore:
    """Gives the score of each window over its limit; the evidence is by occlusion."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        read = Parameters(card, files)
        cuts = read.take("cuts", None, None)
        trees, nodes = cuts.shape
        columns = read.take("columns", trees, nodes).astype(np.int64)
        paths = read.take("paths", trees, nodes + 1)
        samples, limit = int(read.take("samples", 1)[0]), float(read.take("limit", 1)[0])
        k = len(card.columns)
        if (
            not trees
            or (nodes + 1) & nodes
            or columns.min() < 0
            or columns.max() >= k
            or samples < 2
            or limit <= 0.0
        ):
            raise ModelError(f"{card.name}: its trees are not what a forest of {k} columns has.")
        self._forest, self._limit = Forest(columns, cuts, paths, samples), limit
        self._usual = read.take("usual", k)

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the score of each window, shape (m, 1)."""
        return (self._forest.scores(window_statistic("mean", windows)) / self._limit)[:, None]

    def evidence(self, windows: FloatArray) -> Evidence:
        """Return by how much the score falls when a column has its usual value: occlusion."""
        means = window_statistic("mean", windows)
        share = shares_of(occluded_parts(self._forest.scores, means, self._usual))
        expected = np.tile(self._usual, (len(means), 1))
        return Evidence(share, windows[:, -1].copy(), expected, np.full_like(means, np.nan))
