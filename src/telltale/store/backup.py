"""Copies of the database while it is in use."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from telltale.errors import StoreError
from telltale.store.files import connect_reader, damage, set_aside


def copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database, as one moment saw it, to a new file. Raises StoreError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise StoreError(f"{target} is there already. Choose another name for the backup.")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    copy = sqlite3.connect(part)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
    except sqlite3.Error as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"The backup to {target} failed: {error}. Check the space there."
        ) from error
    finally:
        copy.close()
    part.rename(target)


def restore_database(source: Path, target: Path) -> Path | None:
    """Put a backup in place of a database that nobody has open; return where the old one went.

    Raises:
        StoreError: The backup is not a sound database.
    """
    try:
        with closing(connect_reader(source)) as backup:
            found = damage(backup)
            tables = backup.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be restored: {error}.") from error
    if found is not None or not tables:
        raise StoreError(f"{source} cannot be restored: {found or 'it is empty'}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".restoring")
    shutil.copyfile(source, part)
    aside = set_aside(target) if target.exists() else None
    part.replace(target)
    return aside
