"""The one door for files: look at one, or read it whole, whatever wrote it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from telltale.errors import DecodeError
from telltale.formats import parquet
from telltale.formats.base import Decoded
from telltale.formats.chunks import Chunk
from telltale.formats.csv_dialect import HEAD_BYTES, Dialect
from telltale.formats.csv_rows import read_chunks as read_csv_chunks
from telltale.formats.json_file import is_json, read_json_file
from telltale.formats.look import NOTHING_KNOWN, ReadOptions, Table, table_of_columns, table_of_text
from telltale.formats.preview import Preview, preview
from telltale.formats.start import id_of_name

__all__ = ["Preview", "ReadOptions", "preview", "read_file"]

_GZIP = b"\x1f\x8b"


def read_file(
    path: Path,
    options: ReadOptions = NOTHING_KNOWN,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Decoded]:
    """Yield a file's readings, in constant memory.

    Takes CSV of any dialect, GR Cup tables, Haltech and ECUMaster logs, JSON and NDJSON, each
    also as .gz, and Parquet.

    Args:
        path: The file.
        options: What is known about it.
        on_progress: Told before each piece how many of the file's bytes were read so far.

    Raises:
        DecodeError: The file as a whole cannot be read.
        MissingExtraError: Parquet, and DuckDB is not installed.
    """
    with _opened(path) as file:
        head = file.read(HEAD_BYTES)
    modified_ns = path.stat().st_mtime_ns
    if head.startswith(parquet.MAGIC):
        chunks = parquet.read_chunks(path)
        first = next(chunks, None)
        if first is None:
            raise DecodeError(f"{path.name} is empty. Give a file with at least one row.")
        table = table_of_columns(first, path.name, modified_ns, options)
        yield from _decoded(table, _chained(first, chunks))
        return
    with _opened(path) as file:
        if is_json(head, path.name):
            default = id_of_name(path.name)
            readings = read_json_file(
                file,
                head,
                path.name,
                machine=options.machine,
                default=default,
                modified_ns=modified_ns,
            )
            yield from _followed(readings, file, on_progress)
            return
        table = table_of_text(head, path.name, modified_ns, options)
        dialect = cast("Dialect", table.dialect)
        rows = _decoded(table, read_csv_chunks(file, dialect, options.chunk_bytes))
        yield from _followed(rows, file, on_progress)


def _followed(
    pieces: Iterator[Decoded], file: BinaryIO, on_progress: Callable[[int], None] | None
) -> Iterator[Decoded]:
    on_disk: BinaryIO = getattr(file, "fileobj", file)  # behind a gzip, the packed file
    for piece in pieces:
        if on_progress is not None:
            on_progress(on_disk.tell())
        yield piece


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        is_gzip = file.read(2) == _GZIP
    return cast("BinaryIO", gzip.open(path, "rb")) if is_gzip else path.open("rb")


def _chained(first: Chunk, rest: Iterator[Chunk]) -> Iterator[Chunk]:
    yield first
    yield from rest


def _decoded(table: Table, chunks: Iterator[Chunk]) -> Iterator[Decoded]:
    before = next(chunks, None)
    if before is None:
        raise DecodeError("The file has a header but no rows. Give at least one.")
    for chunk in chunks:
        yield table.decoder.decode(before)
        before = chunk
    yield table.decoder.decode(before, last=True)
