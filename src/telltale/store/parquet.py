"""Chunks as Parquet files, written and read by DuckDB. Needs the extra `archive`."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from telltale.batch import FOREVER_NS, FloatArray, IntArray
from telltale.errors import StoreError
from telltale.registry import missing_extra
from telltale.sql_text import literal, quoted

MEMORY = "256MB"  # DuckDB spills beyond it
ROW_GROUP = 50_000

_local = threading.local()


def is_available() -> bool:
    """Return True if DuckDB is installed."""
    return find_spec("duckdb") is not None


def write_chunk(
    path: Path, time_ns: IntArray, columns: Mapping[str, FloatArray], machine: str
) -> int:
    """Write a chunk, compare it value by value, and only then give it its name; return its size.

    Raises:
        StoreError: What was read back is not what was written.
        MissingExtraError: DuckDB is not installed.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"CASE WHEN isnan({q}) THEN NULL ELSE {q} END AS {q}" for q in map(quoted, columns)]
    duck = _duck()
    duck.register("chunk", {"time_ns": time_ns, **columns})
    try:
        duck.execute(
            f"COPY (SELECT {','.join(['time_ns', *names])} FROM chunk) TO {literal(str(part))} "  # noqa: S608
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}, "
            f"KV_METADATA {{machine: {literal(machine)}}})"
        )
    except _errors() as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"{path} could not be written: {error}. Its rows stay where they are."
        ) from error
    finally:
        duck.unregister("chunk")
    _sync(part)
    _verify(part, time_ns, columns)
    part.rename(path)
    _sync(path.parent)
    return path.stat().st_size


def read_chunk(
    path: Path, names: Sequence[str], start_ns: int, end_ns: int
) -> tuple[IntArray, list[FloatArray]]:
    """Return a chunk's samples of a range; a name that it lacks is all NaN. Raises StoreError."""
    duck = _duck()
    source = f"read_parquet({literal(str(path))})"
    try:
        has = {row[0] for row in duck.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
        known = [name for name in names if name in has]
        found = duck.execute(
            f"SELECT {','.join(map(quoted, ['time_ns', *known]))} FROM {source} "  # noqa: S608
            "WHERE time_ns >= ? AND time_ns < ? ORDER BY time_ns",
            [start_ns, end_ns],
        ).fetchnumpy()
    except _errors() as error:
        if not path.exists():
            raise FileNotFoundError(path) from error
        raise StoreError(f"{path} cannot be read: {error}. Restore it from a backup.") from error
    time_ns = np.asarray(found["time_ns"], dtype=np.int64)
    missing = np.full(len(time_ns), np.nan)
    return time_ns, [_floats(found[name]) if name in has else missing for name in names]


def _verify(path: Path, time_ns: IntArray, columns: Mapping[str, FloatArray]) -> None:
    names = list(columns)
    found_ns, found = read_chunk(path, names, -FOREVER_NS, FOREVER_NS)
    wrong = [
        name
        for name, values in zip(names, found, strict=True)
        if not np.array_equal(values, columns[name], equal_nan=True)
    ]
    if wrong or not np.array_equal(found_ns, time_ns):
        path.unlink(missing_ok=True)
        raise StoreError(
            f"{path} does not read back as written ({', '.join(wrong) or 'times'}). "
            "Its rows stay where they are; check the disk."
        )


def _duck() -> Any:  # Any: duckdb is optional and imported late
    """Return this thread's DuckDB, with nothing in it."""
    duck = getattr(_local, "duck", None)
    if duck is None:
        try:
            import duckdb  # noqa: PLC0415  0.1 s and 20 MB, only where an archive is used
        except ModuleNotFoundError as error:
            raise missing_extra("The archive", "archive", error) from None
        duck = _local.duck = duckdb.connect(
            ":memory:", config={"threads": 1, "memory_limit": MEMORY}
        )
    return duck


def _errors() -> type[Exception]:
    import duckdb  # noqa: PLC0415

    error: type[Exception] = duckdb.Error
    return error


def _floats(values: Any) -> FloatArray:  # Any: a masked array where something is missing
    filled: FloatArray = np.ma.filled(values, np.nan).astype(np.float64, copy=False)
    return filled


def _sync(path: Path) -> None:
    """Make sure that a file's content, or a folder's names, are on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and keeps its names in order by itself
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
