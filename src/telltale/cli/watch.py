"""`telltale watch`: any log becomes a live, charted machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telltale.cli.options import address_options, data_option
from telltale.cli.serve import refuse_open_network, run_server

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@data_option
@address_options
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@click.option("--machine", help="Whose readings; default: what the file says, else its name.")
@click.option("--profile", help="Default: the one its columns fit best, else one is inferred.")
@click.option(
    "--speed",
    type=click.FloatRange(0.0, 1000.0),
    default=1.0,
    show_default=True,
    help="0.1 to 1000 times as recorded; 0 is as fast as possible.",
)
@click.option("--loop", is_flag=True, help="Begin again at the end.")
def watch(path: Path, data: Path, host: str, port: int, **how: str | float | bool | None) -> None:
    """Play PATH, a log, as if it happened now; or follow the logs written in the folder PATH."""
    refuse_open_network(host, agreed=False)

    async def prepare(runtime: Runtime) -> None:
        # the decoders are loaded only when something is watched
        from telltale.formats.files import ReadOptions  # noqa: PLC0415
        from telltale.sources import make_source  # noqa: PLC0415

        machine = how["machine"]
        if path.is_dir():
            source = make_source("watch_folder", folder=path, machine=machine)
        else:
            source = make_source(
                "file_replay",
                path=path,
                options=ReadOptions(machine=machine if isinstance(machine, str) else None),
                speed=how["speed"],
                loop=how["loop"],
            )
        profile = how["profile"]
        runtime.feeds.add(source, profile=profile if isinstance(profile, str) else None)

    run_server(data, host, port, prepare, open_page=not how["no_browser"])
