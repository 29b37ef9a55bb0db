"""Metrics of noise and of small shifts: the way a value goes, its jumps, its cumulative sum."""

from __future__ import annotations

import msgspec
import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.pipeline.metrics.window import (
    Count,
    Merge,
    Window,
    folded,
    greatest,
    joined,
    kept,
    lengths,
)
from telltale.profiles.schema import NonNegativeFloat, PositiveFloat


class Sums(msgspec.Struct, frozen=True):
    """Cumulative sums of both sides, in spreads. The default means nothing seen yet."""

    above: float = 0.0
    below: float = 0.0


def path_length(
    time_ns: IntArray,
    x: FloatArray,
    state: Window,
    *,
    window_s: PositiveFloat,
    excess: bool = False,
) -> tuple[FloatArray, Window]:
    """Return the sum of all steps' sizes in the last window_s; 0 for one sample.

    With excess, less the size of the change from the oldest to the newest: 0 while x only rises or
    only falls, so what remains is noise, and not the course.
    """
    times_ns, values, held = _windows(time_ns, x, state, window_s)
    path = _folded_steps(values, held, _added)
    if excess:
        newest = np.arange(len(values) - len(held), len(values))
        path = np.maximum(path - np.abs(values[newest] - values[newest - held + 1]), 0.0)
    return path, kept(state, times_ns, values[None], int(held[-1]))


def largest_jump(
    time_ns: IntArray, x: FloatArray, state: Window, *, window_s: PositiveFloat
) -> tuple[FloatArray, Window]:
    """Return the size of the greatest step in the last window_s; 0 for one sample."""
    times_ns, values, held = _windows(time_ns, x, state, window_s)
    return _folded_steps(values, held, greatest), kept(state, times_ns, values[None], int(held[-1]))


def cusum(
    time_ns: IntArray,
    x: FloatArray,
    state: Sums,
    *,
    target: float,
    spread: PositiveFloat = 1.0,
    slack: NonNegativeFloat = 0.5,
) -> tuple[FloatArray, Sums]:
    """Return the greater of the two cumulative sums of how far x lies from the target.

    Each sample adds its distance above (below) the target in spreads, less the slack; neither sum
    falls under 0. A shift of twice the slack that stays is found soonest.

    Source:
        Page, "Continuous inspection schemes", Biometrika 41 (1954) 100.
    """
    above, below = state.above, state.below
    sums = []
    # A loop on purpose: a sum that stops at 0 has no vectorised form with the same bits.
    for apart in ((x - target) / spread).tolist():
        above = max(0.0, above + apart - slack)
        below = max(0.0, below - apart - slack)
        sums.append(max(above, below))
    return np.array(sums), Sums(above, below)


def _windows(
    time_ns: IntArray, x: FloatArray, state: Window, window_s: float
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return times and values with the kept ones before, and how many each window holds."""
    times_ns, values = joined(state, time_ns, x)
    return times_ns, values[0], lengths(times_ns, len(x), window_s)


def _folded_steps(values: FloatArray, held: IntArray, merge: Merge) -> FloatArray:
    """Fold the sizes of the steps within each window: one less than its samples."""
    if int(held.max()) == 1:
        return np.zeros(len(held))
    steps = np.abs(np.diff(values, prepend=values[:1]))
    return folded(steps, held - 1, merge)


def _added(a: FloatArray, _n_a: Count, b: FloatArray, _n_b: Count) -> FloatArray:
    """Merge sums; the empty stretch holds 0."""
    total: FloatArray = a + b
    return total
