"""Trains a shape detector: keeps the windows of normal operation, sets the limit on later ones."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input, Threshold, Training, Window
from telltale.models.detector_card import learnt_card, mean_and_spread, score_output
from telltale.models.detectors.shape_core import Shapes, distances
from telltale.models.folder import PARITY_ROWS, complete, packed_arrays
from telltale.models.parameters import FILE
from telltale.models.windows import asked_windows, evenly
from telltale.profiles.schema import NonNegativeFloat, PositiveFloat

EARLY_SHARE = 0.7  # of the windows: the rest, later, gives the limit
LEAST_WINDOWS = 60
MOST_WINDOWS = 4096  # kept, evenly spread: bounds memory and time
LOOKED_AT = 4 * MOST_WINDOWS  # among which repeats are found
MOST_LATER = 4096  # windows that the limit is set on
GAP_STEPS = 5.0  # usual steps: a longer pause empties the window


class ShapeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the detector looks, and where normal ends.

    Attributes:
        samples: In one window.
        factor: The limit, in multiples of the largest distance on later normal operation.
        least: A single sample's change that is never strange by itself, in the channel's unit;
            it also is the limit where normal operation never changed at all.
    """

    samples: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 50
    factor: PositiveFloat = 2.0
    least: NonNegativeFloat = 0.0


DEFAULT = ShapeSettings()
TINY = 1e-9  # of a column's size: a smaller change is rounding


def train_shapes(
    name: str,
    batch: Batch,
    inputs: Mapping[str, Input],
    *,
    settings: ShapeSettings = DEFAULT,
    is_simulated: bool = False,
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a shape detector, complete with parity samples.

    Args:
        name: Of the model, one word; its output is "<name>_score".
        batch: The machine's readings in normal operation, in order, gaps filled as live.
        inputs: Columns to read, with their units.
        settings: Of window and limit.
        is_simulated: True if any of the readings is.

    Raises:
        ModelError: There are too few windows.
    """
    started_s = time.monotonic()
    frame = _frame(name, batch, inputs, settings)
    _, windows = asked_windows(frame, batch)
    if len(windows) < LEAST_WINDOWS:
        raise ModelError(
            f"{name}: {len(windows)} windows of {settings.samples} successive samples; at least "
            f"{LEAST_WINDOWS} are needed. Give a longer stretch of normal operation."
        )
    scale = _scale(windows, settings.least)
    threshold = _threshold(windows, scale, settings)
    arrays = {"known": _kept(windows), "scale": scale}
    card = msgspec.structs.replace(
        frame,
        threshold=threshold,
        normal={column: mean_and_spread(batch.columns[column]) for column in inputs},
    )
    data = f"{len(windows)} windows of normal operation, {len(arrays['known'])} kept."
    card = learnt_card(card, batch, data, is_simulated=is_simulated, started_s=started_s)
    samples = batch.rows(0, settings.samples + PARITY_ROWS)
    return complete(card, {FILE: packed_arrays(arrays)}, samples)


def _frame(name: str, batch: Batch, inputs: Mapping[str, Input], settings: ShapeSettings) -> Card:
    """Return the card as far as it is known before training."""
    step_s = float(np.median(np.diff(batch.time_ns))) / NS_PER_S if len(batch) > 1 else 0.0
    score = f"{name}_score"
    return Card(
        name=name,
        title="Shape",
        task="anomaly",
        runtime="shapes",
        inputs=dict(inputs),
        columns=tuple(inputs),
        core_outputs=(score,),
        outputs={score: score_output("Distance from known shapes", settings.samples * step_s)},
        window=Window(settings.samples, 0.0, GAP_STEPS * step_s),
        training=Training("Not trained yet.", is_simulated=False),
        settings=msgspec.to_builtins(settings),
    )


def _scale(windows: FloatArray, least: float) -> FloatArray:
    """Return each column's spread; for one that hardly moves what is still a change."""
    size = np.maximum(np.abs(windows).max(axis=(0, 1)), 1.0)
    scale: FloatArray = np.maximum(windows.std(axis=(0, 1)), np.maximum(least, TINY * size))
    return scale


def _threshold(windows: FloatArray, scale: FloatArray, settings: ShapeSettings) -> Threshold:
    """Return the limit: later windows against earlier ones, none of which overlap."""
    split = round(EARLY_SHARE * len(windows))
    apart = min(settings.samples, (len(windows) - split) // 2)
    early, later = windows[:split], windows[split + apart :]
    later = later[evenly(len(later), MOST_LATER)]
    _, squares = Shapes(_kept(early), scale).nearest(later)
    largest = float(distances(squares).max())
    size = windows[0].size
    one_sample = float((settings.least / scale).min()) / np.sqrt(size)
    limit = max(settings.factor * largest, one_sample, TINY)
    method = (
        f"{settings.factor:g} times the largest distance of {len(later)} later windows of normal "
        f"operation from {split} earlier ones, or a change of one sample by {settings.least:g} if "
        "that is more."
    )
    return Threshold(limit, method)


def _kept(windows: FloatArray) -> FloatArray:
    """Return windows without repeats, at most `MOST_WINDOWS`, evenly spread over time."""
    looked_at = windows[evenly(len(windows), LOOKED_AT)]
    flat = looked_at.reshape(len(looked_at), -1)
    _, first = np.unique(flat, axis=0, return_index=True)
    first = np.sort(first)
    return np.ascontiguousarray(looked_at[first[evenly(len(first), MOST_WINDOWS)]])
