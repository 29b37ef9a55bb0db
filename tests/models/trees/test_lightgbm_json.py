"""LightGBM's files become ONNX that gives LightGBM's own predictions."""

from __future__ import annotations

import json
from typing import Any

import lightgbm
import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.trees.contributions import Explainer
from telltale.models.trees.lightgbm_json import OBJECTIVES, lightgbm_trees
from telltale.models.trees.write_onnx import onnx_trees
from tests.models.trees.grown import (
    by_lightgbm,
    classes,
    lightgbm_file,
    next_to_thresholds,
    relative,
    rows,
    targets,
)

NEAR = 2e-7  # of the largest number: the sums come out as float32
X = rows("float64")
REAL = targets(X)[:, 0]
POSITIVE = np.abs(REAL) + 0.01
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "regression": ({}, REAL),
    "regression_l1": ({}, REAL),
    "huber": ({}, REAL),
    "fair": ({}, REAL),
    "quantile": ({"alpha": 0.9}, REAL),
    "mape": ({}, POSITIVE),
    "lambdarank": ({}, classes(X, 3)),
    "poisson": ({}, POSITIVE),
    "gamma": ({}, POSITIVE),
    "tweedie": ({}, POSITIVE),
    "binary": ({}, classes(X, 2)),
    "cross_entropy": ({}, classes(X, 2)),
    "multiclass": ({"num_class": 3}, classes(X, 3)),
    "multiclassova": ({"num_class": 3}, classes(X, 3)),
}
MORE: dict[str, tuple[dict[str, Any], Any]] = {
    "random forest": (
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        REAL,
    ),
    "dart": ({"boosting": "dart"}, REAL),
    "missing counts as zero": ({"use_missing": False}, REAL),
    "no splits": ({"min_data_in_leaf": 100_000}, REAL),
}


def test_every_objective_that_is_read_is_tested() -> None:
    assert set(CASES) == set(OBJECTIVES)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [*(({"objective": name, **s}, y) for name, (s, y) in CASES.items()), *MORE.values()],
    ids=[*CASES, *MORE],
)
def test_onnx_gives_what_lightgbm_gives_also_next_to_thresholds(
    settings: dict[str, Any], wanted: Any
) -> None:
    booster = grown(settings, wanted)
    trees = lightgbm_trees(lightgbm_file(booster))
    file = onnx_trees(trees)
    assert check_onnx(file).input.dtype == "float64"
    session = OnnxSession(file)
    asked = [X] if "min_data_in_leaf" in settings else [X, next_to_thresholds(trees, X)]
    for given_rows in asked:
        assert relative(session.run(given_rows)[0], booster.predict(given_rows)) < NEAR


def grown(settings: dict[str, Any], wanted: Any) -> Any:
    if settings.get("objective") != "lambdarank":
        return by_lightgbm(settings, X, wanted)
    data = lightgbm.Dataset(X, wanted, group=[20] * (len(X) // 20))
    return lightgbm.train({"num_threads": 1, "verbose": -1, **settings}, data, 10)


@pytest.mark.parametrize("objective", ["regression", "binary", "multiclass"])
def test_contributions_are_lightgbms_own(objective: str) -> None:
    count = 3 if objective == "multiclass" else 2
    settings = {"objective": objective, "num_class": count if count > 2 else 1}
    booster = by_lightgbm(settings, X, classes(X, count))
    found = Explainer(lightgbm_trees(lightgbm_file(booster))).contributions(X[:200])
    own = booster.predict(X[:200], pred_contrib=True)
    own = own.reshape(200, -1, X.shape[1] + 1).transpose(0, 2, 1)
    assert np.abs(found - own).max() < 1e-10


def categories() -> bytes:
    kinds = np.random.default_rng(4).integers(0, 5, (300, 1)).astype(np.float64)
    data = lightgbm.Dataset(kinds, kinds[:, 0] % 2, categorical_feature=[0])
    settings = {"num_threads": 1, "verbose": -1, "min_data_per_group": 1}
    return lightgbm_file(lightgbm.train(settings, data, 3))


def deep() -> bytes:
    whole = json.loads(lightgbm_file(by_lightgbm({}, X, REAL)))
    split = '{"split_feature": 0, "left_child": ' * 50_000
    return json.dumps(whole).replace('"tree_structure": {', '"tree_structure": ' + split).encode()


REFUSED: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"{", "LightGBM dumped"),
    "another JSON": (b"{}", "LightGBM dumped"),
    "deep": (deep(), "nested too deeply"),
    "categories": (categories(), "splits by category"),
    "zero is missing": (
        lightgbm_file(by_lightgbm({"zero_as_missing": True}, np.nan_to_num(X), REAL)),
        "takes zero as missing",
    ),
    "linear trees": (
        lightgbm_file(by_lightgbm({"linear_tree": True}, np.nan_to_num(X), REAL)),
        "linear trees",
    ),
    "another link": (
        lightgbm_file(by_lightgbm({"objective": "binary", "sigmoid": 2.0}, X, classes(X, 2))),
        "'binary sigmoid:2'",
    ),
    "another objective": (
        lightgbm_file(by_lightgbm({"objective": "cross_entropy_lambda"}, X, classes(X, 2))),
        "cross_entropy_lambda",
    ),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        lightgbm_trees(text)
