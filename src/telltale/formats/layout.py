"""What a table's columns are: which is the clock, which are measurements, which are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from enum import StrEnum

import msgspec
import numpy as np

from telltale.formats.base import LeftOut
from telltale.formats.columns import TIME_NAMES, Column, Role, classified, plain_key
from telltale.formats.durations import times_of_day_to_ns
from telltale.formats.text_numbers import is_missing, number_of
from telltale.formats.times import texts_to_ns, told_day_first, usual_day_first
from telltale.formats.unix_times import NOT_A_TIME, UNIX_FROM

SAMPLE_ROWS = 1_000  # of these the columns are told
FEW_STEPS = 20  # one row out of order says little about a clock
_DAY_NS = 86_400 * 10**9
_DATE_NAMES = ("date", "datum", "day", "tag", "log_date", "utc_date", "gps_date", "date_utc")
_SCALES_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0}


class Clock(StrEnum):
    """How the time column counts."""

    ABSOLUTE = "absolute"  # dates, or Unix numbers
    RELATIVE = "relative"  # from the start of the recording
    TIME_OF_DAY = "time of day"  # the date comes from elsewhere
    NONE = "none"  # no time: all rows are of one moment


class Layout(msgspec.Struct, frozen=True):
    """How a table is to be read.

    Attributes:
        format: For people: "CSV table", "GR Cup lap table".
        columns: All of them, in the file's order.
        clock: How `time_column` counts.
        time_column: None if there is none.
        scale_s: Seconds per unit of a relative clock.
        resolution_ns: Rows that share a time are spread over this.
        time_guess: True if the time column was told by its content alone.
        machine_prefix: Goes before what the machine column holds.
        date_column: Holds the day, where `time_column` holds only the time.
        day_first: Whether dates such as 03/04/2026 begin with the day; None if there are none.
        trigger: What a row marks, in tables of which only the file's name says so: "lap_end".
    """

    format: str
    columns: tuple[Column, ...]
    clock: Clock
    time_column: str | None = None
    scale_s: float = 1.0
    resolution_ns: int = 1_000_000_000
    time_guess: bool = False
    machine_prefix: str = ""
    date_column: str | None = None
    day_first: bool | None = None
    trigger: str = ""

    def named(self, role: Role) -> tuple[str, ...]:
        """Return the names of the columns of one role."""
        return tuple(column.source for column in self.columns if column.role is role)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The columns of which nothing is kept, with the reason."""
        left_out = (column for column in self.columns if column.role is Role.LEFT_OUT)
        return tuple(LeftOut(column.source, column.why) for column in left_out)

    @property
    def units(self) -> dict[str, str]:
        """Unit per kept column, where known."""
        kept = (Role.NUMBER, Role.DURATION)
        return {c.source: c.unit for c in self.columns if c.unit and c.role in kept}


def plan(
    sample: Mapping[str, Sequence[str]],
    units: Mapping[str, str],
    *,
    decimal: str = ".",
    time_column: str | None = None,
    zone: tzinfo = UTC,
    day_first: bool | None = None,
) -> Layout:
    """Tell from a table's first rows what its columns are.

    Args:
        sample: Texts of the first rows by column.
        units: Unit per column where the file says so.
        decimal: Decimal sign.
        time_column: The time column, if the user named it.
        zone: Of times without one.
        day_first: Whether dates begin with the day, if the user said so.
    """
    date = None if time_column else _date_column(sample)
    undated = {key: texts for key, texts in sample.items() if key != date}
    name, clock, guess = _time_column(undated, decimal, time_column, zone)
    if date and (clock in (Clock.NONE, Clock.ABSOLUTE) or guess):  # the day is all there is
        name, clock, guess = _time_column(sample, decimal, None, zone)
        date = None
    columns = tuple(
        Column(source, Role.TIME, units.get(source, ""))
        if source in (name, date)
        else classified(source, texts, units.get(source, ""), decimal)
        for source, texts in sample.items()
    )
    texts = [] if name is None else [t for t in sample[name] if not is_missing(t)]
    scale_s = _scale_s(name or "", units.get(name or "", ""))
    resolution_ns = _resolution_ns(texts, clock, scale_s, decimal, zone)
    if date and clock is Clock.TIME_OF_DAY:
        clock = Clock.ABSOLUTE
    return Layout(
        "CSV table",
        columns,
        clock,
        name,
        scale_s,
        resolution_ns,
        guess,
        date_column=date,
        day_first=day_first
        if day_first is not None
        else _day_first(sample[date] if date else texts),
    )


def _day_first(texts: Sequence[str]) -> bool | None:
    told, usual = told_day_first(texts), usual_day_first(texts)
    return told if told is not None or usual is None else usual[0]


def _date_column(sample: Mapping[str, Sequence[str]]) -> str | None:
    """Return the column that holds days without a time, named so; None if there is none."""
    for name, texts in sample.items():
        filled = [text for text in texts if not is_missing(text)]
        if plain_key(name) not in _DATE_NAMES or not filled or ":" in "".join(filled):
            continue
        days_ns = texts_to_ns(filled)
        if float(np.mean((days_ns != NOT_A_TIME) & (days_ns % _DAY_NS == 0))) > 0.6:
            return name
    return None


def _time_column(
    sample: Mapping[str, Sequence[str]], decimal: str, wanted: str | None, zone: tzinfo
) -> tuple[str | None, Clock, bool]:
    if wanted is not None and wanted in sample:
        clock = _clock(sample[wanted], decimal, zone)
        return wanted, clock if clock is not None else Clock.RELATIVE, False
    named = sorted(
        (TIME_NAMES.index(key), name) for name in sample if (key := plain_key(name)) in TIME_NAMES
    )
    clocks = [(name, _clock(sample[name], decimal, zone)) for _, name in named]
    for kind in (Clock.ABSOLUTE, Clock.TIME_OF_DAY, Clock.RELATIVE):
        for name, clock in clocks:
            if clock is kind:
                return name, kind, False
    for name, texts in sample.items():  # by content: only dates are sure enough
        filled = [text for text in texts if not is_missing(text)]
        is_text = any(np.isnan(number_of(text, decimal)) for text in filled[:20])
        if is_text and _clock(texts, decimal, zone) is Clock.ABSOLUTE:
            return name, Clock.ABSOLUTE, True
    return None, Clock.NONE, True


def unread_time(sample: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return a column that by its name holds times, and a text in it that is none."""
    for name, texts in sample.items():
        filled = [text for text in texts if not is_missing(text)]
        is_text = bool(filled) and all(np.isnan(number_of(text)) for text in filled[:20])
        if plain_key(name) in TIME_NAMES and is_text:
            times_ns = texts_to_ns(filled)
            return name, filled[int(np.argmax(times_ns == NOT_A_TIME))]
    return None


def _clock(texts: Sequence[str], decimal: str, zone: tzinfo) -> Clock | None:
    filled = [text.strip() for text in texts if not is_missing(text)]
    if not filled:
        return None
    numbers = np.array([number_of(text, decimal) for text in filled])
    is_number = ~np.isnan(numbers)
    if float(np.mean(is_number)) > 0.6:
        numbers = numbers[is_number]
        is_unix = bool(np.median(np.abs(numbers)) >= UNIX_FROM)
        n_steps = max(len(numbers) - 1, 1)
        n_back = int(np.sum(np.diff(numbers) < 0))
        steady = n_back < (0.1 if n_steps >= FEW_STEPS else 0.4) * n_steps
        if is_unix:
            return Clock.ABSOLUTE
        return Clock.RELATIVE if steady else None
    if float(np.mean(texts_to_ns(filled, zone) != NOT_A_TIME)) > 0.3:
        return Clock.ABSOLUTE
    if float(np.mean(times_of_day_to_ns(filled) != NOT_A_TIME)) > 0.6:
        return Clock.TIME_OF_DAY
    return None


def _scale_s(name: str, unit: str) -> float:
    if unit.strip().lower() in _SCALES_S:
        return _SCALES_S[unit.strip().lower()]
    return _SCALES_S.get(plain_key(name).rpartition("_")[2], 1.0)


def _resolution_ns(
    texts: Sequence[str], clock: Clock, scale_s: float, decimal: str, zone: tzinfo
) -> int:
    """Return the coarsest of 1 s, 1 ms and 1 us that all sampled times are whole multiples of."""
    if clock is Clock.RELATIVE:
        numbers = np.array([number_of(text, decimal) for text in texts])
        time_ns = np.rint(np.nan_to_num(numbers) * scale_s * 1e9).astype(np.int64)
    elif clock is Clock.TIME_OF_DAY:
        time_ns = times_of_day_to_ns(texts)
    else:
        time_ns = texts_to_ns(texts, zone)
    time_ns = time_ns[time_ns != NOT_A_TIME]
    for resolution_ns in (1_000_000_000, 1_000_000):
        if not bool(np.any(time_ns % resolution_ns)):
            return resolution_ns
    return 1_000
