"""`telltale import`: everything that log files hold, kept."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import ApiError, Client, connect
from telltale.cli.options import can_options, data_option, json_option, reading_options
from telltale.cli.output import print_json, progress_bar, time_text

POLL_S = 0.1
WIDTH = 100
HARD_SPACE = "\N{NO-BREAK SPACE}"
MAX_MACHINES, MAX_CHANNELS, MAX_REASONS = 5, 40, 5  # shown; --json has all
Job = dict[str, Any]  # an import as the API shows it


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says about the files; None lets telltale find out."""

    machine: str | None
    profile: str | None
    start: str | None
    time_column: str | None
    day_first: bool | None = None
    can_database: str | None = None
    can_bus: str | None = None
    can_senders: str | None = None

    def query(self, file: Path) -> dict[str, str | None]:
        """Return it as the API takes it."""
        return {
            "filename": f"{file.absolute().parent.name}/{file.name}",
            "machine": self.machine,
            "profile": self.profile,
            "start": self.start,
            "time_column": self.time_column,
            "day_first": None if self.day_first is None else str(self.day_first).lower(),
            "modified": str(file.stat().st_mtime_ns // 1_000_000),
            "can_database": self.can_database,
            "can_bus": self.can_bus,
            "can_senders": self.can_senders,
        }


@click.command(name="import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@data_option
@reading_options
@can_options
@json_option
def import_(
    files: tuple[Path, ...], data: Path, *, as_json: bool, dbc: tuple[Path, ...], **wanted: Any
) -> None:  # Any: Wanted's
    """Keep everything that FILES hold. Safe to run again: a reading is kept once."""
    with connect(data, may_make=True) as client:
        asked = Wanted(**wanted, can_database=kept_databases(client, dbc))
        jobs = [import_or_refuse(client, file, asked, quiet=as_json) for file in files]
    if as_json:
        print_json(jobs)
    else:
        for job in jobs:
            print_job(job)
    if any(job["state"] != "done" for job in jobs):
        raise SystemExit(1)


def kept_databases(client: Client, files: Sequence[Path]) -> str | None:
    """Have CAN databases kept, and return their ids; None if there are none."""
    kept = [client.upload("/can-databases", file, filename=file.name) for file in files]
    for database in kept:
        for note in database["notes"]:
            click.echo(f"  {note}", err=True)
    return ",".join(database["id"] for database in kept) or None


def import_or_refuse(client: Client, file: Path, wanted: Wanted, *, quiet: bool) -> Job:
    """Import one file; if it is refused at the door, return that as its end, for the next one."""
    try:
        return import_file(client, file, wanted, quiet=quiet)
    except ApiError as error:
        nothing: Job = {
            "rows": 0, "rejected": 0, "replaced": 0, "machines": [], "channels": [],
            "left_out": [], "warnings": [], "unknown": {}, "reasons": [],
        }  # fmt: skip
        return {"filename": file.name, "state": "failed", "detail": str(error), **nothing}


def import_file(client: Client, file: Path, wanted: Wanted, *, quiet: bool) -> Job:
    """Import one file and return how it ended. Ctrl+C stops it; what is kept stays."""
    job_id = client.upload("/imports", file, **wanted.query(file))["id"]
    with progress_bar(file.name, None if quiet else file.stat().st_size) as (bar, task):
        while True:
            job: Job = client.get(f"/imports/{job_id}")
            bar.update(task, completed=job["bytes"], rows=job["rows"], rate=job["rate_rows_s"])
            if job["state"] != "running":
                return job
            try:
                time.sleep(POLL_S)
            except KeyboardInterrupt:
                client.send("DELETE", f"/imports/{job_id}")


def print_job(job: Job) -> None:
    """Say what became of one file: on standard error what somebody may have to mend."""
    name, detail = job["filename"], job["detail"]
    said = detail if detail.startswith(name) else f"{name}: {detail}"
    click.echo(said, err=job["state"] != "done")
    if job["rows"]:
        span = f"{time_text(job['first_time_ns'])} to {time_text(job['last_time_ns'])} UTC"
        machines = shortened(job["machines"], MAX_MACHINES)
        click.echo(f"  {machines}, {span}, {job['rate_rows_s']:,.0f} rows/s")
    if job["channels"]:
        listed = shortened([channel_text(channel) for channel in job["channels"]], MAX_CHANNELS)
        click.echo(wrapped(listed))
    for reason, columns in by_reason(job["left_out"]).items():
        click.echo(wrapped(f"left out, {reason}: {shortened(columns, MAX_CHANNELS)}"), err=True)
    for name, hint in job["unknown"].items():
        click.echo(f"  left out {name!r}: {hint}", err=True)
    for warning in job["warnings"]:
        click.echo(f"  {warning}", err=True)
    for reason in job["reasons"][:MAX_REASONS]:
        click.echo(f"  {reason['message']}", err=True)


def channel_text(channel: dict[str, Any]) -> str:  # Any: as the API answers
    """Return a channel with its unit, and what its words became."""
    name, unit = channel["channel"], channel["unit"]
    words = ", ".join(f"{word} = {number:g}" for word, number in channel["words"].items())
    text = f"{name} ({words})" if words else f"{name} [{unit}]" if unit != "1" else name
    return text.replace(" ", HARD_SPACE)


def by_reason(left_out: list[dict[str, str]]) -> dict[str, list[str]]:
    """Return the columns that were left out, by why."""
    found: dict[str, list[str]] = {}
    for column in left_out:
        found.setdefault(column["reason"], []).append(column["column"])
    return found


def wrapped(text: str) -> str:
    """Return indented lines of a text."""
    lines = textwrap.fill(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace(HARD_SPACE, " ")


def shortened(names: Sequence[str], most: int) -> str:
    """Return a list of names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
