"""Readings that come one by one, of many machines, to batches: what every message reader gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from telltale.formats.assemble import to_decoded
from telltale.formats.base import Decoded, LeftOut, Rejection
from telltale.formats.raw_columns import MAX_CELLS, RawColumns
from telltale.formats.refusals import Refusals

MAX_LEFT_OUT = 100
MAX_WORDS = 1_000  # of one column: beyond, it holds free text


@dataclass(slots=True)
class Reading:
    """One reading, not checked yet.

    Attributes:
        machine: Whose; None if nothing says it.
        values: As sent: numbers, true and false, words, null.
        time: As sent; None for the moment of arrival.
        message: The place of its message in the input, counted from 0.
    """

    machine: str | None
    values: dict[str, Any]
    time: Any = None
    message: int = 0


@dataclass(slots=True)
class Found:
    """What was found in some messages, filled as they are read.

    Attributes:
        readings: In order.
        units: Of columns, where a message says them.
        left_out: Column to the reason why nothing of it is kept.
        refusals: What had to be refused; rows are messages.
    """

    readings: list[Reading] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)

    def leave_out(self, column: str, reason: str) -> None:
        """Remember that nothing of a column is kept."""
        if len(self.left_out) < MAX_LEFT_OUT:
            self.left_out.setdefault(column, reason)


class Words:
    """Gives the words of a feed numbers, the same as long as it runs; a profile has its own."""

    def __init__(self) -> None:
        self._columns: dict[str, dict[str, float]] = {}

    def number(self, column: str, word: str) -> float | None:
        """Return a word's number; None beyond 1,000 words, which are free text."""
        words = self._columns.setdefault(column, {})
        if word not in words and len(words) >= MAX_WORDS:
            return None
        return words.setdefault(word, float(len(words)))

    def codes(self, columns: Sequence[str]) -> dict[str, Mapping[str, float]]:
        """Return word to number, for those of the columns that held words."""
        return {name: dict(self._columns[name]) for name in columns if name in self._columns}


def decoded_of(
    found: Found, *, arrivals_ns: Sequence[int], senders: Sequence[str], words: Words
) -> Decoded:
    """Return what was found as batches, one per machine.

    Readings of one machine and time are one sample, as long as no name comes twice.

    Args:
        found: From the readers.
        arrivals_ns: Of each message.
        senders: Of each message, for the reasons: its topic.
        words: Gives words their numbers.
    """
    readings = _merged(found.readings)
    _number_words(readings, found, words)
    names = dict.fromkeys(name for reading in readings for name in reading.values)
    if len(names) * len(readings) > MAX_CELLS // 10 and len(readings) > 1:
        return _joined(found, readings, arrivals_ns, senders, words)
    n = len(readings)
    columns: dict[str, list[Any]] = {name: [None] * n for name in names}
    for i, reading in enumerate(readings):
        for name, value in reading.values.items():
            columns[name][i] = value
    raw = RawColumns(
        _times_ns(readings, arrivals_ns),
        [reading.machine for reading in readings],
        columns,
        n,
        [reading.message for reading in readings],
    )
    refusals = found.refusals
    if n:
        decoded = to_decoded(
            raw, machine=None, arrival_ns=0, refusals=refusals, units=dict(found.units)
        )
    else:
        decoded = Decoded((), refusals.rows, refusals.values, tuple(refusals.reasons))
    return replace(
        decoded,
        reasons=tuple(_named(reason, senders) for reason in decoded.reasons),
        codes={**decoded.codes, **words.codes(tuple(names))},
        left_out=tuple(LeftOut(name, why) for name, why in found.left_out.items()),
        row_numbers=(),  # a message is no row: what is refused later is told by its time
        notes=(),
    )


def _joined(
    found: Found,
    readings: list[Reading],
    arrivals_ns: Sequence[int],
    senders: Sequence[str],
    words: Words,
) -> Decoded:
    """Decode halves apart, where one table of all would be mostly empty."""
    middle = len(readings) // 2
    parts = (
        Found(readings[:middle], found.units, found.left_out, found.refusals),
        Found(readings[middle:], found.units),
    )
    first, second = (
        decoded_of(part, arrivals_ns=arrivals_ns, senders=senders, words=words) for part in parts
    )
    return Decoded(
        first.batches + second.batches,
        first.rejected_rows + second.rejected_rows,
        first.rejected_values + second.rejected_values,
        (*first.reasons, *second.reasons),
        first.units,
        {**first.codes, **second.codes},
        left_out=first.left_out,
    )


def _merged(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings, those of one machine and one told time as one."""
    kept: list[Reading] = []
    by_key: dict[tuple[str | None, str, object], Reading] = {}
    for reading in readings:
        if reading.time is None:
            kept.append(reading)
            continue
        key = (reading.machine, type(reading.time).__name__, str(reading.time))
        same = by_key.get(key)
        if same is not None and not same.values.keys() & reading.values.keys():
            same.values.update(reading.values)
            continue
        by_key[key] = reading
        kept.append(reading)
    return kept


def _number_words(readings: Sequence[Reading], found: Found, words: Words) -> None:
    for reading in readings:
        for name, value in reading.values.items():
            if type(value) is not str:
                continue
            number = words.number(name, value)
            if number is None:
                found.leave_out(name, f"more than {MAX_WORDS:,} different words: free text")
            reading.values[name] = number


def _times_ns(readings: Sequence[Reading], arrivals_ns: Sequence[int]) -> list[Any]:
    """Return each reading's time as sent; those without get their message's, all different."""
    last_ns = 0
    times: list[Any] = []
    for reading in readings:
        if reading.time is None:
            last_ns = max(last_ns + 1, arrivals_ns[reading.message])
            times.append(last_ns)
        else:
            times.append(reading.time)
    return times


def _named(reason: Rejection, senders: Sequence[str]) -> Rejection:
    """Return a reason that names its sender in place of a row."""
    row = reason.row
    if row is None or not 0 <= row < len(senders):
        return reason
    message = f"{senders[row]}: {reason.message}"
    return Rejection(None, reason.field, reason.value, reason.expected, message)
