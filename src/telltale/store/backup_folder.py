"""A backup of a whole data folder: the database, and the folders that belong to it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from telltale.errors import StoreError
from telltale.store.backup import copy_database, restore_database
from telltale.store.database import Owner
from telltale.store.files import FILE_NAME, connect_reader

FOLDERS = ("archive", "profiles")  # whole days that were moved out, and what machines are
UNFINISHED = shutil.ignore_patterns("*.part", "*.tmp")


def database_in(folder: Path) -> Path:
    """Return the database of a data folder. Raises StoreError if there is none."""
    path = folder / FILE_NAME
    if not path.exists():
        raise StoreError(f"{path} is not there. Name the folder that telltale keeps with --data.")
    return path


def back_up(data: Path, target: Path) -> int:
    """Copy a data folder, also while it is in use, to a new one; return the copy's bytes.

    Raises:
        StoreError: There is nothing to copy, the target has a backup, or it cannot be written.
    """
    try:
        with closing(connect_reader(database_in(data))) as connection:
            # Days that are archived between the two copies are then in both: reading drops repeats
            copy_database(connection, target / FILE_NAME)
        for name in FOLDERS:
            if (data / name).is_dir():
                shutil.copytree(data / name, target / name, dirs_exist_ok=True, ignore=UNFINISHED)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"The backup to {target} is not whole: {error}. Make it again.") from error
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def restore(source: Path, data: Path) -> Path | None:
    """Put a backup in place of a data folder that nobody uses; return where the old one went.

    Raises:
        StoreError: The folder is in use, or the backup is not sound. Nothing has changed.
    """
    backup = database_in(source)
    data.mkdir(parents=True, exist_ok=True)
    owner = Owner(data)
    owner.take()
    try:
        aside = restore_database(backup, data / FILE_NAME)
        for name in FOLDERS:
            if (data / name).is_dir() and aside is not None:
                shutil.move(data / name, aside / name)
            if (source / name).is_dir():
                shutil.copytree(source / name, data / name)
    finally:
        owner.release()
    return aside
