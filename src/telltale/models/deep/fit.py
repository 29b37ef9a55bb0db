"""Training of a network: Adam in small batches, the rate halved when it stalls, stopped in time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, TypeAlias

import msgspec
import numpy as np

from telltale.errors import ModelError
from telltale.models.deep.lstm import Reals, Weights
from telltale.models.progress import step

Gradients: TypeAlias = Callable[[Weights, Reals], tuple[float, Weights]]
Loss: TypeAlias = Callable[[Weights, Reals], float]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Rate = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
Norm = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]

BETA_MEAN, BETA_SQUARE, EPSILON = 0.9, 0.999, 1e-7  # Kingma and Ba, "Adam", ICLR 2015
MIN_GAIN = 1e-4  # of the validation loss, as a share: less is a stall


class FitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a network is trained.

    Attributes:
        epochs: At most.
        batch_windows: Windows per step.
        rate: Adam's step size at the start.
        halve_after: Epochs without gain after which the rate is halved.
        stop_after: Epochs without gain after which training stops.
        max_norm: A longer gradient is shortened to this: recurrent networks can explode.
    """

    epochs: AtLeastOne = 20
    batch_windows: AtLeastOne = 32
    rate: Rate = 1e-3
    halve_after: AtLeastOne = 2
    stop_after: AtLeastOne = 5
    max_norm: Norm = 1.0


class Fitted(msgspec.Struct, frozen=True):
    """What training gave.

    Attributes:
        weights: Those of the best epoch by validation.
        losses: Validation loss after each epoch.
    """

    weights: Weights
    losses: tuple[float, ...]


def fit(
    weights: Weights,
    train: Reals,
    validation: Reals,
    *,
    gradients: Gradients,
    loss: Loss,
    settings: FitSettings,
    rng: np.random.Generator,
) -> Fitted:
    """Train on windows, shape (n, ...), and keep the weights that did best on `validation`.

    Raises:
        ModelError: The loss is no number any more.
    """
    adam = _Adam(weights)
    rate, best, since, halved = settings.rate, math.inf, 0, 0
    kept, losses = weights, []
    for epoch in range(1, settings.epochs + 1):
        for rows in _batches(len(train), settings.batch_windows, rng):
            step(epoch, settings.epochs, "epoch")
            _, found = gradients(weights, train[rows])
            weights = adam.step(weights, _shortened(found, settings.max_norm), rate)
        losses.append(loss(weights, validation))
        if not math.isfinite(losses[-1]):
            raise ModelError(
                "Training diverged: the loss is no number any more. Take a smaller rate, or the "
                "activation 'tanh'."
            )
        if losses[-1] < best * (1.0 - MIN_GAIN):
            best, kept, since, halved = losses[-1], weights, 0, 0
            continue
        since, halved = since + 1, halved + 1
        if since >= settings.stop_after:
            break
        if halved >= settings.halve_after:
            rate, halved = rate / 2.0, 0
    return Fitted(kept, tuple(losses))


class _Adam:
    """Adam's running moments of one training."""

    def __init__(self, weights: Weights) -> None:
        self._mean = {name: np.zeros_like(values) for name, values in weights.items()}
        self._square = {name: np.zeros_like(values) for name, values in weights.items()}
        self._steps = 0

    def step(self, weights: Weights, gradients: Weights, rate: float) -> Weights:
        """Return the weights after one step against the gradients."""
        self._steps += 1
        scale = rate * math.sqrt(1.0 - BETA_SQUARE**self._steps) / (1.0 - BETA_MEAN**self._steps)
        after: Weights = {}
        for name, values in weights.items():
            mean, square, gradient = self._mean[name], self._square[name], gradients[name]
            mean += (1.0 - BETA_MEAN) * (gradient - mean)
            square += (1.0 - BETA_SQUARE) * (gradient * gradient - square)
            after[name] = values - scale * mean / (np.sqrt(square) + EPSILON)
        return after


def _batches(n: int, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    order = rng.permutation(n)
    return [order[at : at + size] for at in range(0, n, size)]


def _shortened(gradients: Weights, max_norm: float) -> Weights:
    norm = math.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))
    if norm <= max_norm or not math.isfinite(norm):
        return gradients
    return {name: values * (max_norm / norm) for name, values in gradients.items()}
