"""Writes `Trees` as ONNX: a TreeEnsembleRegressor, or one for each output, then the link."""

from __future__ import annotations

from typing import Any

import numpy as np

from telltale.batch import IntArray
from telltale.models.onnx_files.graph import ML, OnnxGraph
from telltale.models.trees.ensemble import LEAF, Link, Trees, by_output, rounded_thresholds

PLAIN: dict[Link, tuple[str, dict[str, Any]]] = {
    Link.EXP: ("Exp", {}),
    Link.IDENTITY: ("Identity", {}),
    Link.SIGMOID: ("Sigmoid", {}),
    Link.SOFTMAX: ("Softmax", {"axis": 1}),
}
MOST_PARTS = 8  # operators of trees; each has a cost of its own, which many classes would add up


def onnx_trees(trees: Trees, name: str = "prediction") -> bytes:
    """Return an ONNX file that gives what the library gives that grew the trees.

    The input has shape (batch, columns) and the type in which that library compares.
    """
    graph = OnnxGraph((trees.n_features,), trees.dtype)
    result, width = add_trees(graph, trees, graph.input)
    return graph.written({name: (result, (width,))})


def add_trees(graph: OnnxGraph, trees: Trees, rows: str) -> tuple[str, int]:
    """Add trees that read `rows`, of the graph's type; return their output and its width."""
    if trees.dtype != str(graph.dtype):
        rows = graph.cast(rows, trees.dtype)
    # An operator for one output is a third quicker than one for two, and gives the same bits.
    parts = by_output(trees) if trees.n_outputs <= MOST_PARTS else (trees,)
    each = [
        graph.add("TreeEnsembleRegressor", rows, domain=ML, **_attributes(graph, part))
        for part in parts
    ]
    sums = graph.add("Concat", *each, axis=1) if len(each) > 1 else each[0]
    if str(graph.dtype) != "float32":  # the sums are float32, whatever goes in
        sums = graph.cast(sums, str(graph.dtype))
    return add_link(graph, sums, trees.link, trees.n_outputs)


def _attributes(graph: OnnxGraph, trees: Trees) -> dict[str, Any]:
    n = len(trees.feature)
    sizes = np.diff(trees.starts)
    first = np.repeat(trees.starts[:-1], sizes)
    tree = np.repeat(np.arange(len(sizes)), sizes)
    is_leaf = trees.feature == LEAF
    branch = "BRANCH_LT" if trees.is_strict else "BRANCH_LEQ"
    leaf, target = _weights(trees)
    weights = trees.value[leaf, target]
    return {
        "n_targets": trees.n_outputs,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "nodes_treeids": tree.tolist(),
        "nodes_nodeids": (np.arange(n) - first).tolist(),
        "nodes_featureids": np.maximum(trees.feature, 0).tolist(),
        "nodes_modes": np.where(is_leaf, "LEAF", branch).tolist(),
        "nodes_truenodeids": np.where(is_leaf, 0, trees.left - first).tolist(),
        "nodes_falsenodeids": np.where(is_leaf, 0, trees.right - first).tolist(),
        "nodes_missing_value_tracks_true": trees.is_missing_left.astype(int).tolist(),
        "target_treeids": tree[leaf].tolist(),
        "target_nodeids": (leaf - first[leaf]).tolist(),
        "target_ids": target.tolist(),
        **_numbers(graph, "nodes_values", np.where(is_leaf, 0.0, rounded_thresholds(trees)), trees),
        **_numbers(graph, "target_weights", weights, trees),
        **_numbers(graph, "base_values", trees.base, trees),
    }


def _numbers(graph: OnnxGraph, name: str, values: np.ndarray, trees: Trees) -> dict[str, Any]:
    """Return an attribute of numbers: a list is always float32, a tensor may be float64."""
    if trees.dtype == "float32":
        return {name: values.astype(np.float32).tolist()}
    return {f"{name}_as_tensor": graph.tensor(values.astype(np.float64))}


def _weights(trees: Trees) -> tuple[IntArray, IntArray]:
    """Return the leaves and outputs that have a value; a leaf without any has one of 0."""
    leaves = np.flatnonzero(trees.feature == LEAF)
    has = trees.value[leaves] != 0.0
    has[~has.any(axis=1), 0] = True
    row, target = np.nonzero(has)
    return leaves[row], target


def add_link(graph: OnnxGraph, sums: str, link: Link, width: int) -> tuple[str, int]:
    """Add what becomes of the sums, shape (batch, width); return its name and width."""
    if link in PLAIN:
        op, attributes = PLAIN[link]
        return graph.add(op, sums, **attributes), width
    if link is Link.TWO_CLASSES:
        both = graph.add("Concat", graph.add("Neg", sums), sums, axis=1)
        return graph.add("Sigmoid", both), 2
    if link is Link.CLASS:
        largest = graph.add("ArgMax", sums, axis=1, keepdims=1)
        return graph.cast(largest, str(graph.dtype)), 1
    if link is Link.IS_POSITIVE:
        is_positive = graph.add("Greater", sums, graph.constant(0.0))
        return graph.cast(is_positive, str(graph.dtype)), width
    each = graph.add("Sigmoid", sums)  # NORMALISED
    total = graph.add("ReduceSum", each, graph.constant([1]), keepdims=1)
    return graph.add("Div", each, total), width
