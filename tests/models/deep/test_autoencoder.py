"""The autoencoder: gradients of its loss, and the ONNX graph gives what NumPy gives."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.deep.autoencoder import (
    initial_weights,
    loss_and_gradients,
    reconstruct,
)
from telltale.models.deep.autoencoder_graph import autoencoder_graph
from telltale.models.deep.lstm import Activation, Reals, Weights
from telltale.models.deep.scale import Scale
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession


def loss_of(weights: Weights, windows: Reals, activation: Activation) -> float:
    return float(np.abs(reconstruct(weights, windows, activation) - windows).mean())


BOTH: list[Activation] = ["tanh", "relu"]


@pytest.mark.parametrize("activation", BOTH)
def test_gradients_are_the_differences_of_the_loss(activation: Activation) -> None:
    rng = np.random.default_rng(1)
    weights = initial_weights(3, 5, rng, np.float64)
    windows = rng.normal(size=(4, 7, 3))
    loss, gradients = loss_and_gradients(weights, windows, activation)
    assert loss == pytest.approx(loss_of(weights, windows, activation), rel=1e-12)
    step = 1e-6
    for name, values in weights.items():
        for _ in range(4):
            place = tuple(int(rng.integers(size)) for size in values.shape)
            above, below = values.copy(), values.copy()
            above[place] += step
            below[place] -= step
            slope = (
                loss_of({**weights, name: above}, windows, activation)
                - loss_of({**weights, name: below}, windows, activation)
            ) / (2 * step)
            assert gradients[name][place] == pytest.approx(slope, abs=1e-8), name


@pytest.mark.parametrize("activation", BOTH)
def test_the_graph_gives_what_numpy_gives(activation: Activation) -> None:
    rng = np.random.default_rng(2)
    weights = initial_weights(4, 16, rng)
    low, span = np.array([1400.0, 38.0, -5.0, 0.0]), np.array([230.0, 7.0, 10.0, 1.0])
    data = autoencoder_graph(weights, Scale(low, span), 12, activation)
    assert check_onnx(data).input.shape == (None, 12, 4)
    session = OnnxSession(data)
    for _ in range(20):
        scaled = rng.uniform(-0.3, 1.3, size=(1, 12, 4)).astype(np.float32)
        error, by_channel, newest = session.run(scaled * span + low)
        drawn = reconstruct(weights, scaled, activation)
        apart = np.abs(drawn - scaled)[0]
        np.testing.assert_allclose(error[0, 0], apart.mean(), rtol=2e-4)
        np.testing.assert_allclose(by_channel[0], apart.mean(axis=0), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(newest[0], drawn[0, -1] * span + low, rtol=1e-4, atol=1e-4)
