"""Takes the trees out of scikit-learn's fitted ensembles, in the process that fitted them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.trees.ensemble import LEAF, Link, Trees

EULER_GAMMA = 0.5772156649015329
Arrays = dict[str, np.ndarray]


def sklearn_trees(estimator: Any) -> Trees:  # Any: scikit-learn has no types
    """Return the trees of a fitted estimator.

    What comes out after the link: predictions of a regressor, class probabilities of a
    classifier. For an IsolationForest: the mean depth; see `isolation_scale`.

    Raises:
        ModelError: The estimator is not one that is read, or splits by category.
    """
    name = type(estimator).__name__
    if name not in READERS:
        raise ModelError(f"{name} holds no trees that are read. Known: {', '.join(READERS)}.")
    return READERS[name](estimator)


def isolation_scale(estimator: Any) -> float:
    """Return s of an IsolationForest: its anomaly score is 2 ** (s times the mean depth)."""
    usual = average_path_length(np.array([estimator._max_samples]))[0]
    return -1.0 / float(usual)


def average_path_length(samples: FloatArray) -> FloatArray:
    """Return how deep a search in a random tree of so many samples goes on average.

    Source: Liu, Ting, Zhou, "Isolation Forest", ICDM 2008, equation 1.
    """
    n = np.maximum(samples.astype(np.float64), 2.0)
    deep = 2.0 * (np.log(n - 1.0) + EULER_GAMMA) - 2.0 * (n - 1.0) / n
    length: FloatArray = np.where(samples <= 1, 0.0, np.where(samples == 2, 1.0, deep))
    return length


def _arrays(tree: Any, value: FloatArray) -> Arrays:
    """Return one tree of scikit-learn, its leaves with these values, shape (nodes, outputs)."""
    is_leaf = tree.children_left == LEAF
    return {
        "feature": np.where(is_leaf, LEAF, tree.feature).astype(np.int64),
        "threshold": np.where(is_leaf, 0.0, tree.threshold).astype(np.float64),
        "left": np.where(is_leaf, LEAF, tree.children_left).astype(np.int64),
        "right": np.where(is_leaf, LEAF, tree.children_right).astype(np.int64),
        "is_missing_left": tree.missing_go_to_left.astype(np.bool_),
        "value": np.where(is_leaf[:, None], value, 0.0),
        "cover": tree.weighted_n_node_samples.astype(np.float64),
    }


def _joined(trees: Sequence[Arrays], **about: Any) -> Trees:
    starts = np.cumsum([0, *(len(tree["feature"]) for tree in trees)])
    arrays: dict[str, Any] = {
        key: np.concatenate([tree[key] for tree in trees]) for key in trees[0]
    }
    offset = np.repeat(starts[:-1], np.diff(starts))
    for side in ("left", "right"):
        arrays[side] = np.where(arrays["feature"] == LEAF, LEAF, arrays[side] + offset)
    return Trees(starts=starts, **arrays, is_strict=False, **about)


def _average(estimator: Any) -> Trees:
    """Read a forest, or a single tree: leaves are averaged."""
    trees = [tree.tree_ for tree in getattr(estimator, "estimators_", [estimator])]
    return _joined(
        [_arrays(tree, tree.value[:, :, 0] / len(trees)) for tree in trees],
        base=np.zeros(trees[0].n_outputs),
        n_features=int(estimator.n_features_in_),
    )


def _probabilities(estimator: Any) -> Trees:
    if estimator.n_outputs_ != 1:
        raise ModelError("A classifier of several outputs at once is not read. Fit one for each.")
    trees = [tree.tree_ for tree in getattr(estimator, "estimators_", [estimator])]
    parts = []
    for tree in trees:
        counts = tree.value[:, 0, :]
        parts.append(_arrays(tree, counts / counts.sum(axis=1, keepdims=True) / len(trees)))
    return _joined(
        parts,
        base=np.zeros(int(estimator.n_classes_)),
        n_features=int(estimator.n_features_in_),
    )


def _boosting(estimator: Any) -> Trees:
    """Read GradientBoostingRegressor and GradientBoostingClassifier."""
    init = type(estimator.init_).__name__
    if init not in ("DummyRegressor", "DummyClassifier", "str"):
        raise ModelError(f"{type(estimator).__name__} that begins with {init} is not read.")
    n_outputs = estimator.estimators_.shape[1]
    scale = 2.0 if estimator.loss == "exponential" else 1.0  # its probability is sigmoid(2 s)
    parts = []
    for stage in estimator.estimators_:
        for output, tree in enumerate(stage):
            value = np.zeros((tree.tree_.node_count, n_outputs))
            value[:, output] = tree.tree_.value[:, 0, 0] * estimator.learning_rate * scale
            parts.append(_arrays(tree.tree_, value))
    nothing = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    base = np.asarray(estimator._raw_predict_init(nothing), dtype=np.float64).reshape(-1)
    return _joined(
        parts,
        base=base[:n_outputs] * scale,
        n_features=int(estimator.n_features_in_),
        link=_classes_link(estimator, n_outputs),
    )


def _histogram(estimator: Any) -> Trees:
    """Read HistGradientBoostingRegressor and HistGradientBoostingClassifier."""
    stages = estimator._predictors
    n_outputs = len(stages[0])
    parts = [
        _histogram_arrays(predictor.nodes, output, n_outputs)
        for stage in stages
        for output, predictor in enumerate(stage)
    ]
    link = _classes_link(estimator, n_outputs)
    if not hasattr(estimator, "classes_") and estimator.loss in ("poisson", "gamma"):
        link = Link.EXP
    return _joined(
        parts,
        base=np.asarray(estimator._baseline_prediction, dtype=np.float64).reshape(-1),
        n_features=int(estimator.n_features_in_),
        dtype="float64",
        link=link,
    )


def _histogram_arrays(nodes: Any, output: int, n_outputs: int) -> Arrays:
    is_leaf = nodes["is_leaf"].astype(np.bool_)
    if nodes["is_categorical"][~is_leaf].any():
        raise ModelError("The model splits by category. Encode categories as numbers first.")
    value = np.zeros((len(nodes), n_outputs))
    value[is_leaf, output] = nodes["value"][is_leaf]
    return {
        "feature": np.where(is_leaf, LEAF, nodes["feature_idx"]).astype(np.int64),
        "threshold": np.where(is_leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
        "left": np.where(is_leaf, LEAF, nodes["left"]).astype(np.int64),
        "right": np.where(is_leaf, LEAF, nodes["right"]).astype(np.int64),
        "is_missing_left": nodes["missing_go_to_left"].astype(np.bool_),
        "value": value,
        "cover": nodes["count"].astype(np.float64),
    }


def _classes_link(estimator: Any, n_outputs: int) -> Link:
    if not hasattr(estimator, "classes_"):
        return Link.IDENTITY
    return Link.TWO_CLASSES if n_outputs == 1 else Link.SOFTMAX


def _isolation(estimator: Any) -> Trees:
    """Read an IsolationForest: a leaf's value is its depth, and what its samples would add."""
    parts = []
    members = zip(estimator.estimators_, estimator.estimators_features_, strict=True)
    for member, columns in members:
        tree = member.tree_
        depth = _depths(tree) + average_path_length(tree.n_node_samples)
        arrays = _arrays(tree, depth[:, None] / len(estimator.estimators_))
        is_leaf = arrays["feature"] == LEAF
        arrays["feature"] = np.where(is_leaf, LEAF, np.asarray(columns)[arrays["feature"]])
        parts.append(arrays)
    return _joined(parts, base=np.zeros(1), n_features=int(estimator.n_features_in_))


def _depths(tree: Any) -> FloatArray:
    """Return how many branches lead to each node; parents come before their children."""
    depths = np.zeros(tree.node_count)
    for node in np.flatnonzero(tree.children_left != LEAF):
        depths[[tree.children_left[node], tree.children_right[node]]] = depths[node] + 1.0
    return depths


READERS: dict[str, Callable[[Any], Trees]] = {
    "DecisionTreeClassifier": _probabilities,
    "DecisionTreeRegressor": _average,
    "ExtraTreesClassifier": _probabilities,
    "ExtraTreesRegressor": _average,
    "GradientBoostingClassifier": _boosting,
    "GradientBoostingRegressor": _boosting,
    "HistGradientBoostingClassifier": _histogram,
    "HistGradientBoostingRegressor": _histogram,
    "IsolationForest": _isolation,
    "RandomForestClassifier": _probabilities,
    "RandomForestRegressor": _average,
}
