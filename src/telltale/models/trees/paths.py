"""The ways from the roots of trees to their leaves: what each asks of which column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.trees.ensemble import LEAF, Trees, rounded_thresholds

SMALLEST_PART = 1e-30  # of the training data; a branch that saw none would divide by zero


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """Leaves that are reached through m columns each; shapes (leaves, m) unless said.

    Attributes:
        feature: The columns.
        low, high: Where the column's value must lie; one end belongs to it, see `Trees.is_strict`.
        takes_missing: Whether a missing value goes on to the leaf.
        part: Of the training data that went on, the product over the column's branches.
        value: What the leaves add, shape (leaves, outputs).
    """

    feature: IntArray
    low: FloatArray
    high: FloatArray
    takes_missing: np.ndarray
    part: FloatArray
    value: FloatArray

    def cut(self, start: int, stop: int) -> Leaves:
        """Return some of the leaves."""
        return Leaves(
            self.feature[start:stop],
            self.low[start:stop],
            self.high[start:stop],
            self.takes_missing[start:stop],
            self.part[start:stop],
            self.value[start:stop],
        )


def branch_parts(trees: Trees) -> FloatArray:
    """Return the part of a node's training data that comes from its parent; 1 at roots."""
    parts = np.ones(len(trees.feature))
    nodes = np.flatnonzero(trees.feature != LEAF)
    cover = trees.cover[nodes]
    if (cover <= 0.0).any():
        raise ModelError(
            "The trees do not say how much training data came by each branch: no exact "
            "contributions can be given."
        )
    for side in (trees.left, trees.right):
        parts[side[nodes]] = np.maximum(trees.cover[side[nodes]] / cover, SMALLEST_PART)
    return parts


def expected_sums(trees: Trees, parts: FloatArray) -> FloatArray:
    """Return what the leaves add on average over the training data."""
    reached = np.ones(len(parts))
    parents = _parents(trees)
    at = parents.copy()
    reached *= parts
    while (is_below := at != LEAF).any():
        reached[is_below] *= parts[at[is_below]]
        at[is_below] = parents[at[is_below]]
    expected: FloatArray = reached @ trees.value
    return expected


def _parents(trees: Trees) -> IntArray:
    parents = np.full(len(trees.feature), LEAF)
    nodes = np.flatnonzero(trees.feature != LEAF)
    parents[trees.left[nodes]] = nodes
    parents[trees.right[nodes]] = nodes
    return parents


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Branches on the way to leaves, in no order: which leaf, and what the branch asks."""

    leaf: IntArray
    feature: IntArray
    low: FloatArray
    high: FloatArray
    takes_missing: np.ndarray
    part: FloatArray


def _steps(trees: Trees, parts: FloatArray) -> _Steps:
    """Walk from all leaves up to their roots at once."""
    parents, thresholds = _parents(trees), rounded_thresholds(trees)
    leaf = np.flatnonzero(trees.feature == LEAF)
    below = leaf
    taken: list[tuple[IntArray, IntArray, IntArray]] = []
    while True:
        node = parents[below]
        is_below = node != LEAF
        leaf, below, node = leaf[is_below], below[is_below], node[is_below]
        if not len(leaf):
            break
        taken.append((leaf, below, node))
        below = node
    nothing = np.zeros(0, dtype=np.int64)
    leaf, below, node = (
        (np.concatenate(column) for column in zip(*taken, strict=True)) if taken else [nothing] * 3
    )
    is_left = trees.left[node] == below
    return _Steps(
        leaf,
        trees.feature[node],
        np.where(is_left, -np.inf, thresholds[node]),
        np.where(is_left, thresholds[node], np.inf),
        is_left == trees.is_missing_left[node],
        parts[below],
    )


def leaves_by_length(trees: Trees, parts: FloatArray) -> list[Leaves]:
    """Return the leaves grouped by how many columns they are reached through."""
    steps = _steps(trees, parts)
    if not len(steps.leaf):
        return []
    order = np.lexsort((steps.feature, steps.leaf))
    leaf, feature = steps.leaf[order], steps.feature[order]
    is_first = np.append(True, (leaf[1:] != leaf[:-1]) | (feature[1:] != feature[:-1]))
    firsts = np.flatnonzero(is_first)  # of each (leaf, column) pair: a column may be asked again
    low = np.maximum.reduceat(steps.low[order], firsts)
    high = np.minimum.reduceat(steps.high[order], firsts)
    takes_missing = np.logical_and.reduceat(steps.takes_missing[order], firsts)
    part = np.maximum(np.multiply.reduceat(steps.part[order], firsts), SMALLEST_PART)
    leaf, feature = leaf[firsts], feature[firsts]
    begins = np.flatnonzero(np.append(True, leaf[1:] != leaf[:-1]))
    lengths = np.diff(np.append(begins, len(leaf)))
    groups = []
    for m in np.unique(lengths):
        pairs = begins[lengths == m][:, None] + np.arange(m)
        of_pairs = (feature[pairs], low[pairs], high[pairs], takes_missing[pairs], part[pairs])
        groups.append(Leaves(*of_pairs, trees.value[leaf[pairs[:, 0]]]))
    return groups
