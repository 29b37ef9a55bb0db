"""The one door for files: look at one, or read it whole, whatever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from telltale.errors import DecodeError
from telltale.formats import mlg, mlg_head, parquet
from telltale.formats.base import Decoded
from telltale.formats.can.logs import check_readable, log_kind, read_can_log
from telltale.formats.chunks import Chunk
from telltale.formats.clocks import length_ns
from telltale.formats.csv_dialect import HEAD_BYTES, Dialect
from telltale.formats.csv_rows import read_chunks as read_csv_chunks
from telltale.formats.facts import NOTHING_KNOWN, FileFacts, ReadOptions
from telltale.formats.json_file import is_json, read_json_file
from telltale.formats.layout import Layout
from telltale.formats.look import Table, table_of_columns, table_of_text
from telltale.formats.packed import BROKEN, opened, packed_place
from telltale.formats.preview import Preview, preview
from telltale.formats.start import id_of_name
from telltale.formats.unread_logs import check_readable_log

__all__ = ["Preview", "ReadOptions", "preview", "read_file"]


def read_file(
    path: Path,
    options: ReadOptions = NOTHING_KNOWN,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Decoded]:
    """Yield a file's readings, in constant memory.

    Takes CSV of any dialect, GR Cup tables, logs of ECUs, lap timers and phone apps (Haltech,
    MoTeC, AiM, Racelogic, RaceChrono, RaceCapture, Torque, MegaLog), JSON and NDJSON, and CAN logs
    with their database, each also as .gz or alone in a .zip, and Parquet.

    Args:
        path: The file.
        options: What is known about it.
        on_progress: Told before each piece how many of the file's bytes were read so far.

    Raises:
        DecodeError: The file as a whole cannot be read.
        MissingExtraError: Parquet, and DuckDB is not installed.
    """
    try:
        yield from _pieces(path, options, on_progress)
    except BROKEN as error:
        raise DecodeError(
            f"{path.name} is cut off or damaged ({error}). Pack or copy it again."
        ) from None


def _pieces(
    path: Path, options: ReadOptions, on_progress: Callable[[int], None] | None
) -> Iterator[Decoded]:
    with opened(path) as file:
        head = file.read(HEAD_BYTES)
    facts = facts_of(path, options)
    if head.startswith(parquet.MAGIC):
        chunks = parquet.read_chunks(path)
        first = next(chunks, None)
        if first is None:
            raise DecodeError(f"{path.name} is empty. Give a file with at least one row.")
        table = table_of_columns(first, facts, options)
        yield from _decoded(table, _chained(first, chunks), path.name)
        return
    kind = log_kind(head)
    if kind is not None:
        yield from read_can_log(path, kind, facts, options, on_progress=on_progress)
        return
    check_readable(head, path.name)
    check_readable_log(head, path.name)
    with opened(path) as file:
        if head.startswith(mlg_head.MAGIC):
            yield from _followed(mlg.read_mlg(file, facts, options), file, on_progress)
            return
        if is_json(head, path.name):
            readings = read_json_file(
                file,
                head,
                path.name,
                machine=options.machine,
                default=id_of_name(facts.title),
                modified_ns=facts.modified_ns,
            )
            yield from _followed(readings, file, on_progress)
            return
        table = table_of_text(head, facts, options)
        dialect = cast("Dialect", table.dialect)
        rows = _decoded(table, read_csv_chunks(file, dialect, options.chunk_bytes), path.name)
        yield from _followed(rows, file, on_progress)


def facts_of(path: Path, options: ReadOptions) -> FileFacts:
    """Return what is known of a file beside its content."""
    return FileFacts(
        path.name,
        path.stat().st_mtime_ns,
        partial(_length_ns, path, options),
        path.absolute().parent.name,
    )


def _followed(
    pieces: Iterator[Decoded], file: BinaryIO, on_progress: Callable[[int], None] | None
) -> Iterator[Decoded]:
    for piece in pieces:
        if on_progress is not None:
            on_progress(packed_place(file))
        yield piece


def _length_ns(
    path: Path, options: ReadOptions, layout: Layout, dialect: Dialect | None
) -> int | None:
    """Return how far a file's undated clock comes."""
    if dialect is None:
        names = [layout.time_column] if layout.time_column else []
        return length_ns(parquet.read_chunks(path, columns=names), layout, ".")
    with opened(path) as file:
        chunks = read_csv_chunks(file, dialect, options.chunk_bytes)
        return length_ns(chunks, layout, dialect.decimal)


def _chained(first: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from rest


def _decoded(table: Table, chunks: Iterator[Chunk], name: str) -> Iterator[Decoded]:
    before = next(chunks, None)
    if before is None:
        raise DecodeError(f"{name} has a header but no rows. Give at least one.")
    told: Callable[[Decoded], Decoded] = table.told
    while True:
        try:
            chunk = next(chunks, None)
        except (DecodeError, *BROKEN):  # what came before the damage is kept
            yield told(table.decoder.decode(before, last=True))
            raise
        if chunk is None:
            break
        yield told(table.decoder.decode(before))
        before, told = chunk, _as_it_is
    yield told(table.decoder.decode(before, last=True))


def _as_it_is(decoded: Decoded) -> Decoded:
    return decoded
