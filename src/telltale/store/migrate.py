"""The schema of the small tables: created at once when new, migrated by Alembic when old."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from telltale.errors import StoreError
from telltale.store.backup import copy_database

HEAD = "0005"  # the newest file in migrations/versions; a test holds the two together
MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(connection: sqlite3.Connection, path: Path) -> tuple[str, ...]:
    """Bring a database to HEAD and return what was done, in sentences. Raises StoreError.

    Alembic takes 0.4 s to import, so a new or a current database does without it.
    """
    stored = stored_revision(connection)
    if stored == HEAD:
        return ()
    if stored is None:
        create(connection)
        return ()
    backup = path.parent / "backups" / f"{path.stem}-{stored or 'base'}-{_stamp()}.db"
    check_known(stored, path)
    copy_database(connection, backup)
    upgrade(connection)
    return (f"The database was migrated from {stored or 'base'} to {HEAD}; copy: {backup}.",)


def stored_revision(connection: sqlite3.Connection) -> str | None:
    """Return the database's revision: None if it is new, "" if it is older than the first."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        return None
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return ""
    return str(row[0]) if row else ""


def create(connection: sqlite3.Connection) -> None:
    """Make all small tables at once, as the migrations would have left them."""
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415  0.15 s, only for a new database
    from sqlalchemy.schema import CreateIndex, CreateTable  # noqa: PLC0415

    from telltale.store.tables import metadata  # noqa: PLC0415

    dialect = sqlite.dialect()
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in metadata.sorted_tables:
            connection.execute(str(CreateTable(table).compile(dialect=dialect)))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(str(CreateIndex(index).compile(dialect=dialect)))
        connection.execute(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_known(stored: str, path: Path) -> None:
    """Refuse a database of a newer telltale. Raises StoreError."""
    known = {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if stored and stored not in known:
        raise StoreError(
            f"{path} has schema {stored}, this telltale knows up to {HEAD}. "
            "Install the newer telltale, or restore a backup made with this one."
        )


def upgrade(connection: sqlite3.Connection) -> None:
    """Run the missing migrations in one transaction. Raises StoreError; nothing changed then."""
    from alembic import command  # noqa: PLC0415  0.4 s, only for an old database
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415
    from sqlalchemy.pool import StaticPool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.connect() as joined:
            config.attributes["connection"] = joined
            joined.exec_driver_sql("BEGIN IMMEDIATE")
            command.upgrade(config, "head")
            joined.commit()
    except SQLAlchemyError as error:
        raise StoreError(
            f"The database could not be migrated to {HEAD}: {error}. Nothing was changed."
        ) from error


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
