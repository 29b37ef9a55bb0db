"""`telltale machines`: list, show, rename and remove machines."""

from __future__ import annotations

from pathlib import Path

import click

from telltale.cli.connection import connect
from telltale.cli.options import Before, data_option, inherited_options, json_option
from telltale.cli.output import age_text, print_json, print_table, time_text, value_text


@click.group(invoke_without_command=True)
@data_option
@json_option
@click.pass_context
def machines(context: click.Context, data: Path, *, as_json: bool) -> None:
    """List machines, worst first; or show, rename and remove one."""
    context.obj = Before(data, as_json)
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
@inherited_options
def show(data: Path, machine: str, *, as_json: bool) -> None:
    """Show one machine's newest values."""
    with connect(data) as client:
        found = client.get(f"/machines/{machine}")
        units = client.get(f"/profiles/{found['profile']}")
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['title']}: {found['headline']}")
    described = {**units["channels"], **units["metrics"], **found["outputs"]}
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
@inherited_options
def change(data: Path, machine: str, *, as_json: bool, **wanted: str | None) -> None:
    """Rename a machine, move it, or give it another profile."""
    body = {key: value for key, value in wanted.items() if value is not None}
    if not body:
        raise click.UsageError("Say what to change: --title, --place or --profile.")
    with connect(data) as client:
        found = client.send("PATCH", f"/machines/{machine}", body)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found['id']}: {found['title']}, {found['profile_title']}.")


@machines.command()
@click.argument("machine")
@click.option("--stop", is_flag=True, help="First stop what plays into it or out of it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@inherited_options
def remove(data: Path, machine: str, *, stop: bool, yes: bool, as_json: bool) -> None:
    """Remove a machine and all that is kept of it: readings, recordings, events."""
    with connect(data) as client:
        found = client.get(f"/machines/{machine}")
        told = f"{machine} ({found['title']}) and its {found['rows']:,} readings"
        if not yes:
            click.confirm(f"Remove {told} for good?", abort=True, err=True)
        client.send("DELETE", f"/machines/{machine}", stop="true" if stop else None)
    if as_json:
        print_json({"removed": machine, "rows": found["rows"]})
    else:
        click.echo(f"Removed {told}.")
