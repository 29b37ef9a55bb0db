"""Follows a training of the server's to its end, and tells what it does meanwhile."""

from __future__ import annotations

import time
from typing import Any

import click

from telltale.cli.connection import Client

POLL_S = 0.1
UNDER_WAY = {"waiting", "running"}


def followed(client: Client, job: dict[str, Any], *, is_quiet: bool) -> dict[str, Any]:
    """Return a training that has ended; a server of the command's own would end with it.

    Args:
        client: Of the server that trains.
        job: The training, as the API shows it.
        is_quiet: Tell nothing meanwhile.
    """
    phase = ""
    while job["state"] in UNDER_WAY:
        if job["state"] == "running" and job["phase"] != phase and not is_quiet:
            phase = job["phase"]
            click.echo(f"{phase[:1].upper()}{phase[1:]} ...", err=True)
        time.sleep(POLL_S)
        job = client.get(f"/trainings/{job['id']}")
    return job
