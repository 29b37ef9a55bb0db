"""The LSTM autoencoder: a window is squeezed into one vector and drawn again from that.

LSTM -> repeat the last answer -> LSTM -> the same dense layer for each sample. What the network
has seen often it draws well; the mean absolute error of the drawing tells how strange a window is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from telltale.models.deep.lstm import GATES, Activation, Reals, Trace, Weights, backward, forward

LAYERS = ("encoder", "decoder")


def initial_weights(
    channels: int, units: int, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> Weights:
    """Return weights to start from: `<layer>.input`, `.recurrent`, `.bias`, `dense.*`.

    Source:
        Inputs uniform as in Glorot and Bengio (AISTATS 2010), recurrent weights orthogonal
        (Saxe et al., ICLR 2014), forget bias 1 (Jozefowicz et al., ICML 2015).
    """
    weights: dict[str, Any] = {}
    for layer, width in zip(LAYERS, (channels, units), strict=True):
        weights[f"{layer}.input"] = _glorot(width, GATES * units, rng)
        weights[f"{layer}.recurrent"] = _orthogonal(units, rng)
        bias = np.zeros(GATES * units)
        bias[2 * units : 3 * units] = 1.0
        weights[f"{layer}.bias"] = bias
    weights["dense.input"] = _glorot(units, channels, rng)
    weights["dense.bias"] = np.zeros(channels)
    return {name: values.astype(dtype) for name, values in weights.items()}


def reconstruct(weights: Weights, windows: Reals, activation: Activation) -> Reals:
    """Return the windows as the network draws them, shape (n, samples, channels) in and out."""
    drawn, _, _ = _run(weights, windows, activation)
    whole: Reals = drawn.transpose(1, 0, 2)
    return whole


def loss_and_gradients(
    weights: Weights, windows: Reals, activation: Activation
) -> tuple[float, Weights]:
    """Return the mean absolute error over these windows, and its gradient by weight."""
    drawn, encoder, decoder = _run(weights, windows, activation)
    seen = windows.transpose(1, 0, 2)
    error = drawn - seen
    d_drawn: Reals = np.sign(error) / drawn.dtype.type(error.size)
    units = len(weights["dense.input"])
    found: Weights = {
        "dense.input": decoder.hidden[1:].reshape(-1, units).T @ _flat(d_drawn),
        "dense.bias": _flat(d_drawn).sum(axis=0),
    }
    d_decoder, d_recurrent = backward(
        decoder, weights["decoder.recurrent"], d_drawn @ weights["dense.input"].T, activation
    )
    code, d_repeated = encoder.hidden[-1], d_decoder.sum(axis=0)
    found["decoder.input"] = code.T @ d_repeated
    found["decoder.recurrent"] = d_recurrent
    found["decoder.bias"] = d_repeated.sum(axis=0)
    d_hidden = np.zeros_like(encoder.hidden[1:])
    d_hidden[-1] = d_repeated @ weights["decoder.input"].T
    d_encoder, d_recurrent = backward(encoder, weights["encoder.recurrent"], d_hidden, activation)
    found["encoder.input"] = _flat(seen).T @ _flat(d_encoder)
    found["encoder.recurrent"] = d_recurrent
    found["encoder.bias"] = _flat(d_encoder).sum(axis=0)
    return float(np.abs(error).mean()), found


def _run(weights: Weights, windows: Reals, activation: Activation) -> tuple[Reals, Trace, Trace]:
    """Return the drawn windows, time first, and both layers' traces."""
    seen = windows.transpose(1, 0, 2)
    projected = seen @ weights["encoder.input"] + weights["encoder.bias"]
    encoder = forward(projected, weights["encoder.recurrent"], activation)
    code = encoder.hidden[-1] @ weights["decoder.input"] + weights["decoder.bias"]
    repeated = np.broadcast_to(code, (len(seen), *code.shape))
    decoder = forward(repeated, weights["decoder.recurrent"], activation)
    drawn: Reals = decoder.hidden[1:] @ weights["dense.input"] + weights["dense.bias"]
    return drawn, encoder, decoder


def _flat(values: Reals) -> Reals:
    """Return values of shape (t, n, k) as (t n, k)."""
    return values.reshape(-1, values.shape[-1])


def _glorot(width: int, height: int, rng: np.random.Generator) -> Any:
    limit = np.sqrt(6.0 / (width + height))
    return rng.uniform(-limit, limit, size=(width, height))


def _orthogonal(units: int, rng: np.random.Generator) -> Any:
    q, r = np.linalg.qr(rng.normal(size=(GATES * units, units)))
    return (q * np.sign(np.diag(r))).T
