"""Recordings: a machine's samples without a long pause, kept up to date as samples arrive."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from telltale.batch import FOREVER_NS, IntArray

JSON_PLACES = tuple(f"$[{place}]" for place in range(6))
SAVE_COLUMNS = ("id", "machine", "start_ns", "end_ns", "rows", "title")
SAVE = (
    f"INSERT INTO sessions ({','.join(SAVE_COLUMNS)}) "  # noqa: S608  names of above
    f"SELECT {','.join(f'json_extract(value,{i!r})' for i in JSON_PLACES)} FROM json_each(?) "
    "WHERE true ON CONFLICT(id) DO UPDATE SET start_ns=excluded.start_ns, "
    "end_ns=excluded.end_ns, rows=excluded.rows, title=excluded.title"
)


@dataclass(slots=True)
class OpenSession:
    """A recording that samples are being added to.

    The id says when it began as far as was known at first: late samples move its start, not it.
    """

    id: str
    machine: int
    start_ns: int
    end_ns: int
    rows: int
    title: str = ""


def split_at_gaps(time_ns: IntArray, gap_ns: int) -> list[tuple[int, int]]:
    """Return (start, stop) index pairs of the stretches without a pause longer than gap_ns."""
    n = len(time_ns)
    if n < 2 or int(time_ns[-1]) - int(time_ns[0]) <= gap_ns:
        return [(0, n)]
    pauses = (time_ns[1:] - time_ns[:-1] > gap_ns).nonzero()[0] + 1
    edges = [0, *pauses.tolist(), n]
    return list(pairwise(edges))


class SessionBook:
    """Extends, opens and joins recordings inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._newest: dict[int, OpenSession] = {}
        self._changed: set[int] = set()

    def forget(self) -> None:
        """Drop what is cached, after a transaction that did not happen."""
        self._newest.clear()
        self._changed.clear()

    def add(  # noqa: PLR0917  one stretch, spelt out
        self, machine: int, machine_id: str, gap_ns: int, first_ns: int, last_ns: int, rows: int
    ) -> None:
        """Put `rows` new samples between first_ns and last_ns into their recording."""
        newest = self._newest.get(machine)
        if newest and newest.start_ns <= first_ns <= newest.end_ns + gap_ns:
            newest.end_ns = max(newest.end_ns, last_ns)
            newest.rows += rows
            self._changed.add(machine)
            return
        self.save()
        near = self._near(machine, first_ns - gap_ns, last_ns + gap_ns)
        if not near and not rows:
            return
        fresh = OpenSession(f"{machine_id}/{first_ns}", machine, first_ns, last_ns, rows)
        joined = _joined(fresh, near)
        for session in near:
            if session.id != joined.id:
                self._connection.execute("DELETE FROM sessions WHERE id = ?", (session.id,))
        self._write([joined])
        if newest is None or joined.end_ns >= newest.end_ns:
            newer = self._near(machine, joined.end_ns + 1, FOREVER_NS)
            self._newest[machine] = newer[-1] if newer else joined

    def save(self) -> None:
        """Write what changed, as the last thing before the commit."""
        if self._changed:
            self._write([self._newest[machine] for machine in self._changed])
            self._changed.clear()

    def _near(self, machine: int, from_ns: int, to_ns: int) -> list[OpenSession]:
        rows = self._connection.execute(
            "SELECT id, machine, start_ns, end_ns, rows, title FROM sessions "
            "WHERE machine = ? AND end_ns >= ? AND start_ns <= ? ORDER BY start_ns",
            (machine, max(from_ns, -FOREVER_NS), min(to_ns, FOREVER_NS)),
        )
        return [OpenSession(*row) for row in rows]

    def _write(self, sessions: list[OpenSession]) -> None:
        """Write them all in one statement: see `BLOCK_ROWS` for why not one after the other."""
        rows = [(s.id, s.machine, s.start_ns, s.end_ns, s.rows, s.title) for s in sessions]
        self._connection.execute(SAVE, (msgspec.json.encode(rows).decode(),))


def _joined(fresh: OpenSession, near: list[OpenSession]) -> OpenSession:
    """Return one recording for new samples and the ones they touch; a named one keeps its id."""
    if not near:
        return fresh
    keeper = next((session for session in near if session.title), near[0])
    return OpenSession(
        keeper.id,
        keeper.machine,
        min(fresh.start_ns, *(session.start_ns for session in near)),
        max(fresh.end_ns, *(session.end_ns for session in near)),
        fresh.rows + sum(session.rows for session in near),
        keeper.title,
    )
