"""A dense network trained by PyTorch, on a GPU where there is one; and how it becomes ONNX."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import torch
from torch import nn

from telltale.models.onnx_files.graph import OnnxGraph
from training.simulated import Float32Array

Network: TypeAlias = nn.Sequential
Loss: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

SLOPE = 0.1  # of LeakyReLU below zero
MOVED = 0.05  # of the running mean and variance per step
BATCH_ROWS = 256
# What CUDA's matrix products need to give the same sums each time.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def device() -> torch.device:
    """Return where networks are trained: the first GPU that PyTorch can use, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def new_network(sizes: Sequence[int], seed: int) -> Network:
    """Return a network of these sizes, the first that of the input, the last of the output.

    Hidden layers are dense, LeakyReLU, batch normalisation; the last one is linear. Inputs are
    standardised before they come in. The same seed gives the same network on every device.
    """
    rng = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [_dense(n_in, n_out, 2.0, rng), nn.LeakyReLU(SLOPE)]
        layers.append(nn.BatchNorm1d(n_out, momentum=MOVED))
    last = _dense(sizes[-2], sizes[-1], 1.0, rng)
    return nn.Sequential(*layers, last).to(device())


def _dense(n_in: int, n_out: int, gain: float, rng: torch.Generator) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    nn.init.normal_(layer.weight, 0.0, (gain / n_in) ** 0.5, generator=rng)
    nn.init.zeros_(layer.bias)
    return layer


def train(
    network: Network,
    rows: Float32Array,
    targets: Float32Array,
    loss: Loss,
    *,
    seed: int,
    epochs: int,
    rate: float = 1e-3,
    told: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Train in place with Adam; the step falls to zero along a cosine.

    Args:
        network: Changed.
        rows: Shape (n, inputs), standardised.
        targets: Shape (n, outputs).
        loss: Of answers and targets, one number.
        seed: Orders the rows.
        epochs: Times that every row is seen.
        rate: First step.
        told: Called after each epoch.
    """
    torch.use_deterministic_algorithms(True)
    place = next(network.parameters()).device
    given, wanted = torch.from_numpy(rows).to(place), torch.from_numpy(targets).to(place)
    adam = torch.optim.Adam(network.parameters(), rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs * (len(rows) // BATCH_ROWS))
    rng = torch.Generator().manual_seed(seed)
    network.train()
    for epoch in range(epochs):
        order = torch.randperm(len(rows), generator=rng).to(place)
        for chosen in order.split(BATCH_ROWS)[: len(rows) // BATCH_ROWS]:
            adam.zero_grad()
            loss(network(given[chosen]), wanted[chosen]).backward()
            adam.step()
            falling.step()
        told(epoch)


def answers(network: Network, rows: Float32Array) -> Float32Array:
    """Return the network's answers, shape (n, outputs), with the running statistics."""
    network.eval()
    place = next(network.parameters()).device
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(rows).to(place)).cpu().numpy())


def add_network(graph: OnnxGraph, network: Network, rows: str) -> str:
    """Add the network, reading `rows` of the graph; return its output."""
    for layer in network:
        if isinstance(layer, nn.Linear):
            rows = graph.add("Gemm", rows, *_constants(graph, layer.weight.T, layer.bias))
        elif isinstance(layer, nn.LeakyReLU):
            rows = graph.add("LeakyRelu", rows, alpha=layer.negative_slope)
        elif isinstance(layer, nn.BatchNorm1d):
            parts = layer.weight, layer.bias, layer.running_mean, layer.running_var
            constants = _constants(graph, *parts)
            rows = graph.add("BatchNormalization", rows, *constants, epsilon=layer.eps)
        else:
            raise TypeError(f"No ONNX operator is known here for {type(layer).__name__}.")
    return rows


def _constants(graph: OnnxGraph, *tensors: torch.Tensor) -> list[str]:
    return [graph.constant(tensor.detach().cpu().contiguous().numpy()) for tensor in tensors]
