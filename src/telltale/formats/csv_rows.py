"""Stream a CSV file of any size as chunks, in constant memory."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import MAX_REASONS, Rejection
from telltale.formats.chunks import Chunk
from telltale.formats.csv_dialect import Dialect

CHUNK_BYTES = 1024 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024


class CsvReader:
    """Turns a CSV file's bytes, from the first on, into chunks of whole rows, as they come.

    A row with too few cells is filled with empty ones; one with too many is refused.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._text = codecs.getincrementaldecoder(dialect.encoding)("replace")
        self._rest = ""
        self._head_lines = dialect.skip_lines  # preamble, header, units: still to come
        self._row = 0

    def feed(self, block: bytes, *, last: bool = False) -> Chunk | None:
        """Return the rows that are whole now; `last` takes a line without end as whole.

        Raises:
            TooLargeError: A line longer than MAX_LINE_BYTES, or a quote that never ends.
        """
        text = self._rest + self._text.decode(block, final=last)
        is_quoted = '"' in text and text.count('"') % 2 == 1
        cut = len(text) if last and not is_quoted else _safe_cut(text)
        if cut == 0 and len(text) > MAX_LINE_BYTES:
            raise TooLargeError(
                f"A line is longer than {MAX_LINE_BYTES} bytes, or a quote never ends. "
                "Mend the file, or export it again."
            )
        self._rest = text[cut:]
        rows = self._without_head(_with_newlines(text[:cut]))
        chunk = _chunk(rows, self._dialect, self._row) if rows else None
        if chunk is None or not (len(chunk) or chunk.refused_count):
            return None
        self._row += len(chunk) + chunk.refused_count
        return chunk

    def end(self) -> None:
        """Raise DecodeError if the file ended inside quotes; to be called after the last feed."""
        if self._rest:
            line = " ".join(self._rest.split("\n", 1)[0].split())[:60]
            raise DecodeError(f"A quote is opened and never ends: {line!r}. Mend that line.")

    def _without_head(self, text: str) -> str:
        while self._head_lines and text:
            _, _, text = text.partition("\n")
            self._head_lines -= 1
        return text


def read_chunks(
    file: BinaryIO, dialect: Dialect, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Chunk]:
    """Yield the rows of a CSV file, from its first byte on, about chunk_bytes at a time.

    Raises:
        TooLargeError: As `CsvReader.feed`.
        DecodeError: The file ends inside quotes.
    """
    reader = CsvReader(dialect)
    block = file.read(chunk_bytes)
    while block:
        following = file.read(chunk_bytes)
        chunk = reader.feed(block, last=not following)
        if chunk is not None:
            yield chunk
        block = following
    reader.end()


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _safe_cut(text: str) -> int:
    """Return where the last whole line ends; 0 if there is none."""
    cut = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
    quotes = text.count('"', 0, cut) if '"' in text else 0
    while cut and quotes % 2:
        earlier = text.rfind("\n", 0, text.rfind('"', 0, cut)) + 1
        quotes -= text.count('"', earlier, cut)
        cut = earlier
    return cut


def _chunk(text: str, dialect: Dialect, first_row: int) -> Chunk:
    width = len(dialect.header)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if '"' not in text and {line.count(dialect.delimiter) for line in lines} == {width - 1}:
        # All alike: one list of all cells, and every width-th of them is a column.
        cells = dialect.delimiter.join(lines).split(dialect.delimiter)
        columns = {name: cells[i::width] for i, name in enumerate(dialect.header)}
        return Chunk(columns, np.arange(first_row, first_row + len(lines), dtype=np.int64))
    return _uneven_chunk(text, dialect, first_row)


def _uneven_chunk(text: str, dialect: Dialect, first_row: int) -> Chunk:
    width = len(dialect.header)
    rows = _rows(text, dialect.delimiter)
    numbers = np.arange(first_row, first_row + len(rows), dtype=np.int64)
    refused: list[Rejection] = []
    refused_count = 0
    if set(map(len, rows)) - {width}:
        rows, keep, refused = _squared(rows, width, first_row)
        refused_count = len(numbers) - len(keep)
        numbers = first_row + np.array(keep, dtype=np.int64)
    cells = zip(*rows, strict=True) if rows else ([] for _ in range(width))
    columns = dict(zip(dialect.header, cells, strict=True))
    return Chunk(columns, numbers, tuple(refused), refused_count)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    if '"' in text:
        try:
            return [row for row in csv.reader(text.splitlines(True), delimiter=delimiter) if row]
        except csv.Error as error:
            raise DecodeError(
                f"The CSV cannot be read ({error}), or a quote never ends. Export it again."
            ) from None
    return [line.split(delimiter) for line in text.split("\n") if line and not line.isspace()]


def _squared(
    rows: Sequence[list[str]], width: int, first_row: int
) -> tuple[list[list[str]], list[int], list[Rejection]]:
    """Make every row as wide as the header."""
    kept: list[list[str]] = []
    places: list[int] = []
    refused: list[Rejection] = []
    for i, row in enumerate(rows):
        if len(row) > width and not "".join(row[width:]).strip():
            row = row[:width]  # noqa: PLW2901  trailing delimiters
        if len(row) <= width:
            kept.append(row + [""] * (width - len(row)))
            places.append(i)
        elif len(refused) < MAX_REASONS:
            message = (
                f"Row {first_row + i} has {len(row)} cells, the header {width}. "
                "Quote values that hold the delimiter."
            )
            refused.append(Rejection(first_row + i, None, None, f"{width} cells", message))
    return kept, places, refused
