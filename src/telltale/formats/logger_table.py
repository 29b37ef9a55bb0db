"""Rows of loggers' own logs: texts made plain, and heads that were written again left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np

from telltale.formats.base import Decoded
from telltale.formats.chunks import Chunk
from telltale.formats.csv_dialect import Dialect
from telltale.formats.layout import Layout
from telltale.formats.table import TableDecoder

Fix = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class LoggerTable:
    """A logger's table, ready to be read.

    Attributes:
        format: For people.
        dialect: Names and units, and how many lines come before the rows.
        time_column: Its name.
        start_ns: What its clock counts from, or its day; None if the rows or nothing says it.
        fixes: By column, what makes a text plain: "101234.50" to "10:12:34.50".
    """

    format: str
    dialect: Dialect
    time_column: str
    start_ns: int | None = None
    fixes: Mapping[str, Fix] = field(default_factory=dict)


class LoggerDecoder(TableDecoder):
    """As `TableDecoder`, of a logger's rows."""

    def __init__(
        self,
        logger: LoggerTable,
        layout: Layout,
        *,
        machine: str,
        start_ns: int,
        zone: tzinfo,
    ) -> None:
        super().__init__(layout, machine=machine, start_ns=start_ns, zone=zone)
        self._logger = logger

    def decode(self, chunk: Chunk, *, last: bool = False) -> Decoded:
        """Decode the next rows."""
        times = chunk.texts(self._logger.time_column)
        heads = {i for i, text in enumerate(times) if text.strip() == self._logger.time_column}
        if heads:  # the app was started again, and wrote its first line again
            kept = [i for i in range(len(chunk)) if i not in heads]
            columns = {
                name: [chunk.texts(name)[i] for i in kept] for name in self._logger.dialect.header
            }
            rows = chunk.row_numbers[np.array(kept, dtype=np.int64)]
            chunk = Chunk(columns, rows, chunk.refused, chunk.refused_count)
        texts = {name: chunk.texts(name) for name in chunk.columns}
        plain = Chunk(
            plain_columns(self._logger, texts),
            chunk.row_numbers,
            chunk.refused,
            chunk.refused_count,
        )
        return super().decode(plain, last=last)


def plain_columns(
    logger: LoggerTable, columns: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    """Return columns with the texts of some made plain."""
    return {
        name: list(map(logger.fixes[name], texts)) if name in logger.fixes else texts
        for name, texts in columns.items()
    }


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names for columns: none is empty, none is there twice."""
    found: list[str] = []
    for i, name in enumerate(names):
        plain = name or f"column_{i + 1}"
        found.append(plain if plain not in found else f"{plain}_{i + 1}")
    return tuple(found)
