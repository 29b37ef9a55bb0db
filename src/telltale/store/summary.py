"""Decimation: minimum and maximum of every bucket, from rows, from SQL or from roll-ups alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Buckets:
    """How a range is cut: bucket i holds origin_ns + i * width_ns up to the next."""

    origin_ns: int
    width_ns: int

    def of(self, time_ns: IntArray) -> IntArray:
        """Return the bucket of each time."""
        bucket: IntArray = (time_ns - self.origin_ns) // self.width_ns
        return bucket


@dataclass(frozen=True, slots=True)
class Extremes:
    """One column over buckets: least, greatest, first and last value; NaN where there is none."""

    low: FloatArray
    high: FloatArray
    first: FloatArray
    last: FloatArray


@dataclass(frozen=True, slots=True)
class Summary:
    """Samples by bucket, buckets never decreasing; a bucket may appear more than once."""

    bucket: IntArray
    first_ns: IntArray
    last_ns: IntArray
    columns: Mapping[str, Extremes]


def summarised(buckets: Buckets, time_ns: IntArray, columns: Mapping[str, FloatArray]) -> Summary:
    """Return samples in time order as one entry per bucket that has any."""
    return joined(
        [
            Summary(
                buckets.of(time_ns),
                time_ns,
                time_ns,
                {name: Extremes(v, v, v, v) for name, v in columns.items()},
            )
        ]
    )


def joined(parts: Sequence[Summary]) -> Summary:
    """Return one entry per bucket from parts that name the same columns, in any order."""
    order = np.lexsort(
        (np.concatenate([p.first_ns for p in parts]), np.concatenate([p.bucket for p in parts]))
    )
    bucket = np.concatenate([p.bucket for p in parts])[order]
    if not len(bucket):
        return parts[0]
    starts = np.concatenate(([0], (bucket[1:] != bucket[:-1]).nonzero()[0] + 1))
    columns = {
        name: _joined_column([p.columns[name] for p in parts], order, starts)
        for name in parts[0].columns
    }
    return Summary(
        bucket[starts],
        np.minimum.reduceat(np.concatenate([p.first_ns for p in parts])[order], starts),
        np.maximum.reduceat(np.concatenate([p.last_ns for p in parts])[order], starts),
        columns,
    )


def two_per_bucket(summary: Summary) -> tuple[IntArray, dict[str, FloatArray]]:
    """Return each bucket as two samples, at its first and its last time.

    They are its minimum and its maximum; the maximum comes second where the bucket ends higher
    than it begins. A bucket of one sample stays one.
    """
    is_pair = summary.last_ns > summary.first_ns
    at = np.repeat(np.arange(len(is_pair)), np.where(is_pair, 2, 1))
    is_second = np.concatenate(([False], at[1:] == at[:-1])) if len(at) else at.astype(bool)
    time_ns: IntArray = np.where(is_second, summary.last_ns[at], summary.first_ns[at])
    columns: dict[str, FloatArray] = {}
    for name, column in summary.columns.items():
        falls = column.last < column.first
        columns[name] = np.where(is_second ^ falls[at], column.high[at], column.low[at])
    return time_ns, columns


def _joined_column(parts: Sequence[Extremes], order: IntArray, starts: IntArray) -> Extremes:
    stops = np.concatenate((starts[1:], [len(order)]))
    return Extremes(
        np.fmin.reduceat(np.concatenate([p.low for p in parts])[order], starts),
        np.fmax.reduceat(np.concatenate([p.high for p in parts])[order], starts),
        np.concatenate([p.first for p in parts])[order][starts],
        np.concatenate([p.last for p in parts])[order][stops - 1],
    )
