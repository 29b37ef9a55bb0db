"""Chunks of a table to batches: reads the clock, the words and the numbers as the layout says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

import numpy as np

from telltale.batch import NS_PER_S, BoolArray, FloatArray, IntArray
from telltale.formats.assemble import assembled
from telltale.formats.base import MAX_REASONS, Decoded, shown
from telltale.formats.chunks import Chunk
from telltale.formats.clocks import undated_clock
from telltale.formats.columns import KEPT, MAX_WORDS, Role
from telltale.formats.durations import durations_to_ns
from telltale.formats.layout import Clock, Layout
from telltale.formats.raw_columns import RawColumns
from telltale.formats.refusals import Refusals
from telltale.formats.text_numbers import is_missing, number_of, text_numbers
from telltale.formats.times import GIVE_TIME, texts_to_ns
from telltale.formats.unix_times import EXPECTED, NOT_A_TIME

_MAX_HELD_ROWS = 100_000
_LAPS_BEHIND = re.compile(r"\d+ laps?", re.IGNORECASE)  # a gap in results that is no time
SPREAD = "Rows share a time in column {!r}: they are spread evenly over {}, so that each is kept."
WIDTHS = {10**9: "1 s", 10**6: "1 ms", 10**3: "1 us"}
RESTARTED = (
    "The clock in column {!r} begins anew inside the file; how long the logger was off is not "
    "known, so each new stretch follows 1 s after the one before."
)


class TableDecoder:
    """Decodes one table, chunk after chunk; the answer does not depend on the cuts.

    Args:
        layout: What the columns are.
        machine: Whose the rows are, unless a column says so; then it is ignored.
        start_ns: What a relative clock counts from; the day's start for a time of day.
        decimal: Decimal sign.
        zone: Of dates without one.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        machine: str,
        start_ns: int,
        decimal: str = ".",
        zone: tzinfo = UTC,
    ) -> None:
        self._layout = layout
        self._machine = machine
        self._start_ns = start_ns
        self._decimal = decimal
        self._zone = zone
        self._codes: dict[str, dict[str, float]] = {}
        self._clock = undated_clock(layout, decimal)
        self._held: tuple[IntArray, dict[str, FloatArray], IntArray] | None = None
        self._owners = layout.named(Role.MACHINE)
        self._has_spread = False

    def decode(self, chunk: Chunk, *, last: bool = False) -> Decoded:
        """Decode the next rows. The newest are held back until the following call.

        Rows of one time are spread evenly over the clock's resolution, so that each is kept;
        that needs all rows of the time together.
        """
        refusals = _begun(chunk)
        restarts_before = self._clock.restarts if self._clock else 0
        had_spread = self._has_spread
        time_ns, keep = self._times(chunk, refusals)
        columns = {name: self._numbers(chunk, name, refusals) for name in self._names()}
        machines, rows = None, chunk.row_numbers
        if self._owners and len(chunk):
            machines = self._machines(chunk.texts(self._owners[0]))
        elif not self._owners and self._layout.clock is not Clock.NONE:
            time_ns, columns, rows = self._spread(time_ns, columns, keep, rows, last=last)
            keep = np.ones(len(time_ns), dtype=np.bool_)
        decoded = self._assembled(
            time_ns, columns, keep, machines=machines, rows=rows, refusals=refusals
        )
        notes = []
        if self._clock and self._clock.restarts > restarts_before == 0:
            notes.append(RESTARTED.format(self._layout.time_column))
        if self._has_spread and not had_spread:
            width = WIDTHS[self._layout.resolution_ns]
            notes.append(SPREAD.format(self._layout.time_column, width))
        return replace(decoded, notes=tuple(notes)) if notes else decoded

    def _assembled(
        self,
        time_ns: IntArray,
        columns: Mapping[str, FloatArray],
        keep: BoolArray,
        *,
        machines: Sequence[str] | None,
        rows: IntArray,
        refusals: Refusals,
    ) -> Decoded:
        raw = RawColumns(None, machines, columns, len(time_ns), rows)
        machine = self._machine if machines is None else None
        return assembled(
            raw,
            time_ns,
            keep,
            machine=machine,
            refusals=refusals,
            units=self._layout.units,
            codes=self._codes,
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(c.source for c in self._layout.columns if c.role in KEPT)

    def _machines(self, texts: Sequence[str]) -> list[str]:
        prefix = self._layout.machine_prefix
        return [prefix + text.strip().replace("/", "-") if text.strip() else "" for text in texts]

    # -- time ---------------------------------------------------------------------------------

    def _times(self, chunk: Chunk, refusals: Refusals) -> tuple[IntArray, BoolArray]:
        layout = self._layout
        keep = np.ones(len(chunk), dtype=np.bool_)
        if layout.time_column is None or layout.clock is Clock.NONE:
            return self._start_ns + chunk.row_numbers, keep
        values = chunk.columns.get(layout.time_column, ())
        if self._clock is None:
            values = self._dates(chunk, layout.time_column)
            time_ns = texts_to_ns(values, self._zone, day_first=layout.day_first)
            keep = time_ns != NOT_A_TIME
        else:
            time_ns = self._clock.offsets_ns(values)
            keep = time_ns != NOT_A_TIME
            time_ns[keep] += self._start_ns
        for i in np.flatnonzero(~keep):
            said = values[int(i)]
            row = int(chunk.row_numbers[i])
            message = f"Row {row}, {layout.time_column}: {shown(said)!r} is not a time. {GIVE_TIME}"
            refusals.row(row, said, EXPECTED, message)
        return time_ns, keep

    def _dates(self, chunk: Chunk, time_column: str) -> Sequence[str]:
        texts = chunk.texts(time_column)
        if self._layout.date_column is None:
            return texts
        dates = chunk.texts(self._layout.date_column)
        return [f"{date} {text}" for date, text in zip(dates, texts, strict=True)]

    def _spread(
        self,
        time_ns: IntArray,
        columns: Mapping[str, FloatArray],
        keep: BoolArray,
        rows: IntArray,
        *,
        last: bool,
    ) -> tuple[IntArray, dict[str, FloatArray], IntArray]:
        time_ns, rows = time_ns[keep], rows[keep]
        kept = {name: values[keep] for name, values in columns.items()}
        if self._held is not None:
            held_ns, held, held_rows = self._held
            time_ns, rows = np.concatenate((held_ns, time_ns)), np.concatenate((held_rows, rows))
            kept = {name: np.concatenate((held[name], kept[name])) for name in held}
            self._held = None
        order = np.argsort(time_ns, kind="stable")
        time_ns, rows = time_ns[order], rows[order]
        kept = {name: values[order] for name, values in kept.items()}
        n = len(time_ns)
        cut = n if last or not n else int(np.searchsorted(time_ns, time_ns[-1]))
        if n - cut > _MAX_HELD_ROWS:
            cut = n
        if cut < n:
            self._held = time_ns[cut:], {k: v[cut:] for k, v in kept.items()}, rows[cut:]
        ready_ns = spread(time_ns[:cut], self._layout.resolution_ns)
        self._has_spread = self._has_spread or bool(np.any(ready_ns != time_ns[:cut]))
        return (
            ready_ns,
            {name: values[:cut] for name, values in kept.items()},
            rows[:cut],
        )

    # -- values -------------------------------------------------------------------------------

    def _numbers(self, chunk: Chunk, name: str, refusals: Refusals) -> FloatArray:
        values = chunk.columns.get(name, ())
        if isinstance(values, np.ndarray):
            return np.where(np.isinf(values), np.nan, values)
        rows = chunk.row_numbers
        column = next(c for c in self._layout.columns if c.source == name)
        if column.role is Role.CODE:
            return self._coded(values, name, refusals, rows)
        if column.role is Role.DURATION:
            return _seconds(values, name, refusals, rows)
        return text_numbers(
            values,
            name,
            refusals,
            lambda i: int(rows[i]),
            decimal=self._decimal,
            group=column.group,
        )

    def _coded(
        self, texts: Sequence[str], name: str, refusals: Refusals, rows: IntArray
    ) -> FloatArray:
        codes = self._codes.setdefault(name, {})
        column = np.full(len(texts), np.nan)
        for i, text in enumerate(texts):
            word = text.strip()
            if not word:
                continue
            if word not in codes and len(codes) >= 2 * MAX_WORDS:
                message = (
                    f"Row {rows[i]}, {name}: {shown(word)!r} is one word too many; a column may "
                    f"hold {2 * MAX_WORDS}. Leave it empty."
                )
                refusals.value(int(rows[i]), name, word, "one of the known words", message)
                continue
            column[i] = codes.setdefault(word, float(len(codes)))
        return column


def _begun(chunk: Chunk) -> Refusals:
    refusals = Refusals()
    refusals.rows = chunk.refused_count
    refusals.reasons.extend(chunk.refused[:MAX_REASONS])
    return refusals


def _seconds(texts: Sequence[str], name: str, refusals: Refusals, rows: IntArray) -> FloatArray:
    """Read "1:38.326", and bare seconds such as "33.413", as seconds."""
    column = np.full(len(texts), math.nan)
    for i, (text, duration_ns) in enumerate(zip(texts, durations_to_ns(texts), strict=True)):
        column[i] = number_of(text) if duration_ns == NOT_A_TIME else duration_ns / NS_PER_S
        if not math.isfinite(column[i]) and not is_missing(text):
            column[i] = math.nan
            if _LAPS_BEHIND.fullmatch(text.strip()):
                continue
            message = (
                f"Row {rows[i]}, {name}: {shown(text)!r} is not a duration. "
                "Give minutes:seconds, or seconds."
            )
            refusals.value(int(rows[i]), name, text, "minutes:seconds, or seconds", message)
    return column


def spread(time_ns: IntArray, resolution_ns: int) -> IntArray:
    """Spread equal times evenly over the clock's resolution. time_ns must not decrease."""
    if len(time_ns) < 2 or bool(np.all(time_ns[1:] > time_ns[:-1])):
        return time_ns
    _, first, count = np.unique(time_ns, return_index=True, return_counts=True)
    place = np.arange(len(time_ns)) - np.repeat(first, count)
    shifted: IntArray = time_ns + place * resolution_ns // np.repeat(count, count)
    return shifted
