"""Trains a detector: from a machine's normal readings to the card and files of a model's folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from telltale.batch import Batch
from telltale.models.card import Card
from telltale.models.detector_card import learnt_card
from telltale.models.detectors.bounds import (
    learn_course,
    learn_cusum,
    learn_ewma,
    learn_noise,
)
from telltale.models.detectors.distances import (
    learn_mahalanobis,
    learn_normal,
    learn_residual,
    learn_t2q,
)
from telltale.models.detectors.forest import learn_isolation_forest
from telltale.models.detectors.healthy import Healthy, Learnt, healthy_of
from telltale.models.detectors.stuck import learn_stuck
from telltale.models.folder import PARITY_ROWS, complete, packed_arrays
from telltale.models.parameters import FILE
from telltale.models.training_set import TrainingSet

DRIFTS = 0.6  # of a channel's variance between long blocks of the stretch


class Detector(Protocol):
    """A `TrainFunction` of a detector whose settings are of one class."""

    def __call__(
        self, name: str, training_set: TrainingSet, settings: Any, *, alarms_per_week: float
    ) -> tuple[Card, dict[str, bytes]]:
        """Return the card and files of a detector of one machine, complete with parity samples.

        Its one output is "<name>_score" in multiples of its threshold. Channels that cannot be used
        are left out; the card's training sentence says which and why.

        Args:
            name: Of the model, one word.
            training_set: Of which all normal runs are learnt from.
            settings: Of the detector.
            alarms_per_week: Budget of false alarms that the threshold is set by.

        Raises:
            ModelError: The readings do not suffice.
        """


def _detector(kind: str, learn: Callable[[Healthy, Any], Learnt]) -> Detector:
    """Return what trains a detector that is learnt by this function."""

    def train(
        name: str, training_set: TrainingSet, settings: Any, *, alarms_per_week: float
    ) -> tuple[Card, dict[str, bytes]]:
        started_s = time.monotonic()
        learnt = learn(healthy_of(training_set, alarms_per_week), settings)
        card = _card(name, kind, learnt, started_s)
        return complete(card, {FILE: packed_arrays(learnt.arrays)}, _parity_samples(learnt))

    return train


train_course = _detector("course", learn_course)
train_cusum = _detector("cusum", learn_cusum)
train_ewma = _detector("ewma", learn_ewma)
train_isolation_forest = _detector("isolation_forest", learn_isolation_forest)
train_mahalanobis = _detector("mahalanobis", learn_mahalanobis)
train_noise = _detector("noise", learn_noise)
train_normal = _detector("normal", learn_normal)
train_residual = _detector("residual", learn_residual)
train_stuck = _detector("stuck", learn_stuck)
train_t2q = _detector("t2q", learn_t2q)


def _card(name: str, kind: str, learnt: Learnt, started_s: float) -> Card:
    healthy = learnt.healthy
    frame = healthy.framed(
        name,
        learnt.title,
        learnt.runtime,
        learnt.window,
        columns=learnt.columns,
        features=learnt.features,
    )
    card = msgspec.structs.replace(
        frame, settings={"detector": kind, **learnt.settings}, threshold=learnt.threshold
    )
    return learnt_card(
        card,
        healthy.batch,
        _told(healthy),
        is_simulated=healthy.is_simulated,
        started_s=started_s,
    )


def _told(healthy: Healthy) -> str:
    """Return what was learnt from, what was left out, and what the stretch is too short for."""
    told = f"{len(healthy.batch)} samples of normal operation{healthy.told_left_out()}"
    slow = healthy.slow_shares() > DRIFTS
    if slow.any():
        names = (name for name, is_slow in zip(healthy.names, slow, strict=True) if is_slow)
        told += f"; drifting, so that a longer stretch is needed to know: {', '.join(names)}"
    return f"{told}."


def _parity_samples(learnt: Learnt) -> Batch:
    """Return the newest readings, enough for full windows and some more."""
    per_sample = max(1.0, learnt.window.every_s / learnt.healthy.step_s)
    return learnt.healthy.end(round(learnt.window.samples * per_sample) + PARITY_ROWS)
