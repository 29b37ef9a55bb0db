"""`telltale doctor`: checks this installation, and says what to mend."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

import telltale
from telltale.cli.options import DEFAULT_PORT, data_option, json_option
from telltale.cli.output import print_json
from telltale.cli.serve import UDP_PORT

MIN_FREE_BYTES = 1_000_000_000
MIN_SQLITE = (3, 35)  # RETURNING and the upsert forms that the store writes
EXTRAS = {"archive": ("duckdb", "Parquet files and the archive")}
MARKS = {"ok": "ok  ", "note": "note", "bad": "BAD "}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `bad` needs mending, `note` is something missing that may be wanted."""

    check: str
    verdict: Literal["ok", "note", "bad"]
    detail: str


@click.command()
@data_option
@json_option
def doctor(data: Path, *, as_json: bool) -> None:
    """Check this installation and the data folder. Exit code 1 when something must be mended."""
    findings = [finding for check in CHECKS for finding in check(data)]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for found in findings:
            click.echo(f"{MARKS[found.verdict]}  {found.check}: {found.detail}")
    if any(found.verdict == "bad" for found in findings):
        raise SystemExit(1)


def check_python(_: Path) -> Iterator[Finding]:
    """Python and SQLite as telltale needs them."""
    version = ".".join(map(str, sys.version_info[:3]))
    is_known = (3, 11) <= sys.version_info[:2] < (3, 14)
    advice = "" if is_known else " Install 3.11, 3.12 or 3.13."
    yield Finding("Python", "ok" if is_known else "bad", f"{version}.{advice}")
    is_new = sqlite3.sqlite_version_info >= MIN_SQLITE
    needed = "" if is_new else " At least 3.35 is needed: install a newer Python."
    yield Finding("SQLite", "ok" if is_new else "bad", f"{sqlite3.sqlite_version}.{needed}")


def check_extras(_: Path) -> Iterator[Finding]:
    """Optional parts."""
    for extra, (module, gives) in EXTRAS.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding(extra, "ok", f"{gives}: installed.")
        else:
            yield Finding(extra, "note", f'{gives}: not installed. pip install "telltale[{extra}]"')


def check_page(_: Path) -> Iterator[Finding]:
    """The built page."""
    page = Path(telltale.__file__).parent / "web" / "index.html"
    if page.exists():
        yield Finding("page", "ok", "built.")
    else:
        yield Finding("page", "bad", "not built. Run `make demo`, or install again with pip.")


def check_profiles(data: Path) -> Iterator[Finding]:
    """Built-in and the user's own profiles."""
    from telltale.profiles.load import ProfileBook  # noqa: PLC0415 - loads numpy
    from telltale.runtime.build import PROFILES_FOLDER  # noqa: PLC0415

    book = ProfileBook(data / PROFILES_FOLDER)
    yield Finding("profiles", "ok", f"{len(book.all())} can be used.")
    for file, problem in book.problems.items():
        yield Finding(f"profile {file}", "bad", problem)


def check_data(data: Path) -> Iterator[Finding]:
    """The data folder and its disk."""
    there = next(folder for folder in (data, *data.absolute().parents) if folder.exists())
    if not os.access(there, os.W_OK):
        yield Finding("data folder", "bad", f"{there} cannot be written. Name another with --data.")
        return
    free = shutil.disk_usage(there).free
    words = f"{data.absolute()}, {free / 1e9:.1f} GB free."
    if free < MIN_FREE_BYTES:
        yield Finding("data folder", "bad", f"{words} Make room: below 1 GB a day may not fit.")
    else:
        yield Finding("data folder", "ok", words)


def check_ports(_: Path) -> Iterator[Finding]:
    """The ports that `serve` takes by default."""
    for port, kind in ((DEFAULT_PORT, socket.SOCK_STREAM), (UDP_PORT, socket.SOCK_DGRAM)):
        name = f"port {port}/{'tcp' if kind == socket.SOCK_STREAM else 'udp'}"
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                yield Finding(name, "note", "in use, perhaps by a telltale that runs.")
            else:
                yield Finding(name, "ok", "free.")


CHECKS: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    check_python,
    check_extras,
    check_page,
    check_profiles,
    check_data,
    check_ports,
)
