"""Writes a trained autoencoder as an ONNX graph: readings in their units in, errors out."""

from __future__ import annotations

import numpy as np

from telltale.models.deep.lstm import GATES, Activation, Weights
from telltale.models.deep.scale import Scale
from telltale.models.onnx_files.graph import OnnxGraph

ONNX_NAMES = {"relu": "Relu", "tanh": "Tanh"}


def autoencoder_graph(
    weights: Weights, scale: Scale, samples: int, activation: Activation
) -> bytes:
    """Return the ONNX file of an autoencoder with its min-max scaling inside.

    It takes float32 of shape (batch, samples, channels), in the channels' units, and gives "error"
    (batch, 1), the mean absolute error in scaled units; "channel_error" (batch, channels), the
    same by channel; "newest" (batch, channels), the newest sample as drawn, in the units.

    Args:
        weights: As `autoencoder` trains them.
        scale: Of training.
        samples: In one window.
        activation: The one trained with.

    Raises:
        MissingExtraError: The onnx package, which writes the file, is not installed.
    """
    channels = len(scale.low)
    graph = OnnxGraph((samples, channels))
    low, span = graph.constant(scale.low), graph.constant(scale.span)
    above = graph.add("Sub", graph.input, low)
    seen = graph.add("Transpose", graph.add("Div", above, span), perm=[1, 0, 2])
    _, code = _lstm(graph, seen, weights, "encoder", activation)
    codes = graph.add("Expand", code, graph.constant(np.array([samples, 1, 1])))
    directions, _ = _lstm(graph, codes, weights, "decoder", activation)
    hidden = graph.add("Squeeze", directions, graph.constant(np.array([1])))
    weighed = graph.add("MatMul", hidden, graph.constant(weights["dense.input"]))
    drawn = graph.add("Add", weighed, graph.constant(weights["dense.bias"]))
    apart = graph.add("Abs", graph.add("Sub", drawn, seen))
    by_channel = graph.add("ReduceMean", apart, axes=[0], keepdims=0)
    error = graph.add("ReduceMean", by_channel, axes=[1], keepdims=1)
    last = graph.add("Gather", drawn, graph.constant(samples - 1), axis=0)
    newest = graph.add("Add", graph.add("Mul", last, span), low)
    return graph.written(
        {
            "error": (error, (1,)),
            "channel_error": (by_channel, (channels,)),
            "newest": (newest, (channels,)),
        }
    )


def _lstm(
    graph: OnnxGraph, given: str, weights: Weights, layer: str, activation: Activation
) -> list[str]:
    """Add a layer; return the names of its answers to all samples and to the last one."""
    units = len(weights[f"{layer}.recurrent"])
    bias = weights[f"{layer}.bias"]
    constants = (
        graph.constant(weights[f"{layer}.input"].T[None]),  # (1 direction, 4 h, width)
        graph.constant(weights[f"{layer}.recurrent"].T[None]),
        graph.constant(np.concatenate([bias, np.zeros(GATES * units)])[None]),
    )
    activations = ["Sigmoid", ONNX_NAMES[activation], ONNX_NAMES[activation]]
    return graph.add_several(
        "LSTM", given, *constants, results=2, hidden_size=units, activations=activations
    )
