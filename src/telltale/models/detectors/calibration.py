"""How a limit is set: from a budget of false alarms, and from how little data there often is.

A quantile of the scores in training is no limit: minutes hold too few independent windows for it,
and scores in training are smaller than fresh ones. So a tail is carried on from what was seen to a
whole week, and the sentence in the card says from how much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.card import Threshold
from telltale.models.student import student_of_normal

S_PER_WEEK = 7 * 86_400.0
LEAST_BUDGET, MOST_BUDGET = 1e-4, 1e6  # alarms a week: one in two centuries; more than one a second
LEAST_MULTIPLE = 1.1  # of the largest value seen: the same again is no alarm
LEAST_FREEDOM = 8.0  # below, the expansion of Student's t fails in the tail
MOST_POWER = 200.0  # of e: a limit beyond it is no number of use
TINY = 1e-12  # below it a score is taken for 0


@dataclass(frozen=True, slots=True)
class Budget:
    """How many false alarms may be expected, on looks that are about independent.

    Attributes:
        alarms_per_week: At most so many.
        look_s: One independent look per so many seconds: the length of a window.
    """

    alarms_per_week: float
    look_s: float

    @property
    def looks_per_week(self) -> float:
        """Independent looks in a week."""
        return S_PER_WEEK / self.look_s


def lognormal_limit(
    scores: FloatArray,
    budget: Budget,
    step_s: float,
    where: str,
    *,
    least_multiple: float = LEAST_MULTIPLE,
) -> Threshold:
    """Return the limit that a score with a log-normal tail passes as often as the budget allows.

    Args:
        scores: On normal operation, above 0, shape (n,).
        budget: What is allowed.
        step_s: Between two of them.
        where: On which samples, for the sentence.
        least_multiple: The limit is at least so many times the largest score.

    Raises:
        ModelError: The scores say nothing, or spread too far for any limit.
    """
    middle, spread = _logs(scores)
    chance = min(0.5, budget.alarms_per_week / budget.looks_per_week)
    power = middle + _quantile(chance, _looks(scores, budget, step_s)) * spread
    if power > MOST_POWER:
        raise ModelError(
            f"No limit allows only {budget.alarms_per_week:g} false alarms a week: the scores of "
            "normal operation spread too far. Allow more, or give a longer stretch."
        )
    by_tail, largest = math.exp(power), least_multiple * float(scores.max())
    limit = max(by_tail, largest, TINY)
    rule = (
        "their log-normal tail" if by_tail >= largest else f"{least_multiple:g} times the largest"
    )
    method = _told(rule, len(scores), step_s, budget, where)
    return Threshold(limit, method, alarms_beyond(limit, scores, budget, step_s))


def alarms_beyond(limit: float, scores: FloatArray, budget: Budget, step_s: float) -> float:
    """Return how often a week a score with a log-normal tail passes a limit."""
    middle, spread = _logs(scores)
    beyond, n = (math.log(limit) - middle) / max(spread, TINY), _looks(scores, budget, step_s)
    least, most = -300.0, math.log10(0.5)  # powers of ten of the chance
    for _ in range(60):
        halfway = (least + most) / 2.0
        if _quantile(10.0**halfway, n) > beyond:
            least = halfway
        else:
            most = halfway
    return _rounded(budget.looks_per_week * 10.0**most)


def largest_multiple(n_rows: int, step_s: float, budget: Budget, n_bounds: int) -> Threshold:
    """Return by how much bounds must lie beyond the largest value seen.

    With an exponential tail the largest of n grows as log n; the ratio of the logarithms of the
    looks allowed for and of the looks there were is the multiple.

    Args:
        n_rows: Samples of normal operation.
        step_s: Between two of them.
        budget: What is allowed, for all bounds together.
        n_bounds: How many can be passed.
    """
    looks = max(2.0, n_rows * step_s / budget.look_s)
    allowed = max(2.0, budget.looks_per_week * n_bounds / budget.alarms_per_week)
    multiple = max(LEAST_MULTIPLE, math.log(allowed) / math.log(looks))
    expected = budget.looks_per_week * n_bounds * looks**-multiple
    rule = f"{multiple:.3g} times as far from the middle as the farthest seen (exponential tail)"
    method = _told(rule, n_rows, step_s, budget, "of normal operation")
    return Threshold(multiple, method, _rounded(expected))


def _looks(scores: FloatArray, budget: Budget, step_s: float) -> float:
    """Return how many independent looks the scores are worth."""
    return len(scores) * step_s / budget.look_s


def _logs(scores: FloatArray) -> tuple[float, float]:
    """Return the middle of the scores' logarithms, and their spread above it: that of the tail."""
    logs = np.log(np.maximum(scores, TINY))
    if len(logs) < 2 or not np.isfinite(logs).all():
        raise ModelError(f"{len(logs)} scores of normal operation: no limit can be set from them.")
    middle = float(np.median(logs))
    above = logs[logs >= middle]
    return middle, float(np.sqrt(np.square(above - middle).mean()))


def _quantile(chance: float, n: float) -> float:
    """Return how many spreads above the middle a new sample lies with this chance.

    The fewer independent samples middle and spread were taken from, the farther: Student's t for n
    of them.
    """
    free = max(LEAST_FREEDOM, n - 1.0)
    t = student_of_normal(-NormalDist().inv_cdf(chance), free)
    return t * math.sqrt(1.0 + 1.0 / (free + 1.0))


def _told(rule: str, n: int, step_s: float, budget: Budget, where: str) -> str:
    looks = max(1, round(n * step_s / budget.look_s))
    share = n * step_s / S_PER_WEEK
    trust = (
        "a rough extrapolation, good only while the machine runs as it did then"
        if share < 1.0
        else "good while the machine runs as it did then"
    )
    return (
        f"{rule}: {n} samples {where}, {_duration(n * step_s)} or about {looks} independent "
        f"windows, for at most {_alarms(budget.alarms_per_week)} a week; {trust}."
    )


def _duration(seconds: float) -> str:
    if seconds < 5400.0:
        return f"{seconds / 60.0:.0f} min"
    return f"{seconds / 3600.0:.1f} h"


def _rounded(expected: float) -> float:
    return float(f"{expected:.2g}")


def _alarms(per_week: float) -> str:
    return "1 false alarm" if per_week == 1.0 else f"{per_week:g} false alarms"
