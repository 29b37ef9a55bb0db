"""Clocks without a date: seconds from the start of a recording, and times of day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.formats.chunks import Chunk
from telltale.formats.columns import Role
from telltale.formats.durations import times_of_day_to_ns
from telltale.formats.layout import Clock, Layout
from telltale.formats.text_numbers import number_column
from telltale.formats.unix_times import NOT_A_TIME

DAY_NS = 86_400 * NS_PER_S
RESTART_FALL_NS = 10 * NS_PER_S  # loggers' own steps back, and late rows, are smaller
RESTART_NEAR_NS = 5 * NS_PER_S  # a clock that restarts begins about where it began at first
RESTART_GAP_NS = NS_PER_S  # how long the logger was off is not known
_MAX_OFFSET_US = 1e15  # 32 years


class UndatedClock(Protocol):
    """Reads one column, stretch after stretch; the answer does not depend on the cuts.

    Attributes:
        newest_ns: The largest offset so far; None before the first.
        restarts: How often the clock began anew.
    """

    newest_ns: int | None
    restarts: int

    def offsets_ns(self, values: Sequence[str] | FloatArray) -> IntArray:
        """Return how long after the start each row is; `NOT_A_TIME` where that cannot be read."""


class RelativeClock:
    """Counts from the start of the recording. After a restart it goes on where it was.

    Args:
        scale_s: Seconds per unit.
        decimal: Decimal sign.
        may_restart: False where the rows of several machines, each with a clock, are mixed.
    """

    def __init__(self, scale_s: float, decimal: str = ".", *, may_restart: bool = True) -> None:
        self.newest_ns: int | None = None
        self.restarts = 0
        self._scale_us = scale_s * 1e6
        self._decimal = decimal
        self._may_restart = may_restart
        self._first_ns: int | None = None
        self._before_ns = 0
        self._shift_ns = 0

    def offsets_ns(self, values: Sequence[str] | FloatArray) -> IntArray:
        """Return offsets, whole microseconds."""
        raw_ns = self._raw_ns(values)
        good = np.flatnonzero(raw_ns != NOT_A_TIME)
        if len(good):
            raw_ns[good] = self._continued(raw_ns[good])
        return raw_ns

    def _raw_ns(self, values: Sequence[str] | FloatArray) -> IntArray:
        offset_us = self._scale_us * (
            values if isinstance(values, np.ndarray) else number_column(values, self._decimal)
        )
        good = np.isfinite(offset_us) & (np.abs(offset_us) < _MAX_OFFSET_US)
        rounded = np.rint(np.where(good, offset_us, 0.0)).astype(np.int64) * 1000
        return np.where(good, rounded, NOT_A_TIME)

    def _continued(self, raw_ns: IntArray) -> IntArray:
        """Shift what comes after a restart behind what came before it; raw_ns not empty."""
        if self._first_ns is None:
            self._first_ns = self._before_ns = int(raw_ns[0])
        step_ns = np.diff(raw_ns, prepend=self._before_ns)
        is_restart = (step_ns < -RESTART_FALL_NS) & (raw_ns < self._first_ns + RESTART_NEAR_NS)
        shift_ns = np.full(len(raw_ns), self._shift_ns)
        begin = 0
        for place in np.flatnonzero(is_restart & self._may_restart).tolist():
            newest_ns = self._newest(raw_ns[begin:place] + self._shift_ns)
            self._shift_ns = newest_ns + RESTART_GAP_NS - int(raw_ns[place])
            shift_ns[place:] = self._shift_ns
            self.restarts += 1
            begin = place
        self._before_ns = int(raw_ns[-1])
        self._newest(raw_ns[begin:] + self._shift_ns)
        shifted: IntArray = raw_ns + shift_ns
        return shifted

    def _newest(self, offsets_ns: IntArray) -> int:
        known = [] if self.newest_ns is None else [self.newest_ns]
        self.newest_ns = max([*known, *([int(offsets_ns.max())] if len(offsets_ns) else [])])
        return self.newest_ns


class DayClock:
    """Times of day. A fall of more than half a day is midnight, a rise of that much undoes it."""

    def __init__(self) -> None:
        self.newest_ns: int | None = None
        self.restarts = 0
        self._days_ns = 0
        self._before_ns: int | None = None

    def offsets_ns(self, values: Sequence[str] | FloatArray) -> IntArray:
        """Return offsets from the first day's midnight."""
        offsets_ns = times_of_day_to_ns([str(value) for value in values])
        good = np.flatnonzero(offsets_ns != NOT_A_TIME)
        if not len(good):
            return offsets_ns
        of_day_ns = offsets_ns[good]
        before_ns = of_day_ns[0] if self._before_ns is None else self._before_ns
        step_ns = np.diff(of_day_ns, prepend=before_ns)
        days = np.cumsum((step_ns < -DAY_NS // 2).astype(np.int64) - (step_ns > DAY_NS // 2))
        offsets_ns[good] = self._days_ns + days * DAY_NS + of_day_ns
        self._days_ns += int(days[-1]) * DAY_NS
        self._before_ns = int(of_day_ns[-1])
        newest_ns = int(offsets_ns[good].max())
        self.newest_ns = newest_ns if self.newest_ns is None else max(self.newest_ns, newest_ns)
        return offsets_ns


def undated_clock(layout: Layout, decimal: str) -> UndatedClock | None:
    """Return the clock that reads this table's time column; None if the column holds dates."""
    if layout.clock is Clock.RELATIVE:
        may_restart = not layout.named(Role.MACHINE)
        return RelativeClock(layout.scale_s, decimal, may_restart=may_restart)
    return DayClock() if layout.clock is Clock.TIME_OF_DAY else None


def length_ns(chunks: Iterable[Chunk], layout: Layout, decimal: str) -> int | None:
    """Return how far a table's undated clock comes in all of it; None if it has none.

    It is read to the end: a clock that restarts, or rows out of order, could not be told from
    the last rows alone. That takes a tenth of the time of an import.
    """
    clock = undated_clock(layout, decimal)
    if clock is None or layout.time_column is None:
        return None
    for chunk in chunks:
        clock.offsets_ns(chunk.columns[layout.time_column])
    return clock.newest_ns
