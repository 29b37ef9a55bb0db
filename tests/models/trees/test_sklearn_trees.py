"""scikit-learn's ensembles become trees whose sums are its own, also next to thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, tree
from sklearn.svm import SVC

from telltale.errors import ModelError
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.trees.contributions import Explainer
from telltale.models.trees.ensemble import Link
from telltale.models.trees.sklearn_trees import (
    READERS,
    average_path_length,
    isolation_scale,
    sklearn_trees,
)
from telltale.models.trees.write_onnx import onnx_trees
from tests.models.trees.grown import classes, next_to_thresholds, relative, rows, targets

NEAR = 3e-7  # of the largest number: the sums come out as float32
X = rows("float64", has_missing=False)
GAPS = rows("float64")
REAL = targets(X)[:, 0]
FEW = {"n_estimators": 15, "random_state": 0}
ROUNDS = {"max_iter": 15}
CASES: dict[str, tuple[Any, Any, Any]] = {
    "regression forest": (ensemble.RandomForestRegressor(**FEW), X, REAL),
    "of two outputs, with gaps": (ensemble.RandomForestRegressor(**FEW), GAPS, targets(X, 2)),
    "extra trees": (ensemble.ExtraTreesRegressor(**FEW), X, REAL),
    "one tree": (tree.DecisionTreeRegressor(max_depth=5), GAPS, REAL),
    "classes forest": (ensemble.RandomForestClassifier(**FEW), X, classes(X, 3)),
    "weighted classes": (
        ensemble.ExtraTreesClassifier(class_weight="balanced", **FEW),
        X,
        REAL > 1.0,
    ),
    "one tree of classes": (tree.DecisionTreeClassifier(max_depth=5), GAPS, classes(X, 3)),
    "boosting": (ensemble.GradientBoostingRegressor(**FEW), X, REAL),
    "boosting from zero": (ensemble.GradientBoostingRegressor(init="zero", **FEW), X, REAL),
    "boosted quantile": (ensemble.GradientBoostingRegressor(loss="quantile", **FEW), X, REAL),
    "boosted classes": (ensemble.GradientBoostingClassifier(**FEW), X, classes(X, 3)),
    "two boosted classes": (ensemble.GradientBoostingClassifier(**FEW), X, classes(X, 2)),
    "exponential loss": (
        ensemble.GradientBoostingClassifier(loss="exponential", **FEW),
        X,
        classes(X, 2),
    ),
    "histograms": (ensemble.HistGradientBoostingRegressor(**ROUNDS), GAPS, REAL),
    "histograms, poisson": (
        ensemble.HistGradientBoostingRegressor(loss="poisson", **ROUNDS),
        X,
        np.abs(REAL),
    ),
    "histograms of classes": (
        ensemble.HistGradientBoostingClassifier(**ROUNDS),
        GAPS,
        classes(X, 3),
    ),
    "histograms of two classes": (
        ensemble.HistGradientBoostingClassifier(**ROUNDS),
        X,
        classes(X, 2),
    ),
    "isolation forest": (ensemble.IsolationForest(**FEW), X, None),
    "isolation forest of some columns": (
        ensemble.IsolationForest(max_features=3, max_samples=0.3, bootstrap=True, **FEW),
        X,
        None,
    ),
}


def test_every_ensemble_that_is_read_is_tested() -> None:
    assert {type(case[0]).__name__ for case in CASES.values()} == set(READERS)


@pytest.mark.parametrize(("estimator", "given", "wanted"), CASES.values(), ids=CASES)
def test_onnx_gives_what_scikit_learn_gives(estimator: Any, given: Any, wanted: Any) -> None:
    estimator.fit(given, wanted)
    trees = sklearn_trees(estimator)
    session = OnnxSession(onnx_trees(trees))
    for asked in (given, next_to_thresholds(trees, given)):
        assert relative(as_own(estimator, session.run(asked)[0]), own(estimator, asked)) < NEAR
    if trees.link is Link.IDENTITY:
        told = Explainer(trees).contributions(given[:100]).sum(axis=1)
        assert relative(as_own(estimator, told), own(estimator, given[:100])) < 1e-12


def own(estimator: Any, asked: Any) -> Any:
    if hasattr(estimator, "score_samples"):
        return -estimator.score_samples(asked)
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(asked)
    return estimator.predict(asked)


def as_own(estimator: Any, found: Any) -> Any:
    """Return an isolation forest's score of its mean depth; others as they are."""
    if not hasattr(estimator, "score_samples"):
        return found
    return 2.0 ** (isolation_scale(estimator) * found)


def test_the_usual_depth_is_that_of_the_paper() -> None:
    found = average_path_length(np.array([1, 2, 256]))
    assert found[:2].tolist() == [0.0, 1.0]
    harmonic = sum(1.0 / n for n in range(1, 256))
    assert found[2] == pytest.approx(2.0 * harmonic - 2.0 * 255 / 256, abs=5e-3)


def test_what_holds_no_trees_is_refused_by_its_name() -> None:
    with pytest.raises(ModelError, match="SVC holds no trees"):
        sklearn_trees(SVC())


def test_a_start_that_is_a_model_is_refused() -> None:
    begun = ensemble.GradientBoostingRegressor(init=tree.DecisionTreeRegressor(), n_estimators=2)
    with pytest.raises(ModelError, match="begins with DecisionTreeRegressor"):
        sklearn_trees(begun.fit(X, REAL))


def test_categories_are_refused() -> None:
    kinds = np.random.default_rng(0).integers(0, 4, (300, 1))
    split = ensemble.HistGradientBoostingRegressor(categorical_features=[0], max_iter=2)
    with pytest.raises(ModelError, match="splits by category"):
        sklearn_trees(split.fit(kinds, kinds[:, 0] % 2))


def test_a_classifier_of_several_outputs_is_refused() -> None:
    both = np.stack([REAL > 0.0, REAL > 1.0], axis=1)
    forest = ensemble.RandomForestClassifier(n_estimators=2).fit(X, both)
    with pytest.raises(ModelError, match="several outputs at once"):
        sklearn_trees(forest)
