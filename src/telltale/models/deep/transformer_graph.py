"""Writes a trained transformer as an ONNX graph: readings in their units in, the next one out."""

from __future__ import annotations

import numpy as np

from telltale.models.deep.attention import EPSILON
from telltale.models.deep.lstm import Weights
from telltale.models.deep.scale import Scale
from telltale.models.deep.transformer import Layout, places
from telltale.models.onnx_files.graph import OnnxGraph


def transformer_graph(weights: Weights, scale: Scale, layout: Layout) -> bytes:
    """Return the ONNX file of a forecaster with its min-max scaling inside.

    It takes float32 of shape (batch, samples + 1, channels), in the channels' units, and tells the
    newest sample from those before it, and the one after it. It gives "error" (batch, 1), the mean
    absolute error of the newest in scaled units; "channel_error" (batch, channels), the same by
    channel; "expected" and "next" (batch, channels), in the units.

    Raises:
        MissingExtraError: The onnx package, which writes the file, is not installed.
    """
    graph = OnnxGraph((layout.samples + 1, layout.channels))
    low, span = graph.constant(scale.low), graph.constant(scale.span)
    scaled = graph.add("Div", graph.add("Sub", graph.input, low), span)
    before, after = (_samples(graph, scaled, at, at + layout.samples) for at in (0, 1))
    told = _forecast(graph, graph.add("Concat", before, after, axis=0), weights, layout)
    expected, following = graph.add_several("Split", told, results=2, axis=0)
    newest = graph.add("Gather", scaled, graph.constant(layout.samples), axis=1)
    by_channel = graph.add("Abs", graph.add("Sub", expected, newest))
    expected, following = (
        graph.add("Add", graph.add("Mul", part, span), low) for part in (expected, following)
    )
    error = graph.add("ReduceMean", by_channel, axes=[1], keepdims=1)
    channels = (layout.channels,)
    return graph.written(
        {
            "error": (error, (1,)),
            "channel_error": (by_channel, channels),
            "expected": (expected, channels),
            "next": (following, channels),
        }
    )


def _samples(graph: OnnxGraph, x: str, start: int, stop: int) -> str:
    """Return samples start to stop (exclusive) of each window."""
    edges = (graph.constant(np.array([at])) for at in (start, stop, 1))  # of axis 1
    return graph.add("Slice", x, *edges)


def _forecast(graph: OnnxGraph, seen: str, weights: Weights, layout: Layout) -> str:
    """Return the sample after each window, in scaled units."""
    x = graph.add("Add", _dense(graph, seen, weights, "embed"), graph.constant(places(layout)))
    for block in range(layout.blocks):
        even = _norm(graph, x, weights, f"{block}.before_attention")
        x = graph.add("Add", x, _attention(graph, even, weights, f"{block}.attention", layout))
        even = _norm(graph, x, weights, f"{block}.before_feed")
        inner = graph.add("Relu", _dense(graph, even, weights, f"{block}.feed.wide"))
        x = graph.add("Add", x, _dense(graph, inner, weights, f"{block}.feed.narrow"))
    last = graph.constant(layout.samples - 1)
    gathered = _norm(graph, graph.add("Gather", x, last, axis=1), weights, "final")
    change = _dense(graph, gathered, weights, "change")
    return graph.add("Add", graph.add("Gather", seen, last, axis=1), change)


def _dense(graph: OnnxGraph, x: str, weights: Weights, name: str) -> str:
    product = graph.add("MatMul", x, graph.constant(weights[f"{name}.input"]))
    return graph.add("Add", product, graph.constant(weights[f"{name}.bias"]))


def _norm(graph: OnnxGraph, x: str, weights: Weights, name: str) -> str:
    scale, shift = (graph.constant(weights[f"{name}.{part}"]) for part in ("scale", "shift"))
    return graph.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)


def _attention(graph: OnnxGraph, x: str, weights: Weights, name: str, layout: Layout) -> str:
    size = layout.width // layout.heads
    apart = graph.constant(np.array([0, layout.samples, layout.heads, size]))
    together = graph.constant(np.array([0, layout.samples, layout.width]))
    joint = _dense(graph, x, weights, f"{name}.joint")
    query, key, value = graph.add_several("Split", joint, results=3, axis=-1)
    query, value = (
        graph.add("Transpose", graph.add("Reshape", part, apart), perm=[0, 2, 1, 3])
        for part in (query, value)
    )
    key = graph.add("Transpose", graph.add("Reshape", key, apart), perm=[0, 2, 3, 1])
    sums = graph.add("Mul", graph.add("MatMul", query, key), graph.constant(float(size) ** -0.5))
    share = graph.add("Softmax", sums, axis=-1)
    taken = graph.add("Transpose", graph.add("MatMul", share, value), perm=[0, 2, 1, 3])
    return _dense(graph, graph.add("Reshape", taken, together), weights, f"{name}.out")
