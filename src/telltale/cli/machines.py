"""`telltale machines`: list, show and rename machines."""

from __future__ import annotations

from pathlib import Path

import click

from telltale.cli.connection import connect
from telltale.cli.options import data_option, json_option
from telltale.cli.output import age_text, print_json, print_table, time_text, value_text


@click.group(invoke_without_command=True)
@data_option
@json_option
@click.pass_context
def machines(context: click.Context, data: Path, *, as_json: bool) -> None:
    """List machines, worst first; or show and rename one."""
    context.obj = data
    if context.invoked_subcommand is not None:
        return
    with connect(data) as client:
        found = client.get("/machines")["machines"]
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "title", "state", "profile", "rows", "last reading (UTC)", "what"),
        [
            (m["id"], m["title"], m["state"], m["profile"], m["rows"],
             time_text(m["last_time_ns"]), m["headline"])
            for m in found
        ],
        "No machine yet. `telltale watch FILE` or `telltale demo` brings the first.",
    )  # fmt: skip


@machines.command()
@click.argument("machine")
@json_option
@click.pass_obj
def show(data: Path, machine: str, *, as_json: bool) -> None:
    """Show one machine's newest values."""
    with connect(data) as client:
        found = client.get(f"/machines/{machine}")
        units = client.get(f"/profiles/{found['profile']}")
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['title']}: {found['headline']}")
    described = {**units["channels"], **units["metrics"]}
    print_table(
        ("name", "value", "unit", "state", "age"),
        [
            (
                name,
                value_text(value["value"], described[name]["decimals"]),
                described[name]["unit"],
                value["state"],
                age_text(value["age_s"]),
            )
            for name, value in found["values"].items()
        ],
        "It has no channels.",
    )


@machines.command()
@click.argument("machine")
@click.option("--title", help="What people call it.")
@click.option("--place", help="Where it stands.")
@click.option("--profile", help="What it is; its derived metrics start anew.")
@click.pass_obj
def change(
    data: Path, machine: str, title: str | None, place: str | None, profile: str | None
) -> None:
    """Rename a machine, move it, or give it another profile."""
    wanted = {"title": title, "place": place, "profile": profile}
    body = {key: value for key, value in wanted.items() if value is not None}
    if not body:
        raise click.UsageError("Say what to change: --title, --place or --profile.")
    with connect(data) as client:
        found = client.send("PATCH", f"/machines/{machine}", body)
    click.echo(f"{found['id']}: {found['title']}, {found['profile_title']}.")
