"""Reading what is still in SQLite: rows, and minimum and maximum by bucket."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.sql_text import quoted
from telltale.store.pages import fetch_columns, read_rows
from telltale.store.rollups import MINUTE_NS
from telltale.store.samples import table_name
from telltale.store.summary import Buckets, Extremes, Summary


def rows_up_to(  # noqa: PLR0917  one range, spelt out
    connection: sqlite3.Connection,
    profile: str,
    machine: int,
    start_ns: int,
    end_ns: int,
    most: int,
) -> int:
    """Count samples of a range, giving up at `most`."""
    return int(
        connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {quoted(table_name(profile))} "  # noqa: S608
            "WHERE machine = ? AND time_ns >= ? AND time_ns < ? LIMIT ?)",
            (machine, start_ns, end_ns, most),
        ).fetchone()[0]
    )


def minutes(
    connection: sqlite3.Connection, profile: str, machine: int, start_ns: int, end_ns: int
) -> IntArray:
    """Return the minutes since 1970 in which samples of a range lie; few, where it is sealed."""
    origin = start_ns // MINUTE_NS  # SQL divides towards zero, so only differences are divided
    rows = connection.execute(
        f"SELECT DISTINCT (time_ns - ?) / ? FROM {quoted(table_name(profile))} "  # noqa: S608
        "WHERE machine = ? AND time_ns >= ? AND time_ns < ?",
        (origin * MINUTE_NS, MINUTE_NS, machine, start_ns, end_ns),
    )
    return np.array([origin + row[0] for row in rows], dtype=np.int64)


def summary(  # noqa: PLR0917  one range, spelt out
    connection: sqlite3.Connection,
    profile: str,
    names: Sequence[str],
    machine: int,
    start_ns: int,
    end_ns: int,
    buckets: Buckets,
) -> Summary:
    """Return a range by bucket. The grouping runs inside SQLite, away from Python's lock."""
    found = [
        f"{kind}({quoted(name)}) AS {kind}{i}"
        for i, name in enumerate(names)
        for kind in ("min", "max")
    ]
    wanted = ",".join(["min(time_ns) AS first_ns", "max(time_ns) AS last_ns", *found])
    select = (
        f"SELECT (time_ns - ?) / ? AS bucket,{wanted} FROM {quoted(table_name(profile))} "  # noqa: S608
        "WHERE machine = ? AND time_ns >= ? AND time_ns < ? GROUP BY bucket ORDER BY bucket"
    )
    (bucket, first_ns, last_ns), extremes = fetch_columns(
        connection,
        select,
        (buckets.origin_ns, buckets.width_ns, machine, start_ns, end_ns),
        integers=("bucket", "first_ns", "last_ns"),
        floats=[f"{kind}{i}" for i in range(len(names)) for kind in ("min", "max")],
    )
    first = _values_at(connection, profile, names, machine, first_ns)
    last = _values_at(connection, profile, names, machine, last_ns)
    columns = {
        name: Extremes(extremes[2 * i], extremes[2 * i + 1], first[i], last[i])
        for i, name in enumerate(names)
    }
    return Summary(bucket, first_ns, last_ns, columns)


def _values_at(
    connection: sqlite3.Connection,
    profile: str,
    names: Sequence[str],
    machine: int,
    time_ns: IntArray,
) -> list[FloatArray]:
    """Return the values at times that exist, each shape of time_ns."""
    if not len(time_ns):
        return [np.empty(0) for _ in names]
    wanted = ",".join(map(str, time_ns.tolist()))
    _, columns = fetch_columns(
        connection,
        f"SELECT * FROM {quoted(table_name(profile))} WHERE machine = ? "  # noqa: S608
        f"AND time_ns IN ({wanted}) ORDER BY time_ns",
        (machine,),
        integers=("time_ns",),
        floats=[quoted(name) for name in names],
    )
    return columns


__all__ = ["read_rows", "rows_up_to", "summary"]
