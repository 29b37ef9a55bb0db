"""What people change in the database: a machine's entry, a recording's title. In a transaction."""

from __future__ import annotations

import sqlite3

from telltale.errors import StoreError
from telltale.store import queries
from telltale.store.base import Machine, Session


def save_machine(connection: sqlite3.Connection, machine: Machine) -> None:
    """Insert or replace one machine; its number, and so its samples, stay."""
    connection.execute(
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


def name_session(connection: sqlite3.Connection, session: str, title: str) -> Session:
    """Give a recording a title. Raises StoreError."""
    connection.execute("UPDATE sessions SET title = ? WHERE id = ?", (title, session))
    named = queries.session(connection, session)
    if named is None:
        raise StoreError(f"There is no session {session!r}. Look at the list of sessions.")
    return named
