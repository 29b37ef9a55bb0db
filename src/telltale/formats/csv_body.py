"""CSV readings in a request body: the reader of files, held to the body's limits."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from telltale.errors import DecodeError
from telltale.formats.base import MAX_REASONS, Decoded, Rejection, shown
from telltale.formats.columns import Role
from telltale.formats.csv_dialect import HEAD_BYTES, sniff
from telltale.formats.csv_rows import read_chunks
from telltale.formats.layout import SAMPLE_ROWS, Clock, Layout, plan
from telltale.formats.rows import check_columns, check_rows
from telltale.formats.table import TableDecoder
from telltale.formats.times import date_order_note

_DAY_NS = 86_400 * 10**9


def decode_csv(
    body: bytes, *, machine: str | None, arrival_ns: int, max_rows: int, max_columns: int
) -> Decoded:
    """Decode a CSV body: a header, then a row per reading.

    Times are as in JSON; without a time column the i-th row gets arrival_ns + i, and a time of
    day is of the day of arrival.

    Raises:
        TooLargeError: More rows or columns than allowed.
        DecodeError: No table, or nobody says whose readings they are.
    """
    dialect = sniff(body[:HEAD_BYTES], "The CSV body")
    check_columns(len(dialect.header), max_columns)
    check_rows(body.count(b"\n") - dialect.skip_lines, max_rows)
    chunk = next(read_chunks(io.BytesIO(body), dialect, len(body)), None)
    if chunk is None:
        raise DecodeError("The CSV body has a header but no rows. Send at least one reading.")
    part = chunk.part(0, SAMPLE_ROWS)
    sample = {name: part.texts(name) for name in part.columns}
    layout = plan(sample, dialect.units, decimal=dialect.decimal)
    if machine is None and not layout.named(Role.MACHINE):
        raise DecodeError('No machine is named. Add a column "machine", or send to one machine.')
    start_ns = arrival_ns
    if layout.clock is Clock.RELATIVE:  # small numbers are Unix times here, as in JSON
        layout = msgspec.structs.replace(layout, clock=Clock.ABSOLUTE)
    elif layout.clock is Clock.TIME_OF_DAY:
        start_ns = arrival_ns // _DAY_NS * _DAY_NS
    decoder = TableDecoder(
        layout, machine=machine or "", start_ns=start_ns, decimal=dialect.decimal
    )
    decoded = decoder.decode(chunk, last=True)
    notes = (*dialect.warnings, *_time_notes(layout, sample), *decoded.notes)
    decoded = replace(decoded, notes=notes, left_out=layout.left_out)
    return decoded if machine is None else _only(decoded, machine)


def _time_notes(layout: Layout, sample: Mapping[str, Sequence[str]]) -> Iterator[str]:
    column = layout.date_column or layout.time_column
    if column is None:
        yield "No column holds times, so the rows count as measured when they arrived."
    elif layout.day_first is not None and (note := date_order_note(sample[column], column)):
        yield note


def _only(decoded: Decoded, machine: str) -> Decoded:
    """Refuse rows that name another machine than the one they were sent to."""
    strange = [batch for batch in decoded.batches if batch.machine != machine]
    if not strange:
        return decoded
    reasons = [
        Rejection(
            None,
            "machine",
            shown(batch.machine),
            repr(machine),
            f"{len(batch)} rows say {shown(batch.machine)!r}, but were sent to {machine!r}.",
        )
        for batch in strange
    ]
    return replace(
        decoded,
        batches=tuple(batch for batch in decoded.batches if batch.machine == machine),
        row_numbers=tuple(
            rows
            for batch, rows in decoded.shares()
            if batch.machine == machine and rows is not None
        ),
        rejected_rows=decoded.rejected_rows + sum(map(len, strange)),
        reasons=(*decoded.reasons, *reasons)[:MAX_REASONS],
    )
