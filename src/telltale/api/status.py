"""Status: how much is kept, how fast, and how long the disk lasts."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

import telltale
from telltale.api.context import Context, Shared
from telltale.api.wire import answers, reply
from telltale.store.base import StoreStatus

router = APIRouter(tags=["status"])


class ViewerStatus(msgspec.Struct, frozen=True):
    """Who watches. `dropped_frames` and `missed_events` count since the start."""

    now: int
    dropped_frames: int
    missed_events: int


class Status(msgspec.Struct, frozen=True):
    """The server in numbers.

    Attributes:
        rows: Samples kept, all machines.
        rows_today, today_since_ns: Samples taken since midnight UTC, or since the start if that
            was later.
        rate_hz: Samples per second now, all machines.
        rejected: Rows refused since the start.
    """

    version: str
    started_ns: int
    now_ns: int
    rows: int
    rows_today: int
    today_since_ns: int
    rate_hz: float
    rejected: int
    machines: int
    viewers: ViewerStatus
    store: StoreStatus


@router.get("/status", responses=answers(Status), summary="The server in numbers")
async def get_status(shared: Shared) -> Response:
    """Return rows, rates, disk use with its forecast, queue, viewers and version."""
    return reply(await status_now(shared))


async def status_now(shared: Context) -> Status:
    """Return the server's numbers as they are now."""
    runtime, now_ns = shared.runtime, shared.runtime.clock()
    machines = runtime.machines()
    total = sum(live.rows for live in machines)
    return Status(
        version=telltale.__version__,
        started_ns=runtime.started_ns,
        now_ns=now_ns,
        rows=total,
        rows_today=shared.today.rows(total, now_ns),
        today_since_ns=shared.today.since_ns,
        rate_hz=round(sum(live.rate.per_second(now_ns) for live in machines), 2),
        rejected=sum(live.rejected for live in machines),
        machines=len(machines),
        viewers=ViewerStatus(shared.hub.viewers, shared.hub.dropped, shared.hub.missed_events),
        store=await runtime.store.status(),
    )
