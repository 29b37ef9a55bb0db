"""`Trees`: an ensemble of decision trees as plain arrays, whichever library grew them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from telltale.batch import BoolArray, FloatArray, IntArray
from telltale.errors import ModelError

LEAF = -1
MAX_NODES = 4_000_000
MAX_VALUES = 16_000_000  # numbers at leaves, outputs together
MAX_FEATURES = 100_000
MAX_OUTPUTS = 10_000


class Link(StrEnum):
    """What is done to the sums of the leaves."""

    IDENTITY = "identity"
    EXP = "exp"
    SIGMOID = "sigmoid"  # of each output by itself
    TWO_CLASSES = "two_classes"  # one sum s gives sigmoid(-s), sigmoid(s)
    SOFTMAX = "softmax"
    CLASS = "class"  # the number of the largest sum
    IS_POSITIVE = "is_positive"  # 1 where the sum is above 0, else 0
    NORMALISED = "normalised"  # sigmoids, divided by their sum


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """An ensemble of t trees with n nodes together, each tree's in one run, its root first.

    Attributes:
        starts: Where each tree's nodes begin, and the end of the last, shape (t + 1,).
        feature: Which column a node asks for, -1 at a leaf, shape (n,).
        threshold: What it compares with, shape (n,).
        left, right: Where it goes on, counted over all trees; -1 at a leaf; shape (n,).
        is_missing_left: Where a missing value goes, shape (n,).
        value: What a leaf adds to each output, shape (n, outputs); 0 elsewhere.
        cover: How much of the training data came by, shape (n,).
        base: What each output begins with, shape (outputs,).
        n_features: Columns that go in.
        is_strict: True if `x < threshold` goes left, False if `x <= threshold` does.
        dtype: The type in which the library compares: x is rounded to it first.
        link: What becomes of the sums.
    """

    starts: IntArray
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    is_missing_left: BoolArray
    value: FloatArray
    cover: FloatArray
    base: FloatArray
    n_features: int
    is_strict: bool
    dtype: str = "float32"
    link: Link = Link.IDENTITY

    def __post_init__(self) -> None:
        """Refuse what is no ensemble of trees, so that nothing later runs in circles."""
        n = len(self.feature)
        if not 0 < self.n_features <= MAX_FEATURES:
            _refuse(f"{self.n_features} columns; 1 to {MAX_FEATURES} are taken")
        check_size(n, self.value.shape[1])
        if len(self.starts) < 2 or self.value.shape[1] != len(self.base) or not len(self.base):
            _refuse("it has no trees or no outputs")
        is_leaf = self.feature == LEAF
        if self.feature.min() < LEAF or self.feature.max() >= self.n_features:
            _refuse(f"a node asks for a column that is not one of {self.n_features}")
        if not np.isfinite(self.value).all() or not np.isfinite(self.base).all():
            _refuse("a leaf is not a finite number")
        if np.isnan(self.threshold[~is_leaf]).any() or (self.cover < 0.0).any():
            _refuse("a threshold is no number, or a cover is negative")
        self._check_children(np.flatnonzero(~is_leaf))

    def _check_children(self, nodes: IntArray) -> None:
        """Refuse nodes that are not reached exactly once, from before themselves."""
        n = len(self.feature)
        children = np.concatenate([self.left[nodes], self.right[nodes]])
        parents = np.concatenate([nodes, nodes])
        roots = self.starts[:-1]
        if self.starts[0] != 0 or self.starts[-1] != n or (np.diff(self.starts) < 1).any():
            _refuse("its trees are not one after the other")
        if len(children) and (children.min() < 0 or children.max() >= n):
            _refuse("a branch leads nowhere")
        tree_of = np.searchsorted(roots, np.arange(n), side="right")
        times = np.bincount(np.concatenate([children, roots]), minlength=n)
        if (times != 1).any() or (tree_of[children] != tree_of[parents]).any():
            _refuse("a node is reached by no branch, or by two")

    @property
    def n_outputs(self) -> int:
        """Sums before the link."""
        return len(self.base)


def check_size(n_nodes: int, n_outputs: int) -> None:
    """Refuse an ensemble that would not fit into memory. Readers ask before they make arrays."""
    if n_nodes > MAX_NODES or n_outputs > MAX_OUTPUTS or n_nodes * n_outputs > MAX_VALUES:
        _refuse(f"{n_nodes} nodes and {n_outputs} outputs are more than are taken")


def _refuse(reason: str) -> None:
    raise ModelError(f"Trees: {reason}.")


def rounded_thresholds(trees: Trees) -> FloatArray:
    """Return thresholds that numbers of `trees.dtype` pass exactly as they pass the true ones.

    A threshold between two float32 numbers is moved to the one that lets the same numbers
    through: down where equality goes left, up where it does not.
    """
    exact = trees.threshold
    if trees.dtype != "float32":
        return exact
    with np.errstate(over="ignore", under="ignore"):  # beyond float32 it becomes infinite
        nearest = exact.astype(np.float32)
        towards = np.float32(np.inf if trees.is_strict else -np.inf)
        is_wrong = nearest < exact if trees.is_strict else nearest > exact
        rounded = np.where(is_wrong, np.nextafter(nearest, towards), nearest)
    return rounded.astype(np.float64)


def by_output(trees: Trees) -> Sequence[Trees]:
    """Return trees that each add to one output as one ensemble for each output, in order.

    As they are if a tree adds to several outputs, or an output gets nothing from any.
    """
    tree_of = np.repeat(np.arange(len(trees.starts) - 1), np.diff(trees.starts))
    gives = np.zeros((len(trees.starts) - 1, trees.n_outputs), dtype=np.bool_)
    np.logical_or.at(gives, tree_of, trees.value != 0.0)
    gives[~gives.any(axis=1), 0] = True  # only zeros: any output will do
    if (gives.sum(axis=1) > 1).any() or not gives.any(axis=0).all():
        return (trees,)
    return [_alone(trees, gives[:, k], k) for k in range(trees.n_outputs)]


def _alone(trees: Trees, chosen: BoolArray, output: int) -> Trees:
    """Return some of the trees, with one output."""
    sizes = np.diff(trees.starts)
    kept = np.repeat(chosen, sizes)
    place = np.cumsum(kept) - 1
    left, right = (
        np.where(branch == LEAF, LEAF, place[branch]) for branch in (trees.left, trees.right)
    )
    return replace(
        trees,
        starts=np.concatenate([[0], np.cumsum(sizes[chosen])]),
        feature=trees.feature[kept],
        threshold=trees.threshold[kept],
        left=left[kept],
        right=right[kept],
        is_missing_left=trees.is_missing_left[kept],
        value=trees.value[kept, output : output + 1],
        cover=trees.cover[kept],
        base=trees.base[output : output + 1],
    )
