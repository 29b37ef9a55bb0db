"""The database file itself: reading it, looking for damage, moving it aside."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

FILE_NAME = "telltale.db"
ARCHIVE = "archive"  # folder beside it
BUSY_S = 5.0


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot write."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


class Watched:
    """Notices when a file that is open was deleted, or another lies in its place.

    The system lets a program go on writing to a file without a name: what is written then is gone
    when the program ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _identity(path)

    def problem(self) -> str | None:
        """Return what is wrong and what to do, None if nothing is; takes microseconds."""
        if _identity(self._path) == self._file:
            return None
        return (
            f"{self._path} was deleted or replaced while telltale runs. Nothing is kept until it "
            "is back as it was. Put it back, or start telltale anew: it takes what is there then."
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def damage(connection: sqlite3.Connection) -> str | None:
    """Look for damage in the whole file; return what was found, None if nothing."""
    try:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else found


def set_aside(path: Path) -> Path:
    """Move a database and its log into a folder of their own and return it."""
    place = path.parent / "quarantine" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    place.mkdir(parents=True)
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(place / part.name)
    return place
