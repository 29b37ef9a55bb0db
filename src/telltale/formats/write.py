"""The way out: batches as JSON columns, NDJSON, CSV, MessagePack or Parquet, piece by piece."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from telltale.batch import Batch, FloatArray, IntArray
from telltale.errors import DecodeError
from telltale.formats.parquet import connect

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "msgpack": "application/msgpack",
    "parquet": "application/vnd.apache.parquet",
}
ROWS_PER_PIECE = 10_000
_json = msgspec.json.Encoder()
_msgpack = msgspec.msgpack.Encoder()


def write_json(
    batches: Iterable[Batch], names: Sequence[str], units: Mapping[str, str], machine: str
) -> Iterator[bytes]:
    """Yield {"machine", "units", "time_ns": [...], "columns": {name: [...]}} from few batches.

    Columns stand one after the other in JSON, so all batches are held; use NDJSON for more.
    """
    time_ns, columns = _joined(batches, names)
    yield b'{"machine":' + _json.encode(machine) + b',"units":' + _json.encode(dict(units))
    yield b',"time_ns":' + _json.encode(time_ns.tolist()) + b',"columns":{'
    for i, name in enumerate(names):
        comma = b"," if i else b""
        yield comma + _json.encode(name) + b":" + _json.encode(_nullable(columns[name]))
    yield b"}}"


def write_msgpack(
    batches: Iterable[Batch], names: Sequence[str], units: Mapping[str, str], machine: str
) -> Iterator[bytes]:
    """Yield what `write_json` does, as one MessagePack map. NaN is nil."""
    time_ns, columns = _joined(batches, names)
    yield _msgpack.encode(
        {
            "machine": machine,
            "units": dict(units),
            "time_ns": time_ns.tolist(),
            "columns": {name: _nullable(columns[name]) for name in names},
        }
    )


def write_ndjson(batches: Iterable[Batch], names: Sequence[str]) -> Iterator[bytes]:
    """Yield one reading a line; a missing value is null."""
    for piece in _pieces(batches):
        columns = [_nullable(values) for values in _columns(piece, names)]
        rows = zip(piece.time_ns.tolist(), *columns, strict=True)
        keys = ("time_ns", "machine", *names)
        yield _json.encode_lines(
            [
                dict(zip(keys, (time_ns, piece.machine, *values), strict=True))
                for time_ns, *values in rows
            ]
        )


def write_csv(
    batches: Iterable[Batch], names: Sequence[str], units: Mapping[str, str] | None = None
) -> Iterator[bytes]:
    """Yield a header, with units as "name [unit]" where given, and a row per sample.

    Times are ISO 8601 with nanoseconds; a missing value is empty. The machine is a column.
    """
    units = units or {}
    header = [f"{name} [{units[name]}]" if units.get(name) else name for name in names]
    yield _csv_lines([["time", "machine", *header]])
    for piece in _pieces(batches):
        texts = np.datetime_as_string(piece.time_ns.view("datetime64[ns]"), timezone="UTC")
        columns = [_csv_cells(values) for values in _columns(piece, names)]
        machines = [piece.machine] * len(piece)
        yield _csv_lines(zip(texts.tolist(), machines, *columns, strict=True))


def _csv_lines(rows: Iterable[Sequence[str] | tuple[Any, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def write_parquet(batches: Iterable[Batch], names: Sequence[str], path: Path) -> int:
    """Write a Parquet file (zstd) with time_ns, machine and the columns; return the rows.

    Raises:
        MissingExtraError: DuckDB is not installed.
        DecodeError: There is nothing to write.
    """
    connection = connect()
    quoted = [_quoted(name) for name in names]
    rows = 0
    try:
        kinds = ", ".join(f"{name} DOUBLE" for name in quoted)
        listed = f", {kinds}" if quoted else ""
        connection.execute(f"CREATE TABLE out (time_ns BIGINT, machine VARCHAR{listed})")
        for piece in _pieces(batches):
            rows += len(piece)
            table = {f"c{i}": v for i, v in enumerate(_columns(piece, names))}
            _insert(connection, piece, table)
        if not rows:
            raise DecodeError("There are no samples in this range. Choose a wider one.")
        target = str(path).replace("'", "''")
        connection.execute(f"COPY out TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    finally:
        connection.close()
    return rows


def _insert(connection: Any, piece: Batch, columns: Mapping[str, FloatArray]) -> None:
    """Insert one batch; NaN becomes NULL."""  # Any: duckdb is optional
    data = {"t": piece.time_ns, **columns}
    connection.register("piece", data)
    values = "".join(f", CASE WHEN isnan({name}) THEN NULL ELSE {name} END" for name in columns)
    connection.execute(f"INSERT INTO out SELECT t, ?{values} FROM piece", [piece.machine])  # noqa: S608
    connection.unregister("piece")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _pieces(batches: Iterable[Batch]) -> Iterator[Batch]:
    for batch in batches:
        for start in range(0, len(batch), ROWS_PER_PIECE):
            yield batch.rows(start, start + ROWS_PER_PIECE)


def _columns(batch: Batch, names: Sequence[str]) -> list[FloatArray]:
    missing = np.full(len(batch), np.nan)
    return [batch.columns.get(name, missing) for name in names]


def _joined(
    batches: Iterable[Batch], names: Sequence[str]
) -> tuple[IntArray, dict[str, FloatArray]]:
    parts = list(batches)
    time_ns = np.concatenate([np.empty(0, np.int64), *(part.time_ns for part in parts)])
    tables = [_columns(part, names) for part in parts]
    columns = {
        name: np.concatenate([np.empty(0), *(table[i] for table in tables)])
        for i, name in enumerate(names)
    }
    return time_ns, columns


def _nullable(values: FloatArray) -> list[float | None]:
    if not bool(np.isnan(values).any()):
        return values.tolist()  # type: ignore[no-any-return]
    return [None if math.isnan(v) else v for v in values.tolist()]


def _csv_cells(values: FloatArray) -> list[str]:
    return ["" if math.isnan(v) else repr(v) for v in values.tolist()]
