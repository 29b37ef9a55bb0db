"""One group of writes becomes one transaction: samples, sessions, events and states together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, IntArray
from telltale.errors import StoreError
from telltale.events import Event
from telltale.profiles.schema import Profile
from telltale.store import queries
from telltale.store.base import Machine, Session, Write
from telltale.store.samples import SamplesTable, ensure_table
from telltale.store.sessions import SessionBook, split_at_gaps

HOUR_NS = 3600 * NS_PER_S
MAX_HOURS = 31 * 24  # arrivals are remembered for a month


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


@dataclass(slots=True)
class Pending:
    """Samples of one table that wait for the next statement, in order of arrival."""

    table: SamplesTable
    batches: list[tuple[int, Batch]] = field(default_factory=list)


class Committer:
    """Turns groups of writes into transactions. Lives on the writer's thread.

    What it remembers between groups is only what the database says; after a transaction that
    did not happen it forgets all of it and asks again.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sessions = SessionBook(connection)
        self._tables: dict[str, tuple[Profile, SamplesTable]] = {}
        self._numbers: dict[str, int] = {}
        self._stretches: dict[tuple[int, str], Stretch] = {}
        self._changed: set[tuple[int, str]] = set()
        self._pending: dict[str, Pending] = {}
        self.touched: Callable[[str, IntArray], None] = lambda machine, time_ns: None

    def commit(self, writes: Sequence[Write], now_ns: int) -> list[int]:
        """Keep all of these writes, or none; return how many samples of each are new.

        Raises sqlite3.Error or StoreError.
        """
        with Transaction(self._connection, self.forget):
            new_rows = [self._samples(write, now_ns) for write in writes]
            for pending in self._pending.values():
                self._flush(pending)
            self._sessions.save()
            self._save_stretches()
            self._save_events([event for write in writes for event in write.events])
            self._save_states(writes, now_ns)
            self._save_arrivals(sum(new_rows), now_ns)
        return new_rows

    def forget(self) -> None:
        """Drop everything remembered."""
        self._sessions.forget()
        self._tables.clear()
        self._numbers.clear()
        self._stretches.clear()
        self._changed.clear()
        self._pending.clear()

    def save_machine(self, machine: Machine) -> None:
        """Insert or replace one machine; its number, and so its samples, stay. Needs a commit."""
        self._connection.execute(
            "INSERT INTO machines (id, title, profile, simulated, place, created_ns) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET title=excluded.title, "
            "profile=excluded.profile, simulated=excluded.simulated, place=excluded.place, "
            "created_ns=excluded.created_ns",
            (
                machine.id,
                machine.title,
                machine.profile,
                machine.simulated,
                machine.place,
                machine.created_ns,
            ),
        )

    def name_session(self, session: str, title: str) -> Session:
        """Give a recording a title. Raises StoreError. Needs a commit."""
        self._sessions.forget()  # what it remembers has the old title
        self._connection.execute("UPDATE sessions SET title = ? WHERE id = ?", (title, session))
        named = queries.session(self._connection, session)
        if named is None:
            raise StoreError(f"There is no session {session!r}. Look at the list of sessions.")
        return named

    def _samples(self, write: Write, now_ns: int) -> int:
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
        stretch = self._stretch(key)
        pending = self._pending.get(table.name)
        if pending is None or pending.table is not table:
            pending = self._pending[table.name] = Pending(table)
        n_late = 0
        if stretch.last_ns is not None:
            n_late = int(np.searchsorted(batch.time_ns, stretch.last_ns, side="right"))
        new_rows = self._late(pending, number, batch.rows(0, n_late), write) if n_late else 0
        fresh = batch.rows(n_late, len(batch)) if n_late else batch
        if len(fresh):
            pending.batches.append((number, fresh))
            new_rows += self._count_fresh(number, fresh, write.profile)
        stretch.add(new_rows, int(batch.time_ns[0]), int(batch.time_ns[-1]))
        self._changed.add(key)
        return new_rows

    def _count_fresh(self, number: int, batch: Batch, profile: Profile) -> int:
        """Put samples newer than all others into their recordings; return how many times."""
        total = 0
        for start, stop in split_at_gaps(batch.time_ns, gap_ns(profile)):
            rows = distinct(batch.time_ns[start:stop])
            self._record(number, batch, profile, (start, stop), rows)
            total += rows
        return total

    def _late(self, pending: Pending, number: int, batch: Batch, write: Write) -> int:
        """Write samples that are not newer than what is there; return how many times are new."""
        self._flush(pending)  # what came before must be there before
        self.touched(batch.machine, batch.time_ns)
        total = 0
        for start, stop in split_at_gaps(batch.time_ns, gap_ns(write.profile)):
            pending.batches.append((number, batch.rows(start, stop)))
            rows = self._execute(pending, only_new=True)
            self._flush(pending)
            self._record(number, batch, write.profile, (start, stop), rows)
            total += rows
        return total

    def _record(
        self, number: int, batch: Batch, profile: Profile, part: tuple[int, int], rows: int
    ) -> None:
        first_ns, last_ns = int(batch.time_ns[part[0]]), int(batch.time_ns[part[1] - 1])
        self._sessions.add(number, batch.machine, gap_ns(profile), first_ns, last_ns, rows)

    def _flush(self, pending: Pending) -> None:
        if pending.batches:
            self._execute(pending)
            pending.batches.clear()

    def _execute(self, pending: Pending, *, only_new: bool = False) -> int:
        """Insert the pending samples and return how many rows SQLite changed."""
        table, width = pending.table, pending.table.width
        values = flat_rows(table, pending.batches)
        changed = start = 0
        for size in table.blocks(len(values) // width):
            stop = start + size * width
            sql = table.insert_sql(size, only_new=only_new)
            changed += self._connection.execute(sql, values[start:stop]).rowcount
            start = stop
        return changed

    def _table(self, profile: Profile) -> SamplesTable:
        known = self._tables.get(profile.id)
        if known and (known[0] is profile or set(profile.names) <= known[1].position.keys()):
            return known[1]
        if known:  # the profile gained columns: what waits for the old table goes first
            pending = self._pending.pop(known[1].name, None)
            if pending:
                self._flush(pending)
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

    def _stretch(self, key: tuple[int, str]) -> Stretch:
        stretch = self._stretches.get(key)
        if stretch is None:
            row = self._connection.execute(
                "SELECT rows, first_ns, last_ns FROM stretches WHERE machine = ? AND profile = ?",
                key,
            ).fetchone()
            stretch = self._stretches[key] = Stretch(*row) if row else Stretch()
        return stretch

    def _save_stretches(self) -> None:
        changed = [(key, self._stretches[key]) for key in self._changed]
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

    def _save_events(self, events: Sequence[Event]) -> None:
        if events:
            self._connection.executemany(
                "INSERT OR REPLACE INTO events (key, machine, kind, level, name, rule, start_ns, "
                'end_ns, value, "limit", message, advice) '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

    def __init__(self, connection: sqlite3.Connection, undone: Callable[[], None]) -> None:
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
        self._undone()
        if self._connection.in_transaction:  # a full disk has already rolled back
            self._connection.execute("ROLLBACK")


def gap_ns(profile: Profile) -> int:
    """Return the pause that ends a recording."""
    return int(profile.session_gap_s * NS_PER_S)


def distinct(time_ns: IntArray) -> int:
    """Return how many different times there are, time_ns in order."""
    return 1 + int(np.count_nonzero(time_ns[1:] != time_ns[:-1])) if len(time_ns) else 0


def flat_rows(table: SamplesTable, batches: Sequence[tuple[int, Batch]]) -> list[float | int]:
    """Return the values of all rows, row after row. NaN stands for missing, as SQLite binds it."""
    n_rows, width = sum(len(batch) for _, batch in batches), table.width
    values = np.full((n_rows, width), np.nan)
    numbers: list[int] = []
    times: list[int] = []
    start = 0
    for number, batch in batches:
        stop = start + len(batch)
        for name, column in batch.columns.items():
            values[start:stop, table.position[name] + 2] = column
        numbers.extend([number] * len(batch))
        times.extend(batch.time_ns.tolist())
        start = stop
    flat: list[float | int] = values.ravel().tolist()
    flat[0::width] = numbers
    flat[1::width] = times
    return flat


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
    )
