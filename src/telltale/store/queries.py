"""Reading the small tables: machines, events, recordings, states."""

from __future__ import annotations

import sqlite3

import msgspec

from telltale.events import Cause, Event, EventKind, Level
from telltale.store.base import Machine, Session

SESSIONS = (
    "SELECT s.id, m.id, s.start_ns, s.end_ns, s.rows, s.title FROM sessions s "
    "JOIN machines m ON m.number = s.machine "
)
EVENTS = (
    'SELECT key, machine, kind, level, name, rule, start_ns, end_ns, value, "limit", message, '
    "advice, causes FROM events "
)


def machines(connection: sqlite3.Connection) -> list[Machine]:
    """Return all machines by id."""
    rows = connection.execute(  # one with a slash is being removed: see `removal.py`
        "SELECT id, title, profile, simulated, place, created_ns FROM machines "
        "WHERE instr(id, '/') = 0 ORDER BY id"
    )
    return [Machine(r[0], r[1], r[2], bool(r[3]), r[4], r[5]) for r in rows]


def last_state(connection: sqlite3.Connection, machine: str) -> bytes | None:
    """Return a machine's last committed state."""
    row = connection.execute(
        "SELECT state FROM states JOIN machines ON number = machine WHERE id = ?", (machine,)
    ).fetchone()
    return None if row is None else bytes(row[0])


def sessions(connection: sqlite3.Connection, machine: str | None) -> list[Session]:
    """Return recordings, newest first."""
    where, values = ("WHERE m.id = ? ", (machine,)) if machine is not None else ("", ())
    rows = connection.execute(f"{SESSIONS}{where}ORDER BY s.start_ns DESC, s.id", values)
    return [Session(*row) for row in rows]


def session(connection: sqlite3.Connection, key: str) -> Session | None:
    """Return one recording."""
    row = connection.execute(f"{SESSIONS}WHERE s.id = ?", (key,)).fetchone()
    return Session(*row) if row else None


def events(  # noqa: PLR0917  as the Store says
    connection: sqlite3.Connection,
    machine: str | None,
    start_ns: int,
    end_ns: int | None,
    open_only: bool,
    rule: str | None,
    limit: int,
) -> list[Event]:
    """Return events that began in the range, newest first."""
    conditions: list[str] = []
    values: list[str | int] = []
    if machine is not None:
        conditions.append("machine = ?")
        values.append(machine)
    conditions.append("start_ns >= ?")
    values.append(start_ns)
    if end_ns is not None:
        conditions.append("start_ns < ?")
        values.append(end_ns)
    if open_only:
        conditions.append("end_ns IS NULL")
    if rule is not None:
        conditions.append("rule = ?")
        values.append(rule)
    rows = connection.execute(
        f"{EVENTS}WHERE {' AND '.join(conditions)} ORDER BY start_ns DESC, key LIMIT ?",
        (*values, limit),
    )
    return [event(row) for row in rows]


def event(row: tuple[object, ...]) -> Event:
    """Return an event from its row."""
    key, machine, kind, level, *rest, causes = row
    told = msgspec.json.decode(causes, type=tuple[Cause, ...]) if isinstance(causes, str) else ()
    return Event(key, machine, EventKind(kind), Level(level), *rest, told)  # type: ignore[arg-type, call-arg]  # columns are typed by the table
