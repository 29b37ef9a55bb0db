"""A dense network in NumPy: LeakyReLU, batch normalisation, Adam; and how it becomes ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from telltale.models.onnx_files.graph import OnnxGraph

Float32Array = npt.NDArray[np.float32]
Loss = Callable[[Float32Array, Float32Array], Float32Array]

SLOPE = 0.1  # of LeakyReLU below zero
EPSILON = 1e-5  # added to a batch's variance
KEPT = 0.95  # of the running mean and variance per step
BETAS = (0.9, 0.999)  # Adam
BATCH_ROWS = 256


@dataclass(slots=True, eq=False)
class Hidden:
    """One hidden layer: dense, LeakyReLU, batch normalisation."""

    weight: Float32Array
    bias: Float32Array
    scale: Float32Array
    shift: Float32Array
    mean: Float32Array
    variance: Float32Array


@dataclass(slots=True, eq=False)
class Network:
    """Hidden layers and a linear one at the end. Inputs are standardised before they come in."""

    hidden: list[Hidden]
    weight: Float32Array
    bias: Float32Array

    def trained(self) -> list[Float32Array]:
        """Return every array that training moves."""
        inner = [a for h in self.hidden for a in (h.weight, h.bias, h.scale, h.shift)]
        return [*inner, self.weight, self.bias]


def new_network(sizes: Sequence[int], rng: np.random.Generator) -> Network:
    """Return a network of these sizes, the first that of the input, the last of the output."""
    hidden = []
    for n_in, n_out in pairwise(sizes[:-1]):
        weight = rng.normal(0.0, np.sqrt(2.0 / n_in), (n_in, n_out)).astype(np.float32)
        zeros, ones = np.zeros(n_out, np.float32), np.ones(n_out, np.float32)
        parts = (zeros, ones, zeros, zeros, ones)
        hidden.append(Hidden(weight, *(part.copy() for part in parts)))
    last = rng.normal(0.0, np.sqrt(1.0 / sizes[-2]), sizes[-2:]).astype(np.float32)
    return Network(hidden, last, np.zeros(sizes[-1], np.float32))


def answers(network: Network, rows: Float32Array) -> Float32Array:
    """Return the network's answers, shape (n, outputs), with the running statistics."""
    for layer in network.hidden:
        rows = leaky(rows @ layer.weight + layer.bias)
        rows = (rows - layer.mean) / np.sqrt(layer.variance + EPSILON) * layer.scale + layer.shift
    return rows @ network.weight + network.bias


class Adam:
    """Moves arrays in place against their slopes.

    Attributes:
        steps: How many were made.
    """

    def __init__(self, moved: list[Float32Array]) -> None:
        self.steps = 0
        self._moved = moved
        self._mean = [np.zeros_like(array) for array in moved]
        self._square = [np.zeros_like(array) for array in moved]

    def step(self, slopes: list[Float32Array], rate: float) -> None:
        """Make one step."""
        self.steps += 1
        early = np.sqrt(1.0 - BETAS[1] ** self.steps) / (1.0 - BETAS[0] ** self.steps)
        for at, slope in enumerate(slopes):
            self._mean[at] += np.float32(1.0 - BETAS[0]) * (slope - self._mean[at])
            self._square[at] += np.float32(1.0 - BETAS[1]) * (slope**2 - self._square[at])
            size = np.sqrt(self._square[at]) + np.float32(1e-8)
            self._moved[at] -= np.float32(rate * early) * self._mean[at] / size


def train(
    network: Network,
    rows: Float32Array,
    targets: Float32Array,
    gradient: Loss,
    rng: np.random.Generator,
    *,
    epochs: int,
    rate: float = 1e-3,
    told: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Train in place with Adam; the step falls to zero along a cosine.

    Args:
        network: Changed.
        rows: Shape (n, inputs), standardised.
        targets: Shape (n, outputs).
        gradient: Of the loss over the answers, given answers and targets.
        rng: Orders the rows.
        epochs: Times that every row is seen.
        rate: First step.
        told: Called after each epoch.
    """
    adam = Adam(network.trained())
    n_steps = epochs * (len(rows) // BATCH_ROWS)
    for epoch in range(epochs):
        order = rng.permutation(len(rows))
        for start in range(0, len(rows) - BATCH_ROWS + 1, BATCH_ROWS):
            chosen = order[start : start + BATCH_ROWS]
            now = rate * 0.5 * (1.0 + np.cos(np.pi * adam.steps / n_steps))
            adam.step(_slopes(network, rows[chosen], targets[chosen], gradient), now)
        told(epoch)


def leaky(rows: Float32Array) -> Float32Array:
    """Return LeakyReLU."""
    return np.where(rows > 0.0, rows, np.float32(SLOPE) * rows)


def squared_error(found: Float32Array, targets: Float32Array) -> Float32Array:
    """Gradient of the mean squared error."""
    return (found - targets) * np.float32(2.0 / len(found))


def cross_entropy(found: Float32Array, targets: Float32Array) -> Float32Array:
    """Gradient of the cross-entropy of softmax against shares that add up to 1."""
    odds = np.exp(found - found.max(axis=1, keepdims=True))
    shares: Float32Array = odds / odds.sum(axis=1, keepdims=True)
    return (shares - targets) / np.float32(len(found))


def add_network(graph: OnnxGraph, network: Network, rows: str) -> str:
    """Add the network, reading `rows` of the graph; return its output."""
    slope = float(SLOPE)
    for layer in network.hidden:
        rows = graph.add("Gemm", rows, graph.constant(layer.weight), graph.constant(layer.bias))
        rows = graph.add("LeakyRelu", rows, alpha=slope)
        parts = (layer.scale, layer.shift, layer.mean, layer.variance)
        rows = graph.add(
            "BatchNormalization", rows, *(graph.constant(part) for part in parts), epsilon=EPSILON
        )
    return graph.add("Gemm", rows, graph.constant(network.weight), graph.constant(network.bias))


def _slopes(
    network: Network, rows: Float32Array, targets: Float32Array, gradient: Loss
) -> list[Float32Array]:
    """Return the gradient of every trained array; move the running statistics."""
    kept = []
    for layer in network.hidden:
        before = rows @ layer.weight + layer.bias
        active = leaky(before)
        mean, variance = active.mean(axis=0), active.var(axis=0)
        spread = np.sqrt(variance + np.float32(EPSILON))
        normal = (active - mean) / spread
        layer.mean += np.float32(1.0 - KEPT) * (mean - layer.mean)
        layer.variance += np.float32(1.0 - KEPT) * (variance - layer.variance)
        kept.append((rows, before, normal, spread))
        rows = normal * layer.scale + layer.shift
    slope = gradient(rows @ network.weight + network.bias, targets)
    slopes = [slope.sum(axis=0), rows.T @ slope]  # from the end to the start
    slope = slope @ network.weight.T
    for layer, (given, before, normal, spread) in zip(
        reversed(network.hidden), reversed(kept), strict=True
    ):
        slopes += [slope.sum(axis=0), (slope * normal).sum(axis=0)]
        inner = slope * layer.scale
        inner = inner - inner.mean(axis=0) - normal * (inner * normal).mean(axis=0)
        inner = inner / spread * np.where(before > 0.0, np.float32(1.0), np.float32(SLOPE))
        slopes += [inner.sum(axis=0), given.T @ inner]
        slope = inner @ layer.weight.T
    return slopes[::-1]
