"""One LSTM layer in plain NumPy, forward and back through time.

Gates lie in the order input, output, forget, candidate, as ONNX keeps them. Arrays run over time
first: shape (samples, windows, ...). The numbers are of the type that comes in.

Source:
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9 (1997) 1735;
    gates, forget gate and order as in the ONNX operator LSTM, without peepholes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Reals: TypeAlias = npt.NDArray[np.floating[Any]]  # float32 to train, float64 to check gradients
Weights: TypeAlias = dict[str, Reals]
Activation = Literal["relu", "tanh"]
GATES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What the way back needs of the way forward; t samples, n windows, h units.

    Attributes:
        gates: Input, output and forget gate and candidate, shape (t, n, 4 h).
        cells: Before the first sample and after each, shape (t + 1, n, h).
        hidden: As `cells`: what the layer gives.
    """

    gates: Reals
    cells: Reals
    hidden: Reals


def forward(projected: Reals, recurrent: Reals, activation: Activation) -> Trace:
    """Run a layer over its windows, from zero.

    Args:
        projected: Input times weights plus bias, shape (t, n, 4 h).
        recurrent: Weights of the layer's own last answer, shape (h, 4 h).
        activation: Of candidate and cell.
    """
    samples, windows, _ = projected.shape
    units = len(recurrent)
    gates = np.empty_like(projected)
    cells = np.zeros((samples + 1, windows, units), dtype=projected.dtype)
    hidden = np.zeros_like(cells)
    for t in range(samples):
        sums = projected[t] + hidden[t] @ recurrent
        gates[t, :, : 3 * units] = _sigmoid(sums[:, : 3 * units])
        gates[t, :, 3 * units :] = _activated(sums[:, 3 * units :], activation)
        enters, leaves, stays, candidate = _split(gates[t], units)
        cells[t + 1] = stays * cells[t] + enters * candidate
        hidden[t + 1] = leaves * _activated(cells[t + 1], activation)
    return Trace(gates, cells, hidden)


def backward(
    trace: Trace, recurrent: Reals, d_hidden: Reals, activation: Activation
) -> tuple[Reals, Reals]:
    """Return the gradients of the projected input, shape (t, n, 4 h), and of `recurrent`.

    Args:
        trace: Of the way forward.
        recurrent: As there.
        d_hidden: Gradient of the layer's answer to each sample, shape (t, n, h).
        activation: As there.
    """
    units = len(recurrent)
    d_projected = np.empty_like(trace.gates)
    back = np.ascontiguousarray(recurrent.T)
    d_next = np.zeros_like(d_hidden[0])
    d_cell = np.zeros_like(d_next)
    for t in reversed(range(len(d_hidden))):
        enters, leaves, stays, candidate = _split(trace.gates[t], units)
        shown = _activated(trace.cells[t + 1], activation)
        d_here = d_hidden[t] + d_next
        d_cell = d_cell + d_here * leaves * _slope(shown, activation)
        sums = d_projected[t]
        sums[:, :units] = d_cell * candidate * enters * (1 - enters)
        sums[:, units : 2 * units] = d_here * shown * leaves * (1 - leaves)
        sums[:, 2 * units : 3 * units] = d_cell * trace.cells[t] * stays * (1 - stays)
        sums[:, 3 * units :] = d_cell * enters * _slope(candidate, activation)
        d_next = sums @ back
        d_cell = d_cell * stays
    before = trace.hidden[:-1].reshape(-1, units)
    d_recurrent: Reals = before.T @ d_projected.reshape(-1, GATES * units)
    return d_projected, d_recurrent


def _split(gates: Reals, units: int) -> tuple[Reals, Reals, Reals, Reals]:
    """Return the four gates as views, each of shape (n, h)."""
    return (
        gates[:, :units],
        gates[:, units : 2 * units],
        gates[:, 2 * units : 3 * units],
        gates[:, 3 * units :],
    )


def _sigmoid(x: Reals) -> Reals:
    """Return 1 / (1 + exp(-x)) by tanh, which does not overflow."""
    smooth: Reals = 0.5 + 0.5 * np.tanh(0.5 * x)
    return smooth


def _activated(x: Reals, activation: Activation) -> Reals:
    found: Reals = np.tanh(x) if activation == "tanh" else np.maximum(x, 0)
    return found


def _slope(y: Reals, activation: Activation) -> Reals:
    """Return the derivative of the activation where it gave y."""
    found: Reals = 1 - y * y if activation == "tanh" else (y > 0).astype(y.dtype)
    return found
