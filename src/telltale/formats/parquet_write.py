"""Samples to a Parquet file, piece by piece, through DuckDB (the `archive` extra)."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from telltale.batch import Batch
from telltale.formats.parquet import connect
from telltale.sql_text import literal, quoted


class ParquetWriter:
    """Collects pieces in a file beside the target, so that memory stays constant.

    Args:
        path: The Parquet file to be.
        names: Its columns, beside `time`.

    Raises:
        MissingExtraError: DuckDB is not installed.
    """

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        self._path = path
        self._pieces = Path(f"{path}.duckdb")
        self._columns = "".join(f", {quoted(name)}" for name in names)
        self._connection: Any = connect()  # Any: duckdb is optional
        self._connection.execute(f"ATTACH {literal(str(self._pieces))} AS pieces")
        types = "".join(f", {quoted(name)} DOUBLE" for name in names)
        self._connection.execute(f"CREATE TABLE pieces.samples (time_ns BIGINT{types})")

    def __enter__(self) -> ParquetWriter:
        return self

    def write(self, batch: Batch) -> None:
        """Add one piece; its columns are the names of the constructor."""
        arrays = {"time_ns": batch.time_ns, **batch.columns}
        self._connection.register("piece", arrays)
        # A missing value is NULL in Parquet, as every reader of it expects
        values = "".join(f", nullif({quoted(n)}, 'nan'::DOUBLE)" for n in batch.columns)
        self._connection.execute(
            f"INSERT INTO pieces.samples SELECT time_ns{values} FROM piece"  # noqa: S608 - quoted
        )
        self._connection.unregister("piece")

    def finish(self) -> None:
        """Write the Parquet file: `time` as UTC nanoseconds, then the columns."""
        self._connection.execute(
            f"COPY (SELECT make_timestamp_ns(time_ns) AS time{self._columns} "  # noqa: S608
            f"FROM pieces.samples ORDER BY time_ns) TO {literal(str(self._path))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the connection and of the pieces."""
        self._connection.close()
        self._pieces.unlink(missing_ok=True)
        Path(f"{self._pieces}.wal").unlink(missing_ok=True)
