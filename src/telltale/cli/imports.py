"""`telltale import`: everything that log files hold, kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from telltale.cli.connection import ApiError, Client, connect
from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json, progress_bar, time_text

POLL_S = 0.1
Job = dict[str, Any]  # an import as the API shows it


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user says about the files; None lets telltale find out."""

    machine: str | None
    profile: str | None
    start: str | None
    time_column: str | None

    def query(self, file: Path) -> dict[str, str | None]:
        """Return it as the API takes it."""
        return {
            "filename": file.name,
            "machine": self.machine,
            "profile": self.profile,
            "start": self.start,
            "time_column": self.time_column,
            "modified": str(file.stat().st_mtime_ns // 1_000_000),
        }


@click.command(name="import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@data_option
@click.option("--machine", help="Whose readings; default: what the file says, else its name.")
@click.option("--profile", help="Default: the one its columns fit best, else one is inferred.")
@click.option("--start", help="When a clock that counts from 0 began, ISO 8601.")
@click.option("--time-column", help="Default: found by name and content.")
@json_option
def import_(files: tuple[Path, ...], data: Path, *, as_json: bool, **wanted: str | None) -> None:
    """Keep everything that FILES hold. Safe to run again: a reading is kept once."""
    asked = Wanted(**wanted)
    with connect(data) as client:
        jobs = [import_or_refuse(client, file, asked, quiet=as_json) for file in files]
    if as_json:
        print_json(jobs)
    else:
        for job in jobs:
            print_job(job)
    if any(job["state"] != "done" for job in jobs):
        raise SystemExit(1)


def import_or_refuse(client: Client, file: Path, wanted: Wanted, *, quiet: bool) -> Job:
    """Import one file; if it is refused at the door, return that as its end, for the next one."""
    try:
        return import_file(client, file, wanted, quiet=quiet)
    except ApiError as error:
        nothing: Job = {"rows": 0, "rejected": 0, "warnings": [], "unknown": {}, "reasons": []}
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
    """Say what became of one file."""
    name, detail = job["filename"], job["detail"]
    said = detail if detail.startswith(name) else f"{name}: {detail}"
    click.echo(said, err=job["state"] != "done")
    if job["rows"]:
        span = f"{time_text(job['first_time_ns'])} to {time_text(job['last_time_ns'])} UTC"
        click.echo(f"  {', '.join(job['machines'][:5])}, {span}, {job['rate_rows_s']:,.0f} rows/s")
    for warning in job["warnings"]:
        click.echo(f"  {warning}", err=True)
    for name, hint in job["unknown"].items():
        click.echo(f"  left out {name!r}: {hint}", err=True)
    for reason in job["reasons"][:5]:
        click.echo(f"  {reason['message']}", err=True)
