"""`Batch`: the one value that flows through telltale. One machine, n samples, whole columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from telltale.errors import BatchError

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

FLOAT64 = np.dtype(np.float64)  # compared with a type, a dtype makes another each time
NS_PER_S = 1_000_000_000
FOREVER_NS = 2**63 - 1  # the end of int64, in the year 2262: later than any sample


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """n samples of one machine.

    Attributes:
        machine: Id of the machine that was measured.
        time_ns: UTC nanoseconds since 1970, shape (n,), int64, never decreasing.
        columns: Name to values, each shape (n,), float64. NaN means missing.
    """

    machine: str
    time_ns: IntArray
    columns: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        """Refuse what would break the promise that every later stage relies on."""
        if self.time_ns.dtype != np.int64 or self.time_ns.ndim != 1:
            raise BatchError(
                f"{self.machine}: time_ns must be one-dimensional int64, "
                f"got {self.time_ns.dtype} of shape {self.time_ns.shape}."
            )
        # Counting costs a fifth of np.any, which matters for the many batches of a few rows.
        if len(self) > 1 and np.count_nonzero(self.time_ns[1:] < self.time_ns[:-1]):
            raise BatchError(f"{self.machine}: time_ns goes back. Sort the samples first.")
        for name, values in self.columns.items():
            if values.dtype != FLOAT64 or values.shape != self.time_ns.shape:
                raise BatchError(
                    f"{self.machine}: column {name!r} must be float64 of shape "
                    f"{self.time_ns.shape}, got {values.dtype} of shape {values.shape}."
                )

    def __len__(self) -> int:
        return len(self.time_ns)

    def rows(self, start: int, stop: int) -> Batch:
        """Return samples start to stop (exclusive) as views on the same memory."""
        return Batch(
            self.machine,
            self.time_ns[start:stop],
            {name: values[start:stop] for name, values in self.columns.items()},
        )

    def where(self, keep: BoolArray) -> Batch:
        """Return the samples for which keep is true, keep shape (n,)."""
        return Batch(
            self.machine,
            self.time_ns[keep],
            {name: values[keep] for name, values in self.columns.items()},
        )

    def select(self, names: Sequence[str]) -> Batch:
        """Return only the named columns; a name that is not there becomes all NaN."""
        missing = np.full(len(self), np.nan)
        return Batch(
            self.machine, self.time_ns, {name: self.columns.get(name, missing) for name in names}
        )

    def adding(self, columns: Mapping[str, FloatArray]) -> Batch:
        """Return the same samples with these columns added or replaced."""
        return Batch(self.machine, self.time_ns, {**self.columns, **columns})

    def renamed(self, machine: str) -> Batch:
        """Return the same samples as another machine's."""
        return Batch(machine, self.time_ns, self.columns)


def sorted_batch(machine: str, time_ns: IntArray, columns: Mapping[str, FloatArray]) -> Batch:
    """Return a batch in time order. Samples of equal time keep the order of arrival."""
    if len(time_ns) > 1 and bool(np.any(time_ns[1:] < time_ns[:-1])):
        order = np.argsort(time_ns, kind="stable")
        return Batch(machine, time_ns[order], {k: v[order] for k, v in columns.items()})
    return Batch(machine, time_ns, columns)


def concat(batches: Sequence[Batch]) -> Batch:
    """Join batches of one machine, in order; a column that one of them lacks is NaN there."""
    if not batches:
        raise BatchError("concat needs at least one batch.")
    if len(batches) == 1:
        return batches[0]
    names = list(dict.fromkeys(name for batch in batches for name in batch.columns))
    parts = [batch.select(names) for batch in batches]
    return sorted_batch(
        batches[0].machine,
        np.concatenate([part.time_ns for part in parts]),
        {name: np.concatenate([part.columns[name] for part in parts]) for name in names},
    )


def newest_values(batch: Batch) -> Iterator[tuple[str, float, int]]:
    """Yield each column's name, last finite value, and time_ns of that; none if it has none."""
    if not len(batch):
        return
    newest_ns = int(batch.time_ns[-1])
    for name, column in batch.columns.items():
        value = column.item(-1)
        if math.isfinite(value):
            yield name, value, newest_ns
            continue
        finite = np.flatnonzero(np.isfinite(column))
        if len(finite):
            yield name, column.item(finite[-1]), int(batch.time_ns[finite[-1]])


def age_s(time_ns: int, now_ns: int) -> float:
    """Return how old a sample is in seconds, to the millisecond; never negative, clocks differ."""
    return max(0.0, round((now_ns - time_ns) / NS_PER_S, 3))
