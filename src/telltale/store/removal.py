"""Removing a machine or a recording: noted in one transaction, then done in small pieces.

After the note nothing lists it any more. A kill before the note leaves all of it; after it the
next start goes on with the pieces before anything is read. One large transaction instead would
need as much room in the log as it frees, and hold up every other write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from telltale.batch import FOREVER_NS
from telltale.errors import StoreError
from telltale.sql_text import quoted
from telltale.store import chunks, labels, models, parquet, rollups, waveforms
from telltale.store.chunks import Chunk
from telltale.store.commit import Transaction
from telltale.store.samples import table_columns, table_name

PIECE_ROWS = 20_000  # removed in one transaction: about 20 ms for the writer
REMOVED = "removed/"  # no machine's id has a slash; the row holds its number until all is gone


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and the chunks that hold some of it.

    Attributes:
        whole: Chunks that hold nothing else.
        cut: Chunks that also hold samples beside it.
    """

    id: str
    machine: int
    machine_id: str
    start_ns: int
    end_ns: int
    whole: tuple[Chunk, ...]
    cut: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """What stays of a chunk that is cut, written and compared."""

    old: Chunk
    new: Chunk
    rollup: rollups.Rollup


def note_machine(connection: sqlite3.Connection, machine: str) -> None:
    """Take a machine out of every list. Needs a commit. Raises StoreError."""
    row = connection.execute("SELECT number FROM machines WHERE id = ?", (machine,)).fetchone()
    if row is None:
        raise StoreError(f"There is no machine {machine!r}. Look at the list of machines.")
    number = int(row[0])
    _note_samples(connection, number, -FOREVER_NS, FOREVER_NS)
    for chunk in connection.execute("SELECT id FROM chunks WHERE machine = ?", row).fetchall():
        chunks.drop(connection, *chunk)
    for table in ("stretches", "sessions", "states"):
        connection.execute(f"DELETE FROM {table} WHERE machine = ?", row)  # noqa: S608
    connection.execute("DELETE FROM events WHERE machine = ?", (machine,))
    models.forget_machine(connection, machine)
    labels.forget_machine(connection, machine)
    waveforms.forget_machine(connection, machine)
    connection.execute(
        "UPDATE machines SET id = ? WHERE number = ?", (f"{REMOVED}{number}", number)
    )
    _forget_number(connection, number)


def find_recording(connection: sqlite3.Connection, session: str) -> Recording:
    """Return a recording and where its sealed samples lie. Raises StoreError."""
    row = connection.execute(
        "SELECT s.id, s.machine, m.id, s.start_ns, s.end_ns FROM sessions s "
        "JOIN machines m ON m.number = s.machine WHERE s.id = ?",
        (session,),
    ).fetchone()
    if row is None:
        raise StoreError(f"There is no session {session!r}. Look at the list of sessions.")
    key, machine, machine_id, start_ns, end_ns = row
    touched = [
        chunk
        for (profile,) in _profiles(connection, machine)
        for chunk in chunks.overlapping(connection, machine, profile, start_ns, end_ns + 1)
    ]
    whole = [c for c in touched if start_ns <= c.first_ns and c.last_ns <= end_ns]
    cut = [chunk for chunk in touched if chunk not in whole]
    return Recording(key, machine, machine_id, start_ns, end_ns, tuple(whole), tuple(cut))


def write_rest(
    connection: sqlite3.Connection, archive: Path, recording: Recording, old: Chunk, new: Chunk
) -> Rest:
    """Write what stays of a chunk. On a reader; takes a second or so."""
    names = table_columns(connection, old.profile)
    time_ns, values = parquet.read_chunk(archive / old.file, names, -FOREVER_NS, FOREVER_NS)
    stays = (time_ns < recording.start_ns) | (time_ns > recording.end_ns)
    time_ns = time_ns[stays]
    columns = {name: column[stays] for name, column in zip(names, values, strict=True)}
    size = parquet.write_chunk(archive / new.file, time_ns, columns, recording.machine_id)
    sealed = replace(
        new, first_ns=int(time_ns[0]), last_ns=int(time_ns[-1]), rows=len(time_ns), bytes=size
    )
    return Rest(old, sealed, rollups.by_minute(time_ns, columns))


def note_recording(
    connection: sqlite3.Connection, recording: Recording, rests: Sequence[Rest]
) -> bool:
    """Take a recording out of every list. Needs a commit.

    Returns False, and changes nothing, if samples came into it meanwhile: look again.
    """
    if find_recording(connection, recording.id) != recording:
        return False
    number, start_ns, end_ns = recording.machine, recording.start_ns, recording.end_ns
    for chunk in recording.whole:
        chunks.drop(connection, chunk.id)
        _count_out(connection, number, chunk.profile, chunk.rows)
    for rest in rests:
        chunks.seal(connection, rest.new)
        rollups.save(connection, rest.new.id, rest.rollup)
        chunks.drop(connection, rest.old.id)
        _count_out(connection, number, rest.old.profile, rest.old.rows - rest.new.rows)
    connection.execute("DELETE FROM sessions WHERE id = ?", (recording.id,))
    newer = connection.execute(
        "SELECT count(*) FROM sessions WHERE machine = ? AND end_ns > ?", (number, end_ns)
    ).fetchone()[0]
    if not newer:  # the state knows of samples that are no longer there
        connection.execute("DELETE FROM states WHERE machine = ?", (number,))
    connection.execute(  # an episode that goes on in a newer recording belongs to that one too
        "DELETE FROM events WHERE machine = ? AND kind <> 'note' AND start_ns BETWEEN ? AND ? "
        "AND (coalesce(end_ns, ?) <= ? OR ? = 0)",
        (recording.machine_id, start_ns, end_ns, FOREVER_NS, end_ns, newer),
    )
    _note_samples(connection, number, start_ns, end_ns)
    return True


def piece(connection: sqlite3.Connection) -> bool:
    """Remove one piece of what is noted; False if nothing is. Needs a commit."""
    row = connection.execute(
        "SELECT id, machine, profile, start_ns, end_ns FROM removals ORDER BY id LIMIT 1"
    ).fetchone()
    if row is None:
        return False
    removal, number, profile, start_ns, end_ns = row
    table = quoted(table_name(profile))
    (last_ns,) = connection.execute(
        f"SELECT max(time_ns) FROM (SELECT time_ns FROM {table} WHERE machine = ? "  # noqa: S608
        "AND time_ns BETWEEN ? AND ? ORDER BY time_ns LIMIT ?)",
        (number, start_ns, end_ns, PIECE_ROWS),
    ).fetchone()
    if last_ns is None:
        connection.execute("DELETE FROM removals WHERE id = ?", (removal,))
        _set_ends(connection, number, profile)
        _forget_number(connection, number)
        return True
    rows = connection.execute(
        f"DELETE FROM {table} WHERE machine = ? AND time_ns BETWEEN ? AND ?",  # noqa: S608
        (number, start_ns, last_ns),
    ).rowcount
    _count_out(connection, number, profile, rows)
    return True


def finish(connection: sqlite3.Connection) -> None:
    """Do all of what is noted, e.g. after a kill in the middle of it. Raises sqlite3.Error."""
    is_more = True
    while is_more:
        with Transaction(connection):
            is_more = piece(connection)


def _profiles(connection: sqlite3.Connection, number: int) -> list[tuple[str]]:
    return connection.execute(
        "SELECT profile FROM stretches WHERE machine = ?", (number,)
    ).fetchall()


def _note_samples(connection: sqlite3.Connection, number: int, start_ns: int, end_ns: int) -> None:
    connection.executemany(
        "INSERT INTO removals (machine, profile, start_ns, end_ns) VALUES (?, ?, ?, ?)",
        [(number, profile, start_ns, end_ns) for (profile,) in _profiles(connection, number)],
    )


def _count_out(connection: sqlite3.Connection, number: int, profile: str, rows: int) -> None:
    connection.execute(
        "UPDATE stretches SET rows = rows - ? WHERE machine = ? AND profile = ?",
        (rows, number, profile),
    )


def _set_ends(connection: sqlite3.Connection, number: int, profile: str) -> None:
    """Bring a stretch in line with what is left; with nothing left it goes."""
    first_ns, last_ns = connection.execute(
        "SELECT min(first_ns), max(last_ns) FROM (SELECT min(time_ns) AS first_ns, "  # noqa: S608
        f"max(time_ns) AS last_ns FROM {quoted(table_name(profile))} WHERE machine = ? UNION ALL "
        "SELECT min(first_ns), max(last_ns) FROM chunks "
        "WHERE machine = ? AND profile = ? AND state = 'sealed')",
        (number, number, profile),
    ).fetchone()
    where = "WHERE machine = ? AND profile = ?"
    if first_ns is None:
        connection.execute(f"DELETE FROM stretches {where}", (number, profile))  # noqa: S608
    else:
        connection.execute(
            f"UPDATE stretches SET first_ns = ?, last_ns = ? {where}",  # noqa: S608
            (first_ns, last_ns, number, profile),
        )


def _forget_number(connection: sqlite3.Connection, number: int) -> None:
    """Let a removed machine's number be used again, once no sample has it."""
    connection.execute(
        "DELETE FROM machines WHERE number = ? AND id LIKE ? AND NOT EXISTS "
        "(SELECT 1 FROM removals WHERE machine = machines.number)",
        (number, f"{REMOVED}%"),
    )
