"""`Context`: what the routes of one app share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from telltale.api.day_count import DayCount
from telltale.api.meters import Meters
from telltale.api.settings import ApiSettings
from telltale.runtime.can_databases import CanDatabases
from telltale.runtime.core import Runtime
from telltale.runtime.imports import Imports
from telltale.runtime.replays import Replays
from telltale.stream.hub import Hub

PREFIX = "/api/v1"
CONCURRENT_BACKFILLS = 4


@dataclass(slots=True)
class Context:
    """The running system as the API sees it.

    Attributes:
        runtime: Machines, store and profiles.
        hub: Where live viewers join.
        imports, replays: Long work that was asked for here.
        can_databases: What the frames of CAN logs mean.
        meters: What `/metrics` counts beyond the runtime's own numbers.
        today: Rows since midnight.
        web: Folder of the built page.
        backfills: Bounds how many viewers read their past at once.
    """

    runtime: Runtime
    hub: Hub
    settings: ApiSettings
    imports: Imports
    replays: Replays
    can_databases: CanDatabases
    web: Path
    today: DayCount
    meters: Meters = field(default_factory=Meters)
    backfills: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(CONCURRENT_BACKFILLS)
    )


def context_of(connection: HTTPConnection) -> Context:
    """Return the context of the app that this request or socket came to."""
    context = connection.app.state.context
    if not isinstance(context, Context):
        raise TypeError("This app was not made by create_app.")
    return context


def _context(request: Request) -> Context:
    return context_of(request)


Shared = Annotated[Context, Depends(_context)]
