"""The transformer forecaster as a model: what comes next, and how far what came was from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.deep.learning import AtLeastTwo, DeepSettings, Lesson, framed, learn
from telltale.models.deep.lstm import Reals, Weights
from telltale.models.deep.scale import Scale
from telltale.models.deep.transformer import (
    Layout,
    forecast,
    initial_weights,
    loss_and_gradients,
)
from telltale.models.deep.transformer_graph import transformer_graph
from telltale.profiles.schema import Output

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

    samples: AtLeastTwo = 60
    width: AtLeastTwo = 32
    heads: AtLeastOne = 4
    wide: AtLeastTwo = 64
    blocks: AtLeastOne = 2


DEFAULT = ForecasterSettings()


def train_forecaster(
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    *,
    settings: ForecasterSettings = DEFAULT,
    is_normal: BoolArray | None = None,
    is_simulated: bool,
    seed: int = 0,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and the files of a forecaster of one machine.

    Its outputs are "<name>_score", the error of the last forecast in multiples of its limit, and
    for each channel "<name>_next_<channel>", what the next sample will be.

    Args:
        name: Of the model, one word.
        batch: The machine's readings in order, gaps filled as the pipeline fills them.
        inputs: Columns to read and to tell, with their units.
        settings: Of network, training and limit.
        is_normal: Which samples are normal operation, as for `train_autoencoder`.
        is_simulated: True if any of it is.
        seed: Of weights and order.

    Raises:
        ModelError: There are too few windows, the width does not fit, or training diverges.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    if settings.width % (2 * settings.heads):
        raise ModelError(
            f"{name}: width {settings.width} is no multiple of twice its {settings.heads} heads."
        )
    lesson = Lesson(batch, is_normal, is_simulated, seed)
    window = settings.samples + 1  # what is looked back on, and the sample to be told from it
    frame = framed(
        name, "Transformer forecaster", lesson, inputs=inputs, samples=window, settings=settings
    )
    following = {
        f"{name}_next_{column}": Output(f"Next {column}", of.unit) for column, of in inputs.items()
    }
    frame = msgspec.structs.replace(
        frame,
        core_outputs=(*frame.core_outputs, *following),
        outputs={**frame.outputs, **following},
    )
    layout = Layout(
        len(inputs),
        settings.samples,
        settings.width,
        settings.heads,
        settings.wide,
        settings.blocks,
    )
    return learn(frame, lesson, _Forecaster(layout), settings)


@dataclass(frozen=True, slots=True)
class _Forecaster:
    """The network as `learn` asks it: the last sample of a window is the one to be told."""

    layout: Layout

    def start(self, channels: int, rng: np.random.Generator) -> Weights:
        return initial_weights(replace(self.layout, channels=channels), rng)

    def gradients(self, weights: Weights, rows: Reals) -> tuple[float, Weights]:
        return loss_and_gradients(weights, rows, self.layout)

    def errors(self, weights: Weights, rows: Reals) -> FloatArray:
        apart = np.abs(forecast(weights, rows[:, :-1], self.layout) - rows[:, -1])
        errors: FloatArray = apart.mean(axis=1, dtype=np.float64)
        return errors

    def graph(self, weights: Weights, scale: Scale) -> bytes:
        return transformer_graph(weights, scale, self.layout)
