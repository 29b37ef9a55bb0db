"""Weibull distribution of lives, by maximum likelihood; parts that still run count too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from telltale.batch import BoolArray, FloatArray
from telltale.errors import ModelError

SMALLEST_SHAPE, LARGEST_SHAPE = 1e-2, 1e3
STEPS = 200  # of bisection: far below the last bit


@dataclass(frozen=True, slots=True)
class Weibull:
    """Lives with the survival function exp(-(age / scale) ** shape).

    Attributes:
        shape: Above 1 parts wear out, below 1 they fail early, at 1 age does not matter.
        scale: Age by which 63.2 % have failed, in the unit of the ages.
        log_likelihood: Of the lives that it was fitted to.
    """

    shape: float
    scale: float
    log_likelihood: float = math.nan

    def survival(self, age: FloatArray) -> FloatArray:
        """Return the chance to live longer than `age`."""
        alive: FloatArray = np.exp(-((age / self.scale) ** self.shape))
        return alive

    def failure_within(self, age: FloatArray, horizon: float) -> FloatArray:
        """Return the chance that a part of this age fails within the horizon."""
        hazard = ((age + horizon) / self.scale) ** self.shape - (age / self.scale) ** self.shape
        chance: FloatArray = -np.expm1(-hazard)
        return chance

    def remaining(self, age: FloatArray, chance: float) -> FloatArray:
        """Return the remaining life that is not reached with this chance; 0.5 is the median."""
        hazard = (age / self.scale) ** self.shape - math.log1p(-chance)
        left: FloatArray = self.scale * hazard ** (1.0 / self.shape) - age
        return left


def fit_weibull(age: FloatArray, has_failed: BoolArray) -> Weibull:
    """Return the most likely distribution.

    Args:
        age: At failure, or now of those that still run, above 0, shape (n,).
        has_failed: False where the part still runs (censored on the right), shape (n,).

    Raises:
        ModelError: Fewer than two different ages at failure, or an age is not above 0.

    Source:
        Lawless, "Statistical Models and Methods for Lifetime Data", 2003, equation 5.2.6: the
        shape k solves sum(t^k ln t) / sum(t^k) - 1/k = mean of ln t over failures; then
        scale^k = sum(t^k) / failures.
    """
    if not (np.isfinite(age).all() and (age > 0.0).all()):
        raise ModelError("Weibull: each age must be a number above 0. Leave out parts not started.")
    failed = age[has_failed]
    if len(np.unique(failed)) < 2:
        raise ModelError(
            f"Weibull: {len(np.unique(failed))} different ages at failure; two are needed. "
            "With fewer, nothing tells how lives spread."
        )
    log_age = np.log(age / age.max())  # at most 0, so that no power overflows
    mean_log = float(log_age[has_failed].mean())
    low, high = math.log(SMALLEST_SHAPE), math.log(LARGEST_SHAPE)
    for _ in range(STEPS):  # the left side of the equation rises with k
        middle = (low + high) / 2.0
        low, high = (middle, high) if _excess(middle, log_age) < mean_log else (low, middle)
    shape = math.exp((low + high) / 2.0)
    total = float(np.exp(shape * log_age).sum())
    scale = float(age.max()) * (total / len(failed)) ** (1.0 / shape)
    return Weibull(shape, scale, _log_likelihood(age, failed, shape, scale))


def _excess(log_shape: float, log_age: FloatArray) -> float:
    shape = math.exp(log_shape)
    power = np.exp(shape * log_age)
    return float((power * log_age).sum() / power.sum()) - 1.0 / shape


def _log_likelihood(age: FloatArray, failed: FloatArray, shape: float, scale: float) -> float:
    densities = math.log(shape / scale) + (shape - 1.0) * np.log(failed / scale)
    return float(densities.sum() - ((age / scale) ** shape).sum())
