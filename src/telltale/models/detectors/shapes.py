"""Trains a shape detector: keeps the windows of normal operation, sets the limit on later ones."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.models.card import Card, Threshold, Window
from telltale.models.detector_card import learnt_card
from telltale.models.detectors.calibration import Budget, alarms_beyond, lognormal_limit
from telltale.models.detectors.healthy import healthy_of
from telltale.models.detectors.healthy_windows import Windows, windows_of
from telltale.models.detectors.shape_core import Shapes, distances
from telltale.models.folder import PARITY_ROWS, complete, packed_arrays
from telltale.models.parameters import FILE
from telltale.models.training_set import TrainingSet
from telltale.models.windows import evenly

EARLY_SHARE = 0.7  # of the windows: the rest, later, gives the limit
LEAST_WINDOWS = 60
MOST_WINDOWS = 4096  # kept, evenly spread: bounds memory and time
LOOKED_AT = 4 * MOST_WINDOWS  # among which repeats are found
MOST_LATER = 4096  # windows that the limit is set on
GAP_STEPS = 5.0  # usual steps: a longer pause empties the window
TINY = 1e-9  # of a column's size: a smaller change is rounding


class ShapeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the detector looks, and where normal ends.

    Attributes:
        samples: In one window.
        factor: The limit is at least so many times the largest distance on later normal operation.
        least: A single sample's change that is never strange by itself, in the channel's unit;
            it also is the limit where normal operation never changed at all.
    """

    samples: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 50
    factor: Annotated[float, msgspec.Meta(ge=1.0, le=1000.0)] = 2.0
    least: Annotated[float, msgspec.Meta(ge=0.0, le=1e15)] = 0.0


def train_shapes(
    name: str, training_set: TrainingSet, settings: ShapeSettings, *, alarms_per_week: float
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a shape detector, complete with parity samples.

    Args:
        name: Of the model, one word; its output is "<name>_score".
        training_set: Of which all normal runs are learnt from.
        settings: Of window and limit.
        alarms_per_week: Budget of false alarms that the limit is set by.

    Raises:
        ModelError: There are too few windows.
    """
    started_s = time.monotonic()
    healthy = healthy_of(training_set, alarms_per_week, takes_any_course=settings.least > 0.0)
    window = Window(settings.samples, 0.0, GAP_STEPS * healthy.step_s)
    frame = healthy.framed(name, "Distance from known shapes", "shapes", window)
    windows = windows_of(frame, healthy, LEAST_WINDOWS)
    scale = _scale(windows.values, settings.least)
    budget = Budget(alarms_per_week, settings.samples * healthy.step_s)
    arrays = {"known": _kept(windows.values), "scale": scale}
    card = msgspec.structs.replace(
        frame,
        settings=msgspec.to_builtins(settings),
        threshold=_threshold(windows, scale, settings, budget),
    )
    data = (
        f"{len(windows)} windows of normal operation, {len(arrays['known'])} kept"
        f"{healthy.told_left_out()}."
    )
    card = learnt_card(
        card, healthy.batch, data, is_simulated=healthy.is_simulated, started_s=started_s
    )
    samples = healthy.end(settings.samples + PARITY_ROWS)
    return complete(card, {FILE: packed_arrays(arrays)}, samples)


def _scale(windows: FloatArray, least: float) -> FloatArray:
    """Return each column's spread; for one that hardly moves what is still a change."""
    size = np.maximum(np.abs(windows).max(axis=(0, 1)), 1.0)
    scale: FloatArray = np.maximum(windows.std(axis=(0, 1)), np.maximum(least, TINY * size))
    return scale


def _threshold(
    windows: Windows, scale: FloatArray, settings: ShapeSettings, budget: Budget
) -> Threshold:
    """Return the limit: later windows against earlier ones, none of which overlap."""
    split = round(EARLY_SHARE * len(windows))
    apart = min(settings.samples, (len(windows) - split) // 2)
    later = windows.between(split + apart, len(windows))
    asked = evenly(len(later), MOST_LATER)
    _, squares = Shapes(_kept(windows.values[:split]), scale).nearest(later.values[asked])
    found = distances(squares)
    step_s = later.duration_s / len(asked)
    where = "later than those kept"
    by_budget = lognormal_limit(found, budget, step_s, where, least_multiple=settings.factor)
    one_sample = float((settings.least / scale).min()) / np.sqrt(windows.values[0].size)
    least = max(one_sample, TINY)
    if by_budget.value >= least:
        return by_budget
    method = f"a change of one sample by {settings.least:g}, more than {by_budget.method}"
    return Threshold(least, method, alarms_beyond(least, found, budget, step_s))


def _kept(windows: FloatArray) -> FloatArray:
    """Return windows without repeats, at most `MOST_WINDOWS`, evenly spread over time."""
    looked_at = windows[evenly(len(windows), LOOKED_AT)]
    flat = looked_at.reshape(len(looked_at), -1)
    _, first = np.unique(flat, axis=0, return_index=True)
    first = np.sort(first)
    return np.ascontiguousarray(looked_at[first[evenly(len(first), MOST_WINDOWS)]])
