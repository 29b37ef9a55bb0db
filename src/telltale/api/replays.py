"""Replays: recordings played again, with controls."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Context, Shared
from telltale.api.problems import ApiError
from telltale.api.wire import answers, body_as, reply, takes
from telltale.batch import FOREVER_NS
from telltale.errors import DecodeError
from telltale.formats.times import text_to_ns
from telltale.formats.unix_times import number_to_ns
from telltale.runtime.import_job import ImportJob
from telltale.runtime.replays import ReplayView

router = APIRouter(tags=["replays"])

Time = int | float | str


class ReplayWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to play: a session, an import, or a machine with an optional range."""

    session: str | None = None
    machine: str | None = None
    start: Time | None = msgspec.field(default=None, name="from")
    to: Time | None = None
    import_id: str | None = msgspec.field(default=None, name="import")
    played_as: str | None = msgspec.field(default=None, name="as")
    speed: float = 1.0
    loop: bool = False


class ReplayChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Controls; what is absent stays."""

    paused: bool | None = None
    speed: float | None = None
    position_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    loop: bool | None = None


class ReplayList(msgspec.Struct, frozen=True):
    """All replays, newest first."""

    replays: list[ReplayView]


@router.post(
    "/replays",
    responses=answers(ReplayView),
    openapi_extra=takes(ReplayWish),
    summary="Play a recording again",
)
async def start_replay(request: Request, shared: Shared) -> Response:
    """Start a replay as a machine of its own; 201 with the replay."""
    wish = await body_as(request, ReplayWish, max_bytes=shared.settings.max_request_bytes)
    machine, start_ns, end_ns = await _range(shared, wish)
    replay = await shared.replays.start(
        machine,
        start_ns=start_ns,
        end_ns=end_ns,
        played_as=wish.played_as,
        speed=wish.speed,
        loop=wish.loop,
    )
    return reply(replay.view(), 201)


@router.get("/replays", responses=answers(ReplayList), summary="All replays")
async def list_replays(shared: Shared) -> Response:
    """Return all replays, those that ended included."""
    return reply(ReplayList([replay.view() for replay in shared.replays.all()]))


@router.get("/replays/{replay}", responses=answers(ReplayView), summary="One replay")
async def get_replay(replay: str, shared: Shared) -> Response:
    """Return where a replay stands."""
    return reply(shared.replays.get(replay).view())


@router.patch(
    "/replays/{replay}",
    responses=answers(ReplayView),
    openapi_extra=takes(ReplayChange),
    summary="Pause, go on, seek, change the speed",
)
async def change_replay(replay: str, request: Request, shared: Shared) -> Response:
    """Control a replay; every change takes effect at once."""
    change = await body_as(request, ReplayChange, max_bytes=shared.settings.max_request_bytes)
    found = shared.replays.get(replay)
    if found.has_ended:
        raise ApiError(409, f"Replay {replay} has ended. Start a new one.")
    if change.speed is not None:
        found.source.set_speed(change.speed)
    if change.position_s is not None:
        found.source.seek(change.position_s)
    if change.loop is not None:
        found.source.loop = change.loop
    if change.paused is not None:
        (found.source.pause if change.paused else found.source.resume)()
    return reply(found.view())


@router.delete("/replays/{replay}", status_code=204, summary="Stop a replay")
async def stop_replay(replay: str, shared: Shared) -> Response:
    """Stop a replay and forget it; the readings that it gave stay."""
    await shared.replays.remove(replay)
    return Response(status_code=204)


async def _range(shared: Context, wish: ReplayWish) -> tuple[str, int, int]:
    """Return machine, first and last time of what is to be played, both inclusive."""
    named = [name for name in (wish.session, wish.import_id, wish.machine) if name is not None]
    if len(named) != 1:
        raise DecodeError("Give exactly one of 'session', 'import' and 'machine'.")
    if wish.session is not None:
        for session in await shared.runtime.store.sessions():
            if session.id == wish.session:
                return session.machine, session.start_ns, session.end_ns
        raise ApiError(404, f"No recording has the id {wish.session!r}. GET /sessions lists them.")
    if wish.import_id is not None:
        return _imported(shared.imports.get(wish.import_id))
    start_ns = -FOREVER_NS if wish.start is None else _time_ns(wish.start)
    end_ns = FOREVER_NS - 1 if wish.to is None else _time_ns(wish.to)
    return wish.machine or "", start_ns, end_ns


def _imported(job: ImportJob) -> tuple[str, int, int]:
    if job.first_time_ns is None or job.last_time_ns is None:
        raise ApiError(409, f"Import {job.id} has kept nothing yet that could be replayed.")
    if len(job.machines) != 1:
        raise ApiError(
            422,
            f"Import {job.id} holds {len(job.machines)} machines. Name one in 'machine'.",
            machines=sorted(job.machines),
        )
    return next(iter(job.machines)), job.first_time_ns, job.last_time_ns


def _time_ns(time: Time) -> int:
    return text_to_ns(time) if isinstance(time, str) else number_to_ns(time)
