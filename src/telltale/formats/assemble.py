"""Raw columns to batches: times read, machines told apart, values checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray, IntArray, sorted_batch
from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import BOOLEANS, Decoded, shown
from telltale.formats.numbers import numbers
from telltale.formats.raw_columns import (
    BAD_ID,
    MAX_CELLS,
    MAX_NAME_LENGTH,
    RawColumns,
    is_machine_id,
)
from telltale.formats.refusals import Refusals
from telltale.formats.times import (
    date_order_note,
    text_to_ns,
    usual_day_first,
    values_to_ns,
)
from telltale.formats.unix_times import EXPECTED, NOT_A_TIME, UNIX_FROM

_TIME_NAME = re.compile(r"(.*_)?(at|time|date|ts|timestamp|utc|epoch|zeit|when)", re.IGNORECASE)
UNNAMED_TIME = (
    "No reading has a field 'time', so they count as measured when they arrived. {0!r} looks like "
    "their time ({1}): send it as 'time'."
)


def to_decoded(
    raw: RawColumns,
    *,
    machine: str | None,
    arrival_ns: int,
    refusals: Refusals,
    units: Mapping[str, str] | None = None,
) -> Decoded:
    """Turn raw columns into batches, one per machine, each in time order.

    Args:
        raw: The input.
        machine: Whose readings these are; None when each row says so.
        arrival_ns: Time of rows without one: the i-th gets arrival_ns + i, so that they stay
            distinct and in order.
        refusals: Gets what had to be refused; may hold refusals already.
        units: Unit per column where the feed says so.
    """
    if raw.n * len(raw.values) > MAX_CELLS:
        raise TooLargeError(
            f"{raw.n} rows of {len(raw.values)} columns are more than {MAX_CELLS} values. "
            "Send fewer rows at a time."
        )
    time_ns, keep = _times(raw, arrival_ns, refusals)
    decoded = assembled(raw, time_ns, keep, machine=machine, refusals=refusals, units=units)
    note = _time_note(raw)
    return decoded if note is None else replace(decoded, notes=(note,))


def _time_note(raw: RawColumns) -> str | None:
    """Return what had to be guessed about the times; None if nothing."""
    if raw.times is None:
        named = unnamed_time(raw.values)
        return None if named is None else UNNAMED_TIME.format(*named)
    first = raw.times[0] if len(raw.times) else None
    if not isinstance(first, str) or usual_day_first([first]) is None:
        return None
    return date_order_note([time for time in raw.times if isinstance(time, str)], "time")


def unnamed_time(
    values: Mapping[str, Sequence[Any] | FloatArray],
) -> tuple[str, str] | None:
    """Return a column that seems to be the time under a name of its own, and its first value."""
    for name, column in values.items():
        value = column[0] if len(column) else None
        if isinstance(value, str) and not value.isdecimal():
            with suppress(DecodeError):
                text_to_ns(value)
                return shown(name), shown(value)
        elif _TIME_NAME.fullmatch(name) and isinstance(value, int | float) and value >= UNIX_FROM:
            return shown(name), f"{value:.0f}"
    return None


def assembled(
    raw: RawColumns,
    time_ns: IntArray,
    keep: BoolArray,
    *,
    machine: str | None,
    refusals: Refusals,
    units: Mapping[str, str] | None = None,
    codes: Mapping[str, Mapping[str, float]] | None = None,
) -> Decoded:
    """Turn raw columns whose times are read into batches. `keep` is False for refused rows."""
    owners, owner_codes = _machines(raw, machine, keep, refusals)
    columns = _values(raw, keep, refusals)
    rows = np.arange(raw.n) if raw.row_numbers is None else np.asarray(raw.row_numbers)
    batches, row_numbers = _batches(owners, owner_codes, time_ns, columns, keep, rows)
    return Decoded(
        batches,
        refusals.rows,
        refusals.values,
        tuple(refusals.reasons),
        units or {},
        {**(codes or {}), **dict.fromkeys(refusals.booleans, BOOLEANS)},
        row_numbers=row_numbers,
    )


def _times(raw: RawColumns, arrival_ns: int, refusals: Refusals) -> tuple[IntArray, BoolArray]:
    arrivals = arrival_ns + np.arange(raw.n, dtype=np.int64)
    keep = np.ones(raw.n, dtype=np.bool_)
    if raw.times is None:
        return arrivals, keep
    time_ns = values_to_ns(raw.times)
    for i in np.flatnonzero(time_ns == NOT_A_TIME):
        value = raw.times[int(i)]
        if value is None or value == "":
            time_ns[i] = arrivals[i]
            continue
        keep[i] = False
        message = f"{shown(value)!r} is not a time. Send {EXPECTED}, or leave it out."
        refusals.row(raw.row_number(int(i)), value, EXPECTED, message)
    return time_ns, keep


def _machines(
    raw: RawColumns, machine: str | None, keep: BoolArray, refusals: Refusals
) -> tuple[list[str], IntArray | None]:
    """Return the machines, and per row which of them it is (None: all are the first)."""
    if machine is not None and raw.machines is None:
        return [machine], None
    sent = raw.machines if raw.machines is not None else [None] * raw.n
    index: dict[Any, int] = {}
    codes = np.empty(raw.n, dtype=np.int64)
    for i, value in enumerate(sent):
        key = value if type(value) in (str, int) else None
        codes[i] = index.setdefault(key, len(index))
    owners = []
    for key, number in index.items():
        owner, problem = _owner(key, machine)
        owners.append(owner)
        if problem:
            for row in np.flatnonzero((codes == number) & keep).tolist():
                expected = "a machine's id" if machine is None else f"{machine!r}, or none"
                refusals.row(raw.row_number(row), sent[row], expected, problem)
            keep &= codes != number
    return owners, codes


def _owner(key: str | int | None, machine: str | None) -> tuple[str, str | None]:
    """Return the machine's id, and what is wrong with it."""
    if key is None:
        missing = 'No machine is named. Add "machine": "<id>" to each reading.'
        return (machine, None) if machine is not None else ("", missing)
    owner = str(key)
    if machine is not None and owner != machine:
        advice = "Send it to its own address, or leave the name out."
        return owner, f"The reading says {shown(owner)!r}, but was sent to {machine!r}. {advice}"
    if machine is None and not is_machine_id(owner):
        return owner, f"{shown(owner)!r} {BAD_ID}"
    return owner, None


def _values(raw: RawColumns, keep: BoolArray, refusals: Refusals) -> dict[str, FloatArray]:
    columns: dict[str, FloatArray] = {}
    for name, values in raw.values.items():
        if len(name) > MAX_NAME_LENGTH:
            expected = f"a name of at most {MAX_NAME_LENGTH} characters"
            message = f"The name {shown(name)!r} has {len(name)} characters. Use {expected}."
            refusals.value(None, shown(name), None, expected, message)
        elif isinstance(values, np.ndarray):
            columns[name] = values
        else:
            columns[name] = numbers(values, name, refusals, raw.row_number)
    if not columns:
        for i in np.flatnonzero(keep):
            message = 'The reading holds no value. Add one, such as "speed_rpm": 1480.'
            refusals.row(raw.row_number(int(i)), None, "at least one value", message)
        keep[:] = False
    elif refusals.spoilt:
        _drop_spoilt_rows(raw, columns, keep, refusals)
    return columns


def _drop_spoilt_rows(
    raw: RawColumns, columns: Mapping[str, FloatArray], keep: BoolArray, refusals: Refusals
) -> None:
    """Count a row as rejected when every value that it held was refused."""
    empty = keep.copy()
    for column in columns.values():
        empty &= np.isnan(column)
    for i in np.flatnonzero(empty):
        if raw.row_number(int(i)) in refusals.spoilt:
            keep[i] = False
            refusals.rows_again(1)


def _batches(  # noqa: PLR0917  one table, spelt out
    owners: Sequence[str],
    codes: IntArray | None,
    time_ns: IntArray,
    columns: Mapping[str, FloatArray],
    keep: BoolArray,
    rows: IntArray,
) -> tuple[tuple[Batch, ...], tuple[IntArray, ...]]:
    """Return a batch per machine, and the rows that its samples stood in."""
    if not keep.all():
        time_ns, codes = time_ns[keep], None if codes is None else codes[keep]
        columns = {name: values[keep] for name, values in columns.items()}
        rows = rows[keep]
    if len(time_ns) == 0:
        return (), ()
    if codes is None or len(owners) == 1:
        batch = sorted_batch(owners[0], time_ns, columns)
        if batch.time_ns is not time_ns:
            rows = rows[np.argsort(time_ns, kind="stable")]
        return (batch,), (rows,)
    order = np.lexsort((time_ns, codes))  # stable: equal times keep the order of arrival
    codes, time_ns, rows = codes[order], time_ns[order], rows[order]
    columns = {name: values[order] for name, values in columns.items()}
    sparse = [name for name, values in columns.items() if np.isnan(values).any()]
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    batches = tuple(
        _without_empty(owners[codes[a]], time_ns[a:b], columns, slice(a, b), sparse)
        for a, b in pairwise(edges)
    )
    return batches, tuple(rows[a:b] for a, b in pairwise(edges))


def _without_empty(
    machine: str,
    time_ns: IntArray,
    columns: Mapping[str, FloatArray],
    part: slice,
    sparse: Sequence[str],
) -> Batch:
    """Return one machine's rows, less the columns that only other machines filled."""
    absent = {name for name in sparse if np.isnan(columns[name][part]).all()}
    own = {name: values[part] for name, values in columns.items() if name not in absent}
    return Batch(machine, time_ns, own)
