"""The LSTM autoencoder as a detector: strange is what it cannot draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray
from telltale.models.card import Card
from telltale.models.deep.autoencoder import initial_weights, loss_and_gradients, reconstruct
from telltale.models.deep.autoencoder_graph import autoencoder_graph
from telltale.models.deep.learning import (
    COPIES,
    DeepSettings,
    Lesson,
    Samples,
    Units,
    framed,
    learn,
)
from telltale.models.deep.lstm import Activation, Reals, Weights
from telltale.models.deep.scale import Scale
from telltale.models.detectors.healthy import healthy_of
from telltale.models.training_set import TrainingSet

KEPT_PER_UNIT = 40  # numbers of a sample that the way back needs, for each unit


class AutoencoderSettings(DeepSettings, frozen=True, forbid_unknown_fields=True):
    """How an autoencoder is built and trained; the rest as for any deep detector.

    Attributes:
        samples: In one window.
        units: Of each LSTM layer.
        activation: Of candidate and cell. "relu" has no upper end, so that a fault blows the error
            up a hundredfold and spreads it over all channels alike, and the evidence is lost.
            "tanh" keeps the error on the channels that it comes from.
    """

    samples: Samples = 30
    units: Units = 64
    activation: Activation = "tanh"


def train_autoencoder(
    name: str, training_set: TrainingSet, settings: AutoencoderSettings, *, alarms_per_week: float
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and the files of an autoencoder of one machine.

    Args:
        name: Of the model, one word; its output is "<name>_score".
        training_set: Of which all normal runs are learnt from.
        settings: Of network, training and limit.
        alarms_per_week: Budget of false alarms that the limit is set by.

    Raises:
        ModelError: There are too few windows, the network is too large, or training diverges.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    healthy = healthy_of(training_set, alarms_per_week)
    frame = framed(name, "LSTM autoencoder", healthy, settings.samples, settings)
    lesson = Lesson(_Autoencoder(settings), healthy, settings, look_samples=settings.samples)
    return learn(frame, lesson)


@dataclass(frozen=True, slots=True)
class _Autoencoder:
    """The network as `learn` asks it."""

    settings: AutoencoderSettings

    def start(self, channels: int, rng: np.random.Generator) -> Weights:
        return initial_weights(channels, self.settings.units, rng)

    def numbers(self, channels: int, windows: int) -> int:
        units = self.settings.units
        weights = 4 * units * (channels + 3 * units + 2) + units * channels
        kept = windows * self.settings.samples * (KEPT_PER_UNIT * units + 8 * channels)
        return COPIES * weights + kept

    def gradients(self, weights: Weights, rows: Reals) -> tuple[float, Weights]:
        return loss_and_gradients(weights, rows, self.settings.activation)

    def errors(self, weights: Weights, rows: Reals) -> FloatArray:
        apart = np.abs(reconstruct(weights, rows, self.settings.activation) - rows)
        errors: FloatArray = apart.mean(axis=(1, 2), dtype=np.float64)
        return errors

    def graph(self, weights: Weights, scale: Scale) -> bytes:
        return autoencoder_graph(weights, scale, self.settings.samples, self.settings.activation)
