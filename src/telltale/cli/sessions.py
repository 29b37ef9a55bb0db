"""`telltale sessions`: list, name and remove recordings."""

from __future__ import annotations

from pathlib import Path

import click

from telltale.cli.connection import connect
from telltale.cli.options import Before, data_option, inherited_options, json_option
from telltale.cli.output import NS_PER_S, print_json, print_table, time_text
from telltale.errors import TelltaleError
from telltale.registry import suggest


@click.group(invoke_without_command=True)
@data_option
@json_option
@click.option("--machine", help="Only this machine's.")
@click.pass_context
def sessions(context: click.Context, data: Path, machine: str | None, *, as_json: bool) -> None:
    """List recordings, newest first; or name and remove one."""
    context.obj = Before(data, as_json)
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
@inherited_options
def name(data: Path, session: str, title: str, *, as_json: bool) -> None:
    """Give a recording a title."""
    with connect(data) as client:
        found = client.send("PATCH", f"/sessions/{session}", {"title": title})
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['id']}: {found['title']}")


@sessions.command()
@click.argument("session")
@click.option("--yes", is_flag=True, help="Do not ask.")
@inherited_options
def remove(data: Path, session: str, *, yes: bool, as_json: bool) -> None:
    """Remove a recording: its readings and the events that began in it."""
    with connect(data) as client:
        known = {found["id"]: found for found in client.get("/sessions")["sessions"]}
        if session not in known:
            raise TelltaleError(f"No recording has the id {session!r}. {suggest(session, known)}")
        told = f"{known[session]['title'] or session} and its {known[session]['rows']:,} readings"
        if not yes:
            click.confirm(f"Remove {told} for good?", abort=True, err=True)
        client.send("DELETE", f"/sessions/{session}")
    if as_json:
        print_json({"removed": session, "rows": known[session]["rows"]})
    else:
        click.echo(f"Removed {told}.")
