"""`telltale export`: readings of one machine to a file or to standard output."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from telltale.cli.connection import connect
from telltale.cli.options import data_option

FORMATS = ("csv", "json", "ndjson", "parquet")


@click.command()
@click.argument("machine")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@data_option
@click.option("--from", "start", help="First time, ISO 8601 or Unix; default: the beginning.")
@click.option("--to", "end", help="Last time; default: now.")
@click.option("--channels", help="Names, separated by commas; default: all.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Default: by the file's name.")
def export(
    machine: str,
    file: Path | None,
    data: Path,
    *,
    start: str | None,
    end: str | None,
    channels: str | None,
    kind: str | None,
) -> None:
    """Write readings of MACHINE to FILE (standard output if there is none)."""
    kind = kind or (file.suffix.lstrip(".").lower() if file else "csv")
    if kind not in FORMATS:
        raise click.UsageError(
            f"{file}: cannot tell the format from {kind!r}. Add --format {'|'.join(FORMATS)}."
        )
    query = {
        "machine": machine,
        "from": start or "0",
        "to": end,
        "channels": channels,
        "format": kind,
    }
    with connect(data) as client, client.download("/exports", **query) as answer:
        if file is None:
            shutil.copyfileobj(answer, sys.stdout.buffer)
            return
        with file.open("wb") as target:
            shutil.copyfileobj(answer, target)
    click.echo(f"{file}: {file.stat().st_size:,} bytes.", err=True)
