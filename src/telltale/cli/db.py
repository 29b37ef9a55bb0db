"""`telltale db`: check, back up, restore and archive the store of a data folder."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json
from telltale.errors import StoreError

if TYPE_CHECKING:
    from telltale.store.sqlite import SQLiteStore

Answer = TypeVar("Answer")
GIB = 1024**3
FOLDERS = ("archive", "profiles")  # what belongs to the database: whole days, and what machines are


@click.group()
def db() -> None:
    """Check, back up, restore and archive the store."""


@db.command()
@data_option
@json_option
def status(data: Path, *, as_json: bool) -> None:
    """Say how full the store is, and when the disk will be."""
    found = with_store(data, lambda store: store.status())
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    click.echo(f"{found.rows:,} readings in {found.size_bytes / GIB:.2f} GiB at {data}.")
    click.echo(f"{found.free_bytes / GIB:.1f} GiB are free.")
    if found.full_in_days is not None:
        click.echo(f"At the pace of the last day that is {found.full_in_days:.0f} days.")
    if found.problem:
        click.echo(found.problem, err=True)
        raise SystemExit(1)


@db.command()
@data_option
def check(data: Path) -> None:
    """Look for damage in the whole database. Works while telltale runs."""
    from telltale.store.files import connect_reader, damage  # noqa: PLC0415 - loads the store

    with closing(connect_reader(database_in(data))) as connection:
        found = damage(connection)
    if found is not None:
        raise StoreError(f"{database_in(data)} is damaged: {found}. Restore the newest backup.")
    click.echo(f"{database_in(data)} is sound.")


@db.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@data_option
def backup(target: Path, data: Path) -> None:
    """Copy all that telltale keeps to the new folder TARGET. Works while telltale runs."""
    from telltale.store.backup import copy_database  # noqa: PLC0415 - loads the store
    from telltale.store.files import connect_reader  # noqa: PLC0415

    with closing(connect_reader(database_in(data))) as connection:
        # Days that are archived between the two copies are then in both: reading drops repeats
        copy_database(connection, database_path(target))
    for folder in FOLDERS:
        if (data / folder).is_dir():
            shutil.copytree(data / folder, target / folder, dirs_exist_ok=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    click.echo(f"{target}: {size:,} bytes.")


@db.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_option
@click.confirmation_option(prompt="This replaces what is in the data folder. Go on?")
def restore(source: Path, data: Path) -> None:
    """Put the backup SOURCE in place of the data folder's content. telltale must not be running."""
    from telltale.store.backup import restore_database  # noqa: PLC0415 - loads the store
    from telltale.store.database import Owner  # noqa: PLC0415

    data.mkdir(parents=True, exist_ok=True)
    owner = Owner(data)
    owner.take()
    try:
        aside = restore_database(database_in(source), database_path(data))
        for folder in FOLDERS:
            if (data / folder).is_dir() and aside is not None:
                shutil.move(data / folder, aside / folder)
            if (source / folder).is_dir():
                shutil.copytree(source / folder, data / folder)
    finally:
        owner.release()
    click.echo(f"Restored from {source}." + (f" What was there is in {aside}." if aside else ""))


@db.command()
@data_option
@click.option("--before", required=True, help="Whole UTC days before this time, ISO 8601.")
def archive(data: Path, before: str) -> None:
    """Move old days to Parquet now. telltale must not be running: it does so by itself."""
    from telltale.formats.times import text_to_ns  # noqa: PLC0415 - loads numpy

    before_ns = text_to_ns(before)
    if before_ns is None:
        raise click.BadParameter(f"{before!r} is not a time. Write it like 2026-01-31.")
    moved = with_store(data, lambda store: store.archive(before_ns))
    click.echo(f"{moved:,} readings moved to {data / 'archive'}.")


def database_path(data: Path) -> Path:
    """Return where the database of a data folder is, or would be."""
    from telltale.store.files import FILE_NAME  # noqa: PLC0415 - loads the store

    return data / FILE_NAME


def database_in(data: Path) -> Path:
    """Return the database of a data folder. Raises StoreError if there is none."""
    path = database_path(data)
    if not path.exists():
        raise StoreError(f"{path} is not there. Name the folder that telltale keeps with --data.")
    return path


def with_store(data: Path, work: Callable[[SQLiteStore], Awaitable[Answer]]) -> Answer:
    """Open the store of a folder that nobody uses, do one thing, close it."""
    from telltale.store.sqlite import SQLiteStore  # noqa: PLC0415 - loads the store

    database_in(data)

    async def run() -> Answer:
        store = SQLiteStore(data)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except sqlite3.Error as error:
        raise StoreError(f"{data}: {error}.") from error
