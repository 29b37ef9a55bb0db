"""`telltale train`: what is normal on a machine, learnt from its own readings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import Client, connect
from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json
from telltale.errors import TelltaleError

POLL_S = 0.1
UNDER_WAY = {"waiting", "running"}


@click.command()
@click.argument("machine")
@data_option
@click.option("--from", "start", help="Where the normal stretch begins, ISO 8601; default: all.")
@click.option("--to", help="Where it ends.")
@click.option("--kind", help="Of detector; default: the one that fits most machines.")
@click.option("--name", default="anomaly", show_default=True, help="Of the model.")
@click.option("--input", "inputs", multiple=True, help="Read only these channels; may be repeated.")
@click.option(
    "--alarms-per-week",
    type=click.FloatRange(0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="False alarms that are allowed.",
)
@click.option(
    "--role",
    type=click.Choice(["active", "shadow", "none"]),
    default="active",
    show_default=True,
    help="How it runs afterwards; none only keeps it.",
)
@json_option
def train(machine: str, data: Path, *, as_json: bool, **wanted: Any) -> None:
    """Learn what is normal on MACHINE from a stretch of its own readings."""
    body = {key: value for key, value in wanted.items() if value not in {None, ()}}
    if "start" in body:
        body["from"] = body.pop("start")
    with connect(data) as client:
        job = client.send("POST", f"/machines/{machine}/trainings", body)
        job = _followed(client, job, is_quiet=as_json)
    if as_json:
        print_json(job)
    if job["state"] != "done":
        raise TelltaleError(job["detail"])
    if not as_json:
        _print_report(job)


def _followed(client: Client, job: dict[str, Any], *, is_quiet: bool) -> dict[str, Any]:
    """Wait for a training's end, and say what it does meanwhile."""
    phase = ""
    while job["state"] in UNDER_WAY:
        if job["state"] == "running" and job["phase"] != phase and not is_quiet:
            phase = job["phase"]
            click.echo(f"{phase[:1].upper()}{phase[1:]} ...", err=True)
        time.sleep(POLL_S)
        job = client.get(f"/trainings/{job['id']}")
    return job


def _print_report(job: dict[str, Any]) -> None:
    report = job["report"]
    click.echo(
        f"Model {job['model']}: {job['name']} of {job['machine']}, version {job['version']}."
    )
    click.echo(f"Learnt in {report['seconds']:.2f} s. {report['data']}")
    if report["threshold"]:
        click.echo(f"Limit: {report['threshold']['method']}")
    compared = report["compared"]
    if compared:
        click.echo(
            f"On the same {compared['asked']:,} samples the active version is beyond its limit "
            f"in {compared['both'] + compared['only_active']:,}, the new one in "
            f"{compared['both'] + compared['only_shadow']:,}."
        )
