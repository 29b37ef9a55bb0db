"""Sources: the feeds that run now."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, reply
from telltale.formats.base import Rejection
from telltale.sources.base import Source

router = APIRouter(tags=["sources"])


class SourceView(msgspec.Struct, frozen=True):
    """One feed as it tells about itself; the fields as in `SourceStatus`."""

    name: str
    simulated: bool
    state: str
    rows: int
    rejected: int
    dropped: int
    rate_hz: float
    last_time_ns: int | None
    detail: str
    reasons: tuple[Rejection, ...]


class SourceList(msgspec.Struct, frozen=True):
    """All feeds, those that ended included."""

    sources: list[SourceView]


def source_view(source: Source, now_ns: int) -> SourceView:
    """Return a feed as the API shows it."""
    status = source.status
    return SourceView(
        name=source.name,
        simulated=source.simulated,
        state=status.state.value,
        rows=status.rows,
        rejected=status.rejected,
        dropped=status.dropped,
        rate_hz=round(status.rate.per_second(now_ns), 2),
        last_time_ns=status.last_time_ns or None,
        detail=status.detail,
        reasons=status.reasons,
    )


@router.get("/sources", responses=answers(SourceList), summary="All feeds")
async def list_sources(shared: Shared) -> Response:
    """Return every feed with its state and counters."""
    now_ns = shared.runtime.clock()
    return reply(SourceList([source_view(feed, now_ns) for feed in shared.runtime.feeds.all()]))
