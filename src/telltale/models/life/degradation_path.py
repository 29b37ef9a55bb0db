"""Remaining life of a part of which no failure was seen: its wear is drawn out to a limit.

A straight line, or an exponential, is fitted to what was measured. Where the line is not clearly
on its way to the limit there is no answer: no trend, no number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.student import student_of_normal

Kind = Literal["linear", "exponential"]
LEAST_SAMPLES = 8  # below, no spread can be told
LEAST_FREEDOM = 5.0  # of the t distribution: its expansion is good to 0.2 % from here on
MOST_ALIKE = 0.99  # correlation of successive residuals
MOST_BUCKETS = 512
SURE_SIGMAS = 9.0  # beyond, a share is 0 or 1 in float64
STEPS = 60  # of bisection


@dataclass(frozen=True, slots=True)
class Path:
    """A fitted line a + b t, of the value or of its logarithm, with its uncertainty.

    Attributes:
        kind: "exponential" fits the logarithm.
        centre: Mean of the times, about which the line is written.
        level: Of the line there.
        slope: Per unit of time.
        level_error, slope_error: Standard errors, widened for residuals that are alike.
        noise: Standard deviation of the residuals.
        freedom: Degrees of freedom that are left.
        last: The newest time.
    """

    kind: Kind
    centre: float
    level: float
    slope: float
    level_error: float
    slope_error: float
    noise: float
    freedom: float
    last: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """When a path reaches a limit, from its newest time on, in the unit of its times.

    Attributes:
        expected: Of the line itself.
        low, high: Bounds; high is infinite where the slope may as well be almost none.
    """

    expected: float
    low: float
    high: float


def fit_path(time: FloatArray, value: FloatArray, kind: Kind = "linear") -> Path | None:
    """Return the path, or None where fewer than `LEAST_SAMPLES` values are known.

    Args:
        time: Rising, in any unit, shape (n,).
        value: Measured, NaN where missing, shape (n,).
        kind: Of the path.

    Raises:
        ModelError: An exponential of values that are not all above 0.

    Source:
        Ordinary least squares. Residuals that follow one another alike count as fewer: with
        correlation r as n (1 - r) / (1 + r), Bayley and Hammersley, "The effective number of
        independent observations in an autocorrelated time series", JRSS 8 (1946) 184.
    """
    is_known = np.isfinite(value) & np.isfinite(time)
    t, y = _bucketed(time[is_known], value[is_known])
    if len(t) < LEAST_SAMPLES or t[-1] <= t[0]:
        return None
    if kind == "exponential":
        if (y <= 0.0).any():
            raise ModelError("An exponential path needs values above 0. Take a linear one.")
        y = np.log(y)
    centre, level = float(t.mean()), float(y.mean())
    apart = t - centre
    spread = float((apart**2).sum())
    slope = float((apart * (y - level)).sum()) / spread
    residual = y - level - slope * apart
    independent = len(t) * _independence(residual)
    freedom = max(independent - 2.0, 0.0)
    noise = math.sqrt(float((residual**2).sum()) / max(len(t) - 2, 1))
    error = noise / math.sqrt(max(independent, 1.0))
    slope_error = error / math.sqrt(spread / len(t))
    return Path(kind, centre, level, slope, error, slope_error, noise, freedom, float(t[-1]))


def crossing(path: Path | None, limit: float, confidence: float = 0.9) -> Crossing | None:
    """Return when the path reaches the limit, or None: no trend, no number.

    None if there is no path, too few independent values, no slope that is clearly towards the
    limit, or if the line is there already.

    Args:
        path: From `fit_path`.
        limit: In the unit of the value.
        confidence: Of the bounds, and of the slope being one.

    Source:
        Fieller's bounds of a ratio: all times at which the limit lies within the confidence band
        of the line. Fieller, "Some problems in interval estimation", JRSS B 16 (1954) 175.
    """
    if path is None or path.freedom < LEAST_FREEDOM:
        return None
    if path.kind == "exponential" and limit <= 0.0:
        return None
    goal = (math.log(limit) if path.kind == "exponential" else limit) - path.level
    now = path.last - path.centre
    missing = goal - path.slope * now
    if missing * path.slope <= 0.0:
        return None  # moves away from the limit, or is beyond it
    quantile = student_quantile((1.0 + confidence) / 2.0, path.freedom)
    if abs(path.slope) <= quantile * path.slope_error:
        return None
    # (slope x - goal)^2 = q^2 (level_error^2 + slope_error^2 x^2), x counted from the centre
    square = quantile**2
    a = path.slope**2 - square * path.slope_error**2
    b = -path.slope * goal
    c = goal**2 - square * path.level_error**2
    root = math.sqrt(max(b * b - a * c, 0.0))
    low, high = sorted(((-b - root) / a, (-b + root) / a))
    return Crossing(goal / path.slope - now, max(low - now, 0.0), max(high - now, 0.0))


def chance_crossed(path: Path, limit: float, ahead: float) -> float:
    """Return the chance that the line has passed the limit so much later than its newest time.

    NaN where nothing can be told. The line is asked, not a single noisy reading; where it is at
    that time is uncertain as Student's t, of as many values as are independent.
    """
    if path.freedom < LEAST_FREEDOM or (path.kind == "exponential" and limit <= 0.0):
        return math.nan
    goal = math.log(limit) if path.kind == "exponential" else limit
    x = path.last + ahead - path.centre
    error = math.hypot(path.level_error, path.slope_error * x)
    beyond = (path.level + path.slope * x - goal) * math.copysign(1.0, path.slope)
    if error == 0.0:
        return float(beyond >= 0.0)
    return student_share(beyond / error, path.freedom)


def student_quantile(share: float, freedom: float) -> float:
    """Return a quantile of Student's t distribution."""
    return student_of_normal(NormalDist().inv_cdf(share), freedom)


def student_share(quantile: float, freedom: float) -> float:
    """Return which share of Student's t distribution lies below a quantile."""
    low, high = -SURE_SIGMAS, SURE_SIGMAS
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        if student_of_normal(middle, freedom) < quantile:
            low = middle
        else:
            high = middle
    return NormalDist().cdf((low + high) / 2.0)


def _bucketed(time: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return at most `MOST_BUCKETS` samples: means of neighbours, equally many in each."""
    if len(time) <= MOST_BUCKETS:
        return time, value
    edges = np.linspace(0, len(time), MOST_BUCKETS + 1).astype(np.int64)
    count = np.diff(edges)
    return np.add.reduceat(time, edges[:-1]) / count, np.add.reduceat(value, edges[:-1]) / count


def _independence(residual: FloatArray) -> float:
    """Return which share of the residuals counts as independent."""
    square = float((residual**2).sum())
    if square == 0.0:
        return 1.0
    alike = float((residual[1:] * residual[:-1]).sum()) / square
    alike = min(max(alike, 0.0), MOST_ALIKE)
    return (1.0 - alike) / (1.0 + alike)
