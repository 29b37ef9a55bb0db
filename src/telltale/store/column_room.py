"""Room for new columns in a full samples table: those that hold nothing any more get a new name.

A table keeps the columns of every model that ever ran on its machines, and SQLite takes so many.
Taking a column away would write the whole table anew; giving it another name changes one line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

from telltale.errors import StoreError
from telltale.sql_text import quoted
from telltale.store.base import ColumnsFullError
from telltale.store.samples import MAX_COLUMNS, ensure_table, table_columns, table_name


def missing_columns(connection: sqlite3.Connection, profile: str, names: Sequence[str]) -> int:
    """Return how many columns a profile's table lacks beyond those that can be added."""
    known = table_columns(connection, profile)
    added = [name for name in names if name not in known]
    return len(known) + len(added) - MAX_COLUMNS


def spare_columns(
    connection: sqlite3.Connection, profile: str, used: Collection[str]
) -> tuple[str, ...]:
    """Return columns that are not used and hold no value, in SQLite or sealed.

    On a reader: reads the table once, some 20 us a row where it has all its columns.
    """
    unused = [name for name in table_columns(connection, profile) if name not in used]
    if not unused:
        return ()
    sealed = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT r.name FROM chunks c JOIN rollups r ON r.chunk = c.id "
            "WHERE c.profile = ?",
            (profile,),
        )
    }
    newest = ",".join(f"max({quoted(name)})" for name in unused)
    found = connection.execute(
        f"SELECT {newest} FROM {quoted(table_name(profile))}"  # noqa: S608  names are quoted
    ).fetchone()
    return tuple(
        name
        for name, value in zip(unused, found, strict=True)
        if value is None and name not in sealed
    )


def make_columns(
    connection: sqlite3.Connection, profile: str, names: Sequence[str], spare: Sequence[str]
) -> None:
    """Give a profile's table all these columns. Part of a transaction.

    Args:
        connection: The writer's.
        profile: Its id.
        names: Columns that there must be.
        spare: Those that `spare_columns` found, to be called otherwise where it must be.

    Raises:
        ColumnsFullError: Too many of the others hold values.
        StoreError: A name cannot be that of a column.
    """
    missing = missing_columns(connection, profile, names)
    known = table_columns(connection, profile)
    if missing > 0:
        free = [name for name in spare if name in known and name not in names]
        if len(free) < missing:
            raise ColumnsFullError(_told(profile, missing, len(free)))
        new = [name for name in names if name not in known]
        for old, name in zip(free[:missing], new, strict=False):
            _rename(connection, profile, old, name)
    ensure_table(connection, profile, names)


def _rename(connection: sqlite3.Connection, profile: str, old: str, new: str) -> None:
    table = quoted(table_name(profile))
    try:
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN {quoted(old)} TO {quoted(new)}")
    except sqlite3.OperationalError as error:
        raise StoreError(f"Profile {profile!r}: {new!r} cannot name a column: {error}.") from error


def _told(profile: str, missing: int, free: int) -> str:
    return (
        f"Samples of profile {profile!r} take at most {MAX_COLUMNS} columns. {missing} more are "
        f"needed, and {free} that nothing uses are empty: the others keep what earlier models "
        "gave. Name the outputs as an earlier model's, remove recordings that are not needed any "
        "more, or keep fewer days."
    )
