"""How much is kept of each machine under each profile, kept up to date as samples arrive."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

Key: TypeAlias = tuple[int, str]  # a machine's number, and its profile at the time


@dataclass(slots=True)
class Stretch:
    """What is kept of one machine under one profile. `last_ns` None means nothing yet."""

    rows: int = 0
    first_ns: int | None = None
    last_ns: int | None = None

    def add(self, rows: int, first_ns: int, last_ns: int) -> None:
        """Count new samples."""
        self.rows += rows
        self.first_ns = first_ns if self.first_ns is None else min(self.first_ns, first_ns)
        self.last_ns = last_ns if self.last_ns is None else max(self.last_ns, last_ns)


class StretchBook:
    """Counts samples inside the writer's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[Key, Stretch] = {}
        self._changed: set[Key] = set()

    def forget(self) -> None:
        """Drop what is cached, after a transaction that did not happen."""
        self._known.clear()
        self._changed.clear()

    def get(self, key: Key) -> Stretch:
        """Return what is kept so far."""
        stretch = self._known.get(key)
        if stretch is None:
            row = self._connection.execute(
                "SELECT rows, first_ns, last_ns FROM stretches WHERE machine = ? AND profile = ?",
                key,
            ).fetchone()
            stretch = self._known[key] = Stretch(*row) if row else Stretch()
        return stretch

    def add(self, key: Key, rows: int, first_ns: int, last_ns: int) -> None:
        """Count new samples."""
        self.get(key).add(rows, first_ns, last_ns)
        self._changed.add(key)

    def save(self) -> None:
        """Write what changed, as one of the last things before the commit."""
        changed = [(key, self._known[key]) for key in self._changed]
        rows = [(*key, s.rows, s.first_ns, s.last_ns) for key, s in changed]
        self._changed.clear()
        if rows:  # in one statement: see `BLOCK_ROWS` for why not one after the other
            self._connection.execute(
                "INSERT OR REPLACE INTO stretches (machine, profile, rows, first_ns, last_ns) "
                "SELECT json_extract(value,'$[0]'), json_extract(value,'$[1]'), "
                "json_extract(value,'$[2]'), json_extract(value,'$[3]'), "
                "json_extract(value,'$[4]') FROM json_each(?)",
                (msgspec.json.encode(rows).decode(),),
            )
