"""The network that training uses: its slopes are the true ones, and ONNX answers as NumPy does."""

from __future__ import annotations

import numpy as np
import pytest
from training.dense_network import (
    Float32Array,
    Network,
    _slopes,
    add_network,
    answers,
    cross_entropy,
    new_network,
    squared_error,
    train,
)

from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.onnx_files.session import OnnxSession

RNG = np.random.default_rng(1)
ROWS = RNG.normal(size=(512, 5)).astype(np.float32)
TARGETS = np.stack([ROWS[:, 0] * ROWS[:, 1], np.abs(ROWS[:, 2])], axis=1)


def batch_loss(network: Network, rows: Float32Array, targets: Float32Array) -> float:
    """Return the mean squared error with the batch's own mean and variance."""
    values = rows.astype(np.float64)
    for layer in network.hidden:
        values = values @ layer.weight + layer.bias
        values = np.where(values > 0.0, values, 0.1 * values)
        values = (values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + 1e-5)
        values = values * layer.scale + layer.shift
    found = values @ network.weight + network.bias
    return float(((found - targets) ** 2).sum() / len(rows))


def test_the_slopes_are_those_of_small_steps() -> None:
    network = new_network((5, 7, 4, 2), np.random.default_rng(2))
    for array in network.trained():
        array[...] += np.random.default_rng(3).normal(0.0, 0.1, array.shape).astype(np.float32)
    slopes = _slopes(network, ROWS[:64], TARGETS[:64], squared_error)
    for array, slope in zip(network.trained(), slopes, strict=True):
        at = np.unravel_index(int(np.abs(slope).argmax()), slope.shape)
        kept, step = array[at], np.float32(1e-2)
        array[at] = kept + step
        above = batch_loss(network, ROWS[:64], TARGETS[:64])
        array[at] = kept - step
        below = batch_loss(network, ROWS[:64], TARGETS[:64])
        array[at] = kept
        assert slope[at] == pytest.approx((above - below) / (2.0 * float(step)), rel=0.03)


def test_training_makes_the_error_small_and_onnx_answers_as_numpy_does() -> None:
    rng = np.random.default_rng(4)
    network = new_network((5, 32, 16, 2), rng)
    before = float(np.mean((answers(network, ROWS) - TARGETS) ** 2))
    train(network, ROWS, TARGETS, squared_error, rng, epochs=120, rate=3e-3)
    after = float(np.mean((answers(network, ROWS) - TARGETS) ** 2))
    assert after < 0.05 < before
    graph = OnnxGraph((5,))
    file = graph.written({"answer": (add_network(graph, network, graph.input), (2,))})
    np.testing.assert_allclose(OnnxSession(file).run(ROWS)[0], answers(network, ROWS), atol=1e-4)


def test_the_slope_of_the_cross_entropy_is_share_less_target() -> None:
    found = np.log(np.array([[0.7, 0.2, 0.1]], dtype=np.float32))
    target = np.array([[0.0, 1.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(cross_entropy(found, target), [[0.7, -0.8, 0.1]], atol=1e-6)


def test_the_same_seed_trains_the_same_network() -> None:
    made = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        network = new_network((5, 8, 2), rng)
        train(network, ROWS, TARGETS, squared_error, rng, epochs=2)
        made.append(network.weight)
    np.testing.assert_array_equal(made[0], made[1])
