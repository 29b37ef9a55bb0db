"""Columns as a feed sent them: which are times, which machines, which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telltale.batch import FloatArray, IntArray

MAX_ID_LENGTH = 100
MAX_NAME_LENGTH = 200  # of a channel, as the feed writes it
BAD_ID = f"cannot be a machine's id. Use 1 to {MAX_ID_LENGTH} printable characters without '/'."
MAX_CELLS = 20_000_000  # 160 MB as float64


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Which fields of a reading are no measurement. Of several, the first that is there wins.

    Attributes:
        time: When it was measured.
        machine: Whose it is.
        text: Words that are of no use as a column; left out in silence.
    """

    time: tuple[str, ...] = (
        "time",
        "time_ns",
        "meta_time",
        "timestamp",
        "Time",
        "Timestamp",
        "datetime",
        "ts",
    )
    machine: tuple[str, ...] = ("machine", "machine_id")
    text: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.time, *self.machine, *self.text))


@dataclass(frozen=True, slots=True)
class RawColumns:
    """One input, column by column, before anything was checked.

    Attributes:
        times: As sent, length n; None where the feed gave none; None if no row has one.
        machines: As sent, length n; None if no row names one.
        values: Name to numbers, or to what was sent in their place, each of length n.
        n: Rows.
        row_numbers: Place of each row in the input, if not 0 to n - 1.
    """

    times: Sequence[Any] | None
    machines: Sequence[Any] | None
    values: Mapping[str, Sequence[Any] | FloatArray]
    n: int
    row_numbers: Sequence[int] | IntArray | None = None

    def row_number(self, i: int) -> int:
        """Return the place of row i in the input."""
        return i if self.row_numbers is None else int(self.row_numbers[i])


def split_fields(
    columns: Mapping[str, Sequence[Any]],
    n: int,
    names: FieldNames,
    row_numbers: Sequence[int] | None = None,
) -> RawColumns:
    """Sort named columns into times, machines and values."""
    kept_out = names.all
    return RawColumns(
        _merged(columns, names.time),
        _merged(columns, names.machine),
        {name: values for name, values in columns.items() if name not in kept_out},
        n,
        row_numbers,
    )


def _merged(columns: Mapping[str, Sequence[Any]], names: Sequence[str]) -> Sequence[Any] | None:
    """Return the first named column that is there, its gaps filled from the next."""
    found: Sequence[Any] | None = None
    for name in names:
        if name in columns:
            other = columns[name]
            if found is None:
                found = other
            elif None in found:
                found = [b if a is None else a for a, b in zip(found, other, strict=True)]
    return found


def is_machine_id(text: str) -> bool:
    """Tell if the text can name a machine: it goes into addresses and keys."""
    return (
        0 < len(text) <= MAX_ID_LENGTH
        and text.isprintable()
        and "/" not in text
        and text.strip() == text
        and text not in (".", "..")
        and "\ufffd" not in text  # stands for bytes that could not be read: other ids look alike
    )
