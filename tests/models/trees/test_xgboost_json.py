"""XGBoost's files become ONNX that gives XGBoost's own predictions."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import ModelError
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.trees.ensemble import by_output
from telltale.models.trees.write_onnx import MOST_PARTS, onnx_trees
from telltale.models.trees.xgboost_json import OBJECTIVES, xgboost_trees
from tests.models.trees.grown import (
    by_xgboost,
    classes,
    next_to_thresholds,
    relative,
    rows,
    targets,
    xgboost_file,
)

NEAR = 2e-6  # of the largest number: float32 sums in another order
X = rows()
REAL = targets(X)[:, 0]
POSITIVE = np.abs(REAL) + 0.01
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "reg:squarederror": ({}, REAL),
    "reg:squaredlogerror": ({}, POSITIVE),
    "reg:absoluteerror": ({}, REAL),
    "reg:pseudohubererror": ({}, REAL),
    "reg:quantileerror": ({"quantile_alpha": 0.8}, REAL),
    "reg:logistic": ({}, (REAL > 0.0) * 0.7),
    "reg:gamma": ({}, POSITIVE),
    "reg:tweedie": ({}, POSITIVE),
    "count:poisson": ({}, POSITIVE),
    "binary:logistic": ({}, classes(X, 2)),
    "binary:logitraw": ({}, classes(X, 2)),
    "binary:hinge": ({}, classes(X, 2)),
    "multi:softprob": ({"num_class": 3}, classes(X, 3)),
    "multi:softmax": ({"num_class": 3}, classes(X, 3)),
    "rank:pairwise": ({}, classes(X, 3)),
    "rank:ndcg": ({}, classes(X, 3)),
    "rank:map": ({}, classes(X, 2)),
}
MORE: dict[str, tuple[dict[str, Any], Any]] = {
    "four outputs": ({}, targets(X, 4)),
    "a tree for all outputs": (
        {"multi_strategy": "multi_output_tree", "tree_method": "hist"},
        targets(X, 4),
    ),
    "several quantiles": (
        {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]},
        REAL,
    ),
    "dart": ({"booster": "dart", "rate_drop": 0.3}, REAL),
    "parallel trees": ({"num_parallel_tree": 3, "subsample": 0.5}, REAL),
    "leaves first": ({"grow_policy": "lossguide", "max_leaves": 9, "max_depth": 0}, REAL),
    "own base score": ({"objective": "binary:logistic", "base_score": 0.2}, classes(X, 2)),
    "no splits": ({"gamma": 1e9}, REAL),
}


def test_every_objective_that_is_read_is_tested() -> None:
    assert set(CASES) == set(OBJECTIVES)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [*(({"objective": name, **s}, y) for name, (s, y) in CASES.items()), *MORE.values()],
    ids=[*CASES, *MORE],
)
def test_onnx_gives_what_xgboost_gives_also_next_to_thresholds(
    settings: dict[str, Any], wanted: Any
) -> None:
    booster = grown(settings, wanted)
    trees, notes = xgboost_trees(xgboost_file(booster))
    file = onnx_trees(trees)
    assert check_onnx(file).input.shape == (None, X.shape[1])
    session = OnnxSession(file)
    asked = [X] if settings.get("gamma") else [X, next_to_thresholds(trees, X)]
    for given_rows in asked:
        own = booster.predict(xgboost.DMatrix(given_rows))
        assert relative(session.run(given_rows)[0], own) < NEAR
    assert notes == ()


def grown(settings: dict[str, Any], wanted: Any) -> Any:
    if not str(settings.get("objective")).startswith("rank:"):
        return by_xgboost(settings, X, wanted)
    groups = xgboost.DMatrix(X, wanted, qid=np.arange(len(X)) // 20)
    return xgboost.train({"nthread": 1, **settings}, groups, 10)


@pytest.mark.parametrize("rounds", [25, 200])
def test_the_answer_does_not_depend_on_how_many_rows_are_asked_at_once(rounds: int) -> None:
    settings = {"nthread": 1, "max_depth": 4}
    booster = xgboost.train(settings, xgboost.DMatrix(X, targets(X, 3)), rounds)
    trees, _ = xgboost_trees(xgboost_file(booster))
    file = onnx_trees(trees)
    assert check_onnx(file).is_by_row
    session, many = OnnxSession(file), np.tile(X, (5, 1))
    together = session.run(many)[0]
    for at_once in (1, 3, 64, 1_000):
        pieces = [session.run(X[at : at + at_once])[0] for at in range(0, len(X), at_once)]
        assert np.concatenate(pieces).tobytes() == together[: len(X)].tobytes()
    assert together[: len(X)].tobytes() == together[-len(X) :].tobytes()


def test_an_operator_for_each_output_gives_the_bits_of_one_for_all() -> None:
    trees, _ = xgboost_trees(xgboost_file(by_xgboost({}, X, targets(X, MOST_PARTS + 1))))
    whole = onnx_trees(trees)
    assert "Concat" not in [node.op_type for node in onnx.load_from_string(whole).graph.node]
    together = OnnxSession(whole).run(X)[0]
    for output, part in enumerate(by_output(trees)):
        alone = OnnxSession(onnx_trees(part)).run(X)[0][:, 0]
        assert alone.tobytes() == together[:, output].tobytes()


def test_early_stopping_is_told() -> None:
    held = xgboost.DMatrix(X[800:], REAL[800:])
    booster = xgboost.train(
        {"nthread": 1, "eta": 1.0, "max_depth": 8},
        xgboost.DMatrix(X[:800], REAL[:800]),
        50,
        evals=[(held, "held")],
        early_stopping_rounds=3,
        verbose_eval=False,
    )
    _, notes = xgboost_trees(xgboost_file(booster))
    assert notes[0].startswith(f"Training stopped early, at round {booster.best_iteration};")


def changed(**learner: Any) -> bytes:
    whole = json.loads(xgboost_file(by_xgboost({}, X, REAL)))
    whole["learner"].update(learner)
    return json.dumps(whole).encode()


def with_tree(**fields: Any) -> bytes:
    whole = json.loads(xgboost_file(by_xgboost({}, X, REAL)))
    whole["learner"]["gradient_booster"]["model"]["trees"][0].update(fields)
    return json.dumps(whole).encode()


def categories() -> bytes:
    kinds = np.random.default_rng(4).integers(0, 5, (200, 1)).astype(np.float64)
    data = xgboost.DMatrix(kinds, kinds[:, 0] % 2, feature_types=["c"], enable_categorical=True)
    return xgboost_file(xgboost.train({"nthread": 1, "tree_method": "hist"}, data, 3))


REFUSED: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"{", "saved as JSON"),
    "another JSON": (b"{}", "saved as JSON"),
    "a list": (b"[1]", "saved as JSON"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "categories": (categories(), "splits by category"),
    "another objective": (changed(objective={"name": "survival:cox"}), "survival:cox"),
    "linear": (
        xgboost_file(
            xgboost.train({"booster": "gblinear", "nthread": 1}, xgboost.DMatrix(X[:50], REAL[:50]))
        ),
        "'gblinear' holds no trees",
    ),
    "a circle": (with_tree(left_children=[0] * 60), "Trees|saved as JSON"),
    "no columns": (
        changed(learner_model_param={"base_score": "0", "num_class": "0", "num_feature": "0"}),
        "0 columns",
    ),
    "a billion outputs": (
        changed(learner_model_param={"base_score": "0", "num_class": "9" * 9, "num_feature": "6"}),
        "more than are taken",
    ),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_the_reason(text: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        xgboost_trees(text)


SMALL = xgboost_file(
    xgboost.train({"nthread": 1, "max_depth": 2}, xgboost.DMatrix(X[:100], REAL[:100]), 1)
)


@given(at=st.integers(0, len(SMALL) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_read(at: int, byte: int) -> None:
    text = bytearray(SMALL)
    text[at] = byte
    try:
        trees, _ = xgboost_trees(bytes(text))
    except ModelError:
        return
    OnnxSession(onnx_trees(trees)).run(np.zeros((1, trees.n_features)))
