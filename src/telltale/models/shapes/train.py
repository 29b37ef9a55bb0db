"""Trains a shape detector: keeps the windows of normal operation, sets the limit on later ones."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

import telltale
from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, Input, Threshold, Training, Window
from telltale.models.composed import ComposedModel
from telltale.models.detectors.parameters import FILE
from telltale.models.folder import PARITY_ROWS, complete, packed_arrays, training_hash
from telltale.models.shapes.shape_core import Shapes, distances
from telltale.profiles.schema import Limits, NonNegativeFloat, Output, PositiveFloat

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
    started = time.monotonic()
    frame = _frame(name, batch, inputs, settings)
    windows = _windows(frame, batch)
    if len(windows) < LEAST_WINDOWS:
        raise ModelError(
            f"{name}: {len(windows)} windows of {settings.samples} successive samples; at least "
            f"{LEAST_WINDOWS} are needed. Give a longer stretch of normal operation."
        )
    scale = _scale(windows, settings.least)
    threshold = _threshold(windows, scale, settings)
    arrays = {"known": _kept(windows), "scale": scale}
    values = np.stack([batch.columns[column] for column in inputs])
    card = msgspec.structs.replace(
        frame,
        threshold=threshold,
        normal={
            column: (float(np.nanmean(x)), float(np.nanstd(x)))
            for column, x in zip(inputs, values, strict=True)
        },
        training=Training(
            data=f"{len(windows)} windows of normal operation, {len(arrays['known'])} kept.",
            is_simulated=is_simulated,
            machine=batch.machine,
            start_ns=int(batch.time_ns[0]),
            end_ns=int(batch.time_ns[-1]),
            rows=len(batch),
            sha256=training_hash(batch.select(tuple(inputs))),
            seconds=round(time.monotonic() - started, 3),
        ),
        versions={"telltale": telltale.__version__, "numpy": np.__version__},
        created_ns=time.time_ns(),
    )
    samples = batch.rows(0, settings.samples + PARITY_ROWS)
    return complete(card, {FILE: packed_arrays(arrays)}, samples)


def _frame(name: str, batch: Batch, inputs: Mapping[str, Input], settings: ShapeSettings) -> Card:
    """Return the card as far as it is known before training."""
    step_s = float(np.median(np.diff(batch.time_ns))) / NS_PER_S if len(batch) > 1 else 0.0
    limits = Limits(
        warn_above=1.0, critical_above=2.0, hysteresis=0.1, clear_s=settings.samples * step_s
    )
    score = f"{name}_score"
    return Card(
        name=name,
        title="Shape",
        task="anomaly",
        runtime="shapes",
        inputs=dict(inputs),
        columns=tuple(inputs),
        core_outputs=(score,),
        outputs={
            score: Output("Distance from known shapes", "1", normal=(0.0, 1.0), limits=limits)
        },
        window=Window(settings.samples, 0.0, GAP_STEPS * step_s),
        training=Training("Not trained yet.", is_simulated=False),
        settings=msgspec.to_builtins(settings),
    )


def _windows(card: Card, batch: Batch) -> FloatArray:
    """Return the windows that the model would be asked about, shape (m, samples, columns)."""
    core = _Collect(np.zeros((0, card.window.samples, len(card.columns))))
    model = ComposedModel(card, core)
    model.run(batch, model.start())
    return core.windows


class _Collect:
    """Stands where the core would, and keeps the windows."""

    def __init__(self, windows: FloatArray) -> None:
        self.windows = windows

    def run(self, windows: FloatArray) -> FloatArray:
        self.windows = windows
        return np.zeros((len(windows), 1))

    def evidence(self, windows: FloatArray) -> Evidence | None:
        return None


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
    later = later[_evenly(len(later), MOST_LATER)]
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
    looked_at = windows[_evenly(len(windows), LOOKED_AT)]
    flat = looked_at.reshape(len(looked_at), -1)
    _, first = np.unique(flat, axis=0, return_index=True)
    first = np.sort(first)
    return np.ascontiguousarray(looked_at[first[_evenly(len(first), MOST_WINDOWS)]])


def _evenly(n: int, most: int) -> IntArray:
    """Return at most so many places among n, evenly spread."""
    places: IntArray = np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
    return places
