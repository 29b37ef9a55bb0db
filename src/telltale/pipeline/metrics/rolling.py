"""Metrics over the last seconds in real time: mean, deviation, extremes, and exponential mean."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.pipeline.metrics.sliding import Sliding, sliding_moments
from telltale.pipeline.metrics.window import (
    Merge,
    Window,
    folded,
    greatest,
    joined,
    kept,
    least,
    lengths,
)
from telltale.profiles.schema import PositiveFloat


class Smoothed(msgspec.Struct, frozen=True):
    """Where the exponential mean stands. The default means nothing seen yet."""

    time_ns: int = 0
    value: float = math.nan


def rolling_mean(
    time_ns: IntArray, x: FloatArray, state: Sliding, *, window_s: PositiveFloat
) -> tuple[FloatArray, Sliding]:
    """Return the mean of the samples in the last window_s."""
    moments, after = sliding_moments(state, time_ns, (x,), window_s)
    return moments.mean[0], after


def rolling_min(
    time_ns: IntArray, x: FloatArray, state: Window, *, window_s: PositiveFloat
) -> tuple[FloatArray, Window]:
    """Return the least of the samples in the last window_s."""
    return _rolling(time_ns, x, state, window_s, (least, math.inf))


def rolling_max(
    time_ns: IntArray, x: FloatArray, state: Window, *, window_s: PositiveFloat
) -> tuple[FloatArray, Window]:
    """Return the greatest of the samples in the last window_s."""
    return _rolling(time_ns, x, state, window_s, (greatest, -math.inf))


def rolling_std(
    time_ns: IntArray, x: FloatArray, state: Sliding, *, window_s: PositiveFloat
) -> tuple[FloatArray, Sliding]:
    """Return the sample standard deviation (n - 1) in the last window_s; NaN for one sample."""
    moments, after = sliding_moments(state, time_ns, (x,), window_s)
    squares = np.maximum(moments.spread[0], 0.0)
    held = moments.held
    deviation = np.where(held > 1, np.sqrt(squares / np.maximum(held - 1, 1)), np.nan)
    return deviation, after


def ewma(
    time_ns: IntArray, x: FloatArray, state: Smoothed, *, time_constant_s: PositiveFloat
) -> tuple[FloatArray, Smoothed]:
    """Return the exponentially weighted mean of irregular samples; it starts at the first.

    Each sample moves it by the share 1 - exp(-dt / time_constant_s) of what is missing.

    Source:
        Exact response of a first-order low-pass filter to an input held from sample to sample.
    """
    is_first = math.isnan(state.value)
    before_ns = int(time_ns[0]) if is_first else state.time_ns
    shares = [
        -math.expm1(-(late - early) / NS_PER_S / time_constant_s)
        for early, late in pairwise([before_ns, *time_ns.tolist()])
    ]
    # A loop on purpose: every vectorised form of this recurrence gives other bits in another cut.
    start = float(x[0]) if is_first else state.value
    steps = zip(shares, x.tolist(), strict=True)
    smooth = list(accumulate(steps, lambda y, s: y + s[0] * (s[1] - y), initial=start))[1:]
    return np.array(smooth), Smoothed(int(time_ns[-1]), smooth[-1])


def _rolling(
    time_ns: IntArray,
    x: FloatArray,
    state: Window,
    window_s: float,
    fold: tuple[Merge, float],
) -> tuple[FloatArray, Window]:
    """Fold each window by a merge, given what the empty stretch holds."""
    times_ns, values = joined(state, time_ns, x)
    held = lengths(times_ns, len(x), window_s)
    (rolled,) = folded(values, held, *fold)
    return rolled, kept(state, times_ns, values, int(held[-1]))
