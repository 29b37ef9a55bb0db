"""Contributions are exact Shapley values: XGBoost's own, and those of the definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import xgboost

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.trees.contributions import Explainer
from telltale.models.trees.ensemble import LEAF, Trees
from telltale.models.trees.xgboost_json import xgboost_trees
from tests.models.trees.grown import (
    by_xgboost,
    classes,
    next_to_thresholds,
    rows,
    targets,
    xgboost_file,
)

X = rows()
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "one output": ({}, targets(X)[:, 0]),
    "four outputs": ({}, targets(X, 4)),
    "three classes": ({"objective": "multi:softprob", "num_class": 3}, classes(X, 3)),
    "two classes": ({"objective": "binary:logistic"}, classes(X, 2)),
    "the same column again and again": (
        {"max_depth": 9, "colsample_bytree": 0.4},
        targets(X)[:, 0],
    ),
    "dart": ({"booster": "dart", "rate_drop": 0.3}, targets(X)[:, 0]),
}


@pytest.mark.parametrize(("settings", "wanted"), CASES.values(), ids=CASES)
def test_contributions_are_xgboosts_own_and_add_up_to_the_output(
    settings: dict[str, Any], wanted: Any
) -> None:
    booster = by_xgboost(settings, X, wanted)
    trees, _ = xgboost_trees(xgboost_file(booster))
    asked = np.concatenate([X[:200], next_to_thresholds(trees, X)[:100]])
    found = Explainer(trees).contributions(asked)
    data = xgboost.DMatrix(asked)
    own = booster.predict(data, pred_contribs=True).reshape(len(asked), -1, X.shape[1] + 1)
    sums = booster.predict(data, output_margin=True).reshape(len(asked), -1)
    size = max(1.0, np.abs(sums).max())
    assert np.abs(found - own.transpose(0, 2, 1)).max() < 1e-5 * size
    assert np.abs(found.sum(axis=1) - sums).max() < 1e-5 * size


def test_a_tree_for_all_outputs_adds_up_though_xgboost_does_not_explain_it() -> None:
    settings = {"multi_strategy": "multi_output_tree", "tree_method": "hist"}
    booster = by_xgboost(settings, X, targets(X, 3))
    trees, _ = xgboost_trees(xgboost_file(booster))
    sums = booster.predict(xgboost.DMatrix(X[:100]))
    found = Explainer(trees).contributions(X[:100]).sum(axis=1)
    assert np.abs(found - sums).max() < 1e-5 * np.abs(sums).max()


def test_contributions_are_those_of_the_definition() -> None:
    small = by_xgboost({"max_depth": 3}, X, targets(X)[:, 0])
    trees, _ = xgboost_trees(xgboost_file(small[:3]))
    found = Explainer(trees).contributions(X[:5])
    for row, shares in zip(X[:5], found[:, :, 0], strict=True):
        assert np.allclose(shares[:-1], by_definition(trees, row), atol=1e-12)


def by_definition(trees: Trees, row: FloatArray) -> FloatArray:
    """Return Shapley values by going through every set of known columns."""
    n = trees.n_features
    shares = np.zeros(n)
    for column in range(n):
        others = [other for other in range(n) if other != column]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - 1 - size) / math.factorial(n)
            for known in itertools.combinations(others, size):
                gain = given_known(trees, row, {*known, column}) - given_known(trees, row, {*known})
                shares[column] += weight * gain
    return shares


def given_known(trees: Trees, row: FloatArray, known: set[int]) -> float:
    return sum(below(trees, int(root), row, known) for root in trees.starts[:-1])


def below(trees: Trees, node: int, row: FloatArray, known: set[int]) -> float:
    if trees.feature[node] == LEAF:
        return float(trees.value[node, 0])
    left, right = int(trees.left[node]), int(trees.right[node])
    value = row[trees.feature[node]]
    if trees.feature[node] in known:
        is_left = trees.is_missing_left[node] if np.isnan(value) else value < trees.threshold[node]
        return below(trees, left if is_left else right, row, known)
    parts = trees.cover[[left, right]] / trees.cover[node]
    return float(
        parts[0] * below(trees, left, row, known) + parts[1] * below(trees, right, row, known)
    )


def test_the_answer_does_not_depend_on_how_many_rows_are_asked_at_once() -> None:
    trees, _ = xgboost_trees(xgboost_file(by_xgboost({}, X, targets(X, 2))))
    explainer = Explainer(trees)
    together = explainer.contributions(X[:70])
    alone = np.concatenate([explainer.contributions(X[at : at + 1]) for at in range(70)])
    assert np.array_equal(together, alone)


def test_trees_without_a_split_only_tell_what_they_give() -> None:
    booster = by_xgboost({"gamma": 1e9}, X, targets(X)[:, 0])
    explainer = Explainer(xgboost_trees(xgboost_file(booster))[0])
    found = explainer.contributions(X[:3])
    assert not found[:, :-1].any()
    assert np.allclose(found[:, -1, 0], booster.predict(xgboost.DMatrix(X[:3])), atol=1e-6)


def test_trees_that_do_not_say_what_came_by_are_not_explained() -> None:
    trees, _ = xgboost_trees(xgboost_file(by_xgboost({}, X, targets(X)[:, 0])))
    trees.cover[:] = 0.0
    with pytest.raises(ModelError, match="how much training data"):
        Explainer(trees)


def test_rows_of_another_width_are_refused() -> None:
    trees, _ = xgboost_trees(xgboost_file(by_xgboost({}, X, targets(X)[:, 0])))
    with pytest.raises(ModelError, match="take 6 columns"):
        Explainer(trees).contributions(X[:, :3])
