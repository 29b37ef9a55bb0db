"""`telltale train`: a model of a machine, learnt from its own readings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from telltale.cli.connection import connect
from telltale.cli.following import followed
from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json
from telltale.errors import TelltaleError


def _settings(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """Return `key=value` words as settings: a value is JSON if it can be, else text."""
    settings: dict[str, Any] = {}
    for word in given:
        path, is_set, text = word.partition("=")
        *parents, key = path.split(".")
        if not is_set or not all((*parents, key)):
            raise click.BadParameter(f"{word!r}: write KEY=VALUE, e.g. --set window_s=30.")
        place = settings
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise click.BadParameter(f"{word!r}: {parent!r} has a value of its own already.")
        place[key] = _value(text)
    return settings


def _value(text: str) -> Any:  # Any: whatever JSON holds
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


@click.command()
@click.argument("machine")
@data_option
@click.option("--from", "start", help="Where the normal stretch begins, ISO 8601; default: all.")
@click.option("--to", help="Where it ends.")
@click.option("--kind", help="Of model; default: the detector that fits most machines.")
@click.option("--name", help="Of the model; default: anomaly, or the kind if it gives no score.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_settings,
    help="A setting of the kind, e.g. window_s=30; may be repeated.",
)
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
    """Learn a model of MACHINE from a stretch of its own readings: mostly what is normal."""
    body = {key: value for key, value in wanted.items() if value not in (None, (), {})}
    if "start" in body:
        body["from"] = body.pop("start")
    with connect(data) as client:
        job = client.send("POST", f"/machines/{machine}/trainings", body)
        job = followed(client, job, is_quiet=as_json)
    if as_json:
        print_json(job)
    if job["state"] != "done":
        raise TelltaleError(job["detail"])
    if not as_json:
        _print_report(job)


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
