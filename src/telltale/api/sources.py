"""Sources: the feeds that run now, and those that are set up; also the ways out, the sinks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Context, Shared
from telltale.api.wire import answers, body_as, reply, takes
from telltale.formats.base import Rejection
from telltale.runtime.source_book import Placed
from telltale.runtime.source_kinds import Kind, kinds, without_secrets
from telltale.runtime.source_trial import Trial
from telltale.sinks import SINKS
from telltale.sinks.base import Sink
from telltale.sources.base import Source

router = APIRouter(tags=["sources"])

TRIAL_S = 10.0


class SourceView(msgspec.Struct, frozen=True):
    """One feed as it tells about itself; the fields as in `SourceStatus`.

    Attributes:
        entry: What it was set up as; None for one that a command or a replay started.
    """

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
    details: Mapping[str, Any]  # Any: as the source tells, what JSON can hold
    entry: str | None = None


class EntryView(msgspec.Struct, frozen=True):
    """What was set up.

    Attributes:
        settings: As kept; secrets as *.
        enabled: It is started with the server.
        is_sink: It gives readings out; then `rows` counts what was published.
        problem: Why it cannot be started; "" if it can.
        source: How it runs; None if it does not.
    """

    name: str
    kind: str
    settings: dict[str, Any]  # Any: what TOML can hold
    enabled: bool
    profile: str | None
    is_sink: bool
    problem: str
    source: SourceView | None


class SourceList(msgspec.Struct, frozen=True):
    """All feeds that run, those that ended included, and all that is set up.

    Attributes:
        problem: Why the file of what is set up cannot be read; "" if it can.
    """

    sources: list[SourceView]
    entries: list[EntryView] = []
    problem: str = ""


class KindList(msgspec.Struct, frozen=True):
    """All kinds of sources and sinks that can be set up."""

    kinds: list[Kind]


class NewSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source or sink to set up; `profile` is for machines that it makes known."""

    name: str
    kind: str
    settings: dict[str, Any] = {}
    profile: str | None = None
    enabled: bool = True


class SourceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change; a setting of null goes back to its default, a profile of "" to none."""

    settings: dict[str, Any] = {}
    enabled: bool | None = None
    profile: str | None = None


class TrialRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to try: a kind with settings, or the name of what is set up."""

    kind: str = ""
    settings: dict[str, Any] = {}
    name: str = ""
    seconds: float = TRIAL_S


def source_view(source: Source, now_ns: int, entry: str | None = None) -> SourceView:
    """Return a feed as the API shows it."""
    return _view(source, now_ns, simulated=source.simulated, entry=entry)


def _view(running: Source | Sink, now_ns: int, *, simulated: bool, entry: str | None) -> SourceView:
    status = running.status
    return SourceView(
        name=running.name,
        simulated=simulated,
        state=status.state.value,
        rows=status.rows,
        rejected=status.rejected,
        dropped=status.dropped,
        rate_hz=round(status.rate.per_second(now_ns), 2),
        last_time_ns=status.last_time_ns or None,
        detail=status.detail,
        reasons=status.reasons,
        details=status.details,
        entry=entry,
    )


def _entry_view(placed: Placed, now_ns: int) -> EntryView:
    entry, running = placed.entry, placed.running
    return EntryView(
        name=entry.name,
        kind=entry.kind,
        settings=without_secrets(entry.settings),
        enabled=entry.enabled,
        profile=entry.profile,
        is_sink=entry.kind in SINKS,
        problem=placed.problem,
        source=None
        if running is None
        else _view(
            running, now_ns, simulated=getattr(running, "simulated", False), entry=entry.name
        ),
    )


@router.get("/sources", responses=answers(SourceList), summary="All feeds, and what is set up")
async def list_sources(shared: Shared) -> Response:
    """Return every feed with its state and counters, and every entry with its settings."""
    runtime, now_ns = shared.runtime, shared.runtime.clock()
    feeds = []
    for feed in runtime.feeds.all():
        entry = runtime.sources.of_running(feed)
        feeds.append(source_view(feed, now_ns, entry.name if entry else None))
    entries = [_entry_view(placed, now_ns) for placed in runtime.sources.all()]
    return reply(SourceList(feeds, entries, runtime.sources.problem))


@router.get("/source-kinds", responses=answers(KindList), summary="What can be set up")
async def list_kinds() -> Response:
    """Return each kind with its settings: type, default and a sentence."""
    return reply(KindList(kinds()))


@router.post(
    "/sources",
    responses=answers(EntryView),
    openapi_extra=takes(NewSource),
    status_code=201,
    summary="Set up a source or sink",
)
async def add_source(request: Request, shared: Shared) -> Response:
    """Keep it and start it; what is wrong with its settings keeps nothing."""
    new = await body_as(request, NewSource, max_bytes=shared.settings.max_request_bytes)
    placed = await shared.runtime.sources.add(
        new.name, new.kind, new.settings, profile=new.profile, enabled=new.enabled
    )
    return reply(_entry_view(placed, shared.runtime.clock()), 201)


@router.post(
    "/sources/test",
    responses=answers(Trial),
    openapi_extra=takes(TrialRequest),
    summary="Try a source out: steps and first readings, nothing kept",
)
async def try_source(request: Request, shared: Shared) -> Response:
    """Open it, wait for its first readings, and close it."""
    asked = await body_as(request, TrialRequest, max_bytes=shared.settings.max_request_bytes)
    kind, settings = asked.kind, asked.settings
    if asked.name:
        entry = shared.runtime.sources.get(asked.name).entry
        kind, settings = kind or entry.kind, {**entry.settings, **settings}
    trial = await shared.runtime.sources.try_out(
        kind, settings, seconds=asked.seconds, name=asked.name
    )
    return reply(trial)


@router.get("/sources/{name}", responses=answers(EntryView), summary="One that is set up")
async def get_source(name: str, shared: Shared) -> Response:
    """Return its settings and how it runs."""
    return _shown(shared, name)


@router.patch(
    "/sources/{name}",
    responses=answers(EntryView),
    openapi_extra=takes(SourceChange),
    summary="Change settings, switch on or off",
)
async def change_source(name: str, request: Request, shared: Shared) -> Response:
    """Change all of what the body names, or nothing; it is started anew."""
    change = await body_as(request, SourceChange, max_bytes=shared.settings.max_request_bytes)
    await shared.runtime.sources.change(
        name, settings=change.settings, enabled=change.enabled, profile=change.profile
    )
    return _shown(shared, name)


@router.delete("/sources/{name}", status_code=204, summary="Stop and forget one")
async def remove_source(name: str, shared: Shared) -> Response:
    """Stop it and forget its settings; what it gave stays."""
    await shared.runtime.sources.remove(name)
    return Response(status_code=204)


def _shown(shared: Context, name: str) -> Response:
    return reply(_entry_view(shared.runtime.sources.get(name), shared.runtime.clock()))
