"""The transformer forecaster as a model: what comes next, and how far what came was from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.deep.learning import (
    COPIES,
    DeepSettings,
    Lesson,
    Samples,
    Units,
    framed,
    learn,
)
from telltale.models.deep.lstm import Reals, Weights
from telltale.models.deep.scale import Scale
from telltale.models.deep.transformer import (
    Layout,
    forecast,
    initial_weights,
    loss_and_gradients,
)
from telltale.models.deep.transformer_graph import transformer_graph
from telltale.models.detectors.healthy import healthy_of
from telltale.models.training_set import TrainingSet
from telltale.profiles.schema import Output

# Numbers that the way back needs: of a sample by width and wide, of two samples by head.
KEPT_PER_WIDTH, KEPT_PER_WIDE, KEPT_PER_PAIR = 24, 6, 4

AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=64)]


class ForecasterSettings(DeepSettings, frozen=True, forbid_unknown_fields=True):
    """How a forecaster is built and trained; the rest as for any deep detector.

    Attributes:
        samples: It looks back on.
        width: Of a sample inside; a multiple of twice the heads.
        heads: Of each attention.
        wide: Of the layer inside a feed-forward.
        blocks: One after the other.
    """

    samples: Samples = 60
    width: Units = 32
    heads: AtLeastOne = 4
    wide: Units = 64
    blocks: AtLeastOne = 2


def train_forecaster(
    name: str, training_set: TrainingSet, settings: ForecasterSettings, *, alarms_per_week: float
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and the files of a forecaster of one machine.

    Its outputs are "<name>_score", the error of the last forecast in multiples of its limit, and
    for each channel "<name>_next_<channel>", what the next sample will be.

    Args:
        name: Of the model, one word.
        training_set: Of which all normal runs are learnt from.
        settings: Of network, training and limit.
        alarms_per_week: Budget of false alarms that the limit is set by.

    Raises:
        ModelError: There are too few windows, the network is too large, the width does not fit,
            or training diverges.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    if settings.width % (2 * settings.heads):
        raise ModelError(
            f"{name}: width {settings.width} is no multiple of twice its {settings.heads} heads."
        )
    healthy = healthy_of(training_set, alarms_per_week)
    window = settings.samples + 1  # what is looked back on, and the sample to be told from it
    frame = framed(name, "Transformer forecaster", healthy, window, settings)
    following = _following(name, healthy.inputs, training_set)
    frame = msgspec.structs.replace(
        frame,
        core_outputs=(*frame.core_outputs, *following),
        outputs={**frame.outputs, **following},
    )
    network = _Forecaster(_layout(settings, len(healthy.names)))
    return learn(frame, Lesson(network, healthy, settings, look_samples=1))


def _following(
    name: str, inputs: Mapping[str, Input], training_set: TrainingSet
) -> dict[str, Output]:
    """Return the columns of what comes next, in people's words."""
    return {
        f"{name}_next_{column}": Output(f"{training_set.title(column)}, next", of.unit)
        for column, of in inputs.items()
    }


def _layout(settings: ForecasterSettings, channels: int) -> Layout:
    return Layout(
        channels,
        settings.samples,
        settings.width,
        settings.heads,
        settings.wide,
        settings.blocks,
    )


@dataclass(frozen=True, slots=True)
class _Forecaster:
    """The network as `learn` asks it: the last sample of a window is the one to be told."""

    layout: Layout

    def start(self, channels: int, rng: np.random.Generator) -> Weights:
        return initial_weights(self.layout, rng)

    def numbers(self, channels: int, windows: int) -> int:
        of, samples = self.layout, self.layout.samples
        weights = of.blocks * of.width * (4 * of.width + 2 * of.wide) + 2 * channels * of.width
        by_sample = samples * (KEPT_PER_WIDTH * of.width + KEPT_PER_WIDE * of.wide)
        by_pair = KEPT_PER_PAIR * of.heads * samples**2
        return COPIES * weights + windows * of.blocks * (by_sample + by_pair)

    def gradients(self, weights: Weights, rows: Reals) -> tuple[float, Weights]:
        return loss_and_gradients(weights, rows, self.layout)

    def errors(self, weights: Weights, rows: Reals) -> FloatArray:
        apart = np.abs(forecast(weights, rows[:, :-1], self.layout) - rows[:, -1])
        errors: FloatArray = apart.mean(axis=1, dtype=np.float64)
        return errors

    def graph(self, weights: Weights, scale: Scale) -> bytes:
        return transformer_graph(weights, scale, self.layout)
