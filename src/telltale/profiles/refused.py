"""Counts and explains what was refused on the way from a feed to a profile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.formats.base import MAX_REASONS, Rejection, shown
from telltale.profiles.plan import Column


class Refused:
    """Counts and explains what one call refused."""

    def __init__(self) -> None:
        self.row_count = 0
        self.value_count = 0
        self._reasons: list[Rejection] = []

    def told(self) -> tuple[Rejection, ...]:
        """Return the reasons by row."""
        if not self._reasons:
            return ()
        ordered = sorted(self._reasons, key=lambda r: -1 if r.row is None else r.row)
        return tuple(ordered[:MAX_REASONS])

    def values(self, fed: FloatArray, values: FloatArray, column: Column) -> FloatArray:
        """Return a copy without the values outside the channel's range, each counted."""
        bad = (values < column.low) | (values > column.high)
        self.value_count += int(np.count_nonzero(bad))
        for row in np.flatnonzero(bad)[:MAX_REASONS]:
            self.value(int(row), column, f"{float(fed[row]):g}", column.expected())
        return np.where(bad, np.nan, values)

    def words(self, rows: IntArray, column: Column, word: str, expected: str) -> None:
        """Count and explain the rows that hold a word which a channel has no number for."""
        self.value_count += len(rows)
        for row in rows[:MAX_REASONS]:
            self.value(int(row), column, word, expected)

    def value(self, row: int, column: Column, value: str, expected: str) -> None:
        """Explain one refused value."""
        message = f"Row {row}: {column.name!r} is {shown(value)}, expected {expected}."
        self._reasons.append(Rejection(row, column.name, shown(value), expected, message))

    def rows(self, rows: Sequence[int], count: int, expected: str, advice: str) -> None:
        """Count and explain refused rows."""
        self.row_count += count
        for row in rows[:MAX_REASONS]:
            message = f"Row {row} was refused, expected {expected}. {advice}"
            self._reasons.append(Rejection(int(row), None, None, expected, message))
