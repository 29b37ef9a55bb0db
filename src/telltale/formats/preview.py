"""A first look at a file: format, time, columns and units, before anything is imported."""

from __future__ import annotations

import io
import math
import tempfile
from functools import partial
from pathlib import Path, PurePath

import msgspec

from telltale.errors import DecodeError
from telltale.formats import mlg, mlg_head, parquet
from telltale.formats.base import Decoded, shown
from telltale.formats.can.logs import KINDS, check_readable, log_kind
from telltale.formats.clocks import length_ns
from telltale.formats.columns import KEPT, Column, Role
from telltale.formats.csv_dialect import HEAD_BYTES, Dialect
from telltale.formats.csv_rows import read_chunks
from telltale.formats.facts import NOTHING_KNOWN, FileFacts, ReadOptions
from telltale.formats.json_file import is_json, read_json_file
from telltale.formats.layout import Clock, Layout
from telltale.formats.look import Table, table_of_columns, table_of_text
from telltale.formats.names import clean_name
from telltale.formats.packed import GZIP, ZIP, unpacked_head
from telltale.formats.start import id_of_name
from telltale.formats.unread_logs import check_readable_log

FIRST_VALUES = 5
_MAX_MACHINES = 100
MAX_HEAD_BYTES = 1024 * 1024


class PreviewTime(msgspec.Struct, frozen=True):
    """The clock: its column (None: none), how it counts, the first time, whether it is a guess."""

    column: str | None
    unit: str
    first_ns: int | None
    guess: bool


class PreviewColumn(msgspec.Struct, frozen=True):
    """One column: name in the file, clean name, unit or "", first values, kept or why not."""

    source: str
    name: str
    unit: str
    guess: bool
    first: tuple[str, ...]
    kept: bool
    why: str


class Preview(msgspec.Struct, frozen=True):
    """What an import of this file would read. `profile` is for whoever knows the profiles."""

    format: str
    machine: str
    machines: tuple[str, ...]
    time: PreviewTime
    columns: tuple[PreviewColumn, ...]
    delimiter: str | None = None
    decimal: str | None = None
    warnings: tuple[str, ...] = ()
    profile: str | None = None
    profile_fit: float | None = None


def preview(
    head: bytes,
    filename: str,
    *,
    modified_ns: int = 0,
    options: ReadOptions = NOTHING_KNOWN,
) -> Preview:
    """Look at the first part of a file.

    Args:
        head: Its first bytes, up to 1 MiB; all of it, if it is smaller.
        filename: Tells the machine and, for clocks without one, the date; with its folder, where
            that is known.
        modified_ns: When the file was changed last: last resort for the date.
        options: What the user already knows.

    Raises:
        DecodeError: Nothing that telltale reads.
        MissingExtraError: Parquet, and DuckDB is not installed.
    """
    path = PurePath(filename)
    is_whole = len(head) < MAX_HEAD_BYTES
    if head.startswith((GZIP, ZIP)):
        head = unpacked_head(head, MAX_HEAD_BYTES)
        is_whole = is_whole and len(head) < MAX_HEAD_BYTES
    if head.startswith(parquet.MAGIC):
        return _of_parquet(head, path, modified_ns, options)
    whole = head if is_whole else b""
    head = head[:HEAD_BYTES]
    kind = log_kind(head)
    if kind is not None:
        raise DecodeError(
            f"{path.name} is a CAN log ({KINDS[kind]}). Look at it through its database: "
            "POST /api/v1/can-databases/ID/preview."
        )
    check_readable(head, path.name)
    check_readable_log(head, path.name)
    if head.startswith(mlg_head.MAGIC):
        return _of_mlg(head, path, modified_ns, options)
    if is_json(head, path.name):
        return _of_json(head, path, modified_ns, options)
    finder = partial(_length_ns, whole)
    facts = FileFacts(path.name, modified_ns, finder, path.parent.name)
    table = table_of_text(head, facts, options)
    chunk = None
    if table.dialect is not None:
        whole = head if len(head) < HEAD_BYTES else head[: max(head.rfind(b"\n") + 1, 1)]
        chunk = next(read_chunks(io.BytesIO(whole), table.dialect), None)
    if chunk is None:
        raise DecodeError(f"{path.name} has a header but no rows. Give at least one.")
    return _of_table(table, table.decoder.decode(chunk, last=True))


def _length_ns(whole: bytes, layout: Layout, dialect: Dialect | None) -> int | None:
    if not whole or dialect is None:
        return None
    return length_ns(read_chunks(io.BytesIO(whole), dialect), layout, dialect.decimal)


def _of_parquet(head: bytes, name: PurePath, modified_ns: int, options: ReadOptions) -> Preview:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head.parquet"
        path.write_bytes(head)
        if head[-4:] != parquet.MAGIC:
            raise DecodeError(
                f"{name.name}: the columns of a Parquet file stand at its end, which is not here. "
                "Import it without a preview."
            )
        chunk = next(parquet.read_chunks(path, HEAD_BYTES // 64), None)
        if chunk is None:
            raise DecodeError(f"{name.name} is empty. Give a file with at least one row.")

        def finder(layout: Layout, dialect: Dialect | None) -> int | None:
            names = [layout.time_column] if layout.time_column and not dialect else []
            return length_ns(parquet.read_chunks(path, columns=names), layout, ".")

        facts = FileFacts(name.name, modified_ns, finder, name.parent.name)
        table = table_of_columns(chunk, facts, options)
    return _of_table(table, table.decoder.decode(chunk, last=True))


def _of_table(table: Table, decoded: Decoded) -> Preview:
    layout, dialect = table.layout, table.dialect
    machines = sorted(batch.machine for batch in decoded.batches)
    first_ns = min((int(batch.time_ns[0]) for batch in decoded.batches), default=None)
    unit = str(layout.clock)
    if layout.clock is Clock.RELATIVE:
        unit = {1.0: "s", 1e-3: "ms", 1e-6: "us", 1e-9: "ns", 60.0: "min"}[layout.scale_s]
    if not table.is_dated:
        first_ns = None
    reasons = (reason.message for reason in decoded.reasons[:3])
    return Preview(
        layout.format,
        table.machine if not layout.named(Role.MACHINE) else (machines or [table.machine])[0],
        tuple(machines[:_MAX_MACHINES]),
        PreviewTime(layout.time_column, unit, first_ns, layout.time_guess),
        tuple(_column(column, table) for column in layout.columns),
        dialect.delimiter if dialect else None,
        dialect.decimal if dialect else None,
        (*table.warnings, *decoded.notes, *reasons),
    )


def _column(column: Column, table: Table) -> PreviewColumn:
    texts = table.sample.get(column.source, ())
    first = tuple(shown(text) for text in texts[:200] if text)[:FIRST_VALUES]
    kept = column.role in KEPT
    why = column.why or ("" if kept else str(column.role))
    name = clean_name(column.source)
    return PreviewColumn(column.source, name, column.unit, column.guess, first, kept, why)


def _of_json(head: bytes, path: PurePath, modified_ns: int, options: ReadOptions) -> Preview:
    cut = head if len(head) < HEAD_BYTES else head[: head.rfind(b"\n") + 1]
    pieces = read_json_file(
        io.BytesIO(cut),
        cut,
        path.name,
        machine=options.machine,
        default=id_of_name(str(path)),
        modified_ns=modified_ns or 1,
    )
    decoded = next(pieces, Decoded(()))
    return _of_readings(decoded, "JSON readings", path, options)


def _of_mlg(head: bytes, path: PurePath, modified_ns: int, options: ReadOptions) -> Preview:
    facts = FileFacts(path.name, modified_ns, folder=path.parent.name)
    pieces = mlg.read_mlg(io.BytesIO(head), facts, options)
    return _of_readings(next(pieces, Decoded(())), "MegaLog", path, options)


def _of_readings(decoded: Decoded, form: str, path: PurePath, options: ReadOptions) -> Preview:
    """Return what a file holds that is no table."""
    if not decoded.batches:
        why = decoded.reasons[0].message if decoded.reasons else "It holds no reading."
        raise DecodeError(f"{path.name}: {why}")
    machines = tuple(sorted(batch.machine for batch in decoded.batches))[:_MAX_MACHINES]
    first = decoded.batches[0]
    columns = tuple(
        PreviewColumn(
            name,
            clean_name(name),
            decoded.units.get(name, ""),
            False,
            tuple(repr(v) for v in values[:FIRST_VALUES].tolist() if not math.isnan(v)),
            True,
            "",
        )
        for name, values in first.columns.items()
    )
    time = PreviewTime("time", "absolute", int(first.time_ns[0]), guess=False)
    return Preview(
        form, options.machine or machines[0], machines, time, columns,
        warnings=(*decoded.notes, *(reason.message for reason in decoded.reasons[:3])),
    )  # fmt: skip
