"""Metrics of change: from sample to sample, per second, and of one value against another."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.pipeline.metrics.sliding import Sliding, sliding_moments
from telltale.pipeline.metrics.window import (
    Window,
    divided,
    joined,
    kept,
    lengths,
)
from telltale.profiles.schema import NonNegativeFloat


class LastValue(msgspec.Struct, frozen=True):
    """The sample before. The default means nothing seen yet."""

    value: float = math.nan


def difference(time_ns: IntArray, x: FloatArray, state: LastValue) -> tuple[FloatArray, LastValue]:
    """Return x minus the x measured before it. The first sample has none: NaN."""
    before = np.concatenate(([state.value], x[:-1]))
    return x - before, LastValue(float(x[-1]))


def rate(
    time_ns: IntArray, x: FloatArray, state: Sliding, *, window_s: NonNegativeFloat = 0.0
) -> tuple[FloatArray, Sliding]:
    """Return the slope of x in real time, per second.

    The slope of the least-squares line through the samples of the last window_s, which averages
    sensor noise and quantisation; with window_s = 0 from sample to sample. NaN while all samples
    of the window have one time.

    Source:
        Ordinary least squares: sum((t - mean t)(x - mean x)) / sum((t - mean t)^2).
    """
    if window_s == 0.0:
        return _rate_of_step(time_ns, x, state)
    # Counted from where the stream began, float64 holds single nanoseconds for 104 days, and
    # 4 ns after a year; counted from 1970 it holds only 256 ns.
    origin_ns = int(time_ns[0]) if state.origin_ns is None else state.origin_ns
    t_ns = (time_ns - origin_ns).astype(np.float64)
    moments, after = sliding_moments(state, time_ns, (t_ns, x), window_s)
    spread, together = moments.spread
    return divided(together, spread, spread > 0.0) * NS_PER_S, after


def _rate_of_step(time_ns: IntArray, x: FloatArray, state: Sliding) -> tuple[FloatArray, Sliding]:
    """Return the slope from sample to sample."""
    samples, start = state.joined(time_ns, (x,))
    used = samples.used
    times_ns, values = samples.time_ns[start:used], samples.columns[0, start:used]
    if state.samples is None:  # the stream's first sample has none before it
        times_ns, values = np.append(times_ns[:1], times_ns), np.append(values[:1], values)
    elapsed_s = np.diff(times_ns) / NS_PER_S
    origin_ns = int(times_ns[0]) if state.origin_ns is None else state.origin_ns
    after = Sliding(origin_ns, samples, (used - 1, used))
    return divided(np.diff(values), elapsed_s, elapsed_s > 0.0), after


def ratio_of_changes(
    time_ns: IntArray,
    y: FloatArray,
    x: FloatArray,
    state: Window,
    *,
    min_change: NonNegativeFloat = 0.0,
    window_s: NonNegativeFloat = 0.0,
) -> tuple[FloatArray, Window]:
    """Return the change of y per change of x, from the oldest sample of the window to this one.

    With window_s = 0 from sample to sample. NaN where x changed by less than min_change or not at
    all: a ratio of two small changes is noise.
    """
    times_ns, values = joined(state, time_ns, y, x)
    held = lengths(times_ns, len(x), window_s)
    _, (y_change, x_change) = _from_oldest(times_ns, values, held)
    size = np.abs(x_change)
    ratios = divided(y_change, x_change, (size >= min_change) & (size > 0.0))
    return ratios, kept(state, times_ns, values, int(held[-1]) if window_s else 1)


def _from_oldest(
    time_ns: IntArray, values: FloatArray, held: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return time in seconds and change, from the oldest sample of each window to its newest."""
    newest = np.arange(len(time_ns) - len(held), len(time_ns))
    oldest = newest - held + 1
    return (time_ns[newest] - time_ns[oldest]) / NS_PER_S, values[:, newest] - values[:, oldest]
