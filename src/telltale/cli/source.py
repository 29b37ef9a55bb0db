"""`telltale source`: set up, try out, list and remove sources and sinks."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import Client, connect
from telltale.cli.options import Before, data_option, inherited_options, json_option
from telltale.cli.output import age_text, print_json, print_table, time_text
from telltale.errors import SettingsError

SET_HELP = "One setting, e.g. --set host=10.0.0.5; may be repeated. Lists as in TOML."


@click.group(invoke_without_command=True)
@data_option
@json_option
@click.pass_context
def source(context: click.Context, data: Path, *, as_json: bool) -> None:
    """List what is set up; or add, change, try out and remove sources."""
    context.obj = Before(data, as_json)
    if context.invoked_subcommand is None:
        show_list(data, as_json=as_json)


@source.command("list")
@inherited_options
def list_(data: Path, *, as_json: bool) -> None:
    """List what is set up, and how it runs."""
    show_list(data, as_json=as_json)


def show_list(data: Path, *, as_json: bool) -> None:
    """Print what is set up."""
    with connect(data, may_make=True) as client:
        found = client.get("/sources")
        now_ns = client.get("/status")["now_ns"]
    if as_json:
        print_json(found)
        return
    if found["problem"]:
        click.echo(found["problem"], err=True)
    print_table(
        ("name", "kind", "state", "rows", "rate", "last", "what"),
        [
            (e["name"], e["kind"], state_of(e), *numbers_of(e, now_ns), what_of(e))
            for e in found["entries"]
        ],
        "No source is set up. `telltale source kinds` lists what can be; `telltale source add` "
        "sets one up.",
    )


def state_of(entry: dict[str, Any]) -> str:
    """Return how an entry stands, in a word."""
    if entry["problem"]:
        return "faulty"
    if entry["source"] is None:
        return "not running" if entry["enabled"] else "off"
    return str(entry["source"]["state"])


def numbers_of(entry: dict[str, Any], now_ns: int) -> tuple[str, str, str]:
    """Return its readings, their rate and the age of the newest, as text."""
    view = entry["source"]
    if view is None:
        return "", "", ""
    last_ns = view["last_time_ns"]
    age = "" if last_ns is None else age_text((now_ns - last_ns) / 1e9)
    return f"{view['rows']:,}", f"{view['rate_hz']:g}/s", age


def what_of(entry: dict[str, Any]) -> str:
    """Return one sentence about an entry."""
    view = entry["source"]
    return str(entry["problem"] or ("" if view is None else view["detail"]))


@source.command()
@click.argument("kind", required=False)
@inherited_options
def kinds(data: Path, kind: str | None, *, as_json: bool) -> None:
    """List what can be set up; or the settings of one KIND."""
    with connect(data, may_make=True) as client:
        found = client.get("/source-kinds")["kinds"]
    if kind is not None:
        found = [kind_named(found, kind)]
    if as_json:
        print_json(found)
    elif kind is not None:
        show_kind(found[0])
    else:
        print_table(
            ("kind", "what", "to install"),
            [(k["kind"], k["title"], k["message"]) for k in found],
            "Nothing can be set up.",
        )


def show_kind(kind: dict[str, Any]) -> None:
    """Print one kind's settings."""
    click.echo(kind["message"] or kind["title"])
    print_table(
        ("setting", "type", "default", "what"),
        [
            (
                s["name"],
                s["type"],
                "needed" if s["required"] else "" if s["default"] is None else str(s["default"]),
                s["description"],
            )
            for s in kind["settings"]
        ],
        "It has no settings.",
    )


@source.command()
@click.argument("name")
@click.argument("kind")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=SET_HELP)
@click.option("--profile", help="Of machines that it makes known.")
@click.option("--off", is_flag=True, help="Set it up, do not start it.")
@inherited_options
def add(
    data: Path,
    name: str,
    kind: str,
    *,
    pairs: tuple[str, ...],
    profile: str | None,
    off: bool,
    as_json: bool,
) -> None:
    """Set up a source of this KIND; a running server starts it at once."""
    with connect(data, may_make=True) as client:
        body = {
            "name": name,
            "kind": kind,
            "settings": settings_of(client, kind, pairs),
            "profile": profile,
            "enabled": not off,
        }
        tell(client.send("POST", "/sources", body), as_json=as_json)


@source.command()
@click.argument("name")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=SET_HELP)
@click.option("--unset", multiple=True, help="Take one setting back to its default.")
@click.option("--profile", help="Of machines that it makes known; '' for the best fit.")
@click.option("--on/--off", "enabled", default=None, help="Start it, or stop it.")
@inherited_options
def change(
    data: Path,
    name: str,
    *,
    pairs: tuple[str, ...],
    unset: tuple[str, ...],
    profile: str | None,
    enabled: bool | None,
    as_json: bool,
) -> None:
    """Change settings, switch it on or off."""
    with connect(data, may_make=True) as client:
        kind = client.get(f"/sources/{name}")["kind"]
        settings = {**settings_of(client, kind, pairs), **dict.fromkeys(unset)}
        body = {"settings": settings, "enabled": enabled, "profile": profile}
        tell(client.send("PATCH", f"/sources/{name}", body), as_json=as_json)


@source.command()
@click.argument("name")
@inherited_options
def remove(data: Path, name: str, *, as_json: bool) -> None:
    """Stop it and forget its settings; what it gave stays."""
    with connect(data, may_make=True) as client:
        client.send("DELETE", f"/sources/{name}")
    if as_json:
        print_json({"removed": name})
    else:
        click.echo(f"Removed {name}.")


@source.command()
@click.argument("name")
@click.option("--kind", help="Try a kind that is not set up; NAME is then free.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=SET_HELP)
@click.option("--seconds", default=10.0, show_default=True, help="How long to wait for readings.")
@inherited_options
def test(
    data: Path,
    name: str,
    *,
    kind: str | None,
    pairs: tuple[str, ...],
    seconds: float,
    as_json: bool,
) -> None:
    """Open it, print each step and its first readings, save nothing."""
    with connect(data, may_make=True) as client:
        body: dict[str, Any] = {"seconds": seconds}
        if kind is None:
            known = client.get(f"/sources/{name}")
            body |= {"name": name, "settings": settings_of(client, known["kind"], pairs)}
        else:
            body |= {"kind": kind, "settings": settings_of(client, kind, pairs)}
        trial = client.send("POST", "/sources/test", body)
    if as_json:
        print_json(trial)
    else:
        show_trial(trial)
    if not trial["ok"]:
        raise SystemExit(1)


def show_trial(trial: dict[str, Any]) -> None:
    """Print the steps of a trial and what came."""
    for step in trial["steps"]:
        mark = "ok  " if step["ok"] else "FAIL"
        click.echo(f"{mark} {step['step']}: {step['text']} ({step['took_s']:.1f} s)")
    units = trial["units"]
    for sample in trial["samples"]:
        values = ", ".join(
            f"{name} {value:.6g}{' ' + units[name] if name in units else ''}"
            for name, value in sample["values"].items()
        )
        click.echo(f"     {time_text(sample['time_ns'])}  {sample['machine']}: {values}")
    for column in trial["left_out"]:
        click.echo(f"     left out {column['column']}: {column['reason']}")
    for reason in trial["reasons"]:
        click.echo(f"     refused: {reason['message']}")
    click.echo("Nothing was saved.")


def settings_of(client: Client, kind: str, pairs: Sequence[str]) -> dict[str, Any]:
    """Return what --set said, each as the kind's setting holds it. Raises SettingsError."""
    found = kind_named(client.get("/source-kinds")["kinds"], kind)
    if found["message"]:
        raise SettingsError(found["message"])
    types = {setting["name"]: setting["type"] for setting in found["settings"]}
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise SettingsError(f"--set {pair!r} has no value. Write --set KEY=VALUE.")
        settings[key.strip()] = value_of(text, types.get(key.strip(), ""))
    return settings


def value_of(text: str, type_name: str) -> Any:  # Any: what TOML can hold
    """Return a setting as typed on a command line: text stays text, all else is TOML's."""
    if type_name == "text":
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def kind_named(kinds: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return one kind. Raises SettingsError naming the nearest."""
    from telltale.registry import suggest  # noqa: PLC0415 - only here

    known = {kind["kind"]: kind for kind in kinds}
    if name not in known:
        raise SettingsError(f"There is no kind {name!r} of source. {suggest(name, known)}")
    return known[name]


def tell(entry: dict[str, Any], *, as_json: bool) -> None:
    """Say how an entry stands."""
    if as_json:
        print_json(entry)
        return
    sentence = what_of(entry)
    click.echo(f"{entry['name']} ({entry['kind']}): {state_of(entry)}. {sentence}".rstrip())
