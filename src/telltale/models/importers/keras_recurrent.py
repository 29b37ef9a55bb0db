"""Keras' LSTM and GRU as ONNX's. Both name the same gates, in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from telltale.models.importers.keras_activations import activation, gates
from telltale.models.importers.keras_place import Flow, Place

LSTM_ORDER = (0, 3, 1, 2)  # Keras: input, forget, cell, output; ONNX: input, output, forget, cell


def lstm(place: Place, flow: Flow) -> Flow:
    """Add an LSTM."""
    units, width = int(place.setting("units")), flow.shape[-1]
    kernel, recurrent, bias = _weights(place, width, units, 4, (4 * units,))
    both = np.concatenate([_ordered(bias[None], units, LSTM_ORDER)[0], np.zeros(4 * units)])
    order = [_ordered(matrix, units, LSTM_ORDER) for matrix in (kernel, recurrent)]
    functions = [_function(place, "recurrent_activation", "sigmoid")]
    functions += [_function(place, "activation", "tanh")] * 2
    return _recurrent(place, flow, "LSTM", (*order, both), gates(functions))


def gru(place: Place, flow: Flow) -> Flow:
    """Add a GRU, with the reset gate before or after the matrix product."""
    units, width = int(place.setting("units")), flow.shape[-1]
    is_after = bool(place.setting("reset_after", False))  # Keras 1 and early 2 had only before
    shape = (2, 3 * units) if is_after else (3 * units,)
    kernel, recurrent, bias = _weights(place, width, units, 3, shape)
    both = bias.reshape(-1) if is_after else np.concatenate([bias, np.zeros(3 * units)])
    functions = [_function(place, "recurrent_activation", "sigmoid")]
    functions.append(_function(place, "activation", "tanh"))
    attributes = {**gates(functions), "linear_before_reset": int(is_after)}
    return _recurrent(place, flow, "GRU", (kernel, recurrent, both), attributes)


def _weights(
    place: Place, width: int | None, units: int, n_gates: int, bias: tuple[int, ...]
) -> list[np.ndarray]:
    """Return kernel, recurrent kernel and bias; the bias is zero where the layer has none."""
    place.needs(go_backwards=False, stateful=False, return_state=False, time_major=False)
    shapes = [(width, n_gates * units), (units, n_gates * units)]
    if place.setting("use_bias", True):
        return place.arrays(*shapes, bias)
    return [*place.arrays(*shapes), np.zeros(bias, dtype=np.float32)]


def _ordered(matrix: np.ndarray, units: int, order: tuple[int, ...]) -> np.ndarray:
    """Return the columns of each gate in ONNX's order."""
    return np.concatenate([matrix[:, at * units : (at + 1) * units] for at in order], axis=1)


def _function(place: Place, key: str, default: str) -> Any:
    return activation(place.setting(key, default), place.is_keras_3)


def _recurrent(
    place: Place,
    flow: Flow,
    op: str,
    weights: tuple[np.ndarray, ...],
    attributes: dict[str, Any],
) -> Flow:
    """Add the operator between what turns (batch, time, columns) to its order and back."""
    if len(flow.shape) != 2:
        place.refuse(f"it needs samples of (time, columns), got {flow.shape}")
    graph, units = place.graph, int(place.setting("units"))
    kernel, recurrent, bias = weights
    rows = graph.add("Transpose", flow.name, perm=[1, 0, 2])
    constants = [graph.constant(array[None]) for array in (kernel.T, recurrent.T, bias)]
    every, last = graph.add_several(
        op, rows, *constants, results=2, hidden_size=units, **attributes
    )
    if not place.setting("return_sequences", False):
        return Flow(graph.add("Squeeze", last, graph.constant([0])), (units,))
    one_way = graph.add("Squeeze", every, graph.constant([1]))
    return Flow(graph.add("Transpose", one_way, perm=[1, 0, 2]), (flow.shape[0], units))
