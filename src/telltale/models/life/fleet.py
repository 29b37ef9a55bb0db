"""How long machines of one type live, from the ages at which they failed or are now."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from telltale.batch import BoolArray, FloatArray
from telltale.errors import ModelError
from telltale.models.life.weibull import Weibull, fit_weibull

LEAST_FAILURES = 3
DROP = 1.353  # of the log-likelihood at bounds of 90 %: half of chi-squared's quantile, 2.706
WIDEST = 1e4  # a bound that lies farther away says nothing
STEPS = 60


@dataclass(frozen=True, slots=True)
class FleetLife:
    """A Weibull distribution with bounds of 90 % on its two numbers; scale as the ages are."""

    weibull: Weibull
    shape_low: float
    shape_high: float
    scale_low: float
    scale_high: float


def fleet_weibull(age: FloatArray, has_failed: BoolArray) -> FleetLife:
    """Return how long machines live.

    Args:
        age: At failure, or now of those that still run, above 0, shape (n,).
        has_failed: False where it still runs, shape (n,).

    Raises:
        ModelError: There are fewer than `LEAST_FAILURES` failures, or all at one age.

    Source:
        Profile likelihood: Lawless, "Statistical Models and Methods for Lifetime Data", 2003,
        section 5.2. The bounds are where it has fallen by half of chi-squared's 0.9 quantile.
    """
    failures = int(has_failed.sum())
    if failures < LEAST_FAILURES:
        raise ModelError(
            f"{failures} labelled failure{'s' if failures != 1 else ''}; {LEAST_FAILURES} are "
            "needed to tell how long such machines live. Label when they failed."
        )
    found = fit_weibull(age, has_failed)
    least = found.log_likelihood - DROP

    def of_shape(shape: float) -> float:
        scale = float((np.power(age / age.max(), shape).sum() / failures) ** (1.0 / shape))
        return _log_likelihood(age, has_failed, shape, scale * float(age.max()))

    def of_scale(scale: float) -> float:
        return _best(lambda shape: _log_likelihood(age, has_failed, shape, scale), found.shape)

    return FleetLife(
        found,
        shape_low=_edge(of_shape, found.shape, least, downwards=True),
        shape_high=_edge(of_shape, found.shape, least, downwards=False),
        scale_low=_edge(of_scale, found.scale, least, downwards=True),
        scale_high=_edge(of_scale, found.scale, least, downwards=False),
    )


def _edge(
    likelihood: Callable[[float], float], best: float, least: float, *, downwards: bool
) -> float:
    """Return where a likelihood falls below `least`, on one side of its greatest value."""
    near, far = 0.0, math.log(WIDEST)  # as powers of e away from the best
    sign = -1.0 if downwards else 1.0
    for _ in range(STEPS):
        middle = (near + far) / 2.0
        if likelihood(best * math.exp(sign * middle)) > least:
            near = middle
        else:
            far = middle
    return best * math.exp(sign * near)


def _best(likelihood: Callable[[float], float], around: float) -> float:
    """Return the greatest value of a likelihood with one peak, by golden section."""
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    low, high = math.log(around) - math.log(50.0), math.log(around) + math.log(50.0)
    for _ in range(STEPS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if likelihood(math.exp(left)) < likelihood(math.exp(right)):
            low = left
        else:
            high = right
    return likelihood(math.exp((low + high) / 2.0))


def _log_likelihood(age: FloatArray, has_failed: BoolArray, shape: float, scale: float) -> float:
    log_age = np.log(age / scale)
    with np.errstate(over="ignore"):
        hazard = np.exp(np.minimum(shape * log_age, 700.0)).sum()
    failed = log_age[has_failed]
    return float(len(failed) * math.log(shape / scale) + (shape - 1.0) * failed.sum() - hazard)
