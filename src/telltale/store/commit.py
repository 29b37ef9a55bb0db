"""One group of writes becomes one transaction: samples, sessions, events and states together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, IntArray
from telltale.errors import StoreError
from telltale.events import Event
from telltale.profiles.schema import Profile
from telltale.sql_text import quoted
from telltale.store.archived import sealed_times
from telltale.store.base import Write
from telltale.store.pending import Pending
from telltale.store.samples import SamplesTable, ensure_table
from telltale.store.sessions import SessionBook, split_at_gaps
from telltale.store.stretches import StretchBook

HOUR_NS = 3600 * NS_PER_S
MAX_HOURS = 31 * 24  # arrivals are remembered for a month


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a group of writes.

    Attributes:
        new_rows: Of each write, how many of its samples were not there before.
        late: Machine and times of samples that were not newer than what was there.
    """

    new_rows: list[int]
    late: list[tuple[str, IntArray]]


class Commits(Protocol):
    """Who commits groups of writes: in this process (`Committer`) or in one of its own."""

    def commit(self, writes: Sequence[Write], now_ns: int) -> Committed:
        """Keep all of these writes, or none. Raises sqlite3.Error or StoreError."""

    def forget(self) -> None:
        """Drop everything remembered: somebody else has changed the database."""

    def interrupt(self) -> None:
        """Have a commit that does not end fail, if that can be had. From any thread."""

    def close(self) -> None:
        """Let go. Safe to call twice."""


class Committer:
    """Turns groups of writes into transactions. Lives on one thread.

    What it remembers between groups is only what the database says; after a transaction that
    did not happen it forgets all of it and asks again.
    """

    def __init__(self, connection: sqlite3.Connection, archive: Path) -> None:
        self._connection = connection
        self._archive = archive
        self._sessions = SessionBook(connection)
        self._stretches = StretchBook(connection)
        self._tables: dict[str, tuple[Profile, SamplesTable]] = {}
        self._numbers: dict[str, int] = {}
        self._pending: dict[str, Pending] = {}
        self._late: list[tuple[str, IntArray]] = []

    def commit(self, writes: Sequence[Write], now_ns: int) -> Committed:
        """Keep all of these writes, or none. Raises sqlite3.Error or StoreError."""
        self._late = []
        with Transaction(self._connection, self.forget):
            new_rows = [self._take(write, now_ns) for write in writes]
            for pending in self._pending.values():
                pending.insert(self._connection)
            self._sessions.save()
            self._stretches.save()
            self._save_events([event for write in writes for event in write.events])
            self._save_states(writes, now_ns)
            self._save_arrivals(sum(new_rows), now_ns)
        return Committed(new_rows, self._late)

    def forget(self) -> None:
        """Drop everything remembered."""
        self._sessions.forget()
        self._stretches.forget()
        self._tables.clear()
        self._numbers.clear()
        self._pending.clear()

    def interrupt(self) -> None:
        """Have the statement under way fail."""
        self._connection.interrupt()

    def close(self) -> None:
        """Do nothing: the connection is its owner's to close."""

    def _take(self, write: Write, now_ns: int) -> int:
        """Queue one write's samples and return how many of them are new."""
        batch = write.batch
        if not len(batch):
            return 0
        table = self._table(write.profile)
        unknown = [name for name in batch.columns if name not in table.position]
        if unknown:
            raise StoreError(
                f"{batch.machine}: profile {write.profile.id!r} has no channel or metric "
                f"{unknown[0]!r}, so the store has no column for it."
            )
        number = self._number(batch.machine, write.profile, now_ns)
        key = (number, write.profile.id)
        last_ns = self._stretches.get(key).last_ns
        pending = self._pending.get(table.name)
        if pending is None or pending.table is not table:
            pending = self._pending[table.name] = Pending(table)
        n_late = 0
        if last_ns is not None:
            n_late = int(np.searchsorted(batch.time_ns, last_ns, side="right"))
        new_rows = n_again = 0
        if n_late:
            new_rows, n_again = self._take_late(pending, number, batch.rows(0, n_late), write)
        fresh = batch.rows(n_late, len(batch)) if n_late else batch
        if len(fresh):
            pending.batches.append((number, fresh))
            new_rows += self._count_fresh(number, fresh, write.profile)
        self._stretches.add(key, new_rows + n_again, int(batch.time_ns[0]), int(batch.time_ns[-1]))
        return new_rows

    def _count_fresh(self, number: int, batch: Batch, profile: Profile) -> int:
        """Put samples newer than all others into their recordings; return how many times."""
        total = 0
        for start, stop in split_at_gaps(batch.time_ns, gap_ns(profile)):
            rows = distinct(batch.time_ns[start:stop])
            self._record(number, batch, profile, (start, stop), rows)
            total += rows
        return total

    def _take_late(
        self, pending: Pending, number: int, batch: Batch, write: Write
    ) -> tuple[int, int]:
        """Write samples that are not newer than what is there.

        Returns how many times are new, and how many were only in the archive: until they are
        joined to it again, they lie in both.
        """
        pending.insert(self._connection)  # what came before must be there before
        self._late.append((batch.machine, batch.time_ns))
        again = self._only_sealed(pending.table, number, batch, write.profile)
        total = 0
        for start, stop in split_at_gaps(batch.time_ns, gap_ns(write.profile)):
            part = (number, batch.rows(start, stop))
            pending.batches.append(part)
            rows = pending.insert(self._connection, only_new=True)
            rows -= int(np.isin(again, part[1].time_ns).sum())
            pending.batches.append(part)
            pending.insert(self._connection)
            self._record(number, batch, write.profile, (start, stop), rows)
            total += rows
        return total, len(again)

    def _only_sealed(
        self, table: SamplesTable, number: int, batch: Batch, profile: Profile
    ) -> IntArray:
        """Return those of a batch's times that are in the archive and not in SQLite."""
        sealed = sealed_times(self._connection, self._archive, profile.id, number, batch.time_ns)
        if not len(sealed):
            return sealed
        rows = self._connection.execute(
            f"SELECT time_ns FROM {quoted(table.name)} WHERE machine = ? "  # noqa: S608  quoted
            "AND time_ns IN (SELECT value FROM json_each(?))",
            (number, msgspec.json.encode(sealed.tolist()).decode()),
        )
        return np.setdiff1d(sealed, np.array([row[0] for row in rows], dtype=np.int64))

    def _record(
        self, number: int, batch: Batch, profile: Profile, part: tuple[int, int], rows: int
    ) -> None:
        first_ns, last_ns = int(batch.time_ns[part[0]]), int(batch.time_ns[part[1] - 1])
        self._sessions.add(number, batch.machine, gap_ns(profile), first_ns, last_ns, rows)

    def _table(self, profile: Profile) -> SamplesTable:
        known = self._tables.get(profile.id)
        if known and (known[0] is profile or set(profile.names) <= known[1].position.keys()):
            return known[1]
        if known:  # the profile gained columns: what waits for the old table goes first
            pending = self._pending.pop(known[1].name, None)
            if pending:
                pending.insert(self._connection)
        table = ensure_table(self._connection, profile.id, profile.names)
        self._tables[profile.id] = (profile, table)
        return table

    def _number(self, machine: str, profile: Profile, now_ns: int) -> int:
        number = self._numbers.get(machine)
        if number is None:
            self._connection.execute(
                "INSERT INTO machines (id, title, profile, simulated, place, created_ns) "
                "VALUES (?, ?, ?, 0, '', ?) ON CONFLICT(id) DO NOTHING",
                (machine, machine, profile.id, now_ns),
            )
            row = self._connection.execute("SELECT number FROM machines WHERE id = ?", (machine,))
            number = self._numbers[machine] = int(row.fetchone()[0])
        return number

    def _save_events(self, events: Sequence[Event]) -> None:
        if events:
            self._connection.executemany(
                "INSERT OR REPLACE INTO events (key, machine, kind, level, name, rule, start_ns, "
                'end_ns, value, "limit", message, advice, causes) '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [event_row(event) for event in events],
            )

    def _save_states(self, writes: Sequence[Write], now_ns: int) -> None:
        newest = {write.batch.machine: write for write in writes if write.state is not None}
        for machine, write in newest.items():
            state = write.state() if write.state is not None else None
            if state is not None:
                number = self._number(machine, write.profile, now_ns)
                self._connection.execute(
                    "INSERT OR REPLACE INTO states (machine, state) VALUES (?, ?)",
                    (number, state),
                )

    def _save_arrivals(self, rows: int, now_ns: int) -> None:
        if rows:
            hour = now_ns // HOUR_NS
            self._connection.execute(
                "INSERT INTO arrivals (hour, rows) VALUES (?, ?) "
                "ON CONFLICT(hour) DO UPDATE SET rows = rows + excluded.rows",
                (hour, rows),
            )
            self._connection.execute("DELETE FROM arrivals WHERE hour < ?", (hour - MAX_HOURS,))


class Transaction:
    """BEGIN to COMMIT; anything raised inside, or by the commit itself, undoes all of it."""

    def __init__(
        self, connection: sqlite3.Connection, undone: Callable[[], None] | None = None
    ) -> None:
        self._connection = connection
        self._undone = undone

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
            except BaseException:
                self._undo()
                raise
        else:
            self._undo()

    def _undo(self) -> None:
        if self._undone is not None:
            self._undone()
        if self._connection.in_transaction:  # a full disk has already rolled back
            self._connection.execute("ROLLBACK")


def gap_ns(profile: Profile) -> int:
    """Return the pause that ends a recording."""
    return int(profile.session_gap_s * NS_PER_S)


def distinct(time_ns: IntArray) -> int:
    """Return how many different times there are, time_ns in order."""
    return 1 + int(np.count_nonzero(time_ns[1:] != time_ns[:-1])) if len(time_ns) else 0


def event_row(event: Event) -> tuple[str | int | float | None, ...]:
    """Return an event as its table keeps it."""
    return (
        event.key,
        event.machine,
        event.kind.value,
        event.level.value,
        event.name,
        event.rule,
        event.start_ns,
        event.end_ns,
        event.value,
        event.limit,
        event.message,
        event.advice,
        msgspec.json.encode(event.causes).decode() if event.causes else None,
    )
