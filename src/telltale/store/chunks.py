"""The list of sealed chunks. A chunk's rows lie in its file or in SQLite, never in neither."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

COLUMNS = "id, machine, profile, first_ns, last_ns, rows, bytes, file"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of one machine, first_ns to last_ns inclusive, in one file."""

    id: int
    machine: int
    profile: str
    first_ns: int
    last_ns: int
    rows: int
    bytes: int
    file: str


def overlapping(
    connection: sqlite3.Connection, machine: int, profile: str, start_ns: int, end_ns: int
) -> list[Chunk]:
    """Return the sealed chunks with samples in a range, in time order."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM chunks WHERE machine = ? AND profile = ? AND state = 'sealed' "  # noqa: S608
        "AND first_ns < ? AND last_ns >= ? ORDER BY first_ns",
        (machine, profile, end_ns, start_ns),
    )
    return [Chunk(*row) for row in rows]


def oldest(connection: sqlite3.Connection) -> Chunk | None:
    """Return the sealed chunk that ends first."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM chunks WHERE state = 'sealed' ORDER BY last_ns LIMIT 1"  # noqa: S608
    ).fetchone()
    return Chunk(*row) if row else None


def begin(connection: sqlite3.Connection, machine: int, profile: str) -> Chunk:
    """Note that a file is about to be written, so that a kill leaves nothing unknown."""
    row = connection.execute(
        "INSERT INTO chunks (machine, profile, first_ns, last_ns, rows, bytes, file, state) "
        "VALUES (?, ?, 0, 0, 0, 0, '', 'writing')",
        (machine, profile),
    )
    chunk = int(row.lastrowid or 0)
    file = f"{machine:06d}/{chunk:08d}.parquet"
    connection.execute("UPDATE chunks SET file = ? WHERE id = ?", (file, chunk))
    return Chunk(chunk, machine, profile, 0, 0, 0, 0, file)


def seal(connection: sqlite3.Connection, chunk: Chunk) -> None:
    """Make a written chunk part of what is kept."""
    connection.execute(
        "UPDATE chunks SET first_ns = ?, last_ns = ?, rows = ?, bytes = ?, state = 'sealed' "
        "WHERE id = ?",
        (chunk.first_ns, chunk.last_ns, chunk.rows, chunk.bytes, chunk.id),
    )


def drop(connection: sqlite3.Connection, chunk: int) -> None:
    """Take a chunk out of what is kept; `sweep` removes its file after the commit."""
    connection.execute("UPDATE chunks SET state = 'dropped' WHERE id = ?", (chunk,))
    connection.execute("DELETE FROM rollups WHERE chunk = ?", (chunk,))


def sweep(connection: sqlite3.Connection, archive: Path, *, at_start: bool = False) -> None:
    """Remove the files of dropped chunks and, at the start, of those that were not finished.

    The file goes first: a kill in between only means that it is tried again.
    """
    states = ("dropped", "writing") if at_start else ("dropped", "dropped")
    found = connection.execute("SELECT id, file FROM chunks WHERE state IN (?, ?)", states)
    for chunk, file in found.fetchall():
        for path in (archive / file, archive / (file + ".part")):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other chunks are still in it
            (archive / file).parent.rmdir()
        connection.execute("DELETE FROM chunks WHERE id = ?", (chunk,))
