"""How much each column adds to what an ensemble of trees gives: exact Shapley values.

What a tree gives where only some columns are known is taken from the training data that came by
each branch (the "path dependent" form, as XGBoost's `pred_contribs` and LightGBM's `pred_contrib`).

A leaf of value v is reached through m columns. Of column i it asks that the value lies in an
interval; o is 1 if it does, else 0, and z is the part of the training data that went on there. Its
share in v is (o_i - z_i) v times the sum, over sets S of the other columns, of
|S|! (m-1-|S|)! / m! times the o of S and the z of the rest. As k! (m-1-k)! / m! is the integral of
t^k (1-t)^(m-1-k) from 0 to 1, that sum is the integral of the product of (z (1-t) + o t) over the
others: a polynomial of degree m - 1, which Gauss-Legendre's rule integrates exactly from
ceil(m / 2) points. All terms are positive, so nothing cancels, and whole leaves go at once.

Source: Lundberg et al., "From local explanations to global understanding with explainable AI for
trees", Nature Machine Intelligence 2, 2020, for the definition; the integral is the usual one of
the Beta function.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.trees.ensemble import Trees
from telltale.models.trees.paths import Leaves, branch_parts, expected_sums, leaves_by_length

MAX_SLOTS = 8_192  # (leaf, column) pairs worked out at once: their arrays stay in the cache
BLOCK_ROWS = 32
LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The (leaf, column) pairs of some leaves in the order of their columns.

    Attributes:
        order: The pairs' places.
        firsts: Where each column's begin.
        features: Which columns those are.
    """

    order: IntArray
    firsts: IntArray
    features: IntArray


class Explainer:
    """Tells the contributions of an ensemble's columns. Made once, asked for any rows.

    Args:
        trees: The ensemble. The sums are explained, before its link.

    Attributes:
        expected: What the sums are on average over the training data, shape (outputs,).

    Raises:
        ModelError: The ensemble does not say how much training data came by its nodes.
    """

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        parts = branch_parts(trees)
        chunks = [chunk for group in leaves_by_length(trees, parts) for chunk in _chunks(group)]
        self._chunks = [(chunk, _columns(chunk.feature.reshape(-1))) for chunk in chunks]
        self.expected = trees.base + expected_sums(trees, parts)

    def contributions(self, rows: FloatArray) -> FloatArray:
        """Return what each column adds to each sum.

        Args:
            rows: Shape (n, columns); NaN is missing.

        Returns:
            Shape (n, columns + 1, outputs). The last "column" is `expected`, and all of them
            together add up to the sums.
        """
        n_features = self._trees.n_features
        if rows.ndim != 2 or rows.shape[1] != n_features:
            raise ModelError(f"The trees take {n_features} columns, got shape {rows.shape}.")
        with np.errstate(over="ignore"):
            seen = rows.astype(self._trees.dtype).astype(np.float64)
        seen = np.clip(seen, -LARGEST, LARGEST)
        found = np.zeros((len(rows), n_features + 1, self._trees.n_outputs))
        found[:, -1] = self.expected
        for at in range(0, len(rows), BLOCK_ROWS):
            block = np.ascontiguousarray(seen[at : at + BLOCK_ROWS].T)
            for leaves, order in self._chunks:
                self._add(leaves, order, block, found[at : at + BLOCK_ROWS])
        return found

    def _add(self, leaves: Leaves, order: _Columns, columns: FloatArray, found: FloatArray) -> None:
        """Add the contributions through these leaves; columns of shape (columns, rows)."""
        goes_on = self._goes_on(leaves, columns)
        weight = _others(goes_on, leaves.part[..., None])
        weight *= goes_on - leaves.part[..., None]
        for output in np.flatnonzero(leaves.value.any(axis=0)):
            shares = weight * leaves.value[:, output, None, None]
            shares = shares.reshape(-1, columns.shape[1])[order.order]
            sums = np.add.reduceat(shares, order.firsts, axis=0)
            found[:, order.features, output] += sums.T

    def _goes_on(self, leaves: Leaves, columns: FloatArray) -> FloatArray:
        """Return 1 where a row's value goes on to the leaf, else 0; shape (leaves, m, rows)."""
        values = columns[leaves.feature]
        low, high = leaves.low[..., None], leaves.high[..., None]
        if self._trees.is_strict:
            is_on = (values >= low) & (values < high)
        else:
            is_on = (values > low) & (values <= high)
        is_missing = np.isnan(columns)
        if is_missing.any():
            is_on |= is_missing[leaves.feature] & leaves.takes_missing[..., None]
        return is_on.astype(np.float64)


def _others(goes_on: FloatArray, part: FloatArray) -> FloatArray:
    """Return, for each column of a leaf, the integral over the other columns; see above."""
    m = goes_on.shape[1]
    points, weights = np.polynomial.legendre.leggauss((m + 1) // 2)
    total = np.zeros_like(goes_on)
    for t, w in zip((points + 1.0) / 2.0, weights / 2.0, strict=True):
        factors = part * (1.0 - t) + goes_on * t
        product = factors[:, 0].copy()
        for at in range(1, m):
            product *= factors[:, at]
        total += (w * product)[:, None] / factors
    return total


def _chunks(group: Leaves) -> list[Leaves]:
    """Cut a group into pieces whose arrays stay in the cache."""
    each = max(1, MAX_SLOTS // group.feature.shape[1])
    edges = [*range(0, len(group.feature), each), len(group.feature)]
    return [group.cut(start, stop) for start, stop in pairwise(edges)]


def _columns(feature: IntArray) -> _Columns:
    order = np.argsort(feature, kind="stable")
    firsts = np.flatnonzero(np.append(True, np.diff(feature[order]) != 0))
    return _Columns(order, firsts, feature[order][firsts])
