"""A piece of a table, column by column, as its reader gives it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.formats.base import Rejection


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        columns: Name to texts ("" is missing) or numbers (NaN is missing), each of length n.
        row_numbers: Place of each row in the file, from 0, shape (n,).
        refused: Rows of this stretch that had to be left out, with reasons.
        refused_count: How many those are; `refused` may hold only the first.
    """

    columns: Mapping[str, Sequence[str] | FloatArray]
    row_numbers: IntArray
    refused: tuple[Rejection, ...] = ()
    refused_count: int = 0

    @classmethod
    def empty(cls, names: Sequence[str]) -> Chunk:
        """Return no rows of a table with these columns."""
        return cls({name: [] for name in names}, np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.row_numbers)

    def texts(self, name: str) -> Sequence[str]:
        """Return a column as texts, "" where missing."""
        values = self.columns[name]
        if isinstance(values, np.ndarray):
            return ["" if math.isnan(v) else f"{v:.17g}" for v in values.tolist()]
        return values

    def part(self, start: int, stop: int) -> Chunk:
        """Return some of the rows, without the refusals."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return Chunk(columns, self.row_numbers[start:stop])
