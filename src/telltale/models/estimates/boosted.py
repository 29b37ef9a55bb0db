"""Gradient boosting with held-out errors: trees for the value, trees for the size of its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from telltale.batch import BoolArray, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.trees.ensemble import LEAF, Trees
from telltale.models.trees.growing import grown_trees, xgboost_for
from telltale.models.trees.write_onnx import onnx_trees

OBJECTIVES = {"square": "reg:squarederror", "absolute": "reg:absoluteerror"}


@dataclass(frozen=True, slots=True)
class Boosting:
    """How trees are grown.

    Attributes:
        trees, depth, rate: Of one ensemble; `rate` is what each tree adds of its leaf.
        row_share, column_share: Of the data that each tree sees.
        least_rows: In a leaf.
        l2: Shrinks leaves of few rows.
        losses: What is made small: each ensemble takes the next of these, then from the start.
        seeds: Ensembles, of which the mean is taken.
    """

    trees: int = 300
    depth: int = 5
    rate: float = 0.03
    row_share: float = 0.5
    column_share: float = 0.4
    least_rows: int = 50
    l2: float = 5.0
    losses: tuple[Literal["square", "absolute"], ...] = ("square",)
    seeds: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Estimator:
    """Trees with two outputs, value and size of its error, and what they gave on held-out groups.

    Attributes:
        trees: Grown on everything.
        value, scale: Of each row by trees that have not seen its group, shape (n,).
    """

    trees: Trees
    value: FloatArray
    scale: FloatArray


def folds_of(groups: IntArray, n_folds: int, rng: np.random.Generator) -> IntArray:
    """Return each row's fold, shape (n,); a group is never divided."""
    names, place = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ModelError(
            "Training needs at least two groups, e.g. machines or trips: one is held out."
        )
    fold_of_group = rng.permutation(len(names)) % min(n_folds, len(names))
    folds: IntArray = fold_of_group[place]
    return folds


def grown(rows: FloatArray, target: FloatArray, how: Boosting) -> Trees:
    """Return the mean of `how.seeds` ensembles as one, with one output.

    Raises:
        MissingExtraError: XGBoost is not installed.
    """
    return mean_of([_grown_once(rows, target, how, seed) for seed in range(how.seeds)])


def held_out(
    rows: FloatArray, target: FloatArray, how: Boosting, folds: IntArray, is_taught: BoolArray
) -> FloatArray:
    """Return what trees that have not seen a row's fold give for it, shape (n,)."""
    found = np.full(len(rows), np.nan)
    for fold in np.unique(folds):
        is_out = folds == fold
        learnt = is_taught & ~is_out
        found[is_out] = asked(grown(rows[learnt], target[learnt], how), rows[is_out])[:, 0]
    return found


def estimator(
    rows: FloatArray,
    target: FloatArray,
    truth: FloatArray,
    *,
    how: Boosting,
    folds: IntArray,
    is_taught: BoolArray,
) -> Estimator:
    """Grow trees for the value and for the mean size of its error.

    Args:
        rows: Columns as the core gets them, shape (n, columns).
        target: What is learnt, shape (n,), e.g. remaining life up to a cap.
        truth: What errors are counted against, shape (n,).
        how: How trees are grown. The size of an error is learnt by fewer and flatter ones.
        folds: Which part each row is held out with, see `folds_of`, shape (n,).
        is_taught: Which rows trees learn from, shape (n,); held-out answers are given for all.
    """
    value = held_out(rows, target, how, folds, is_taught)
    size = np.abs(truth - value)
    flat = replace(how, trees=max(1, how.trees // 3), depth=3, losses=("square",), seeds=1)
    scale = held_out(rows, size, flat, folds, is_taught)
    taught = rows[is_taught]
    both = [grown(taught, target[is_taught], how), grown(taught, size[is_taught], flat)]
    return Estimator(side_by_side(both), value, scale)


def asked(trees: Trees, rows: FloatArray) -> FloatArray:
    """Return what trees give for many rows, shape (n, outputs): by the graph that is served."""
    given: FloatArray = OnnxSession(onnx_trees(trees)).run(rows.astype(np.float32))[0]
    return given.reshape(len(rows), -1).astype(np.float64)


def mean_of(ensembles: Sequence[Trees]) -> Trees:
    """Return ensembles of one output each as one ensemble that gives their mean."""
    share = 1.0 / len(ensembles)
    joined = _joined(ensembles)
    value = joined.value * share
    return replace(joined, value=value, base=np.mean([e.base for e in ensembles], axis=0))


def side_by_side(ensembles: Sequence[Trees]) -> Trees:
    """Return ensembles of one output each as one ensemble with an output for each."""
    joined = _joined(ensembles)
    value = np.zeros((len(joined.feature), len(ensembles)))
    start = 0
    for output, ensemble in enumerate(ensembles):
        stop = start + len(ensemble.feature)
        value[start:stop, output] = ensemble.value[:, 0]
        start = stop
    return replace(joined, value=value, base=np.concatenate([e.base for e in ensembles]))


def _joined(ensembles: Sequence[Trees]) -> Trees:
    """Put the trees of ensembles of one output one after the other."""
    offsets = np.cumsum([0, *(len(e.feature) for e in ensembles)])
    pairs = list(zip(ensembles, offsets.tolist(), strict=False))
    return replace(
        ensembles[0],
        starts=np.concatenate([*(e.starts[:-1] + offset for e, offset in pairs), offsets[-1:]]),
        feature=np.concatenate([e.feature for e in ensembles]),
        threshold=np.concatenate([e.threshold for e in ensembles]),
        left=np.concatenate([_moved(e.left, offset) for e, offset in pairs]),
        right=np.concatenate([_moved(e.right, offset) for e, offset in pairs]),
        is_missing_left=np.concatenate([e.is_missing_left for e in ensembles]),
        value=np.concatenate([e.value for e in ensembles]),
        cover=np.concatenate([e.cover for e in ensembles]),
    )


def _moved(nodes: IntArray, offset: int) -> IntArray:
    """Return branches counted from further on; leaves stay leaves."""
    return np.where(nodes == LEAF, LEAF, nodes + offset)


def _grown_once(rows: FloatArray, target: FloatArray, how: Boosting, seed: int) -> Trees:
    settings = {
        "objective": OBJECTIVES[how.losses[seed % len(how.losses)]],
        "max_depth": how.depth,
        "eta": how.rate,
        "subsample": how.row_share,
        "colsample_bytree": how.column_share,
        "min_child_weight": how.least_rows,
        "lambda": how.l2,
        "tree_method": "hist",
        "max_bin": 64,
        "seed": seed,
    }
    xgboost = xgboost_for("Gradient boosting")
    data = xgboost.QuantileDMatrix(rows.astype(np.float32), target, max_bin=64, nthread=1)
    return grown_trees(xgboost, settings, data, how.trees)
