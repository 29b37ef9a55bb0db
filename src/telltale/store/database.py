"""Opening the database file: one owner, integrity, quarantine of a broken file, migration."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from telltale.errors import StoreError
from telltale.store.failures import primary_code
from telltale.store.files import BUSY_S, FILE_NAME, set_aside
from telltale.store.migrate import prepare

BROKEN_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
CACHE_KIB = 16_384
WAL_PAGES = 4000  # 16 MB: the log is folded into the file about every 100,000 readings
STATEMENTS = 256  # prepared statements kept; a samples table needs about five


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that is ready.

    Attributes:
        connection: The writer's.
        notes: What was done on the way, e.g. a migration.
        problem: What was wrong, in one sentence; None if nothing was.
        is_checked: False if the integrity check ran out of time and must go on elsewhere.
    """

    connection: sqlite3.Connection
    notes: tuple[str, ...]
    problem: str | None
    is_checked: bool


def open_database(folder: Path, *, check_s: float) -> Opened:
    """Open, check and migrate the database in `folder`; a broken one is put aside.

    Raises:
        StoreError: The folder cannot be used, or the database is of a newer telltale.
    """
    path = folder / FILE_NAME
    problem: str | None = None
    connection = connect(path)
    try:
        is_checked = check(connection, check_s)
        notes = prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        if primary_code(error) not in BROKEN_CODES:
            raise StoreError(
                f"{path} cannot be opened: {error}. Check rights and space."
            ) from error
        problem = quarantine(path, str(error))
        connection = connect(path)
        is_checked = check(connection, check_s)
        notes = prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, notes, problem, is_checked)


def connect(path: Path) -> sqlite3.Connection:
    """Open the writing connection. Raises StoreError."""
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_S,
            isolation_level=None,  # transactions are begun and ended by name
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} cannot be opened: {error}. Check the path and its rights."
        ) from error
    return connection


def configure(connection: sqlite3.Connection) -> None:
    """Set what durability and speed need. The first statement that reads the file."""
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    connection.execute("PRAGMA temp_store = MEMORY")


def check(connection: sqlite3.Connection, limit_s: float) -> bool:
    """Look for damage; False if limit_s was too short. Raises DatabaseError if there is some."""
    configure(connection)
    deadline = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if primary_code(error) == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    if found != "ok":
        raise broken(found)
    return True


def broken(finding: str) -> sqlite3.DatabaseError:
    """Return a finding of the integrity check as SQLite's own error for it."""
    error = sqlite3.DatabaseError(finding)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def quarantine(path: Path, finding: str) -> str:
    """Move a broken database aside and return the sentence that says so."""
    place = set_aside(path)
    return (
        f"The database was damaged ({finding}) and is kept in {place}; a new one was begun. "
        f"Recover it with `sqlite3 {path.name} .recover`, or restore a backup."
    )


class Owner:
    """Holds the folder for one process: a second one would count and split differently.

    A lock in a little database of its own works on every system and ends with the process.
    """

    def __init__(self, folder: Path, name: str = "owner.lock") -> None:
        self._path = folder / name
        self._connection: sqlite3.Connection | None = None

    def take(self, *, wait_s: float = 0.0) -> None:
        """Take it. Raises StoreError if another process, or store of this one, has it."""
        try:
            connection = sqlite3.connect(
                self._path, timeout=wait_s, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreError(
                f"{self._path} cannot be opened: {error}. Check the rights of the folder."
            ) from None
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                raise StoreError(
                    f"{self._path} cannot be locked: {error}. Check rights and space."
                ) from None
            raise StoreError(
                f"{self._path.parent} is in use by another telltale ({error}). "
                "Stop that one, or give another folder with --data."
            ) from None
        self._connection = connection

    def release(self) -> None:
        """Let go. Safe to call twice."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
