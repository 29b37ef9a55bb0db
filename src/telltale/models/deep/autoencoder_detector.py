"""The LSTM autoencoder as a detector: strange is what it cannot draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray
from telltale.models.card import Card, Input
from telltale.models.deep.autoencoder import initial_weights, loss_and_gradients, reconstruct
from telltale.models.deep.autoencoder_graph import autoencoder_graph
from telltale.models.deep.learning import AtLeastTwo, DeepSettings, Lesson, framed, learn
from telltale.models.deep.lstm import Activation, Reals, Weights
from telltale.models.deep.scale import Scale


class AutoencoderSettings(DeepSettings, frozen=True, forbid_unknown_fields=True):
    """How an autoencoder is built and trained; the rest as for any deep detector.

    Attributes:
        samples: In one window.
        units: Of each LSTM layer.
        activation: Of candidate and cell. "relu" has no upper end, so that a fault blows the error
            up a hundredfold and spreads it over all channels alike, and the evidence is lost.
            "tanh" keeps the error on the channels that it comes from.
    """

    samples: AtLeastTwo = 30
    units: AtLeastTwo = 64
    activation: Activation = "tanh"


DEFAULT = AutoencoderSettings()


def train_autoencoder(
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    *,
    settings: AutoencoderSettings = DEFAULT,
    is_normal: BoolArray | None = None,
    is_simulated: bool,
    seed: int = 0,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and the files of an autoencoder of one machine.

    Args:
        name: Of the model, one word; its output is "<name>_score".
        batch: The machine's readings in order, gaps filled as the pipeline fills them.
        inputs: Columns to read, with their units.
        settings: Of network, training and limit.
        is_normal: Which samples are normal operation, shape (n,); None takes all. No window
            reaches across the others, or across a pause.
        is_simulated: True if any of it is.
        seed: Of weights and order.

    Raises:
        ModelError: There are too few windows, or training diverges.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    lesson = Lesson(batch, is_normal, is_simulated, seed)
    frame = framed(
        name, "LSTM autoencoder", lesson, inputs=inputs, samples=settings.samples, settings=settings
    )
    return learn(frame, lesson, _Autoencoder(settings), settings)


@dataclass(frozen=True, slots=True)
class _Autoencoder:
    """The network as `learn` asks it."""

    settings: AutoencoderSettings

    def start(self, channels: int, rng: np.random.Generator) -> Weights:
        return initial_weights(channels, self.settings.units, rng)

    def gradients(self, weights: Weights, rows: Reals) -> tuple[float, Weights]:
        return loss_and_gradients(weights, rows, self.settings.activation)

    def errors(self, weights: Weights, rows: Reals) -> FloatArray:
        apart = np.abs(reconstruct(weights, rows, self.settings.activation) - rows)
        errors: FloatArray = apart.mean(axis=(1, 2), dtype=np.float64)
        return errors

    def graph(self, weights: Weights, scale: Scale) -> bytes:
        return autoencoder_graph(weights, scale, self.settings.samples, self.settings.activation)
