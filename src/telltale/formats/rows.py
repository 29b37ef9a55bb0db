"""Decoded JSON or MessagePack values, rows or columns, to raw columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import shown
from telltale.formats.raw_columns import MAX_CELLS, FieldNames, RawColumns, split_fields
from telltale.formats.refusals import Refusals


def check_rows(rows: int, max_rows: int) -> None:
    """Raise TooLargeError for more rows than allowed."""
    if rows > max_rows:
        raise TooLargeError(
            f"{rows} rows are more than {max_rows} in one body. Send fewer at a time."
        )


def check_columns(columns: int, max_columns: int) -> None:
    """Raise TooLargeError for more columns than allowed."""
    if columns > max_columns:
        raise TooLargeError(
            f"{columns} columns are more than {max_columns}. "
            "Send one reading per machine, with one name per channel."
        )


def rows_to_raw(
    rows: Sequence[Any],
    names: FieldNames,
    refusals: Refusals,
    row_numbers: Sequence[int] | None = None,
) -> RawColumns:
    """Turn a list of readings into raw columns; what is no object is refused as a row."""
    if not all(type(row) is dict for row in rows):
        rows, row_numbers = _objects(rows, refusals, row_numbers)
    keys = rows[0].keys() if rows else ()
    if not all(row.keys() == keys for row in rows):
        keys = dict.fromkeys(chain.from_iterable(rows))
        if len(keys) * len(rows) > MAX_CELLS:
            raise TooLargeError(
                f"{len(rows)} rows with {len(keys)} different names are too many values. "
                "Send fewer rows at a time."
            )
        columns = {key: [row.get(key) for row in rows] for key in keys}
    else:
        columns = {key: [row[key] for row in rows] for key in keys}
    if not all(type(key) is str for key in columns):
        columns = {str(key): values for key, values in columns.items()}
    return split_fields(columns, len(rows), names, row_numbers)


def _objects(
    rows: Sequence[Any], refusals: Refusals, row_numbers: Sequence[int] | None
) -> tuple[list[dict[str, Any]], list[int]]:
    kept, numbers = [], []
    for i, row in enumerate(rows):
        number = i if row_numbers is None else row_numbers[i]
        if type(row) is dict:
            kept.append(row)
            numbers.append(number)
        else:
            message = f"{shown(row)!r} is no reading. Send an object of names and numbers."
            refusals.row(number, row, "an object of names and numbers", message)
    return kept, numbers


def is_columns(value: Mapping[str, Any], names: FieldNames) -> bool:
    """Tell if an object is columns, not one reading."""
    if isinstance(value.get("columns"), dict):
        return True
    for name in names.time:
        if value.get(name) is not None:
            return isinstance(value[name], list)
    columns = [entry for name, entry in value.items() if name not in names.all]
    return bool(columns) and all(isinstance(entry, list) for entry in columns)


def columns_to_raw(
    value: Mapping[str, Any], names: FieldNames
) -> tuple[RawColumns, Mapping[str, str]]:
    """Turn {"time": [...], "<name>": [...]} into raw columns, and give its units.

    telltale's own answers, with "columns" and "units" inside, are taken as well.

    Raises:
        DecodeError: A column is no list, or they differ in length.
    """
    columns = dict(value)
    units: dict[str, str] = {}
    nested = columns.pop("columns", None)
    if isinstance(nested, dict):
        said = columns.get("units")
        units = {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}
        columns = {k: v for k, v in columns.items() if k in names.all} | nested
    elif nested is not None:
        columns["columns"] = nested
    lengths = {name: len(v) for name, v in columns.items() if isinstance(v, list)}
    n = next(iter(lengths.values()), 0)
    for name, entry in columns.items():
        if name in names.machine and not isinstance(entry, list):
            columns[name] = [entry] * n
        elif entry is None and name in names.all:
            columns[name] = [None] * n
        elif lengths.get(name) != n:
            found = f"holds {len(entry)}" if name in lengths else f"is {shown(entry)!r}, no list"
            raise DecodeError(
                f"Column {shown(name)!r} {found}, where others hold {n} values. "
                "Send lists of one length, null where a value is missing."
            )
    return split_fields({str(k): v for k, v in columns.items()}, n, names), units
