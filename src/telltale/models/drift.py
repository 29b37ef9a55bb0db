"""Whether a machine still runs as it did when its model learnt: recent inputs against the card's.

A model is worth what its training data are worth. Where inputs have moved far from them, its answer
rests on nothing that was seen, whatever the score says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.models.card import Card

LEAST_ROWS = 60
MOVED, DRIFTED = 1.0, 2.0  # shift of the mean in spreads of training
WIDER = 2.0  # times the spread of training: the machine runs otherwise, about the same mean
MOSTLY_MISSING = 0.5


class Verdict(StrEnum):
    """How an input stands to its training data."""

    AS_TRAINED = "as_trained"
    MOVED = "moved"  # by more than the spread of training, or it varies far more
    DRIFTED = "drifted"  # beyond what training has seen: retrain
    UNKNOWN = "unknown"  # too few readings, or the card does not say what was usual


@dataclass(frozen=True, slots=True)
class InputDrift:
    """One input's drift.

    Attributes:
        name: Of the input.
        shift: Recent mean less that of training, in spreads of training; None if not known.
        widening: Recent spread over that of training; None if not known.
        verdict: What that means.
        sentence: The same for people.
    """

    name: str
    shift: float | None
    widening: float | None
    verdict: Verdict
    sentence: str


def drift_of(card: Card, recent: Batch) -> tuple[InputDrift, ...]:
    """Return the drift of each input, the greatest first.

    Args:
        card: Of the model; its `normal` has mean and spread of each input in training.
        recent: A stretch of recent readings, long against the machine's usual cycles, with the
            model's inputs as columns.
    """
    batch = recent.select(tuple(card.inputs))
    found = [_drift(card, name, column) for name, column in batch.columns.items()]
    return tuple(sorted(found, key=lambda one: -abs(one.shift or 0.0)))


def worst(drifts: tuple[InputDrift, ...]) -> Verdict:
    """Return the verdict on the model: that of its worst input."""
    order = (Verdict.DRIFTED, Verdict.MOVED, Verdict.UNKNOWN, Verdict.AS_TRAINED)
    return min((one.verdict for one in drifts), key=order.index, default=Verdict.UNKNOWN)


def _drift(card: Card, name: str, column: FloatArray) -> InputDrift:
    unit = card.inputs[name].unit
    values = column[np.isfinite(column)]
    if name not in card.normal:
        return _unknown(name, "the card does not say what was usual in training")
    if len(values) < LEAST_ROWS or len(values) < MOSTLY_MISSING * len(column):
        return _unknown(name, f"{len(values)} of {len(column)} recent readings are there")
    mean, spread = card.normal[name]
    least = max(spread, 1e-9 * abs(mean), 1e-300)
    shift = (float(values.mean()) - mean) / least
    widening = float(values.std()) / least
    verdict = _verdict(shift, widening)
    told = (
        f"{name}: {values.mean():.4g} {unit} on average where {mean:.4g} was usual in training, "
        f"{abs(shift):.1f} spreads {'above' if shift > 0 else 'below'}"
    )
    if widening > WIDER:
        told += f", and varying {widening:.1f} times as much"
    ending = {
        Verdict.AS_TRAINED: ": as in training.",
        Verdict.MOVED: ": it has moved.",
        Verdict.DRIFTED: ": beyond what the model learnt from. Train it again.",
    }
    return InputDrift(name, shift, widening, verdict, told + ending[verdict])


def _verdict(shift: float, widening: float) -> Verdict:
    if not math.isfinite(shift) or abs(shift) >= DRIFTED:
        return Verdict.DRIFTED
    if abs(shift) >= MOVED or widening > WIDER:
        return Verdict.MOVED
    return Verdict.AS_TRAINED


def _unknown(name: str, why: str) -> InputDrift:
    return InputDrift(name, None, None, Verdict.UNKNOWN, f"{name}: not known, {why}.")
