"""The network that training uses learns, is the same each time, and answers alike as ONNX."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, mse_loss
from training.dense_network import Network, add_network, answers, new_network, train
from training.simulated import Float32Array

from telltale.models.onnx_files.graph import OnnxGraph
from telltale.models.onnx_files.session import OnnxSession

RNG = np.random.default_rng(1)
ROWS = RNG.normal(size=(512, 5)).astype(np.float32)
TARGETS = np.stack([ROWS[:, 0] * ROWS[:, 1], np.abs(ROWS[:, 2])], axis=1)


def by_onnx(network: Network, rows: Float32Array, n_outputs: int) -> Float32Array:
    graph = OnnxGraph((rows.shape[1],))
    file = graph.written({"answer": (add_network(graph, network, graph.input), (n_outputs,))})
    found: Float32Array = OnnxSession(file).run(rows)[0]
    return found


def test_training_makes_the_error_small_and_onnx_answers_as_pytorch_does() -> None:
    network = new_network((5, 32, 16, 2), 4)
    before = float(np.mean((answers(network, ROWS) - TARGETS) ** 2))
    train(network, ROWS, TARGETS, mse_loss, seed=4, epochs=200, rate=3e-3)
    after = float(np.mean((answers(network, ROWS) - TARGETS) ** 2))
    assert after < 0.05 < before
    np.testing.assert_allclose(by_onnx(network, ROWS, 2), answers(network, ROWS), atol=1e-4)


def test_classes_are_told_apart() -> None:
    label = (ROWS[:, 0] * ROWS[:, 1] > 0.0).astype(np.int64)
    network = new_network((5, 32, 16, 2), 6)
    train(
        network,
        ROWS,
        np.eye(2, dtype=np.float32)[label],
        cross_entropy,
        seed=6,
        epochs=200,
        rate=3e-3,
    )
    assert (answers(network, ROWS).argmax(axis=1) == label).mean() > 0.95


def test_the_same_seed_trains_the_same_network_and_another_another() -> None:
    made = []
    for seed in (5, 5, 6):
        network = new_network((5, 8, 2), seed)
        train(network, ROWS, TARGETS, mse_loss, seed=seed, epochs=2)
        made.append(answers(network, ROWS).tobytes())
    assert made[0] == made[1] != made[2]


def test_a_layer_that_has_no_operator_here_is_named() -> None:
    graph = OnnxGraph((5,))
    with pytest.raises(TypeError, match="for Dropout"):
        add_network(graph, torch.nn.Sequential(torch.nn.Dropout()), graph.input)
