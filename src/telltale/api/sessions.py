"""Sessions: recordings, each a stretch without a long pause."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Context, Shared
from telltale.api.in_use import uses
from telltale.api.machines import check_texts
from telltale.api.problems import ApiError
from telltale.api.wire import answers, body_as, reply, takes
from telltale.store.base import Session

router = APIRouter(tags=["sessions"])


class SessionList(msgspec.Struct, frozen=True):
    """Recordings, newest first."""

    sessions: list[Session]


class SessionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recording's title."""

    title: str


@router.get("/sessions", responses=answers(SessionList), summary="Recordings, newest first")
async def list_sessions(shared: Shared, machine: str | None = None) -> Response:
    """Return the recordings of one machine or of all."""
    if machine is not None:
        shared.runtime.machine(machine)
    return reply(SessionList(list(await shared.runtime.store.sessions(machine))))


# The id is "<machine>/<start_ns>"; a client may send its slash as it is.
@router.patch(
    "/sessions/{session:path}",
    responses=answers(Session),
    openapi_extra=takes(SessionChange),
    summary="Name a recording",
)
async def name_session(session: str, request: Request, shared: Shared) -> Response:
    """Give a recording a title; an empty one takes it away."""
    change = await body_as(request, SessionChange, max_bytes=shared.settings.max_request_bytes)
    check_texts(title=change.title)
    await _found(shared, session)
    return reply(await shared.runtime.store.name_session(session, change.title))


@router.delete("/sessions/{session:path}", status_code=204, summary="Remove a recording")
async def remove_session(session: str, shared: Shared) -> Response:
    """Remove its samples and events: 409 while it is recorded or replayed."""
    found = await _found(shared, session)
    newest, *_ = await shared.runtime.store.sessions(found.machine)
    running = [use.what for use in uses(shared, found.machine)]
    if running and found.id == newest.id:
        raise ApiError(
            409,
            f"{session!r} is the newest recording of {found.machine!r}, which is in use by "
            f"{', '.join(running)}. Stop that first.",
        )
    await shared.runtime.fleet.remove_session(found)
    shared.today.removed(found.rows)
    return Response(status_code=204)


async def _found(shared: Context, session: str) -> Session:
    for known in await shared.runtime.store.sessions():
        if known.id == session:
            return known
    raise ApiError(404, f"No recording has the id {session!r}. GET /sessions lists them.")
