"""Fitted scikit-learn estimators become ONNX files that give what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import linear_model, neural_network, preprocessing
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from telltale.errors import ModelError
from telltale.models.importers.sklearn_objects import (
    expected_of,
    import_sklearn,
    known_estimators,
    onnx_from_sklearn,
)
from telltale.models.importers.sklearn_steps import STEPS
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession
from tests.models.trees.grown import classes, relative, rows, targets

X = rows("float64", has_missing=False)
GAPS = rows("float64")
REAL = targets(X)[:, 0] + X[:, 2]
NETWORK = {"hidden_layer_sizes": (12, 6), "max_iter": 400, "tol": 1e-2, "random_state": 0}
CASES: dict[str, tuple[Any, Any, Any]] = {
    "standard": (preprocessing.StandardScaler(), X, None),
    "standard, mean only": (preprocessing.StandardScaler(with_std=False), X, None),
    "standard, spread only": (preprocessing.StandardScaler(with_mean=False), X, None),
    "min-max": (preprocessing.MinMaxScaler((-1, 1)), X, None),
    "min-max, clipped": (preprocessing.MinMaxScaler(clip=True), X, None),
    "max-abs": (preprocessing.MaxAbsScaler(), X, None),
    "robust": (preprocessing.RobustScaler(), X, None),
    "robust, centred only": (preprocessing.RobustScaler(with_scaling=False), X, None),
    "imputer": (SimpleImputer(strategy="median"), GAPS, None),
    "components": (PCA(3), X, None),
    "white components": (PCA(3, whiten=True), X, None),
    "linear": (linear_model.LinearRegression(), X, REAL),
    "linear, no intercept": (linear_model.LinearRegression(fit_intercept=False), X, REAL),
    "ridge, two outputs": (linear_model.Ridge(), X, targets(X, 2)),
    "ridge, chosen": (linear_model.RidgeCV(), X, REAL),
    "lasso": (linear_model.Lasso(0.01), X, REAL),
    "lasso, chosen": (linear_model.LassoCV(cv=3), X, REAL),
    "elastic net": (linear_model.ElasticNet(0.01), X, REAL),
    "elastic net, chosen": (linear_model.ElasticNetCV(cv=3), X, REAL),
    "two classes": (linear_model.LogisticRegression(), X, classes(X, 2)),
    "three classes": (linear_model.LogisticRegression(), X, classes(X, 3)),
    "network": (neural_network.MLPRegressor(**NETWORK), X, REAL),
    "network, two outputs": (
        neural_network.MLPRegressor(activation="tanh", **NETWORK),
        X,
        targets(X, 2),
    ),
    "network of classes": (
        neural_network.MLPClassifier(activation="logistic", **NETWORK),
        X,
        classes(X, 3),
    ),
    "network of two classes": (neural_network.MLPClassifier(**NETWORK), X, classes(X, 2)),
    "network of labels": (
        neural_network.MLPClassifier(activation="identity", **NETWORK),
        X,
        np.stack([REAL > 0.0, REAL > 1.0], axis=1).astype(int),
    ),
}


def test_every_step_that_is_read_is_tested() -> None:
    assert {type(case[0]).__name__ for case in CASES.values()} == set(STEPS)


@pytest.mark.parametrize(("estimator", "given", "wanted"), CASES.values(), ids=CASES)
def test_onnx_gives_what_scikit_learn_gives(estimator: Any, given: Any, wanted: Any) -> None:
    estimator.fit(given, wanted)
    file = onnx_from_sklearn(estimator)
    assert check_onnx(file).input.dtype == "float64"
    own = expected_of(estimator, given)
    assert own.std() > 0.0
    assert relative(OnnxSession(file).run(given)[0], own) < 1e-12


def test_a_pipeline_is_imported_whole_and_compared_with_itself() -> None:
    pipeline = make_pipeline(
        SimpleImputer(),
        preprocessing.StandardScaler(),
        make_pipeline("passthrough", PCA(4)),
        RandomForestClassifier(15, random_state=0),
    )
    pipeline.fit(GAPS, classes(X, 3).astype(int))
    found = import_sklearn(pipeline, GAPS)
    assert found.notes[0] == "Classes in order: 0, 1, 2."
    assert found.notes[1].startswith("Compared with the source on 1000 samples: at most ")
    assert found.outputs[0].name == "probability"
    assert np.allclose(found.parity_outputs["probability"], pipeline.predict_proba(GAPS), atol=1e-6)


def test_an_isolation_forest_gives_its_anomaly_score_and_tells_its_threshold() -> None:
    forest = IsolationForest(n_estimators=20, contamination=0.1, random_state=0).fit(X)
    found = import_sklearn(make_pipeline(forest), X[:50])
    assert found.outputs[0].name == "anomaly_score"
    assert np.allclose(found.parity_outputs["anomaly_score"][:, 0], -forest.score_samples(X[:50]))
    assert found.notes[0] == f"Its own threshold is an anomaly score of {-forest.offset_:.6g}."


def test_an_import_that_gives_something_else_is_refused() -> None:
    scaler = preprocessing.StandardScaler().fit(X)

    class Wrong(preprocessing.StandardScaler):  # type: ignore[misc]  # it has no types
        def transform(self, given: Any, copy: Any = None) -> Any:
            return super().transform(given) + 0.01

    Wrong.__name__ = "StandardScaler"
    wrong = Wrong()
    wrong.__dict__.update(vars(scaler))
    with pytest.raises(ModelError, match="differs from what was expected"):
        import_sklearn(wrong, X[:20])


def test_what_is_not_read_is_refused_by_its_name_with_what_is() -> None:
    with pytest.raises(ModelError, match=r"scikit-learn's SVC is not read. Known: .*Scaler"):
        onnx_from_sklearn(SVC().fit(X[:50], classes(X, 2)[:50]))
    assert "HistGradientBoostingRegressor" in known_estimators()


def test_what_was_not_fitted_is_refused() -> None:
    with pytest.raises(ModelError, match="Was it fitted"):
        onnx_from_sklearn(preprocessing.StandardScaler())
