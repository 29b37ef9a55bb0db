"""Fitted scikit-learn estimators and pipelines, from memory, as ONNX. For the training side."""

from __future__ import annotations

from typing import Any

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.importers.base import Imported, tried
from telltale.models.importers.sklearn_steps import STEPS, Rows, columns_of
from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.trees.ensemble import Trees
from telltale.models.trees.sklearn_trees import READERS, isolation_scale, sklearn_trees
from telltale.models.trees.write_onnx import add_trees

ISOLATION = "IsolationForest"


def import_sklearn(estimator: Any, samples: FloatArray) -> Imported:
    """Return a fitted estimator or pipeline as ONNX, its answers compared with its own.

    Args:
        estimator: One of `known_estimators()`, or a Pipeline of them.
        samples: Some rows, shape (n, columns).

    Raises:
        ModelError: It is not one that is read, or the ONNX file gives something else.
    """
    return tried(
        onnx_from_sklearn(estimator),
        source=f"scikit-learn {type(estimator).__name__}",
        samples=np.asarray(samples, dtype=np.float64),
        expected=expected_of(estimator, samples),
        notes=_notes(estimator),
    )


def onnx_from_sklearn(estimator: Any) -> bytes:
    """Return a fitted estimator or pipeline as ONNX, float64 in and out, unchecked.

    The output is what `expected_of` says. An IsolationForest gives its anomaly score, from 0 to
    1, high where a row is strange: the opposite of `score_samples`.
    """
    steps = _steps(estimator)
    width = columns_of(vars(steps[0]))
    graph = OnnxGraph((width,), "float64")
    rows: Rows = (graph.input, width)
    for step in steps:
        rows = _add(graph, step, rows)
    return graph.written({_output_name(steps[-1]): (rows[0], (rows[1],))})


def known_estimators() -> list[str]:
    """Return the names of the estimators that are read."""
    return sorted({*STEPS, *READERS})


def expected_of(estimator: Any, samples: FloatArray) -> FloatArray:
    """Return what the estimator itself gives: that is what the ONNX file must give."""
    last = _steps(estimator)[-1]
    if type(last).__name__ == ISOLATION:
        return -np.asarray(estimator.score_samples(samples)).reshape(-1, 1)
    for method in ("predict_proba", "predict", "transform"):
        if hasattr(estimator, method):
            found = np.asarray(getattr(estimator, method)(samples), dtype=np.float64)
            return found.reshape(len(samples), -1)
    raise ModelError(f"{type(last).__name__} gives neither predictions nor transformed rows.")


def _steps(estimator: Any) -> list[Any]:
    if type(estimator).__name__ != "Pipeline":
        return [estimator]
    return [
        inner
        for _, step in estimator.steps
        if step not in (None, "passthrough")
        for inner in _steps(step)
    ]


def _add(graph: OnnxGraph, step: Any, rows: Rows) -> Rows:
    name = type(step).__name__
    if columns_of(vars(step)) != rows[1]:
        raise ModelError(f"{name} takes {columns_of(vars(step))} columns, and gets {rows[1]}.")
    if name == ISOLATION:
        return _isolation(graph, step, sklearn_trees(step), rows)
    if name in READERS:
        return add_trees(graph, sklearn_trees(step), rows[0])
    if name not in STEPS:
        raise ModelError(
            f"scikit-learn's {name} is not read. Known: {', '.join(known_estimators())}."
        )
    return STEPS[name](graph, vars(step), rows)


def _isolation(graph: OnnxGraph, step: Any, trees: Trees, rows: Rows) -> Rows:
    """Add 2 ** (scale times mean depth)."""
    depth, width = add_trees(graph, trees, rows[0])
    power = graph.add("Mul", depth, graph.constant(isolation_scale(step) * np.log(2.0)))
    return graph.add("Exp", power), width


def _output_name(last: Any) -> str:
    if type(last).__name__ == ISOLATION:
        return "anomaly_score"
    if hasattr(last, "classes_"):
        return "probability"
    return "prediction" if hasattr(last, "predict") else "transformed"


def _notes(estimator: Any) -> tuple[str, ...]:
    last = _steps(estimator)[-1]
    if type(last).__name__ == ISOLATION:
        return (f"Its own threshold is an anomaly score of {-float(last.offset_):.6g}.",)
    if hasattr(last, "classes_"):
        return (f"Classes in order: {', '.join(map(str, last.classes_))}.",)
    return ()
