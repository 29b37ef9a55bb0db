"""The way out: samples as JSON or MessagePack columns, or as a CSV, JSON or NDJSON file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray

_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


class Form(StrEnum):
    """A form in which samples leave; the value is its name in `format=` and its file ending."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    MSGPACK = "msgpack"
    PARQUET = "parquet"


MEDIA_TYPES: Mapping[Form, str] = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv",
    Form.NDJSON: "application/x-ndjson",
    Form.MSGPACK: "application/msgpack",
    Form.PARQUET: "application/vnd.apache.parquet",
}


class Columns(msgspec.Struct, frozen=True, omit_defaults=True):
    """Samples of one machine as columns; null where a value is missing.

    Attributes:
        decimated: True when `points` was given: each bucket gives its minimum and maximum.
        next_ns: Only when the range holds more than one answer may: ask again from here.
        filled: With `fill`: true where the value is carried on from an earlier sample.
    """

    machine: str
    time_ns: list[int]
    columns: dict[str, list[float | None]]
    units: dict[str, str]
    decimated: bool
    next_ns: int | None = None
    filled: dict[str, list[bool]] | None = None


def column_lists(batch: Batch) -> dict[str, list[float | None]]:
    """Return a batch's columns as `Columns` holds them."""
    return {name: _nullable(values) for name, values in batch.columns.items()}


def encoded_columns(columns: Columns, form: Form) -> bytes:
    """Return columns as one MessagePack map, or as JSON."""
    return _msgpack.encode(columns) if form is Form.MSGPACK else _json.encode(columns)


# A file of any length is its opening, then its pieces one by one, then its closing.


def opening(form: Form, names: Sequence[str]) -> bytes:
    """Return what a CSV, JSON or NDJSON file of these columns begins with."""
    if form is Form.CSV:
        return _csv_lines([["time", *names]])
    return b"[" if form is Form.JSON else b""


def piece(form: Form, batch: Batch, *, is_first: bool) -> bytes:
    """Return some of a file's samples, in the file's form.

    CSV: `time` in ISO 8601 UTC with nanoseconds, then the columns; empty where missing.
    JSON and NDJSON: readings as they can be pushed; a missing value is left out.
    """
    if form is Form.CSV:
        cells = [_csv_cells(values) for values in batch.columns.values()]
        return _csv_lines(zip(_iso_times(batch), *cells, strict=True))
    rows = _readings(batch)
    if form is Form.NDJSON:
        return _json.encode_lines(rows)
    return (b"" if is_first else b",\n") + b",\n".join(map(_json.encode, rows))


def closing(form: Form) -> bytes:
    """Return what a file ends with."""
    return b"]\n" if form is Form.JSON else b""


def whole_file(form: Form, batch: Batch) -> bytes:
    """Return samples as one CSV, JSON or NDJSON file."""
    names = tuple(batch.columns)
    return opening(form, names) + piece(form, batch, is_first=True) + closing(form)


def _readings(batch: Batch) -> list[dict[str, str | float]]:
    names = list(batch.columns)
    columns = [values.tolist() for values in batch.columns.values()]
    return [
        {"time": time} | {n: v for n, v in zip(names, row, strict=True) if not math.isnan(v)}
        for time, *row in zip(_iso_times(batch), *columns, strict=True)
    ]


def _iso_times(batch: Batch) -> list[str]:
    texts = np.datetime_as_string(batch.time_ns.astype("datetime64[ns]"), timezone="UTC")
    times: list[str] = texts.tolist()
    return times


def _csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _csv_cells(values: FloatArray) -> list[str]:
    return ["" if math.isnan(value) else repr(value) for value in values.tolist()]


def _nullable(values: FloatArray) -> list[float | None]:
    listed: list[float | None] = values.tolist()
    for row in np.flatnonzero(np.isnan(values)).tolist():
        listed[row] = None
    return listed
