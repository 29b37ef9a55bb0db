"""`telltale db`: check, back up, restore and archive the store of a data folder."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from telltale.cli.address_file import running_server
from telltale.cli.connection import Client
from telltale.cli.options import Before, data_option, inherited_options, json_option
from telltale.cli.output import print_json
from telltale.errors import StoreError

if TYPE_CHECKING:
    from telltale.store.sqlite import SQLiteStore

Answer = TypeVar("Answer")
GIB = 1024**3


@click.group()
@data_option
@json_option
@click.pass_context
def db(context: click.Context, data: Path, *, as_json: bool) -> None:
    """Check, back up, restore and archive the store."""
    context.obj = Before(data, as_json)


@db.command()
@inherited_options
def status(data: Path, *, as_json: bool) -> None:
    """Say how full the store is, and when the disk will be. Works while telltale runs."""
    url = running_server(data)
    if url is None:
        found = with_store(data, lambda store: store.status())
    else:
        from telltale.store.base import StoreStatus  # noqa: PLC0415 - loads numpy

        found = msgspec.convert(Client(url).get("/status")["store"], StoreStatus)
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
@inherited_options
def check(data: Path, *, as_json: bool) -> None:
    """Look for damage in the whole database. Works while telltale runs."""
    from telltale.store.backup_folder import database_in  # noqa: PLC0415 - loads the store
    from telltale.store.files import connect_reader, damage  # noqa: PLC0415

    path = database_in(data)
    with closing(connect_reader(path)) as connection:
        found = damage(connection)
    if as_json:
        print_json({"database": str(path), "sound": found is None, "damage": found})
    if found is not None:
        raise StoreError(f"{path} is damaged: {found}. Restore the newest backup.")
    if not as_json:
        click.echo(f"{path} is sound.")


@db.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@inherited_options
def backup(target: Path, data: Path, *, as_json: bool) -> None:
    """Copy all that telltale keeps to the new folder TARGET. Works while telltale runs."""
    from telltale.store.backup_folder import back_up  # noqa: PLC0415 - loads the store

    size = back_up(data, target)
    if as_json:
        print_json({"backup": str(target), "bytes": size})
    else:
        click.echo(f"{target}: {size:,} bytes.")


@db.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@inherited_options
@click.confirmation_option(prompt="This replaces what is in the data folder. Go on?")
def restore(source: Path, data: Path, *, as_json: bool) -> None:
    """Put the backup SOURCE in place of the data folder's content. telltale must not be running."""
    from telltale.store import backup_folder  # noqa: PLC0415 - loads the store

    aside = backup_folder.restore(source, data)
    if as_json:
        print_json({"restored": str(source), "data": str(data), "aside": aside and str(aside)})
        return
    click.echo(f"Restored from {source}." + (f" What was there is in {aside}." if aside else ""))


@db.command()
@inherited_options
@click.option("--before", required=True, help="Whole UTC days before this time, ISO 8601.")
def archive(data: Path, before: str, *, as_json: bool) -> None:
    """Move old days to Parquet now. telltale must not be running: it does so by itself."""
    from telltale.formats.times import text_to_ns  # noqa: PLC0415 - loads numpy

    before_ns = text_to_ns(before)
    moved = with_store(data, lambda store: store.archive(before_ns))
    if as_json:
        print_json({"moved": moved, "archive": str(data / "archive")})
    else:
        click.echo(f"{moved:,} readings moved to {data / 'archive'}.")


def with_store(data: Path, work: Callable[[SQLiteStore], Awaitable[Answer]]) -> Answer:
    """Open the store of a folder that nobody uses, do one thing, close it."""
    from telltale.store.backup_folder import database_in  # noqa: PLC0415 - loads the store
    from telltale.store.sqlite import SQLiteStore  # noqa: PLC0415

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
