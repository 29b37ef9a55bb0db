"""What every decoder gives: batches under the feed's own names, and what it had to refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from telltale.batch import Batch, IntArray

_WORDS = {"None": "null", "True": "true", "False": "false"}  # as the feed wrote them
MAX_REASONS = 20  # enough to see the pattern; the count says how many there were
BOOLEANS = {"false": 0.0, "true": 1.0}  # codes of a column that holds JSON's own


class Rejection(msgspec.Struct, frozen=True):
    """Why one row, or one value of it, was refused: what it was, what was expected.

    Attributes:
        row: Index in the input, counted from 0; None when the whole input is meant.
        field: Name as the feed wrote it; None when the whole row is meant.
        value: What was there, shortened for display.
        expected: What would be right.
        message: The whole as one sentence, with what to do.
    """

    row: int | None
    field: str | None
    value: str | None
    expected: str
    message: str


class LeftOut(msgspec.Struct, frozen=True):
    """A column of which nothing is kept: its name in the file, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """The outcome of decoding one input.

    Attributes:
        batches: One per machine and stretch, in time order, columns under the feed's names.
        rejected_rows: Rows of which nothing was kept.
        rejected_values: Single values dropped from rows that were kept.
        reasons: The first `MAX_REASONS` of them, explained.
        units: Unit per column where the feed says so.
        codes: Word to number, for columns that held words.
        notes: What had to be guessed or mended, a sentence each.
        left_out: Columns of which nothing is kept; told once per input.
        because: By column, what explains its value, one sentence; told with a limit's event.
        row_numbers: Of each batch, the place of its samples in the input, counted from 0, each
            shape (n,); () where samples are no rows of an input.
        names: By column, what numbers in it are called, where the feed's document says so. They
            came as numbers and stay what they are, unlike the words in `codes`.
    """

    batches: tuple[Batch, ...]
    rejected_rows: int = 0
    rejected_values: int = 0
    reasons: Sequence[Rejection] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    because: Mapping[str, str] = field(default_factory=dict)
    row_numbers: tuple[IntArray, ...] = ()
    names: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def shares(self) -> Iterator[tuple[Batch, IntArray | None]]:
        """Yield each batch with the place of its samples in the input, where that is known."""
        return zip(self.batches, self.row_numbers or (None,) * len(self.batches), strict=True)

    def behind(self, n_rows: int) -> Decoded:
        """Return the same as the next piece of an input that so many rows came before."""
        if not n_rows:
            return self
        reasons = [
            reason
            if reason.row is None
            else msgspec.structs.replace(reason, row=reason.row + n_rows)
            for reason in self.reasons
        ]
        row_numbers = tuple(rows + n_rows for rows in self.row_numbers)
        return replace(self, reasons=reasons, row_numbers=row_numbers)

    @property
    def rows(self) -> int:
        """Samples decoded, all machines together."""
        return sum(len(batch) for batch in self.batches)

    def without_refusals(self) -> Decoded:
        """Return the same batches, and nothing of what is told once per input."""
        return replace(self, rejected_rows=0, rejected_values=0, reasons=(), notes=(), left_out=())


def shown(value: Any) -> str:  # Any: whatever the feed sent
    """Return a value as it goes into an error: one line, at most 60 characters."""
    text = " ".join(_WORDS.get(str(value), str(value)).split())
    return text if len(text) <= 60 else text[:57] + "..."
