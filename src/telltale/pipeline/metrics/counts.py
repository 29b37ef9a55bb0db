"""Metrics that count: changes, the time without one, episodes beyond a level, the time there."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.pipeline.metrics.totals import MAX_GAP_S
from telltale.pipeline.schmitt import latched
from telltale.profiles.schema import NonNegativeFloat, PositiveFloat


class Changes(msgspec.Struct, frozen=True):
    """The last value and the changes so far. The default means nothing seen yet."""

    value: float = math.nan
    count: int = 0


class Unchanged(msgspec.Struct, frozen=True):
    """The last sample, and since when its value has been. The default means nothing seen yet.

    Attributes:
        time_ns: Of the last sample.
        values: The input and the others.
        unchanged_ns: How long the input has been the same, as far as it counts.
    """

    time_ns: int = 0
    values: tuple[float, ...] = ()
    unchanged_ns: int = 0


class Episodes(msgspec.Struct, frozen=True):
    """The episode under way and those so far. The default means nothing seen yet.

    Attributes:
        is_beyond: Whether the last sample belongs to an episode.
        start_ns: When that began.
        is_counted: Whether it is in the count already.
        count: Episodes so far.
    """

    is_beyond: bool = False
    start_ns: int = 0
    is_counted: bool = False
    count: int = 0


class TimeBeyond(msgspec.Struct, frozen=True):
    """The time above so far, whole nanoseconds. The default means nothing seen yet."""

    time_ns: int = 0
    is_above: bool = False
    total_ns: int = 0


def count_changes(time_ns: IntArray, x: FloatArray, state: Changes) -> tuple[FloatArray, Changes]:
    """Return how often x has changed since the first sample, e.g. shifts of a gear."""
    before = np.concatenate(([state.value], x[:-1]))
    is_change = (x != before) & ~np.isnan(before)
    counts = state.count + np.add.accumulate(is_change, dtype=np.int64)
    return counts.astype(np.float64), Changes(float(x[-1]), int(counts[-1]))


def time_unchanged(
    time_ns: IntArray,
    *inputs: FloatArray,
    state: Unchanged,
    max_gap_s: PositiveFloat = MAX_GAP_S,
) -> tuple[FloatArray, Unchanged]:
    """Return for how many seconds the first input has been the same while another one moved.

    A step counts if any of the other inputs changes in it; without others each does. A change, and
    a step longer than max_gap_s, begins anew at 0.
    """
    before = state.values or tuple(float(x[0]) for x in inputs)
    x = np.concatenate((np.array(before)[:, None], np.array(inputs)), axis=1)
    moves = x[:, 1:] != x[:, :-1]
    steps_ns = np.diff(time_ns, prepend=state.time_ns if state.values else time_ns[0])
    begins = moves[0] | (steps_ns > round(max_gap_s * NS_PER_S))
    counts = ~begins if len(moves) == 1 else ~begins & moves[1:].any(axis=0)
    totals_ns = state.unchanged_ns + np.add.accumulate(steps_ns * counts)
    # Sums never fall, so the newest beginning has the greatest of those before it.
    since_ns = totals_ns - np.maximum.accumulate(totals_ns * begins)
    return since_ns / NS_PER_S, Unchanged(
        int(time_ns[-1]), tuple(x[:, -1].tolist()), int(since_ns[-1])
    )


def episodes_above(
    time_ns: IntArray,
    x: FloatArray,
    state: Episodes,
    *,
    level: float,
    hysteresis: NonNegativeFloat = 0.0,
    min_s: NonNegativeFloat = 0.0,
) -> tuple[FloatArray, Episodes]:
    """Return the episodes above the level so far; one counts as soon as it has lasted min_s.

    An episode begins above the level and ends at or below level - hysteresis.
    """
    is_beyond = latched(x > level, x <= level - hysteresis, state.is_beyond)
    was_beyond = np.concatenate(([state.is_beyond], is_beyond[:-1]))
    # Times never go back, so the newest start so far is the greatest one.
    starts_ns = np.where(is_beyond & ~was_beyond, time_ns, state.start_ns)
    starts_ns = np.maximum.accumulate(starts_ns)
    counts_now = is_beyond & (time_ns - starts_ns >= round(min_s * NS_PER_S))
    counted_before = np.concatenate(([state.is_counted], counts_now[:-1])) & was_beyond
    counts = state.count + np.add.accumulate(counts_now & ~counted_before, dtype=np.int64)
    return counts.astype(np.float64), Episodes(
        bool(is_beyond[-1]), int(starts_ns[-1]), bool(counts_now[-1]), int(counts[-1])
    )


def episodes_below(
    time_ns: IntArray,
    x: FloatArray,
    state: Episodes,
    *,
    level: float,
    hysteresis: NonNegativeFloat = 0.0,
    min_s: NonNegativeFloat = 0.0,
) -> tuple[FloatArray, Episodes]:
    """Return the episodes below the level so far: see `episodes_above`, turned over."""
    return episodes_above(time_ns, -x, state, level=-level, hysteresis=hysteresis, min_s=min_s)


def time_above(
    time_ns: IntArray,
    x: FloatArray,
    state: TimeBeyond,
    *,
    level: float,
    max_gap_s: PositiveFloat = MAX_GAP_S,
) -> tuple[FloatArray, TimeBeyond]:
    """Return the seconds spent above the level since the first sample.

    A sample above the level counts until the next one, but not across more than max_gap_s.
    """
    is_above = x > level
    was_above = np.concatenate(([state.is_above], is_above[:-1]))
    steps_ns = time_ns - np.concatenate(([state.time_ns], time_ns[:-1]))
    counts = was_above & (steps_ns <= round(max_gap_s * NS_PER_S))
    totals_ns = state.total_ns + np.add.accumulate(np.where(counts, steps_ns, 0))
    return totals_ns / NS_PER_S, TimeBeyond(
        int(time_ns[-1]), bool(is_above[-1]), int(totals_ns[-1])
    )
