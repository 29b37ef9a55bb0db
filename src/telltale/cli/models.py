"""`telltale models`: what is kept, what runs where; activate, shadow, roll back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import connect
from telltale.cli.options import Before, data_option, inherited_options, json_option
from telltale.cli.output import print_json, print_table, time_text


@click.group(invoke_without_command=True)
@data_option
@json_option
@click.option("--machine", help="Only those that may run on this machine.")
@click.pass_context
def models(context: click.Context, data: Path, machine: str | None, *, as_json: bool) -> None:
    """List kept models, newest first; or look at one, and change what runs."""
    context.obj = Before(data, as_json)
    if context.invoked_subcommand is not None:
        return
    with connect(data) as client:
        found = client.get("/models", machine=machine)["models"]
    if as_json:
        print_json(found)
        return
    print_table(
        ("number", "name", "version", "learnt on", "what", "made (UTC)", "runs on"),
        [
            (m["number"], m["name"], m["version"], m["machine"] or "-", _what(m),
             time_text(m["created_ns"]),
             ", ".join(f"{one['machine']} ({one['role']})" for one in m["runs_on"]))
            for m in found
        ],
        "No model yet. `telltale train MACHINE` learns what is normal on one.",
    )  # fmt: skip


@models.command()
@click.argument("number", type=int)
@inherited_options
def show(data: Path, number: int, *, as_json: bool) -> None:
    """Show a model's card: what it reads and gives, its limit, what it learnt from."""
    with connect(data) as client:
        found = client.get(f"/models/{number}")
    if as_json:
        print_json(found)
        return
    card = found["card"]
    click.echo(f"{card['title']}, version {found['version']} of {found['name']}")
    read = ", ".join(f"{name} [{given['unit']}]" for name, given in card["inputs"].items())
    click.echo(f"Reads {read}.")
    click.echo(f"Gives {', '.join(card['outputs'])}.")
    if card["threshold"]:
        click.echo(f"Limit: {card['threshold']['method']}")
    click.echo(f"Learnt from: {card['training']['data']}")
    if card["training"]["is_simulated"]:
        click.echo("Some of that is simulated.")
    for one in card["quality"]:
        click.echo(f"{one['name']}: {one['value']:.4g} ({one['protocol']})")


@models.command()
@click.argument("machine")
@inherited_options
def state(data: Path, machine: str, *, as_json: bool) -> None:
    """Show how the models of a machine are."""
    with connect(data) as client:
        found = client.get(f"/machines/{machine}/models")
    if as_json:
        print_json(found)
        return
    if found["learning"]:
        learning = found["learning"]
        click.echo(f"Learning: {learning['seen_s']:.0f} of {learning['needed_s']:.0f} s seen.")
        if learning["problem"]:
            click.echo(learning["problem"])
    _print_states(found)


@models.command()
@click.argument("action", metavar="ACTION", type=click.Choice(["activate", "shadow"]))
@click.argument("number", type=int)
@click.argument("machine")
@inherited_options
def run(data: Path, action: str, number: int, machine: str, *, as_json: bool) -> None:
    """ACTION: activate a kept model on a machine, or shadow the active one with it."""
    with connect(data) as client:
        name = client.get(f"/models/{number}")["name"]
        body = {"action": action, "model": number}
        _say(client.send("PATCH", f"/machines/{machine}/models/{name}", body), as_json=as_json)


@models.command()
@click.argument(
    "action", metavar="ACTION", type=click.Choice(["promote", "roll-back", "off", "unshadow"])
)
@click.argument("machine")
@click.argument("name", default="anomaly")
@inherited_options
def change(data: Path, action: str, machine: str, name: str, *, as_json: bool) -> None:
    """ACTION: promote the shadow, roll-back to the version before, off, or unshadow."""
    with connect(data) as client:
        body = {"action": action.replace("-", "_")}
        _say(client.send("PATCH", f"/machines/{machine}/models/{name}", body), as_json=as_json)


@models.command()
@click.argument("number", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@inherited_options
def export(data: Path, number: int, file: Path, *, as_json: bool) -> None:
    """Write a model's folder as a zip file: card, parameters, parity samples."""
    with (
        connect(data) as client,
        client.download(f"/models/{number}/folder") as packed,
        file.open("xb") as out,
    ):
        shutil.copyfileobj(packed, out)
    if as_json:
        print_json({"file": str(file), "bytes": file.stat().st_size})
    else:
        click.echo(f"{file}: {file.stat().st_size:,} bytes.")


@models.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--machine", help="Whose own it is; default: any machine's of the profile.")
@click.option("--profile", help="Whose columns go in, if no machine is named.")
@click.option("--name", help="Of the model; default: the file's.")
@click.option("--column", "columns", multiple=True, help="A channel that goes in; in order.")
@click.option("--output", "outputs", multiple=True, help="What a number is called; in order.")
@click.option(
    "--samples", type=click.IntRange(1), default=1, show_default=True, help="In a window."
)
@click.option("--every-s", type=float, default=0.0, show_default=True, help="One sample per step.")
@click.option("--warn-above", type=float, help="Limit of the first output.")
@click.option("--simulated", is_flag=True, help="It learnt from simulated data.")
@inherited_options
def import_(data: Path, file: Path, *, as_json: bool, **wish: Any) -> None:
    """Keep a model: a folder that `export` wrote, or a foreign one, see docs/how-to.

    A foreign model (ONNX, Keras, XGBoost, LightGBM, scikit-learn scalers, SavedModel) needs its
    columns and outputs.
    """
    query = {"filename": file.name, "machine": wish["machine"], "profile": wish["profile"]}
    if wish["columns"]:
        given = ("columns", "outputs", "samples", "every_s", "warn_above")
        binding = {key: wish[key] for key in given} | {"name": wish["name"] or file.stem}
        query["binding"] = json.dumps({**binding, "is_simulated": wish["simulated"]})
    with connect(data) as client:
        found = client.upload("/models", file, **query)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Model {found['number']}: {found['name']}, version {found['version']}.")
        click.echo(f"Learnt from: {found['card']['training']['data']}")


@models.command()
@click.argument("number", type=int)
@inherited_options
def remove(data: Path, number: int, *, as_json: bool) -> None:
    """Remove a model that runs nowhere."""
    with connect(data) as client:
        client.send("DELETE", f"/models/{number}")
    if as_json:
        print_json({"removed": number})
    else:
        click.echo(f"Removed model {number}.")


def _say(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        _print_states(found)


def _print_states(found: dict[str, Any]) -> None:
    print_table(
        ("name", "state", "version", "shadow", "newest", "why"),
        [
            (m["name"], m["state"], m["version"], m["shadow"]["version"] if m["shadow"] else "-",
             ", ".join(f"{name} {value:.3g}" for name, value in m["values"].items()), m["reason"])
            for m in found["models"]
        ],
        "No model runs on it. `telltale train MACHINE` learns what is normal on it.",
    )  # fmt: skip


def _what(model: dict[str, Any]) -> str:
    return f"{model['title']}{' (simulated)' if model['is_simulated'] else ''}"
