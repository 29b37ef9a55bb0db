"""`telltale watch`: any log becomes a live, charted machine."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from telltale.cli.options import address_options, data_option, json_option, reading_options
from telltale.cli.serve import refuse_open_network, run_server

if TYPE_CHECKING:
    from telltale.formats.files import ReadOptions
    from telltale.runtime.core import Runtime
    from telltale.sources.base import Source

MEMORY_FOLDER = "watched"  # in the data folder: another one has read nothing yet


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@data_option
@address_options
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@reading_options
@click.option(
    "--speed",
    type=click.FloatRange(0.0, 1000.0),
    default=1.0,
    show_default=True,
    help="0.1 to 1000 times as recorded; 0 is as fast as possible. Of a file.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end. Of a file.")
@click.option(
    "--only-new", is_flag=True, help="Leave what a folder holds already; take what comes."
)
@json_option
def watch(path: Path, data: Path, host: str, port: int, **how: Any) -> None:  # Any: the options
    """Play PATH, a log, as if it happened now; or read and follow all logs in the folder PATH."""
    refuse_open_network(host, agreed=False)
    source = folder_source(path, data, how) if path.is_dir() else file_source(path, how)

    async def prepare(runtime: Runtime) -> None:
        runtime.feeds.add(source, profile=how["profile"])
        await runtime.feeds.tried(source.name)  # what is written from now on is new

    run_server(data, host, port, prepare, open_page=not how["no_browser"], as_json=how["as_json"])


def folder_source(path: Path, data: Path, how: dict[str, Any]) -> Source:
    """Return what follows the logs of a folder, from where it was left."""
    from telltale.sources import make_source  # noqa: PLC0415 - loads numpy

    place = path.resolve()
    memory = data / MEMORY_FOLDER / f"{place.name}-{zlib.crc32(str(place).encode()):08x}.json"
    return make_source(
        "watch_folder",
        folder=path,
        options=read_options(how),
        existing=not how["only_new"],
        memory=memory,
    )


def file_source(path: Path, how: dict[str, Any]) -> Source:
    """Return what plays a log. Raises DecodeError if it cannot be read."""
    from telltale.formats.files import read_file  # noqa: PLC0415 - loads numpy
    from telltale.sources import make_source  # noqa: PLC0415

    options = read_options(how)
    quickly = replace(options, start_ns=options.start_ns or 0)  # does not look for its length
    next(read_file(path, quickly), None)
    return make_source(
        "file_replay", path=path, options=options, speed=how["speed"], loop=how["loop"]
    )


def read_options(how: dict[str, Any]) -> ReadOptions:
    """Return what the user knows about the logs. Raises DecodeError for a start that is no time."""
    from telltale.formats.files import ReadOptions  # noqa: PLC0415 - loads numpy
    from telltale.formats.times import text_to_ns  # noqa: PLC0415

    return ReadOptions(
        machine=how["machine"],
        start_ns=text_to_ns(how["start"]) if how["start"] else None,
        time_column=how["time_column"],
        day_first=how["day_first"],
    )
