"""Forward fill with a limit: the last measured value stands in for a missing one, for a while."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from telltale.batch import NS_PER_S, BoolArray, FloatArray, IntArray
from telltale.pipeline.masks import anywhere, everywhere
from telltale.profiles.schema import Profile

MAX_PARTS = 64  # a feed sends the same few sets of channels for ever; beyond that, start over
LONGEST_REACH_NS = 2**62  # 146 years: keeps a huge fill_s inside int64

LastMeasured: TypeAlias = Mapping[str, tuple[int, float]]  # time and value by column


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of some columns.

    Attributes:
        columns: Those of which a sample was filled, filled.
        filled: Where they were filled.
        last: Time and value of each column's last measured sample.
    """

    columns: Mapping[str, FloatArray]
    filled: Mapping[str, BoolArray]
    last: dict[str, tuple[int, float]]


class ForwardFill:
    """Fills some columns, each as far as its reach."""

    def __init__(self, names: Sequence[str], reaches_s: Sequence[float]) -> None:
        self.names = tuple(names)
        self._reaches_s = tuple(reaches_s)
        self._parts: dict[tuple[int, ...], ForwardFill] = {}
        reaches_ns = [round(min(s * NS_PER_S, LONGEST_REACH_NS)) for s in reaches_s]
        self._reach_ns = np.array(reaches_ns, dtype=np.int64)[:, None]

    def run_columns(
        self, time_ns: IntArray, columns: Mapping[str, FloatArray], last: LastMeasured
    ) -> Filled:
        """Fill those columns that are there or have been; `time_ns` shape (n,), n at least 1."""
        rows = [i for i, name in enumerate(self.names) if name in columns or name in last]
        if not rows:
            return Filled({}, {}, {})
        missing = np.full(len(time_ns), np.nan)
        values = np.array([columns.get(self.names[i], missing) for i in rows])
        if len(rows) == len(self.names):
            return self.run(time_ns, values, last)
        return self._part(tuple(rows)).run(time_ns, values, last)

    def _part(self, rows: tuple[int, ...]) -> ForwardFill:
        part = self._parts.get(rows)
        if part is None:
            if len(self._parts) >= MAX_PARTS:
                self._parts.clear()
            part = self._parts[rows] = ForwardFill(
                [self.names[i] for i in rows], [self._reaches_s[i] for i in rows]
            )
        return part

    def run(self, time_ns: IntArray, values: FloatArray, last: LastMeasured) -> Filled:
        """Fill columns, values shape (columns, n), n at least 1; never seen ones stay NaN."""
        measured = np.isfinite(values)
        if everywhere(measured):
            end_ns, ends = int(time_ns[-1]), values[:, -1].tolist()
            return Filled({}, {}, {k: (end_ns, x) for k, x in zip(self.names, ends, strict=True)})
        if not anywhere(measured) and not any(name in last for name in self.names):
            return Filled({}, {}, {})
        before = [last.get(name, (0, math.nan)) for name in self.names]
        before_ns = np.array([ns for ns, _ in before], dtype=np.int64)[:, None]
        before_value = np.array([value for _, value in before])[:, None]
        source = np.maximum.accumulate(np.where(measured, np.arange(len(time_ns)), -1), axis=1)
        is_here = source >= 0
        last_value = np.where(is_here, np.take_along_axis(values, source, axis=1), before_value)
        last_ns = np.where(is_here, time_ns[source], before_ns)
        fill = ~measured & (time_ns - last_ns <= self._reach_ns) & np.isfinite(last_value)
        columns = np.where(fill, last_value, values)
        rows = [(self.names[row], row) for row in np.flatnonzero(fill.any(axis=1)).tolist()]
        ends = zip(self.names, last_ns[:, -1].tolist(), last_value[:, -1].tolist(), strict=True)
        return Filled(
            {name: columns[row] for name, row in rows},
            {name: fill[row] for name, row in rows},
            {name: (ns, value) for name, ns, value in ends if math.isfinite(value)},
        )


def combined(profile: Profile) -> set[str]:
    """Return the channels and metrics that are used together with others on one row."""
    signals = [profile.signal(name) for name in profile.names]
    conditions = {s.limits.when[0] for s in signals if s.limits and s.limits.when}
    inputs = {x for m in profile.metrics.values() if len(m.inputs) > 1 for x in m.inputs}
    return conditions | inputs
