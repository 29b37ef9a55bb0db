"""Events: what began and ended."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, reply, time_ns_or
from telltale.batch import FOREVER_NS
from telltale.events import Event

router = APIRouter(tags=["events"])


class EventList(msgspec.Struct, frozen=True):
    """Events, newest first; `more` when older ones in the range were left out."""

    events: list[Event]
    more: bool


@router.get("/events", responses=answers(EventList), summary="Events, newest first")
async def list_events(
    shared: Shared,
    machine: str | None = None,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    *,
    is_open: Annotated[bool, Query(alias="open")] = False,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Return events that began in the range; with `open` only those that have not ended."""
    if machine is not None:
        shared.runtime.machine(machine)  # an unknown id is an error, not an empty list
    events = await shared.runtime.store.events(
        machine,
        start_ns=time_ns_or(start, 0),
        end_ns=time_ns_or(to, FOREVER_NS),
        open_only=is_open,
        limit=limit + 1,
    )
    return reply(EventList(list(events[:limit]), more=len(events) > limit))
