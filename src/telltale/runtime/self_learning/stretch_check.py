"""What speaks for waiting before learning anew from a stretch that nobody has called normal.

Two things do. A channel that went one way all the time has no normal level yet, and may be a fault
that grows. And if the version that runs is beyond its limit at the end of the stretch, either that
version knows too little or something is wrong; only a person can say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from telltale.batch import Batch, concat
from telltale.models.base import Model
from telltale.models.detector_card import WARN
from telltale.models.detectors.one_way import one_way
from telltale.models.training_set import TrainingSet
from telltale.units import symbol

PARTS = 3  # a stretch that is not taken loses the first; the version that runs judges the last
MOST_BEYOND = 0.2  # of the last part; 0.07 on cars that are well, 0.99 with a fault that stays


@dataclass(frozen=True, slots=True)
class StretchCheck:
    """What was found in a stretch.

    Attributes:
        went: Which channels went one way, and how far, in a few words; "" if none did.
        second_ns: When the second third of the readings began.
        beyond: How much of the last third is beyond the limit of the version that runs, 0 to 1.
    """

    went: str
    second_ns: int
    beyond: float = 0.0

    @property
    def is_disputed(self) -> bool:
        """True if the version that runs calls the end of the stretch abnormal."""
        return self.beyond > MOST_BEYOND

    def problem(self, is_learnt: bool) -> str:
        """Return what a person should know; "" if nothing.

        Args:
            is_learnt: There is a version that runs.
        """
        if self.went and is_learnt:
            return f"{self.went}: not taken as normal. It goes on with what comes."
        if self.went:
            return f"{self.went} while it was learnt, so that may not be normal."
        if self.is_disputed:
            return (
                f"The version that runs was beyond its limit in {self.beyond:.0%} of the newest "
                "readings, so what was learnt from them runs beside it. Promote that if all was "
                "well; look at the machine if not."
            )
        return ""

    def told(self, version: int | None) -> str:
        """Return the same for the card of what is learnt; "" if there is nothing to tell.

        Args:
            version: That runs; None without one.
        """
        if version is not None:
            return f"Version {version} was beyond its limit in {self.beyond:.1%} of its last third."
        return f"{self.went}, which may not be normal." if self.went else ""


def check_stretch(training_set: TrainingSet, runs: Model | None) -> StretchCheck:
    """Return what is to be known before learning from readings.

    Args:
        training_set: The readings, in normal runs.
        runs: The version that runs, with a score; None without one.
    """
    batch = concat(training_set.normal())
    changes = one_way(batch, training_set.inputs)
    last = batch.rows(len(batch) - len(batch) // PARTS, len(batch))
    return StretchCheck(
        _told(training_set, changes),
        int(batch.time_ns[len(batch) // PARTS]),
        0.0 if runs is None else _beyond(runs, last),
    )


def _beyond(model: Model, batch: Batch) -> float:
    """Return how much of what a model answers is beyond its limit."""
    prediction, _ = model.run(batch, model.start())
    score = prediction.columns[next(iter(model.card.outputs))]
    answered = score[np.isfinite(score)]
    return float((answered > WARN).mean()) if len(answered) else 0.0


def _told(training_set: TrainingSet, changes: Mapping[str, float]) -> str:
    """Return which channels went where, e.g. "Oil pressure fell by 0.3 bar all the time"."""
    moves = [
        f"{training_set.title(name)} {'rose' if change > 0.0 else 'fell'} by "
        f"{_digits(abs(change))} {symbol(training_set.inputs[name].unit)}"
        for name, change in changes.items()
    ]
    return f"{', '.join(moves)} all the time" if moves else ""


def _digits(value: float) -> str:
    """Return a number with three digits that count, never as a power of ten."""
    return np.format_float_positional(value, 3, unique=False, fractional=False, trim="-")
