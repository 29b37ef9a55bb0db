"""How the limit of a deep detector is set: on windows later than those that it learnt from.

Three parts follow one another: the oldest trains, a later one gives the limit, the newest tells
what that limit costs in false alarms. No window lies in two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from telltale.batch import BoolArray, FloatArray
from telltale.models.card import Measured, Threshold
from telltale.models.detectors.calibration import (
    S_PER_WEEK,
    Budget,
    alarms_beyond,
    lognormal_limit,
)
from telltale.models.detectors.healthy_windows import Windows

Rule = Literal["budget", "training_quantile_99"]

TRAIN_SHARE, LIMIT_SHARE = 0.6, 0.2  # of the windows; the rest checks
QUANTILE = 0.99  # a rule that is often taken; why it is not the default: `deep.learning`


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Windows, or the errors of each, by what they are for.

    Attributes:
        trained: The oldest.
        later: Those that the limit is set on.
        newest: Those that it is checked on.
    """

    trained: FloatArray
    later: FloatArray
    newest: FloatArray


def parts_of(windows: Windows) -> tuple[Windows, Windows, Windows]:
    """Return those to train, those for the limit and those to check, with gaps between."""
    samples, m = windows.values.shape[1], len(windows)
    apart = min(samples, m // 20)  # in short stretches some overlap is better than nothing
    first, second = round(TRAIN_SHARE * m), round((TRAIN_SHARE + LIMIT_SHARE) * m)
    return (
        windows.between(0, first - apart),
        windows.between(first, second - apart),
        windows.between(second, m),
    )


def limit_of(
    errors: Parts, rule: Rule, *, budget: Budget, step_s: float, factor: float
) -> tuple[Threshold, tuple[Measured, ...]]:
    """Return the limit, and what both rules cost on the stretch that neither has seen.

    Args:
        errors: Of windows in the three parts.
        rule: Which limit is taken.
        budget: Of false alarms.
        step_s: Between two windows.
        factor: The limit by the budget is at least so many times the largest later error.
    """
    where = "later than those learnt from"
    by_budget = lognormal_limit(errors.later, budget, step_s, where, least_multiple=factor)
    by_quantile = _quantile_limit(errors, budget, step_s)
    by_rule: dict[Rule, Threshold] = {"budget": by_budget, "training_quantile_99": by_quantile}
    quality = tuple(
        Measured(
            f"false_alarm_share.{name}",
            float((errors.newest > limit.value).mean()),
            f"Share of {len(errors.newest)} windows of normal operation, later than those that the "
            f"limit {limit.value:.4g} was made from.",
        )
        for name, limit in by_rule.items()
    )
    return _checked(by_rule[rule], errors.newest, step_s), quality


def _quantile_limit(errors: Parts, budget: Budget, step_s: float) -> Threshold:
    limit = float(np.quantile(errors.trained, QUANTILE))
    expected = alarms_beyond(limit, errors.later, budget, step_s)
    return Threshold(limit, "99th percentile of the errors in training.", expected)


def _checked(limit: Threshold, newest: FloatArray, step_s: float) -> Threshold:
    """Return the limit with what came of it on the newest windows: no fewer are expected."""
    alarms, duration_s = _episodes(newest > limit.value), step_s * len(newest)
    method = f"{limit.method} Then {alarms} alarms in {duration_s / 3600.0:.3g} h later still."
    seen = alarms * S_PER_WEEK / duration_s if alarms else 0.0
    return Threshold(limit.value, method, max(limit.alarms_per_week or 0.0, float(f"{seen:.2g}")))


def _episodes(is_above: BoolArray) -> int:
    """Return how many runs of True there are."""
    return int(np.count_nonzero(np.diff(is_above.astype(np.int8), prepend=0) > 0))
