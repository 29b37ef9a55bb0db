"""scikit-learn's scalers, linear models and small networks, from their numbers alone.

A fitted estimator is its attributes by name: of an object in memory, or as read from a pickle
without making the object. Everything is computed in float64, as scikit-learn does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.trees.ensemble import Link
from telltale.models.trees.write_onnx import add_link

Attributes = Mapping[str, Any]  # Any: whatever the estimator keeps
Rows = tuple[str, int]  # what flows by: its name in the graph, and its columns
Step = Callable[[OnnxGraph, Attributes, Rows], Rows]

LINKS = {
    "exp": Link.EXP,
    "identity": Link.IDENTITY,
    "logistic": Link.SIGMOID,
    "softmax": Link.SOFTMAX,
}
ACTIVATIONS = {"identity": None, "logistic": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


def columns_of(estimator: Attributes) -> int:
    """Return how many columns an estimator was fitted on.

    Raises:
        ModelError: It does not say, so it is not fitted.
    """
    found = estimator.get("n_features_in_")
    if isinstance(found, int | np.integer) and 0 < found <= 100_000:
        return int(found)
    for name in ("scale_", "mean_", "center_", "coef_"):  # before scikit-learn 0.24
        if isinstance(array := estimator.get(name), np.ndarray) and array.ndim:
            return int(array.shape[-1])
    raise ModelError("The estimator does not say how many columns it takes. Was it fitted?")


def _array(estimator: Attributes, name: str, *shape: int | None) -> FloatArray:
    """Return a fitted array of a given shape; None is any length."""
    array = np.asarray(estimator.get(name), dtype=np.float64)
    is_right = array.ndim == len(shape) and all(
        wanted is None or wanted == found for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not is_right or not np.isfinite(array).all():
        raise ModelError(f"{name} has the shape {array.shape}, or holds what is not finite.")
    return array


def standard_scaler(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add (x - mean) / scale, each of which may be left out."""
    return _centred(graph, estimator, rows, "mean_")


def robust_scaler(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add (x - centre) / scale, each of which may be left out."""
    return _centred(graph, estimator, rows, "center_")


def max_abs_scaler(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add x / scale."""
    name, width = rows
    scale = _array(estimator, "scale_", width)
    return graph.add("Div", name, graph.constant(scale)), width


def _centred(graph: OnnxGraph, estimator: Attributes, rows: Rows, centre: str) -> Rows:
    name, width = rows
    is_centred = estimator.get("with_mean" if centre == "mean_" else "with_centering", True)
    is_scaled = estimator.get("with_std" if centre == "mean_" else "with_scaling", True)
    if is_centred:
        name = graph.add("Sub", name, graph.constant(_array(estimator, centre, width)))
    if is_scaled:
        name = graph.add("Div", name, graph.constant(_array(estimator, "scale_", width)))
    return name, width


def min_max_scaler(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add x * scale + min, clipped where the scaler clips."""
    name, width = rows
    name = graph.add("Mul", name, graph.constant(_array(estimator, "scale_", width)))
    name = graph.add("Add", name, graph.constant(_array(estimator, "min_", width)))
    if estimator.get("clip", False):
        low, high = (float(end) for end in estimator["feature_range"])
        name = graph.add("Clip", name, graph.constant(low), graph.constant(high))
    return name, width


def simple_imputer(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add what stands in for missing values."""
    name, width = rows
    missing = estimator.get("missing_values", np.nan)
    if not (isinstance(missing, float) and np.isnan(missing)) or estimator.get("add_indicator"):
        raise ModelError("SimpleImputer: only NaN in place of missing values is read.")
    stand_in = graph.constant(_array(estimator, "statistics_", width))
    return graph.add("Where", graph.add("IsNaN", name), stand_in, name), width


def pca(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add principal components."""
    name, width = rows
    components = _array(estimator, "components_", None, width)
    if estimator.get("whiten", False):
        variance = _array(estimator, "explained_variance_", len(components))
        components = components / np.sqrt(variance)[:, None]
    name = graph.add("Sub", name, graph.constant(_array(estimator, "mean_", width)))
    return graph.add("MatMul", name, graph.constant(components.T)), len(components)


def linear(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add x times coefficients, plus intercept."""
    name, width = rows
    coefficients = np.atleast_2d(np.asarray(estimator.get("coef_"), dtype=np.float64))
    coefficients = _array({"coef_": coefficients}, "coef_", None, width)
    n_outputs = len(coefficients)
    given = np.asarray(estimator.get("intercept_", 0.0), dtype=np.float64)
    if given.size not in (1, n_outputs) or not np.isfinite(given).all():
        raise ModelError(f"intercept_ has the shape {given.shape}, for {n_outputs} outputs.")
    intercept = np.array(np.broadcast_to(given.reshape(-1), (n_outputs,)))
    name = graph.add("MatMul", name, graph.constant(coefficients.T))
    return graph.add("Add", name, graph.constant(intercept)), n_outputs


def logistic(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add the probabilities of a LogisticRegression's classes."""
    name, width = linear(graph, estimator, rows)
    if width == 1:
        return add_link(graph, name, Link.TWO_CLASSES, width)
    is_each = estimator.get("multi_class") == "ovr" or estimator.get("solver") == "liblinear"
    return add_link(graph, name, Link.NORMALISED if is_each else Link.SOFTMAX, width)


def network(graph: OnnxGraph, estimator: Attributes, rows: Rows) -> Rows:
    """Add an MLPRegressor or MLPClassifier."""
    name, width = rows
    hidden, last = estimator["activation"], estimator["out_activation_"]
    kernels, biases = estimator["coefs_"], estimator["intercepts_"]
    for at, layer in enumerate(zip(kernels, biases, strict=True)):
        attributes = dict(zip(("coefs_", "intercepts_"), layer, strict=True))
        kernel = _array(attributes, "coefs_", width, None)
        width = kernel.shape[1]
        name = graph.add("MatMul", name, graph.constant(kernel))
        name = graph.add("Add", name, graph.constant(_array(attributes, "intercepts_", width)))
        if at < len(kernels) - 1 and (op := ACTIVATIONS[hidden]) is not None:
            name = graph.add(op, name)
    is_two = last == "logistic" and width == 1 and len(estimator["classes_"]) == 2
    return add_link(graph, name, Link.TWO_CLASSES if is_two else LINKS[last], width)


LINEAR = ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
STEPS: dict[str, Step] = {
    **dict.fromkeys(LINEAR, linear),
    "LogisticRegression": logistic,
    "MLPClassifier": network,
    "MLPRegressor": network,
    "MaxAbsScaler": max_abs_scaler,
    "MinMaxScaler": min_max_scaler,
    "PCA": pca,
    "RobustScaler": robust_scaler,
    "SimpleImputer": simple_imputer,
    "StandardScaler": standard_scaler,
}
