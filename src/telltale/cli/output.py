"""How commands answer: tables and progress for people, JSON lines for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

NS_PER_S = 1_000_000_000


def print_json(answer: Any) -> None:  # Any: whatever the API answered
    """Print one JSON document."""
    click.echo(json.dumps(answer, indent=None if not sys.stdout.isatty() else 2))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print a table, or one sentence when it has no rows."""
    if not rows:
        click.echo(empty)
        return
    from rich.console import Console  # noqa: PLC0415 - only to draw
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        table.add_column(
            name, justify="right" if is_number_column(rows, head.index(name)) else "left"
        )
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def is_number_column(rows: Sequence[Sequence[object]], column: int) -> bool:
    """True when every cell there is a number or empty."""
    return all(isinstance(row[column], int | float | None) for row in rows)


def time_text(time_ns: int | None) -> str:
    """Return a time as people write it, UTC, to the second."""
    if time_ns is None:
        return "never"
    return datetime.fromtimestamp(time_ns / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")


def value_text(value: float | None, decimals: int) -> str:
    """Return a value with as many digits as its sensor is worth."""
    return "" if value is None else f"{value:.{decimals}f}"


def age_text(age_s: float | None) -> str:
    """Return how old a value is, in the largest unit that says it."""
    if age_s is None:
        return ""
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age_s >= 2 * seconds:
            return f"{age_s / seconds:.0f} {unit}"
    return f"{age_s:.1f} s"


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[tuple[Progress, TaskID]]:
    """Show a bar with rate and time left; plain lines are left to the caller off a terminal."""
    from rich.console import Console  # noqa: PLC0415 - only to draw
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(what, total=total, rows=0, rate=0.0)
