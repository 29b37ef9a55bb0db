"""What the cards of all detectors say alike: the score, and what they were learnt from."""

from __future__ import annotations

import time

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.models.card import Card, Training
from telltale.models.folder import stamped, training_hash
from telltale.profiles.schema import Limits, Output

WARN, CRITICAL = 1.0, 2.0  # multiples of the threshold
HYSTERESIS = 0.1  # back below 0.9 times the threshold before an event ends


def score_output(title: str, window_s: float) -> Output:
    """Return the column of a score; an event ends when all of a window is below the limit."""
    limits = Limits(
        warn_above=WARN, critical_above=CRITICAL, hysteresis=HYSTERESIS, clear_s=window_s
    )
    return Output(title, "1", normal=(0.0, 1.0), limits=limits)


def learnt_card(
    card: Card, batch: Batch, data: str, *, is_simulated: bool, started_s: float
) -> Card:
    """Return the card with what holds for any detector that has just been learnt.

    Args:
        card: All but training, what is normal, versions and creation.
        batch: The readings of its inputs that it was learnt from, the others are passed over.
        data: What they were, in a sentence.
        is_simulated: True if any of them is.
        started_s: When learning began, by `time.monotonic`.
    """
    card = msgspec.structs.replace(
        card,
        training=Training(
            data=data,
            is_simulated=is_simulated,
            machine=batch.machine,
            start_ns=int(batch.time_ns[0]),
            end_ns=int(batch.time_ns[-1]),
            rows=len(batch),
            sha256=training_hash(batch.select(tuple(card.inputs))),
            seconds=round(time.monotonic() - started_s, 3),
        ),
        normal={name: mean_and_spread(batch.columns[name]) for name in card.inputs},
    )
    return stamped(card)


def mean_and_spread(column: FloatArray) -> tuple[float, float]:
    """Return what is usual for an input, for drift and explanations; NaN is passed over."""
    return float(np.nanmean(column)), float(np.nanstd(column))
