"""`telltale opcua ...`: look at what a server holds, make a certificate for it to trust."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from telltale.cli.options import json_option
from telltale.cli.output import print_json, print_table

if TYPE_CHECKING:
    from telltale.errors import MissingExtraError

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def opcua() -> None:
    """Talk to OPC UA servers."""


def login_options(command: Command) -> Command:
    """Add how one gets into a server."""
    files = click.Path(path_type=str)
    for option in (
        click.option("--password", envvar="TELLTALE_OPCUA_PASSWORD", help="The user's."),
        click.option("--user", help="Default: anonymous."),
        click.option("--server-certificate", type=files, help="The only one taken."),
        click.option("--key", type=files, help="File of the certificate's key."),
        click.option("--certificate", type=files, help="File of this client's own."),
        click.option(
            "--security",
            default="none",
            show_default=True,
            help="Basic256Sha256, Aes128Sha256RsaOaep or Aes256Sha256RsaPss, with a certificate.",
        ),
    ):
        command = option(command)
    return command


@opcua.command()
@click.argument("url")
@click.option("--node", default="i=85", show_default=True, help="Where to begin; i=85 is Objects.")
@click.option(
    "--depth", type=click.IntRange(1, 20), default=20, show_default=True, help="So many levels."
)
@click.option(
    "--limit",
    type=click.IntRange(1, 50_000),
    default=1000,
    show_default=True,
    help="At most so many nodes.",
)
@login_options
@json_option
def browse(
    url: str,
    *,
    node: str,
    depth: int,
    limit: int,
    as_json: bool,
    security: str,
    **given: str | None,
) -> None:
    """Show what is below a node: paths, node ids, and what each holds now."""
    try:
        from telltale.sources.opc_ua.login import Login, checked_login  # noqa: PLC0415
        from telltale.sources.opc_ua.look import look  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise not_installed(missing) from None

    told = {name: value for name, value in given.items() if value is not None}
    asked = Login(url, security, **told)  # type: ignore[arg-type]  # becomes a choice when checked
    login = checked_login("opcua", asked)
    found = asyncio.run(look(login, node=node, max_depth=depth, max_nodes=limit))
    if as_json:
        print_json([asdict(entry) for entry in found])
        return
    rows = [
        (e.path, e.node_id, e.kind, e.value, "" if e.status == "Good" else e.status) for e in found
    ]
    print_table(("path", "node id", "type", "value", "status"), rows, "Nothing is below it.")
    if len(found) >= limit:
        click.echo(f"There is more: these are the first {limit}. Raise --limit, or give --node.")


@opcua.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def certificate(folder: Path) -> None:
    """Make a certificate and its key, for servers that ask for security."""
    try:
        from telltale.sources.opc_ua.look import make_certificate  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise not_installed(missing) from None

    made, key = asyncio.run(make_certificate(folder))
    click.echo(f"certificate: {made} (have the server trust it)")
    click.echo(f"key: {key} (keep it secret)")


def not_installed(missing: ModuleNotFoundError) -> MissingExtraError:
    """Return the one-line error for a missing extra."""
    from telltale.registry import missing_extra  # noqa: PLC0415 - only on the error path

    return missing_extra("OPC UA", "industrial", missing)
