"""`telltale serve` and `telltale demo`: the page, the API and the feeds in one process."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telltale.cli.options import address_options, data_option, json_option
from telltale.cli.output import print_json
from telltale.errors import SettingsError

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

ARCHIVE_AFTER_DAYS = 2.0
BYTES_PER_GB = 1_000_000_000
UDP_PORT = 20777  # what racing games and the PIT system send to
MAX_MACHINES = 1_000  # as in runtime/fleet.py, which loads too much for --help
Prepare = Callable[["Runtime"], Awaitable[None]]


@click.command()
@data_option
@address_options
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@click.option("--udp-port", default=UDP_PORT, show_default=True, help="UDP readings; 0 for none.")
@click.option(
    "--open-to-network",
    is_flag=True,
    help="Listen beyond loopback although there are no accounts yet.",
)
@click.option(
    "--max-machines",
    type=click.IntRange(min=1),
    default=MAX_MACHINES,
    show_default=True,
    help="Refuse machines beyond so many: a feed may invent ids for ever.",
)
@click.option(
    "--keep-days",
    type=click.FloatRange(min=0.0, min_open=True),
    help="Let readings go that are older; default: keep all.",
)
@click.option(
    "--keep-gb",
    type=click.FloatRange(min=0.01),
    help="Let the oldest readings go beyond this size; default: the disk's.",
)
@click.option(
    "--archive-after-days",
    type=click.FloatRange(min=0.0, min_open=True),
    default=ARCHIVE_AFTER_DAYS,
    show_default=True,
    help="Older whole days move to Parquet, if the archive extra is installed.",
)
@click.option(
    "--no-learning",
    is_flag=True,
    help="Do not learn by itself what is normal; `telltale train` still does.",
)
@json_option
def serve(
    data: Path,
    host: str,
    port: int,
    *,
    no_browser: bool,
    udp_port: int,
    open_to_network: bool,
    max_machines: int,
    keep_days: float | None,
    keep_gb: float | None,
    archive_after_days: float,
    no_learning: bool,
    as_json: bool,
) -> None:
    """Take readings and show them live."""
    refuse_open_network(host, agreed=open_to_network)
    keeping = {
        "keep_days": keep_days,
        "max_bytes": None if keep_gb is None else int(keep_gb * BYTES_PER_GB),
        "archive_after_days": archive_after_days,
    }

    async def prepare(runtime: Runtime) -> None:
        add_udp(runtime, host, udp_port)
        await runtime.sources.start()

    run_server(
        data,
        host,
        port,
        prepare,
        open_page=not no_browser,
        as_json=as_json,
        max_machines=max_machines,
        is_learning=not no_learning,
        keeping=keeping,
    )


@click.command()
@data_option
@address_options
@click.option("--no-browser", is_flag=True, help="Do not open the page.")
@click.option("--udp-port", default=UDP_PORT, show_default=True, help="UDP readings; 0 for none.")
@json_option
def demo(
    data: Path, host: str, port: int, *, no_browser: bool, udp_port: int, as_json: bool
) -> None:
    """Five simulated machines, one per built-in profile, one developing a fault."""
    refuse_open_network(host, agreed=False)

    async def prepare(runtime: Runtime) -> None:
        from telltale.cli.demo_machines import start_demo  # noqa: PLC0415 - loads the simulators

        await start_demo(runtime)
        add_udp(runtime, host, udp_port)
        await runtime.sources.start()

    run_server(data, host, port, prepare, open_page=not no_browser, as_json=as_json)


def refuse_open_network(host: str, *, agreed: bool) -> None:
    """Keep telltale private unless somebody opens it knowingly. Raises SettingsError."""
    try:
        is_private = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_private = False
    if not is_private and not agreed:
        raise SettingsError(
            f"--host {host} lets everybody on that network read and write, and there are no "
            "accounts yet. Use 127.0.0.1, or add --open-to-network if that is what you want."
        )


def add_udp(runtime: Runtime, host: str, port: int) -> None:
    """Listen for UDP readings; a port that is taken is retried and shown, it stops nothing."""
    from telltale.sources.udp import UdpSource  # noqa: PLC0415 - loads the decoders

    if port:
        runtime.feeds.add(UdpSource(host=host, port=port))


def run_server(
    data: Path,
    host: str,
    port: int,
    prepare: Prepare,
    *,
    open_page: bool,
    as_json: bool = False,
    max_machines: int = MAX_MACHINES,
    is_learning: bool = True,
    keeping: Mapping[str, float | None] | None = None,
) -> None:
    """Serve until interrupted. Everything acknowledged is committed before this returns."""
    # `telltale --help` must not pay for these
    from telltale.api.web_server import (  # noqa: PLC0415
        allow_many_connections,
        listening_socket,
        make_server,
        stopped_by_signals,
    )
    from telltale.cli import address_file  # noqa: PLC0415
    from telltale.cli.logs import set_up_logs  # noqa: PLC0415
    from telltale.runtime.build import embedded_runtime  # noqa: PLC0415

    set_up_logs()
    allow_many_connections()

    def listening(url: str) -> None:
        address_file.announce(data, url)
        announce(url, data, open_page=open_page, as_json=as_json)

    async def main(listener: socket.socket) -> None:
        runtime = embedded_runtime(
            data, max_machines=max_machines, is_learning=is_learning, **(keeping or {})
        )
        server = make_server(runtime, data, listening)
        with stopped_by_signals(server):
            await runtime.start()
            try:
                await prepare(runtime)
                await server.serve(sockets=[listener])
            finally:
                await runtime.stop()

    with (
        listening_socket(host, port) as listener,
        address_file.forgotten_at_the_end(data),
        asyncio.Runner(loop_factory=fast_loop()) as runner,
    ):
        runner.run(main(listener))


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed (not on Windows), else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415
    except ModuleNotFoundError:
        return None
    return uvloop.new_event_loop


def announce(url: str, data: Path, *, open_page: bool, as_json: bool) -> None:
    """Say where telltale is, and open the page."""
    kept = data.resolve()
    if as_json:
        print_json({"url": url, "data": str(kept)})
    else:
        click.echo(f"telltale is at {url}   (keeps everything in {kept}; Ctrl+C stops it)")
    if open_page:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
