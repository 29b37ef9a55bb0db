"""Sealing: moves a stretch of old samples from SQLite into a Parquet file, one chunk a step.

The order makes a kill at any point harmless: the file's name is noted, the file is written,
compared and named, and one transaction then adds the chunk and removes its rows. Before that
the rows are in SQLite and the file is swept away at the next start; after it they are in the file.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from telltale.batch import FOREVER_NS, NS_PER_S, FloatArray, IntArray
from telltale.sql_text import quoted
from telltale.store import chunks, hot, parquet, rollups
from telltale.store.chunks import Chunk
from telltale.store.ranges import merged
from telltale.store.samples import table_columns, table_name

DAY_NS = 86_400 * NS_PER_S
MAX_RENEWED = 10_000  # late samples during one chunk; they go into a statement
CHUNK_ROWS = 100_000  # removed from SQLite in one transaction: about 0.1 s for the writer


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next chunk takes: hot samples start_ns to end_ns, and perhaps an older chunk.

    The older chunk is there when late samples fell into its time; both become one new chunk.
    """

    machine: int
    machine_id: str
    profile: str
    start_ns: int
    end_ns: int
    older: Chunk | None


@dataclass(frozen=True, slots=True)
class Written:
    """A chunk whose file is on the disk and compared, and what it was made of."""

    chunk: Chunk
    hot_first_ns: int
    hot_last_ns: int
    hot_rows: int
    rollup: rollups.Rollup


class Sealing:
    """One step of archiving. Only one runs at a time."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._watched: Plan | None = None
        self._renewed: set[int] = set()

    def begin(self, connection: sqlite3.Connection, plan: Plan) -> Chunk:
        """Note the file and start to watch for late samples. On the writer, in a transaction."""
        self._watched, self._renewed = plan, set()
        return chunks.begin(connection, plan.machine, plan.profile)

    def write(self, connection: sqlite3.Connection, plan: Plan, chunk: Chunk) -> Written:
        """Write and compare the file. On a reader; takes a second or so."""
        names = table_columns(connection, plan.profile)
        fresh = hot.read_rows(
            connection,
            table_name(plan.profile),
            names,
            plan.machine,
            plan.start_ns,
            plan.end_ns,
            limit=CHUNK_ROWS,
        )
        parts = [fresh]
        if plan.older is not None:
            path = self._archive / plan.older.file
            parts.insert(0, parquet.read_chunk(path, names, -FOREVER_NS, FOREVER_NS))
        time_ns, values = merged(parts)
        columns = dict(zip(names, values, strict=True))
        size = parquet.write_chunk(self._archive / chunk.file, time_ns, columns, plan.machine_id)
        return _written(chunk, size, fresh[0], time_ns, columns)

    def finish(self, connection: sqlite3.Connection, plan: Plan, written: Written) -> bool:
        """Add the chunk and remove its rows. On the writer, in a transaction.

        Late samples that came in between stay in SQLite, where they win; a later step takes
        them along. With very many of them it returns False: only the file is to be swept.
        """
        self._watched = None
        if len(self._renewed) > MAX_RENEWED:
            chunks.drop(connection, written.chunk.id)
            return False
        chunks.seal(connection, written.chunk)
        rollups.save(connection, written.chunk.id, written.rollup)
        if plan.older is not None:
            chunks.drop(connection, plan.older.id)
        renewed = ",".join(map(str, self._renewed))
        removed = connection.execute(
            f"DELETE FROM {quoted(table_name(plan.profile))} "  # noqa: S608  only integers
            f"WHERE machine = ? AND time_ns BETWEEN ? AND ? AND time_ns NOT IN ({renewed})",
            (plan.machine, written.hot_first_ns, written.hot_last_ns),
        ).rowcount
        older_rows = plan.older.rows if plan.older else 0
        connection.execute(  # a late sample that replaced an archived one was counted twice
            "UPDATE stretches SET rows = rows + ? WHERE machine = ? AND profile = ?",
            (written.chunk.rows - older_rows - removed, plan.machine, plan.profile),
        )
        return True

    def abandon(self, connection: sqlite3.Connection, chunk: Chunk) -> None:
        """Give up a chunk that could not be written. On the writer, in a transaction."""
        self._watched = None
        chunks.drop(connection, chunk.id)

    def note_late(self, machine: str, time_ns: IntArray) -> None:
        """Remember late samples of the chunk that is being written. On the writer."""
        plan = self._watched
        if plan and machine == plan.machine_id and len(self._renewed) <= MAX_RENEWED:
            inside = (time_ns >= plan.start_ns) & (time_ns < plan.end_ns)
            self._renewed.update(time_ns[inside].tolist())


def next_plan(connection: sqlite3.Connection, before_ns: int) -> Plan | None:
    """Return what to seal next: the oldest hot samples of whole UTC days before a time."""
    sealed_ns = before_ns // DAY_NS * DAY_NS
    rows = connection.execute(
        "SELECT s.machine, m.id, s.profile FROM stretches s "
        "JOIN machines m ON m.number = s.machine WHERE s.first_ns < ?",
        (sealed_ns,),
    ).fetchall()
    found = [(_first_hot(connection, row[2], row[0]), row) for row in rows]
    old = [
        (first_ns, row) for first_ns, row in found if first_ns is not None and first_ns < sealed_ns
    ]
    if not old:
        return None
    start_ns, (machine, machine_id, profile) = min(old)
    day_end_ns = (start_ns // DAY_NS + 1) * DAY_NS
    near = chunks.overlapping(connection, machine, profile, start_ns, day_end_ns)
    if not near:
        return Plan(machine, machine_id, profile, start_ns, day_end_ns, None)
    older = near[0]
    if start_ns < older.first_ns:
        return Plan(machine, machine_id, profile, start_ns, older.first_ns, None)
    return Plan(machine, machine_id, profile, start_ns, older.last_ns + 1, older)


def _first_hot(connection: sqlite3.Connection, profile: str, machine: int) -> int | None:
    row = connection.execute(
        f"SELECT min(time_ns) FROM {quoted(table_name(profile))} WHERE machine = ?",  # noqa: S608
        (machine,),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def _written(
    chunk: Chunk, size: int, hot_ns: IntArray, time_ns: IntArray, columns: dict[str, FloatArray]
) -> Written:
    sealed = replace(
        chunk, first_ns=int(time_ns[0]), last_ns=int(time_ns[-1]), rows=len(time_ns), bytes=size
    )
    return Written(
        sealed,
        int(hot_ns[0]),
        int(hot_ns[-1]),
        len(hot_ns),
        rollups.by_minute(time_ns, columns),
    )
