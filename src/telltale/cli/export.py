"""`telltale export`: readings of one machine to a file or to standard output."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from telltale.cli.connection import connect
from telltale.cli.options import data_option, json_option
from telltale.cli.output import print_json

FORMATS = ("csv", "json", "ndjson", "parquet")


@click.command()
@click.argument("machine")
@click.argument(
    "file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), default="-"
)
@data_option
@click.option("--from", "start", help="First time, ISO 8601 or Unix; default: the beginning.")
@click.option("--to", "end", help="Last time; default: now.")
@click.option("--channels", help="Names, separated by commas; default: all.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Default: by the file's name.")
@json_option
def export(
    machine: str,
    file: Path,
    data: Path,
    *,
    start: str | None,
    end: str | None,
    channels: str | None,
    kind: str | None,
    as_json: bool,
) -> None:
    """Write readings of MACHINE to FILE (standard output if there is none, or it is -)."""
    is_stdout = str(file) == "-"
    check_target(file, is_stdout=is_stdout, as_json=as_json)
    query = {
        "machine": machine,
        "from": start,
        "to": end,
        "channels": channels,
        "format": kind or ("csv" if is_stdout else format_of(file)),
    }
    with connect(data) as client, client.download("/exports", **query) as answer:
        if is_stdout:
            shutil.copyfileobj(answer, sys.stdout.buffer)
            return
        with file.open("wb") as target:
            shutil.copyfileobj(answer, target)
    size = file.stat().st_size
    if as_json:
        print_json({"machine": machine, "file": str(file), "bytes": size})
    else:
        click.echo(f"{file}: {size:,} bytes.", err=True)


def check_target(file: Path, *, is_stdout: bool, as_json: bool) -> None:
    """Refuse what cannot be written before anything is read. Raises UsageError."""
    if is_stdout and as_json:
        raise click.UsageError("--json tells about the file that was written: name a FILE.")
    if not is_stdout and not file.parent.is_dir():
        raise click.UsageError(f"{file}: there is no folder {file.parent}. Create it first.")


def format_of(file: Path) -> str:
    """Return the format that a file's name asks for. Raises UsageError."""
    kind = file.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise click.UsageError(
            f"{file}: cannot tell the format from {kind!r}. Add --format {'|'.join(FORMATS)}."
        )
    return kind
