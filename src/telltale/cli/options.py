"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_DATA = "telltale-data"


@dataclass(frozen=True, slots=True)
class Before:
    """What was said before a sub-command's name: `telltale machines --data D show X`."""

    data: Path
    as_json: bool


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


def inherited_options(command: Command) -> Command:
    """Add `--data` and `--json` to a sub-command whose group takes them too."""
    command = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        callback=lambda context, _, value: value or context.obj.data,
        help="As before the sub-command's name.",
    )(command)
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        callback=lambda context, _, value: value or context.obj.as_json,
        help="Answer with JSON, for scripts.",
    )(command)


def reading_options(command: Command) -> Command:
    """Add what a user may know about a log: `--machine`, `--start` and so on."""
    for option in (
        click.option(
            "--day-first/--month-first",
            "day_first",
            default=None,
            help="How dates such as 03/04/2026 begin; default: as the others tell, or as usual.",
        ),
        click.option("--time-column", help="Default: found by name and content."),
        click.option("--start", help="When a clock that counts from 0 began, ISO 8601."),
        click.option(
            "--profile", help="Default: the one its columns fit best, else one is inferred."
        ),
        click.option(
            "--machine", help="Whose readings; default: what the file says, else its name."
        ),
    ):
        command = option(command)
    return command


def can_options(command: Command) -> Command:
    """Add what a user may know about a CAN log: its database and how it is read."""
    for option in (
        click.option(
            "--can-senders",
            type=click.Choice(["channels", "machines"]),
            help="What a second J1939 sender of a message becomes; default: channels.",
        ),
        click.option("--can-bus", help="Only this bus of a CAN log; default: all of them."),
        click.option(
            "--dbc",
            multiple=True,
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="What the frames of a CAN log mean: a DBC, KCD, ARXML or SYM file; repeatable.",
        ),
    ):
        command = option(command)
    return command


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with JSON, for scripts.")(
        command
    )
