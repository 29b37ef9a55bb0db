"""A bounded record of what a decoder had to refuse, and why."""

from __future__ import annotations

from typing import Any

from telltale.formats.base import MAX_REASONS, Rejection, shown


class Refusals:
    """Counts every refusal and explains the first few. One per input, filled as it is read."""

    __slots__ = ("booleans", "reasons", "rows", "spoilt", "values")

    def __init__(self) -> None:
        self.rows = 0
        self.values = 0
        self.reasons: list[Rejection] = []
        self.spoilt: set[int] = set()  # rows that lost a value
        self.booleans: set[str] = set()  # columns of true and false: refused later, by their unit

    def row(self, row: int | None, value: Any, expected: str, message: str) -> None:
        """Refuse one row as a whole."""  # Any: whatever the feed sent
        self.rows += 1
        self._explain(row, None, value, expected, message)

    def value(self, row: int | None, field: str, value: Any, expected: str, message: str) -> None:
        """Refuse one value; the rest of its row is kept."""  # Any: whatever the feed sent
        self.values += 1
        if row is not None:
            self.spoilt.add(row)
        self._explain(row, field, value, expected, message)

    def rows_again(self, count: int) -> None:
        """Count rows whose reason was already given, value by value."""
        self.rows += count

    def _explain(
        self, row: int | None, field: str | None, value: Any, expected: str, message: str
    ) -> None:
        if len(self.reasons) < MAX_REASONS:
            said = None if value is None else shown(value)
            self.reasons.append(Rejection(row, field, said, expected, message))
