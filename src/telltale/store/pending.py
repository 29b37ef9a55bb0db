"""Samples on their way into one table: gathered from many writes, inserted in large blocks."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

import numpy as np

from telltale.batch import Batch
from telltale.store.samples import SamplesTable


@dataclass(slots=True)
class Pending:
    """Samples of one table that wait for the next statement, in order of arrival.

    Attributes:
        table: Where they go.
        batches: Each with its machine's number.
    """

    table: SamplesTable
    batches: list[tuple[int, Batch]] = field(default_factory=list)

    def insert(self, connection: sqlite3.Connection, *, only_new: bool = False) -> int:
        """Write what waits; return how many rows SQLite changed."""
        if not self.batches:
            return 0
        values, width = self._flat_rows(), self.table.width
        self.batches.clear()
        changed = start = 0
        for size in self.table.blocks(len(values) // width):
            stop = start + size * width
            sql = self.table.insert_sql(size, only_new=only_new)
            changed += connection.execute(sql, values[start:stop]).rowcount
            start = stop
        return changed

    def _flat_rows(self) -> list[float | int]:
        """Return the values of all rows, row after row. NaN stands for missing: SQLite's NULL."""
        table, width = self.table, self.table.width
        values = np.full((sum(len(batch) for _, batch in self.batches), width), np.nan)
        numbers: list[int] = []
        times: list[int] = []
        start = 0
        for number, batch in self.batches:
            stop = start + len(batch)
            for name, column in batch.columns.items():
                values[start:stop, table.position[name] + 2] = column
            numbers.extend([number] * len(batch))
            times.extend(batch.time_ns.tolist())
            start = stop
        flat: list[float | int] = values.ravel().tolist()
        flat[0::width] = numbers
        flat[1::width] = times
        return flat
