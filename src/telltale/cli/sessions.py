"""`telltale sessions`: list and name recordings."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from telltale.cli.connection import connect
from telltale.cli.options import data_option, json_option
from telltale.cli.output import NS_PER_S, print_json, print_table, time_text


@click.group(invoke_without_command=True)
@data_option
@json_option
@click.option("--machine", help="Only this machine's.")
@click.pass_context
def sessions(context: click.Context, data: Path, machine: str | None, *, as_json: bool) -> None:
    """List recordings, newest first; or name one."""
    context.obj = data
    if context.invoked_subcommand is not None:
        return
    with connect(data) as client:
        found = client.get("/sessions", machine=machine)["sessions"]
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "title", "start (UTC)", "minutes", "rows"),
        [
            (s["id"], s["title"], time_text(s["start_ns"]),
             round((s["end_ns"] - s["start_ns"]) / NS_PER_S / 60, 1), s["rows"])
            for s in found
        ],
        "No recording yet.",
    )  # fmt: skip


@sessions.command()
@click.argument("session")
@click.argument("title")
@click.pass_obj
def name(data: Path, session: str, title: str) -> None:
    """Give a recording a title."""
    with connect(data) as client:
        found = client.send("PATCH", f"/sessions/{quote(session)}", {"title": title})
    click.echo(f"{found['id']}: {found['title']}")
