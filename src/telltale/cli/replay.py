"""`telltale replay`: a recording played again, as a machine of its own."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import Client, connect
from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json

POLL_S = 0.5
ENDED = "ended"


@click.command()
@click.argument("session")
@data_option
@click.option("--as", "played_as", help="Machine id to play it as; default: MACHINE-replay.")
@click.option(
    "--speed",
    type=click.FloatRange(0.0, 1000.0),
    default=1.0,
    show_default=True,
    help="0.1 to 1000 times as recorded; 0 is as fast as possible.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@json_option
def replay(
    session: str, data: Path, *, played_as: str | None, speed: float, loop: bool, as_json: bool
) -> None:
    """Play SESSION (an id from `telltale sessions`) again, as a machine of its own.

    Same rows, same answers: so this is also a back-test. Ctrl+C or SIGTERM stops it; what it gave
    stays.
    """
    body = {"session": session, "as": played_as, "speed": speed, "loop": loop}
    wanted = {key: value for key, value in body.items() if value is not None}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl+C: it must not play on
    with connect(data) as client:
        started = client.send("POST", "/replays", wanted)
        if not as_json:
            click.echo(f"{started['title']} plays as {started['played_as']}; see {client.url}")
        try:
            ended = follow(client, started["id"], quiet=as_json or not sys.stdout.isatty())
        finally:
            with contextlib.suppress(
                Exception
            ):  # it may have ended by itself, and so may the server
                client.send("DELETE", f"/replays/{started['id']}")
    if as_json:
        print_json(ended)
    else:
        click.echo(f"{ended['rows']:,} readings played.")


def follow(client: Client, replay_id: str, *, quiet: bool) -> dict[str, Any]:
    """Show where a replay is until it ends or Ctrl+C; return it as it was last seen."""
    seen: dict[str, Any] = {}
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            seen = client.get(f"/replays/{replay_id}")
            if not quiet:
                whole = f" of {seen['duration_s']:.0f}" if seen["duration_s"] else ""
                click.echo(f"\r{seen['position_s']:.0f}{whole} s, {seen['rows']:,} rows", nl=False)
            if seen["state"] == ENDED:
                break
            time.sleep(POLL_S)
    if not quiet:
        click.echo()
    return seen
