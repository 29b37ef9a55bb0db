"""The samples tables: one per profile, a column per channel and metric; and their SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from telltale.errors import StoreError
from telltale.sql_text import quoted

# A statement with many rows is one step for SQLite. Python lets go of its interpreter lock
# around each step, and a busy event loop gives it back only after up to 5 ms: row by row, the
# writer came down to 500 rows/s beside a busy thread.
BLOCK_ROWS = (256, 64, 16, 4, 1)
MAX_VARIABLES = 8192  # keeps a block's program below about 1 MB; SQLite itself takes 32,766
MAX_COLUMNS = 1900  # SQLite takes 2,000 in a table
KEYS = ("machine", "time_ns")


def table_name(profile: str) -> str:
    """Return the name of a profile's samples table."""
    return f"samples_{profile}"


def check_names(profile: str, names: Sequence[str]) -> None:
    """Refuse names that a table cannot hold. Raises StoreError."""
    if len(names) > MAX_COLUMNS:
        raise StoreError(
            f"Profile {profile!r} has {len(names)} channels and metrics, a table takes "
            f"{MAX_COLUMNS}. Split the machine into several."
        )
    folded: dict[str, str] = {key: key for key in KEYS}
    for name in names:
        if not name.isprintable() or not 0 < len(name) <= 200:
            raise StoreError(
                f"Profile {profile!r}: {name!r} cannot name a column. "
                "Use 1 to 200 printable characters."
            )
        clash = folded.get(name.casefold())
        folded[name.casefold()] = name
        if clash is not None:
            raise StoreError(
                f"Profile {profile!r}: {name!r} and {clash!r} would share a column, as SQL "
                "ignores case and keeps 'machine' and 'time_ns' for itself. Rename one of them."
            )


@dataclass(frozen=True, slots=True)
class SamplesTable:
    """One profile's table as it stands, with its statements.

    Attributes:
        name: The table's name.
        columns: Channels and metrics, in the table's order.
        position: Column to its place.
    """

    name: str
    columns: tuple[str, ...]
    position: dict[str, int] = field(init=False)
    _sql: dict[tuple[int, bool], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", {name: i for i, name in enumerate(self.columns)})

    @property
    def width(self) -> int:
        """Values per row, the two keys included."""
        return len(self.columns) + len(KEYS)

    def blocks(self, n_rows: int) -> list[int]:
        """Return how many rows go into each statement, largest first."""
        sizes: list[int] = []
        for size in BLOCK_ROWS:
            if size == 1 or size * self.width <= MAX_VARIABLES:
                count, n_rows = divmod(n_rows, size)
                sizes.extend([size] * count)
        return sizes

    def insert_sql(self, n_rows: int, *, only_new: bool = False) -> str:
        """Return the statement for a block of rows.

        By default the last arrival wins per channel, and a missing value erases nothing; with
        `only_new` a row whose time is already there is left alone.
        """
        sql = self._sql.get((n_rows, only_new))
        if sql is None:
            sql = self._sql[n_rows, only_new] = self._build(n_rows, only_new)
        return sql

    def _build(self, n_rows: int, only_new: bool) -> str:
        names = [quoted(name) for name in (*KEYS, *self.columns)]
        row = "(" + ",".join("?" * len(names)) + ")"
        head = f"INSERT INTO {quoted(self.name)} ({','.join(names)}) VALUES "  # noqa: S608  names are quoted
        updates = ",".join(f"{c}=coalesce(excluded.{c},{c})" for c in names[2:])
        action = f"UPDATE SET {updates}" if updates and not only_new else "NOTHING"
        return f"{head}{','.join([row] * n_rows)} ON CONFLICT(machine,time_ns) DO {action}"


def table_columns(connection: sqlite3.Connection, profile: str) -> tuple[str, ...]:
    """Return the channels and metrics that a profile's table has; none if there is no table."""
    rows = connection.execute(f"PRAGMA table_info({quoted(table_name(profile))})")
    return tuple(row[1] for row in rows if row[1] not in KEYS)


def ensure_table(
    connection: sqlite3.Connection, profile: str, names: Sequence[str]
) -> SamplesTable:
    """Create a profile's table, or add the columns that it gained. Part of the transaction."""
    check_names(profile, names)
    name = table_name(profile)
    known = table_columns(connection, profile)
    if not known:
        columns = "".join(f", {quoted(column)} REAL" for column in names)
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {quoted(name)} (machine INTEGER NOT NULL, time_ns "
            f"INTEGER NOT NULL{columns}, PRIMARY KEY (machine, time_ns)) WITHOUT ROWID"
        )
        return SamplesTable(name, tuple(names))
    added = [column for column in names if column not in known]
    check_names(profile, (*known, *added))
    for column in added:
        connection.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} REAL")
    return SamplesTable(name, (*known, *added))
