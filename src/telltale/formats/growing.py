"""Text files that are still being written: the same reader as for whole ones, fed as they grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from telltale.errors import DecodeError, TooLargeError
from telltale.formats import mlg_head, parquet
from telltale.formats.base import Decoded
from telltale.formats.can.logs import log_kind
from telltale.formats.chunks import Chunk
from telltale.formats.csv_dialect import HEAD_BYTES, Dialect
from telltale.formats.csv_rows import CsvReader
from telltale.formats.decode import decode, format_of
from telltale.formats.facts import ReadOptions
from telltale.formats.files import facts_of
from telltale.formats.json_file import MAX_WHOLE_BYTES, MAX_WHOLE_ROWS, is_json, owner_of
from telltale.formats.look import Table, table_of_text
from telltale.formats.packed import GZIP, ZIP
from telltale.formats.start import id_of_name


class GrowingFile(Protocol):
    """A file that is read as it is written.

    Attributes:
        start_ns: What its clock counts from, to be given again when it is read anew; None if
            it needs none.
    """

    start_ns: int | None

    def feed(self, block: bytes, *, rests: bool = False) -> Decoded | None:
        """Return the readings that are whole now, None if there are none.

        Args:
            block: The bytes that follow those given before.
            rests: Nothing more is coming for now: also gives what was held back, and takes a
                last line without end as whole.

        Raises:
            DecodeError: It cannot be read on.
        """

    def held(self) -> Decoded | None:
        """Return the readings that wait for others of their time; the file cannot be read on."""

    def end(self) -> None:
        """Raise DecodeError if it rests and what is held back is no readable line."""


def is_whole_only(head: bytes, name: str) -> bool:
    """Tell if a file can be read only when it is whole: packed, Parquet, a CAN log, a document."""
    if head.startswith((GZIP, ZIP, parquet.MAGIC, mlg_head.MAGIC)) or log_kind(head) is not None:
        return True
    return is_json(head, name) and not _is_lines(head, name)


def _is_lines(head: bytes, name: str) -> bool:
    return name.lower().endswith((".ndjson", ".jsonl")) or format_of("", head) == "ndjson"


def growing_file(path: Path, options: ReadOptions) -> GrowingFile | None:
    """Return what reads this file as it grows, from its first byte on; None if it has no rows yet.

    Raises:
        DecodeError: What is there so far is nothing that telltale reads.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    facts = facts_of(path, options)
    if is_json(head, path.name):
        return GrowingLines(path, owner_of(head, options.machine, id_of_name(facts.title)))
    table = table_of_text(head, facts, options)
    if table.dialect is None or not any(table.sample.values()):
        if len(head) >= HEAD_BYTES:
            raise DecodeError(f"{path.name}: no row ends within {HEAD_BYTES} bytes. Is it text?")
        return None
    return GrowingTable(table, table.dialect)


class GrowingTable:
    """Rows of a table."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self.start_ns: int | None = table.start_ns
        self._names = tuple(table.sample)
        self._table = replace(table, sample={})  # many files may be open
        self._reader = CsvReader(dialect)
        self._told = False

    def feed(self, block: bytes, *, rests: bool = False) -> Decoded | None:
        """Return the rows that are whole now, less those that wait for others of their time."""
        chunk = self._reader.feed(block, last=rests)
        if chunk is None and not rests:
            return None
        decoded = self._table.decoder.decode(chunk or self._nothing(), last=rests)
        if not self._told and decoded.rows:
            self._told, decoded = True, self._table.told(decoded)
        return decoded if decoded.rows or decoded.rejected_rows else None

    def held(self) -> Decoded | None:
        """Return the rows that wait; of a line without an end nobody knows the rest."""
        decoded = self._table.decoder.decode(self._nothing(), last=True)
        return decoded if decoded.rows or decoded.rejected_rows else None

    def end(self) -> None:
        """Raise DecodeError if it ends inside quotes."""
        self._reader.end()

    def _nothing(self) -> Chunk:
        return Chunk.empty(self._names)


class GrowingLines:
    """JSON readings, one a line. One without a time is of the moment at which it was written."""

    def __init__(self, path: Path, machine: str | None) -> None:
        self.start_ns: int | None = None
        self._path = path
        self._machine = machine
        self._next_ns = 0
        self._rest = b""

    def feed(self, block: bytes, *, rests: bool = False) -> Decoded | None:
        """Return the readings of the lines that are whole now."""
        text = self._rest + block
        cut = len(text) if rests else text.rfind(b"\n") + 1
        self._rest = text[cut:]
        if len(self._rest) > MAX_WHOLE_BYTES:
            raise TooLargeError(f"A line is longer than {MAX_WHOLE_BYTES} bytes. Split it.")
        if not text[:cut].strip():
            return None
        arrival_ns = max(self._path.stat().st_mtime_ns, self._next_ns)
        decoded = decode(
            text[:cut],
            content_type="application/x-ndjson",
            machine=self._machine,
            arrival_ns=arrival_ns,
            max_rows=MAX_WHOLE_ROWS,
        )
        self._next_ns = arrival_ns + decoded.rows + decoded.rejected_rows
        return decoded

    def held(self) -> Decoded | None:
        """Return nothing: no line waits for another."""

    def end(self) -> None:
        """Every line was read, or refused by itself."""
