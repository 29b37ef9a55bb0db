"""Sets the limit of a novelty detector by a budget: how strange normal readings look to it."""

from __future__ import annotations

import math
import time

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Threshold
from telltale.models.detector_card import learnt_card
from telltale.models.detectors.calibration import LEAST_MULTIPLE, S_PER_WEEK
from telltale.models.detectors.healthy import LEAST_ROWS, Healthy, healthy_of
from telltale.models.novelty.detector import (
    NoveltyDetector,
    NoveltySettings,
    novelty_model,
)
from telltale.models.novelty.memory import MAX_SIGMAS
from telltale.models.training_set import TrainingSet

LATER_SHARE = 0.5  # of the readings: at first all is new, and strange
GREATEST = 10  # of them tell how far distances reach
LEAST_SIGMAS = 1.0  # a usual distance is not strange, whatever the budget
MOST_LOOKS = 1_000_000  # samples times channels, the newest: they are looked at one by one


def train_novelty(
    name: str, training_set: TrainingSet, settings: NoveltySettings, *, alarms_per_week: float
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a detector that will learn from the first sample on.

    Only its limit is learnt: it looks at normal readings as it will live, each before it knows
    it, and the strangest of the later half tell where the limit must be.

    Args:
        name: Of the model, one word; its output is "<name>_score".
        training_set: Of which all normal runs are learnt from.
        settings: How the detector looks.
        alarms_per_week: Budget of false alarms that the limit is set by.

    Raises:
        ModelError: There are too few readings, or they look too strange for any limit.
    """
    started_s = time.monotonic()
    healthy = healthy_of(training_set, alarms_per_week)
    threshold = _threshold(name, healthy, settings)
    card, files = novelty_model(
        name, healthy.inputs, limit_sigmas=threshold.value, settings=settings
    )
    data = (
        f"{len(healthy.batch)} samples of normal operation for the limit"
        f"{healthy.told_left_out()}. It goes on learning from the machine's own samples."
    )
    card = msgspec.structs.replace(card, threshold=threshold)
    card = learnt_card(
        card, healthy.batch, data, is_simulated=healthy.is_simulated, started_s=started_s
    )
    return card, files


def _threshold(name: str, healthy: Healthy, settings: NoveltySettings) -> Threshold:
    """Return the limit that is passed as often as the budget allows in the next week.

    What is new grows rarer: a value beyond all known comes with a chance of 1 / t after t of
    them, as records do, and how far beyond falls off as its inverse. On noise of five
    distributions the limits so set were passed as often as allowed, or less often.
    """
    n_looked, sigmas = _later(name, healthy, settings)
    greatest = np.sort(sigmas)[::-1][:GREATEST]
    size = float((np.arange(1, len(greatest) + 1) * greatest).max())
    growth = math.log2(1.0 + S_PER_WEEK / healthy.step_s / n_looked)  # week against later half
    limit = max(
        size * growth / healthy.alarms_per_week, LEAST_MULTIPLE * float(greatest[0]), LEAST_SIGMAS
    )
    if limit >= MAX_SIGMAS:
        raise ModelError(
            f"{name}: normal readings look up to {greatest[0]:.0f} standard deviations strange, so "
            f"the limit would be {limit:.0f}, and no more than {MAX_SIGMAS:.0f} are told apart: a "
            "channel stands still for long and then changes, or too few alarms are allowed. Leave "
            "that channel out, give a longer stretch, or allow more."
        )
    method = (
        f"{limit:.3g} standard deviations above the usual distance from known values: the later "
        f"{len(sigmas)} of {n_looked} samples of normal operation, of which the strangest had "
        f"{greatest[0]:.3g}, carried on to a week of ever fewer new values; a rough extrapolation."
    )
    return Threshold(limit, method, float(f"{size * growth / limit:.2g}"))


def _later(name: str, healthy: Healthy, settings: NoveltySettings) -> tuple[int, FloatArray]:
    """Return how many readings it looked at, and how strange the later half looked to it."""
    batch = healthy.batch
    newest = batch.rows(max(0, len(batch) - MOST_LOOKS // len(healthy.names)), len(batch))
    card, _ = novelty_model(name, healthy.inputs, settings=settings)
    sigmas = NoveltyDetector(card).sigmas(newest)
    known = sigmas[np.isfinite(sigmas)]
    later = known[round(LATER_SHARE * len(known)) :]
    if len(later) < LEAST_ROWS:
        raise ModelError(
            f"{name}: {len(known)} samples are left after the {settings.learning} that it learns "
            f"from; at least {2 * LEAST_ROWS} are needed. Give a longer stretch."
        )
    return len(known), later
