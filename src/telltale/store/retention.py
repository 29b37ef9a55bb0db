"""Letting old samples go: by age and by size, whole chunks first, a bounded piece at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from telltale.batch import FOREVER_NS
from telltale.sql_text import quoted
from telltale.store import chunks, disk
from telltale.store.archive import DAY_NS
from telltale.store.samples import table_name

SLICE_ROWS = 20_000  # removed in one transaction: about 20 ms for the writer
MAX_STEPS = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept; None means everything.

    Attributes:
        keep_days: Samples older than this go, in whole UTC days.
        max_bytes: The oldest samples go while the store takes more than this.
    """

    keep_days: float | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest samples that are still in SQLite."""

    machine: int
    profile: str
    first_ns: int


def expire(connection: sqlite3.Connection, limits: Limits, now_ns: int) -> bool:
    """Remove one piece of what is too much; True if there was one. On the writer."""
    if limits.keep_days is not None:
        before_ns = (now_ns - int(limits.keep_days * DAY_NS)) // DAY_NS * DAY_NS
        if _remove_oldest(connection, before_ns):
            return True
    if limits.max_bytes is not None and used_bytes(connection) > limits.max_bytes:
        return _remove_oldest(connection, FOREVER_NS)
    return False


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return what samples take: pages in use, not those that wait to be used again, and chunks."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size + disk.archived_bytes(connection)


def _remove_oldest(connection: sqlite3.Connection, before_ns: int) -> bool:
    """Remove the oldest chunk, or a slice of SQLite, if all of it lies before a time."""
    chunk = chunks.oldest(connection)
    oldest = _oldest_hot(connection)
    if chunk and chunk.last_ns < before_ns and (not oldest or chunk.first_ns <= oldest.first_ns):
        chunks.drop(connection, chunk.id)
        _count_out(connection, chunk.machine, chunk.profile, chunk.rows)
        return True
    if oldest and oldest.first_ns < before_ns:
        rows = _remove_slice(connection, oldest, before_ns)
        _count_out(connection, oldest.machine, oldest.profile, rows)
        return True
    return False


def _remove_slice(connection: sqlite3.Connection, oldest: Oldest, before_ns: int) -> int:
    table = quoted(table_name(oldest.profile))
    end_ns = connection.execute(
        f"SELECT max(time_ns) FROM (SELECT time_ns FROM {table} WHERE machine = ? "  # noqa: S608
        "AND time_ns < ? ORDER BY time_ns LIMIT ?)",
        (oldest.machine, before_ns, SLICE_ROWS),
    ).fetchone()[0]
    return connection.execute(
        f"DELETE FROM {table} WHERE machine = ? AND time_ns <= ?",  # noqa: S608
        (oldest.machine, end_ns),
    ).rowcount


def _count_out(connection: sqlite3.Connection, machine: int, profile: str, rows: int) -> None:
    """Bring the counters and the list of recordings in line with what is left."""
    first = [
        value
        for (value,) in (
            connection.execute(
                f"SELECT min(time_ns) FROM {quoted(table_name(profile))} WHERE machine = ?",  # noqa: S608
                (machine,),
            ).fetchone(),
            connection.execute(
                "SELECT min(first_ns) FROM chunks WHERE machine = ? AND profile = ? "
                "AND state = 'sealed'",
                (machine, profile),
            ).fetchone(),
        )
        if value is not None
    ]
    where = "WHERE machine = ? AND profile = ?"
    if not first:
        connection.execute(f"DELETE FROM stretches {where}", (machine, profile))  # noqa: S608
    else:
        connection.execute(
            f"UPDATE stretches SET rows = rows - ?, first_ns = ? {where}",  # noqa: S608
            (rows, min(first), machine, profile),
        )
    connection.execute(
        "DELETE FROM sessions WHERE machine = ? AND end_ns < "
        "coalesce((SELECT min(first_ns) FROM stretches WHERE machine = ?), 9223372036854775807)",
        (machine, machine),
    )


def _oldest_hot(connection: sqlite3.Connection) -> Oldest | None:
    found = []
    for machine, profile in connection.execute("SELECT machine, profile FROM stretches").fetchall():
        (first_ns,) = connection.execute(
            f"SELECT min(time_ns) FROM {quoted(table_name(profile))} WHERE machine = ?",  # noqa: S608
            (machine,),
        ).fetchone()
        if first_ns is not None:
            found.append(Oldest(machine, profile, first_ns))
    return min(found, key=lambda oldest: oldest.first_ns, default=None)
