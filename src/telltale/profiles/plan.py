"""What to do with one set of a feed's names: worked out once, applied to every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.units import unit_id

ROUNDING = 1e-9  # 392 degF are 200.00000000000003 degC: still inside a range that ends at 200


@dataclass(frozen=True, slots=True)
class Column:
    """One feed column: where it goes, how it converts, what its channel takes."""

    name: str
    channel: str
    scale: float
    offset: float
    low: float
    high: float
    unit: str

    @property
    def is_own_unit(self) -> bool:
        """True if the feed writes the channel's own unit."""
        return self.scale == 1.0 and self.offset == 0.0

    def converted(self, values: FloatArray) -> FloatArray:
        """Return the values in the channel's unit; the same array if there is nothing to do."""
        if self.is_own_unit:
            return values
        with np.errstate(over="ignore"):  # becomes infinite, and infinite is refused
            return values * self.scale + self.offset

    def expected(self) -> str:
        """Return what would be right, in the feed's own unit."""
        ends = sorted((end - self.offset) / self.scale for end in (self.low, self.high))
        unit = "" if self.unit in {"1", "count"} else f" in {self.unit}"
        return f"a number{unit} from {ends[0]:g} to {ends[1]:g}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with one set of names; the arrays hold a row per column, shape (k, 1).

    Attributes:
        columns: Those that the profile knows.
        unknown: The others, with a sentence each.
        scale, offset, low, high: Of the columns, for all of them at once.
        has_rivals: Whether two columns go to one channel.
    """

    columns: tuple[Column, ...]
    unknown: dict[str, str]
    scale: FloatArray
    offset: FloatArray
    low: FloatArray
    high: FloatArray
    has_rivals: bool

    def clean(self, batch: Batch) -> dict[str, FloatArray] | None:
        """Return all columns converted, in one pass; None if any value must be refused."""
        if self.has_rivals or not self.columns or not len(batch):
            return None
        fed = [batch.columns[column.name] for column in self.columns]
        with np.errstate(over="ignore"):  # becomes infinite, and infinite is refused
            matrix = np.array(fed) * self.scale + self.offset
        lowest, highest = np.fmin.reduce(matrix, axis=1), np.fmax.reduce(matrix, axis=1)
        if bool((lowest < self.low[:, 0]).any()) or bool((highest > self.high[:, 0]).any()):
            return None
        return {
            column.channel: values if column.is_own_unit else row
            for column, values, row in zip(self.columns, fed, matrix, strict=True)
        }


def column_of(
    name: str,
    channel: str,
    conversion: tuple[float, float],
    bounds: tuple[float, float],
    unit: str,
) -> Column:
    """Return how one feed column becomes a channel; `unit` is the feed's."""
    slack = 0.0 if conversion == (1.0, 0.0) else ROUNDING * max(abs(bounds[0]), abs(bounds[1]))
    low, high = bounds[0] - slack, bounds[1] + slack
    return Column(name, channel, *conversion, low, high, unit_id(unit) or unit)


def plan_of(columns: Sequence[Column], unknown: dict[str, str]) -> Plan:
    """Return the plan for these columns."""

    def each(values: list[float]) -> FloatArray:
        return np.array(values, dtype=np.float64).reshape(-1, 1)

    return Plan(
        tuple(columns),
        unknown,
        each([column.scale for column in columns]),
        each([column.offset for column in columns]),
        each([column.low for column in columns]),
        each([column.high for column in columns]),
        len({column.channel for column in columns}) < len(columns),
    )
