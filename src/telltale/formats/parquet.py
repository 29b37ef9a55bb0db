"""Stream a Parquet file as chunks, through DuckDB (the `archive` extra)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import DecodeError
from telltale.formats.chunks import Chunk
from telltale.registry import missing_extra
from telltale.sql_text import quoted

MAGIC = b"PAR1"
CHUNK_ROWS = 50_000
EXACT = 2**53  # larger integers, such as times in ns, stay text so that no digit is lost


def connect() -> Any:  # Any: duckdb is optional
    """Return a DuckDB connection. Raises MissingExtraError."""
    try:
        import duckdb  # noqa: PLC0415  an optional extra, slow to import
    except ModuleNotFoundError as missing:
        raise missing_extra("Parquet", "archive", missing) from None
    return duckdb.connect(config={"threads": 1})


def read_chunks(
    path: Path, chunk_rows: int = CHUNK_ROWS, *, columns: Sequence[str] = ()
) -> Iterator[Chunk]:
    """Yield a Parquet file's rows, numbers as float64 and all else as text.

    Args:
        path: The file.
        chunk_rows: At most so many rows at a time.
        columns: Only these; none means all.

    Raises:
        DecodeError: Not a readable Parquet file.
        MissingExtraError: DuckDB is not installed.
    """
    connection = connect()
    import duckdb  # noqa: PLC0415  `connect` has shown that it is there

    try:
        kinds = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
        kind_of = {name: kind for name, kind, *_ in kinds.fetchall()}
        names = list(columns or kind_of)
        wanted = ", ".join(_expression(name, kind_of.get(name, "")) for name in names)
        cursor = connection.execute(f"SELECT {wanted} FROM read_parquet(?)", [str(path)])  # noqa: S608
        row = 0
        while rows := cursor.fetchmany(chunk_rows):
            read = dict(zip(names, map(_column, zip(*rows, strict=True)), strict=True))
            yield Chunk(read, np.arange(row, row + len(rows), dtype=np.int64))
            row += len(rows)
    except duckdb.Error:  # its own words differ between versions and name internal paths
        raise DecodeError(
            f"{path.name} cannot be read as Parquet: it is damaged or cut off. Export it again."
        ) from None
    finally:
        connection.close()


def _expression(name: str, kind: str) -> str:
    column = quoted(name)
    if kind == "TIMESTAMP_NS":  # Python's datetime ends at microseconds
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%n')"
    if kind == "TIMESTAMP WITH TIME ZONE":  # Python's needs a package for its zone
        return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return column


def _column(values: tuple[Any, ...]) -> FloatArray | list[str]:
    kinds = set(map(type, values)) - {type(None)}
    beyond = int in kinds and any(abs(v) > EXACT for v in values if type(v) is int)
    if kinds <= {float, int, bool} and not beyond:
        return np.array(values, dtype=np.float64)
    return ["" if value is None else _text(value) for value in values]


def _text(value: Any) -> str:  # Any: whatever the file holds
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)
