"""The transformer: gradients of its loss, and the ONNX graph gives what NumPy gives."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.deep.scale import Scale
from telltale.models.deep.transformer import (
    Layout,
    forecast,
    initial_weights,
    loss_and_gradients,
    places,
)
from telltale.models.deep.transformer_graph import transformer_graph
from telltale.models.onnx_files.check import check_onnx
from telltale.models.onnx_files.session import OnnxSession

LAYOUT = Layout(channels=3, samples=7, width=8, heads=2, wide=12, blocks=2)


def test_gradients_are_the_differences_of_the_loss() -> None:
    rng = np.random.default_rng(1)
    weights = initial_weights(LAYOUT, rng, np.float64)
    weights = {name: values + rng.normal(0, 0.1, values.shape) for name, values in weights.items()}
    windows = rng.normal(size=(5, 8, 3))
    _, gradients = loss_and_gradients(weights, windows, LAYOUT)
    assert gradients.keys() == weights.keys()
    step = 1e-6
    for name, values in weights.items():
        for _ in range(3):
            place = tuple(int(rng.integers(size)) for size in values.shape)
            above, below = values.copy(), values.copy()
            above[place] += step
            below[place] -= step
            slope = (
                loss_and_gradients({**weights, name: above}, windows, LAYOUT)[0]
                - loss_and_gradients({**weights, name: below}, windows, LAYOUT)[0]
            ) / (2 * step)
            assert gradients[name][place] == pytest.approx(slope, abs=1e-8), name


def test_the_graph_gives_what_numpy_gives() -> None:
    rng = np.random.default_rng(2)
    layout = Layout(channels=4, samples=20)
    weights = initial_weights(layout, rng)
    weights["change.input"] *= 20.0
    scale = Scale(np.array([800.0, 60.0, 0.0, -1.0]), np.array([6000.0, 50.0, 2.0, 1.0]))
    data = transformer_graph(weights, scale, layout)
    assert check_onnx(data).input.shape == (None, 21, 4)
    session = OnnxSession(data)
    windows = scale.low + scale.span * rng.uniform(-0.2, 1.2, size=(16, 21, 4))
    scaled = scale.scaled(windows)
    expected, after = (forecast(weights, part, layout) for part in (scaled[:, :-1], scaled[:, 1:]))
    error, by_channel, told, following = session.run(windows)
    apart = np.abs(expected - scaled[:, -1])
    np.testing.assert_allclose(by_channel, apart, atol=2e-5)
    np.testing.assert_allclose(error[:, 0], apart.mean(axis=1), atol=2e-5)
    for found, wanted in ((told, expected), (following, after)):
        np.testing.assert_allclose((found - scale.low) / scale.span, wanted, atol=2e-5)
    assert np.abs(after - scaled[:, -1]).max() > 0.5


def test_each_place_in_a_window_is_marked_otherwise() -> None:
    marks = places(Layout(channels=1, samples=60))
    apart = np.abs(marks[:, None] - marks[None]).max(axis=2) + np.eye(60)
    assert apart.min() > 1e-3
