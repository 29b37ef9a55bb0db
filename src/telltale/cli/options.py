"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_DATA = "telltale-data"


def data_option(command: Command) -> Command:
    """Add `--data`."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_DATA,
        envvar="TELLTALE_DATA",
        show_default=True,
        help="Folder that keeps everything; made if it is not there.",
    )(command)


def address_options(command: Command) -> Command:
    """Add `--host` and `--port`."""
    command = click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=DEFAULT_PORT,
        envvar="TELLTALE_PORT",
        show_default=True,
        help="Port of the page and the API; 0 takes any free one.",
    )(command)
    return click.option(
        "--host",
        default=DEFAULT_HOST,
        envvar="TELLTALE_HOST",
        show_default=True,
        help="Address to listen on. Beyond loopback everybody on the network can read and write.",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with JSON, for scripts.")(
        command
    )
