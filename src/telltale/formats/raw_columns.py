"""Columns as a feed sent them, to batches: times read, machines told apart, values checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from telltale.batch import Batch, BoolArray, FloatArray, IntArray, sorted_batch
from telltale.errors import TooLargeError
from telltale.formats.base import Decoded, shown
from telltale.formats.numbers import numbers
from telltale.formats.refusals import Refusals
from telltale.formats.times import EXPECTED, NOT_A_TIME, values_to_ns

MAX_ID_LENGTH = 100
MAX_NAME_LENGTH = 200  # of a channel, as the feed writes it
BAD_ID = f"cannot be a machine's id. Use 1 to {MAX_ID_LENGTH} printable characters without '/'."
MAX_CELLS = 20_000_000  # 160 MB as float64


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Which fields of a reading are no measurement. Of several, the first that is there wins.

    Attributes:
        time: When it was measured.
        machine: Whose it is.
        text: Words that are of no use as a column; left out in silence.
    """

    time: tuple[str, ...] = (
        "time",
        "time_ns",
        "meta_time",
        "timestamp",
        "Time",
        "Timestamp",
        "datetime",
        "ts",
    )
    machine: tuple[str, ...] = ("machine", "machine_id")
    text: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.time, *self.machine, *self.text))


@dataclass(frozen=True, slots=True)
class RawColumns:
    """One input, column by column, before anything was checked.

    Attributes:
        times: As sent, length n; None where the feed gave none; None if no row has one.
        machines: As sent, length n; None if no row names one.
        values: Name to numbers, or to what was sent in their place, each of length n.
        n: Rows.
        row_numbers: Place of each row in the input, if not 0 to n - 1.
    """

    times: Sequence[Any] | None
    machines: Sequence[Any] | None
    values: Mapping[str, Sequence[Any] | FloatArray]
    n: int
    row_numbers: Sequence[int] | IntArray | None = None

    def row_number(self, i: int) -> int:
        """Return the place of row i in the input."""
        return i if self.row_numbers is None else int(self.row_numbers[i])


def split_fields(
    columns: Mapping[str, Sequence[Any]],
    n: int,
    names: FieldNames,
    row_numbers: Sequence[int] | None = None,
) -> RawColumns:
    """Sort named columns into times, machines and values."""
    kept_out = names.all
    return RawColumns(
        _merged(columns, names.time),
        _merged(columns, names.machine),
        {name: values for name, values in columns.items() if name not in kept_out},
        n,
        row_numbers,
    )


def _merged(columns: Mapping[str, Sequence[Any]], names: Sequence[str]) -> Sequence[Any] | None:
    """Return the first named column that is there, its gaps filled from the next."""
    found: Sequence[Any] | None = None
    for name in names:
        if name in columns:
            other = columns[name]
            if found is None:
                found = other
            elif None in found:
                found = [b if a is None else a for a, b in zip(found, other, strict=True)]
    return found


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
    return assembled(raw, time_ns, keep, machine=machine, refusals=refusals, units=units)


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
    return Decoded(
        _batches(owners, owner_codes, time_ns, columns, keep),
        refusals.rows,
        refusals.values,
        tuple(refusals.reasons),
        units or {},
        codes or {},
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
        return owner, f"The reading says {shown(owner)!r}, but was sent to {machine!r}."
    if machine is None and not is_machine_id(owner):
        return owner, f"{shown(owner)!r} {BAD_ID}"
    return owner, None


def is_machine_id(text: str) -> bool:
    """Tell if the text can name a machine: it goes into addresses and keys."""
    return (
        0 < len(text) <= MAX_ID_LENGTH
        and text.isprintable()
        and "/" not in text
        and text.strip() == text
        and text not in (".", "..")
    )


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


def _batches(
    owners: Sequence[str],
    codes: IntArray | None,
    time_ns: IntArray,
    columns: Mapping[str, FloatArray],
    keep: BoolArray,
) -> tuple[Batch, ...]:
    if not keep.all():
        time_ns, codes = time_ns[keep], None if codes is None else codes[keep]
        columns = {name: values[keep] for name, values in columns.items()}
    if len(time_ns) == 0:
        return ()
    if codes is None or len(owners) == 1:
        return (sorted_batch(owners[0], time_ns, columns),)
    order = np.lexsort((time_ns, codes))  # stable: equal times keep the order of arrival
    codes, time_ns = codes[order], time_ns[order]
    columns = {name: values[order] for name, values in columns.items()}
    sparse = [name for name, values in columns.items() if np.isnan(values).any()]
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    return tuple(
        _without_empty(owners[codes[a]], time_ns[a:b], columns, slice(a, b), sparse)
        for a, b in pairwise(edges)
    )


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
