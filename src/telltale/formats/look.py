"""Look at a file's first part and make ready what reads the rest."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from telltale.errors import DecodeError
from telltale.formats import gr_cup, haltech
from telltale.formats.base import Decoded, shown
from telltale.formats.chunks import Chunk
from telltale.formats.columns import KEPT, Column, Role
from telltale.formats.csv_dialect import HEAD_BYTES, Dialect, sniff
from telltale.formats.csv_rows import read_chunks as read_csv_chunks
from telltale.formats.facts import FileFacts, ReadOptions
from telltale.formats.gr_cup_long import LongDecoder
from telltale.formats.gr_cup_tables import LapTableDecoder
from telltale.formats.layout import SAMPLE_ROWS, Clock, Layout, plan, unread_time
from telltale.formats.logger_table import LoggerDecoder, LoggerTable, plain_columns
from telltale.formats.loggers import table_of_logger
from telltale.formats.start import Start, date_in_name, id_of_name, start_of
from telltale.formats.table import TableDecoder
from telltale.formats.times import date_order_note, texts_to_ns
from telltale.formats.unix_times import EXPECTED, NOT_A_TIME
from telltale.registry import suggest


class Decoder(Protocol):
    """Decodes a table chunk by chunk."""

    def decode(self, chunk: Chunk, *, last: bool = False) -> Decoded:
        """Decode the next rows; `last` gives out what was held back."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was looked at and is ready to be read.

    Attributes:
        layout: What its columns are.
        decoder: Turns its chunks into batches.
        sample: First rows as texts.
        dialect: How it is written, if it is text.
        machine: Whose, where the rows do not say.
        warnings: What had to be guessed.
        start_ns: What a clock without a date counts from.
        is_dated: False if its times are not known before all of it is read.
    """

    layout: Layout
    decoder: Decoder
    sample: Mapping[str, Sequence[str]]
    dialect: Dialect | None
    machine: str
    warnings: tuple[str, ...] = ()
    start_ns: int = 0
    is_dated: bool = True

    def told(self, first: Decoded) -> Decoded:
        """Return the first batches with what is to be said of the table as a whole."""
        notes = (*self.warnings, *first.notes)
        return replace(first, notes=notes, left_out=self.layout.left_out)


def table_of_text(head: bytes, file: FileFacts, options: ReadOptions) -> Table:
    """Look at the first part of a text file. Raises DecodeError."""
    if head.startswith(haltech.MAGIC):
        return _haltech_table(head, file, options)
    logger = table_of_logger(head, options.zone, day_first=options.day_first)
    if logger is not None:
        return _logger_table(logger, head, file, options)
    dialect = sniff(head, file.name)
    sample = sample_of(head, dialect)
    return _table(sample, dialect, file, options)


def table_of_columns(first: Chunk, file: FileFacts, options: ReadOptions) -> Table:
    """Look at the first chunk of a file that brings its own column types."""
    part = first.part(0, SAMPLE_ROWS)
    sample = {name: part.texts(name) for name in part.columns}
    return _table(sample, None, file, options)


def sample_of(head: bytes, dialect: Dialect) -> dict[str, Sequence[str]]:
    """Return the first rows, column by column."""
    whole = head if len(head) < HEAD_BYTES else head[: max(head.rfind(b"\n") + 1, 1)]
    chunk = next(read_csv_chunks(io.BytesIO(whole), dialect), None)
    if chunk is None or not len(chunk):
        return {name: [] for name in dialect.header}
    part = chunk.part(0, SAMPLE_ROWS)
    return {name: part.texts(name) for name in dialect.header}


def _table(
    sample: Mapping[str, Sequence[str]],
    dialect: Dialect | None,
    file: FileFacts,
    options: ReadOptions,
) -> Table:
    decimal = dialect.decimal if dialect else "."
    machine = options.machine or id_of_name(file.title)
    warnings = list(dialect.warnings if dialect else ())
    if gr_cup.is_long(tuple(sample)):
        layout = _long_layout(sample)
        decoder: Decoder = LongDecoder(tuple(sample), machine=machine, decimal=decimal)
        return Table(layout, decoder, sample, dialect, machine, tuple(warnings))
    own = gr_cup.layout_of(sample, decimal, file.name)
    units = dialect.units if dialect else {}
    if own is None or options.time_column:
        own = plan(
            sample,
            units,
            decimal=decimal,
            time_column=options.time_column,
            zone=options.zone,
            day_first=options.day_first,
        )
    _check(own, sample, file.name, options)
    layout = _prefixed(own, options.machine)
    start = _start(layout, sample, dialect, file, options)
    kind = LapTableDecoder if layout.format == "GR Cup lap table" else TableDecoder
    made = kind(layout, machine=machine, start_ns=start.time_ns, decimal=decimal, zone=options.zone)
    if layout.date_column is not None:
        warnings.append(
            f"The day is in column {layout.date_column!r}, the time in {layout.time_column!r}."
        )
    warnings += [note for note in (_date_note(layout, sample, options), start.note) if note]
    return Table(
        layout,
        made,
        sample,
        dialect,
        machine,
        tuple(warnings),
        start.time_ns,
        start.is_known,
    )


def _date_note(
    layout: Layout, sample: Mapping[str, Sequence[str]], options: ReadOptions
) -> str | None:
    column = layout.date_column or layout.time_column
    if layout.day_first is None or column is None or options.day_first is not None:
        return None
    return date_order_note(sample[column], column)


def _check(
    layout: Layout, sample: Mapping[str, Sequence[str]], name: str, options: ReadOptions
) -> None:
    """Refuse a table that holds nothing to keep, or whose times cannot be read."""
    wanted = options.time_column
    if wanted is not None and wanted not in sample:
        raise DecodeError(f"{name} has no column {wanted!r}. {suggest(wanted, sample)}")
    kinds = (Role.NUMBER, Role.DURATION) if layout.clock is Clock.NONE else KEPT
    rest = [column for column in layout.columns if column.role not in (Role.TIME, Role.MACHINE)]
    if sample and all(sample.values()) and not any(column.role in kinds for column in rest):
        words = ", ".join(f"{shown(c.source)!r}: {c.why or c.role}" for c in rest[:3])
        raise DecodeError(f"{name} has no column of numbers ({words}). Give a table of readings.")
    read = {column.source for column in layout.columns if column.role in KEPT}
    unclear = {name: texts for name, texts in sample.items() if name not in read}
    unread = unread_time(unclear) if layout.clock is Clock.NONE else None
    if unread is not None and options.start_ns is None:
        column, text = unread
        raise DecodeError(
            f"{name}: {shown(text)!r} in column {column!r} is not a time. Give {EXPECTED}; or name "
            "another time column, or the start if the rows have no time."
        )


def _prefixed(layout: Layout, machine: str | None) -> Layout:
    if machine is None or not layout.named(Role.MACHINE):
        return layout
    prefix = f"{machine}-{layout.machine_prefix}"
    return msgspec.structs.replace(layout, machine_prefix=prefix)


def _long_layout(sample: Mapping[str, Sequence[str]]) -> Layout:
    roles = {
        "meta_time": Role.TIME,
        "timestamp": Role.TIME,
        "vehicle_id": Role.MACHINE,
        "lap": Role.NUMBER,
        "telemetry_name": Role.PIVOTED,
        "telemetry_value": Role.PIVOTED,
    }
    names = list(dict.fromkeys(sample[_spelt(sample, "telemetry_name")]))
    columns = [
        Column(name, roles[name.lower()])
        if name.lower() in roles
        else Column(name, Role.LEFT_OUT, "", "about the message")
        for name in sample
    ]
    columns += [
        Column(name, Role.NUMBER, gr_cup.TELEMETRY_UNITS.get(name, ""))
        for name in names
        if name not in sample
    ]
    time = _spelt(sample, "meta_time")
    return Layout("GR Cup telemetry, long form", tuple(columns), Clock.ABSOLUTE, time)


def _spelt(names: Mapping[str, object], name: str) -> str:
    return next(spelt for spelt in names if spelt.lower() == name)


def _haltech_table(head: bytes, file: FileFacts, options: ReadOptions) -> Table:
    preamble = haltech.read_preamble(head, options.zone)
    layout, dialect = haltech.layout_of(preamble), haltech.dialect_of(preamble)
    machine = options.machine or id_of_name(file.title)
    sample = sample_of(head, dialect)
    if preamble.day_ns is None or options.start_ns is not None:
        start = _start(layout, sample, dialect, file, options)
    else:
        start = Start(preamble.day_ns)
    decoder = haltech.HaltechDecoder(
        preamble, machine=machine, start_ns=start.time_ns, zone=options.zone
    )
    warnings = (start.note,) if start.note else ()
    return Table(layout, decoder, sample, dialect, machine, warnings, start.time_ns, start.is_known)


def _logger_table(logger: LoggerTable, head: bytes, file: FileFacts, options: ReadOptions) -> Table:
    """Make ready what reads a lap timer's or a phone app's log."""
    told = replace(
        options,
        time_column=options.time_column or logger.time_column,
        start_ns=logger.start_ns if options.start_ns is None else options.start_ns,
    )
    sample = plain_columns(logger, sample_of(head, logger.dialect))
    table = _table(sample, logger.dialect, file, told)
    layout = msgspec.structs.replace(table.layout, format=logger.format)
    decoder = LoggerDecoder(
        logger, layout, machine=table.machine, start_ns=table.start_ns, zone=options.zone
    )
    return replace(table, layout=layout, decoder=decoder)


def _mark_ns(sample: Mapping[str, Sequence[str]]) -> int:
    """Return a number under a million that is made of a table's first rows."""
    mark = 0
    for name, texts in sample.items():
        mark = zlib.crc32("\0".join((name, *texts)).encode(), mark)
    return mark % 1_000_000


def _start(
    layout: Layout,
    sample: Mapping[str, Sequence[str]],
    dialect: Dialect | None,
    file: FileFacts,
    options: ReadOptions,
) -> Start:
    """Return what the clock counts from, and where that came from."""
    if layout.clock is Clock.ABSOLUTE:
        return Start(0)
    if layout.date_column is not None and options.start_ns is None:
        dates_ns = texts_to_ns(sample[layout.date_column], options.zone, day_first=layout.day_first)
        return Start(int(dates_ns[dates_ns != NOT_A_TIME][0]))
    return start_of(
        layout.clock,
        given_ns=options.start_ns,
        named_ns=date_in_name(file.name, options.zone),
        modified_ns=file.modified_ns,
        mark_ns=_mark_ns(sample),
        length_ns=lambda: file.length_ns(layout, dialect),
    )
