"""Reads what `json.dump(booster.dump_model(), file)` of LightGBM writes. LightGBM is not needed."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from telltale.errors import ModelError
from telltale.models.trees.ensemble import LEAF, Link, Trees, check_size

# First word of the objective -> what becomes of the sums.
OBJECTIVES: dict[str, Link] = {
    "regression": Link.IDENTITY,
    "regression_l1": Link.IDENTITY,
    "huber": Link.IDENTITY,
    "fair": Link.IDENTITY,
    "quantile": Link.IDENTITY,
    "mape": Link.IDENTITY,
    "lambdarank": Link.IDENTITY,
    "poisson": Link.EXP,
    "gamma": Link.EXP,
    "tweedie": Link.EXP,
    "binary": Link.SIGMOID,
    "cross_entropy": Link.SIGMOID,
    "multiclass": Link.SOFTMAX,
    "multiclassova": Link.SIGMOID,
}
INFINITE = 1e300  # how LightGBM writes a threshold without an end
ZERO = float(np.float32(1e-35))  # LightGBM takes what is no further from zero as zero
SETTINGS = {"sigmoid:1", "tweedie_variance_power"}


def lightgbm_trees(text: bytes) -> Trees:
    """Return the trees of a dumped booster.

    Raises:
        ModelError: It is no such file, or splits by category, holds linear trees, or takes zero
            as missing, or its objective is not one that is read.
    """
    try:
        return _ensemble(json.loads(text))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ModelError(
            f"This is not a model that LightGBM dumped ({type(error).__name__}: {error}). "
            "Write one with json.dump(booster.dump_model(), file)."
        ) from None
    except RecursionError:
        raise ModelError("LightGBM JSON: nested too deeply. Limit max_depth.") from None


def _ensemble(dump: dict[str, Any]) -> Trees:
    n_outputs = int(dump["num_tree_per_iteration"])
    trees = dump["tree_info"]
    starts, rows, values = [0], _Rows(), []
    for at, tree in enumerate(trees):
        rows.add(tree["tree_structure"])
        starts.append(len(rows.feature))
        values.append(at % n_outputs)
    check_size(starts[-1], n_outputs)
    sizes = np.diff(starts)
    value = np.zeros((starts[-1], n_outputs))
    value[np.arange(starts[-1]), np.repeat(values, sizes)] = rows.value
    if dump.get("average_output"):
        value /= max(1, len(trees) // n_outputs)
    return Trees(
        starts=np.array(starts, dtype=np.int64),
        feature=np.array(rows.feature, dtype=np.int64),
        threshold=np.array(rows.threshold, dtype=np.float64),
        left=np.array(rows.left, dtype=np.int64),
        right=np.array(rows.right, dtype=np.int64),
        is_missing_left=np.array(rows.is_missing_left, dtype=np.bool_),
        value=value,
        cover=np.array(rows.cover, dtype=np.float64),
        base=np.zeros(n_outputs),
        n_features=int(dump["max_feature_idx"]) + 1,
        is_strict=False,
        dtype="float64",
        link=_link(str(dump.get("objective", "regression"))),
    )


def _link(objective: str) -> Link:
    name, *settings = objective.split()
    others = [s for s in settings if s not in SETTINGS and not s.startswith("num_class:")]
    if name not in OBJECTIVES or others:
        raise ModelError(
            f"LightGBM objective {objective!r} is not read. Known: {', '.join(OBJECTIVES)}."
        )
    return OBJECTIVES[name]


class _Rows:
    """Nodes in the order in which they are met, each before what is below it."""

    def __init__(self) -> None:
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.is_missing_left: list[bool] = []
        self.value: list[float] = []
        self.cover: list[float] = []

    def add(self, root: dict[str, Any]) -> None:
        """Add a tree."""
        waiting = [(root, LEAF, self.left)]
        while waiting:
            node, parent, side = waiting.pop()
            at = len(self.feature)
            if parent != LEAF:
                side[parent] = at
            self.left.append(LEAF)
            self.right.append(LEAF)
            if "split_feature" in node:
                self._add_split(node)
                waiting.append((node["right_child"], at, self.right))
                waiting.append((node["left_child"], at, self.left))
            else:
                self._add_leaf(node)

    def _add_split(self, node: dict[str, Any]) -> None:
        if node["decision_type"] != "<=":
            raise ModelError(
                "LightGBM: the model splits by category. Encode categories as numbers first."
            )
        if node["missing_type"] == "Zero":
            raise ModelError("LightGBM: the model takes zero as missing. Train it without that.")
        threshold = _threshold(float(node["threshold"]))
        is_default = node["missing_type"] == "NaN"  # else a missing value counts as zero
        self.feature.append(int(node["split_feature"]))
        self.threshold.append(threshold)
        self.is_missing_left.append(bool(node["default_left"]) if is_default else threshold >= 0.0)
        self.value.append(0.0)
        self.cover.append(float(node["internal_count"]))

    def _add_leaf(self, node: dict[str, Any]) -> None:
        if "leaf_coeff" in node or "leaf_const" in node:
            raise ModelError("LightGBM: linear trees are not read. Train with linear_tree=False.")
        self.feature.append(LEAF)
        self.threshold.append(0.0)
        self.is_missing_left.append(False)
        self.value.append(float(node["leaf_value"]))
        self.cover.append(float(node.get("leaf_count", 0)))


def _threshold(written: float) -> float:
    """Return the threshold that true numbers pass as LightGBM lets them pass the written one."""
    if abs(written) >= INFINITE:
        return math.copysign(math.inf, written)
    if abs(written) <= ZERO:
        return ZERO if written >= 0.0 else math.nextafter(-ZERO, -math.inf)
    return written
