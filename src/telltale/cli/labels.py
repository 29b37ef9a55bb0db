"""`telltale label` and `telltale labels`: what somebody knows about a machine's time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import Client, connect
from telltale.cli.following import followed
from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json, print_table, time_text
from telltale.errors import TelltaleError

OUTCOMES = {
    "active": "it is active now",
    "shadow": "it runs as a shadow, and the active one stays",
    "kept": "it is kept, and does not run: another shadow is being tried",
    "unchanged": "nothing changes",
}


@click.command()
@click.argument("machine")
@data_option
@click.option("--from", "start", help="Where the stretch begins, ISO 8601; of a failure, when.")
@click.option("--to", help="Where it ends; default: the newest reading.")
@click.option("--normal", "kind", flag_value="normal", help="All was as it should be.")
@click.option("--failure", "kind", flag_value="failure", help="It failed then: an instant.")
@click.option("--fault", help="This was wrong: one word, e.g. worn_bearing.")
@click.option("--note", help="For people.")
@click.option("--no-update", is_flag=True, help="Only keep it: no detector learns from it at once.")
@json_option
def label(machine: str, data: Path, kind: str | None, *, as_json: bool, **said: Any) -> None:
    """Say what a stretch of MACHINE's time was: normal, a fault, or a failure."""
    fault = said["fault"]
    kind = kind or ("fault" if fault else None)
    if kind is None or (kind == "normal" and fault):
        raise click.UsageError("Say one of --normal, --fault NAME and --failure.")
    is_to_learn = not said.pop("no_update")
    given = {"kind": kind, "from": said.pop("start"), "update": is_to_learn, **said}
    body = {key: value for key, value in given.items() if value is not None}
    with connect(data) as client:
        answer = client.send("POST", f"/machines/{machine}/labels", body)
        updates = _updates(client, machine, answer["update"])
    if as_json:
        print_json({**answer, "updates": updates})
        return
    click.echo(f"Label {answer['label']['id']} of {machine}: {_what(answer['label'])}.")
    if answer["hint"]:
        click.echo(f"{answer['hint']} Remove this label then, and say it again.")
    if not updates:
        click.echo(answer["told"])
    for job in updates:
        _print_update(job)


@click.command()
@click.argument("machine")
@data_option
@click.option("--remove", type=int, metavar="ID", help="Remove this label first.")
@json_option
def labels(machine: str, data: Path, remove: int | None, *, as_json: bool) -> None:
    """List what is known about MACHINE's time, newest first; or remove a label."""
    with connect(data) as client:
        found = client.get(f"/machines/{machine}/labels")["labels"]
        if remove is not None:
            if remove not in {one["id"] for one in found}:
                raise TelltaleError(f"{machine} has no label {remove}.")
            client.send("DELETE", f"/labels/{remove}")
            found = [one for one in found if one["id"] != remove]
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "what", "from (UTC)", "to (UTC)", "note"),
        [
            (one["id"], _what(one), time_text(one["start_ns"]), time_text(one["end_ns"]),
             one["note"])
            for one in found
        ],
        f"No label yet. `telltale label {machine} --from ... --to ... --normal` says one.",
    )  # fmt: skip


def _updates(client: Client, machine: str, first: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the updates that a label has begun, ended: one for each detector of the machine."""
    if first is None:
        return []
    jobs = client.get("/trainings", machine=machine)["trainings"]
    begun = [j for j in jobs if j["origin"] == "update" and int(j["id"]) >= int(first["id"])]
    return [followed(client, job, is_quiet=True) for job in begun]


def _print_update(job: dict[str, Any]) -> None:
    if job["state"] != "done":
        click.echo(f"{job['name']} was not learnt anew. {job['detail']}")
        return
    version = f", version {job['version']}" if job["version"] else ""
    click.echo(f"{job['name']}{version}: {OUTCOMES[job['outcome']]}.")
    scores = job["report"]["labels"]
    if scores:
        click.echo(scores["told"])


def _what(found: dict[str, Any]) -> str:
    fault = str(found["fault"]).replace("_", " ")
    says = {"normal": "normal", "fault": fault, "failure": f"failure {fault}".strip()}
    return says[found["kind"]]
