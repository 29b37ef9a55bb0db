"""Waveforms of a machine's measuring points: vibration in, what is wrong with evidence out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, body_as, read_body, reply, takes, time_ns_or
from telltale.batch import FOREVER_NS
from telltale.errors import SettingsError, TooLargeError
from telltale.formats.waveforms import MAX_BYTES
from telltale.registry import suggest
from telltale.runtime.vibration.asked import Asked
from telltale.runtime.vibration.point_view import PointView
from telltale.runtime.vibration.record import WaveformDetail, WaveformView

router = APIRouter(tags=["waveforms"])

Number = Annotated[int, Path(ge=0, le=2**63 - 1)]  # what the store counts with


class PointList(msgspec.Struct, frozen=True):
    """The measuring points of a machine, as its profile has them."""

    points: list[PointView]


class WaveformList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Waveforms of a machine, newest first; of each point the newest 50 are kept.

    Attributes:
        unreadable: Numbers of those that cannot be read any more; left out if there are none.
            Each can be removed.
    """

    waveforms: list[WaveformView]
    unreadable: tuple[int, ...] = ()


class HealthyStretch(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}
):
    """From when to when waveforms were healthy; without, all that are kept."""

    start: str | int | None = None
    to: str | int | None = None


FILE: dict[str, Any] = {  # Any: OpenAPI is free-form
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"type": "number"}}},
            "application/x-npy": {"schema": {"type": "string", "format": "binary"}},
            "audio/wav": {"schema": {"type": "string", "format": "binary"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    },
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in Asked.__struct_fields__
    ],
}
OWN = frozenset({"point", "time"})


def asked_of(request: Request) -> Asked:
    """Return what a request says of its waveform. Raises SettingsError, naming the nearest key."""
    given = {key: value for key, value in request.query_params.items() if key not in OWN}
    for key in given.keys() - set(Asked.__struct_fields__):
        known = (*sorted(OWN), *Asked.__struct_fields__)
        raise SettingsError(f"Unknown key {key!r} in the address. {suggest(key, known)}")
    try:
        return msgspec.convert(given, Asked, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"The address cannot be read: {error}.") from None


@router.get(
    "/machines/{machine}/points",
    responses=answers(PointList),
    summary="The measuring points of a machine",
)
async def list_points(machine: str, shared: Shared) -> Response:
    """Return where vibration is measured, which channels it becomes, and the newest findings."""
    return reply(PointList(await shared.runtime.waveforms.points(machine)))


@router.post(
    "/machines/{machine}/points/{point}/learn-normal",
    responses=answers(PointView),
    openapi_extra=takes(HealthyStretch),
    summary="Learn what is normal for the gear at a point",
)
async def learn_normal(machine: str, point: str, request: Request, shared: Shared) -> Response:
    """Learn from the point's kept waveforms of a stretch that somebody says is healthy."""
    wish = await body_as(request, HealthyStretch, max_bytes=shared.settings.max_request_bytes)
    start_ns = time_ns_or(wish.start, 0)
    end_ns = time_ns_or(wish.to, FOREVER_NS)
    return reply(await shared.runtime.waveforms.learn_normal(machine, point, start_ns, end_ns))


@router.post(
    "/machines/{machine}/waveforms",
    status_code=201,
    responses=answers(WaveformView),
    openapi_extra=FILE,
    summary="Send a waveform and get its diagnosis",
)
async def send_waveform(
    machine: str,
    request: Request,
    shared: Shared,
    point: Annotated[str, Query(max_length=200)],
    time: Annotated[str | None, Query(description="When it was recorded; now if absent")] = None,
) -> Response:
    """Take a waveform: JSON array, npy, one column of CSV, or WAV. What was found is kept."""
    asked = asked_of(request)
    time_ns = time_ns_or(time, 0) if time else None
    try:
        body = await read_body(request, MAX_BYTES)
    except TooLargeError:
        raise TooLargeError(
            f"The waveform has more than {MAX_BYTES:,} bytes, as sent or as unpacked. Send a "
            "shorter one, or float32 as npy."
        ) from None
    taken = await shared.runtime.waveforms.take(machine, point, body, time_ns=time_ns, asked=asked)
    return reply(taken, 201)


@router.get(
    "/machines/{machine}/waveforms",
    responses=answers(WaveformList),
    summary="Waveforms of a machine or a point, newest first",
)
async def list_waveforms(machine: str, shared: Shared, point: str | None = None) -> Response:
    """Return what was found in the kept waveforms."""
    waveforms = shared.runtime.waveforms
    views = await waveforms.list(machine, point)
    return reply(WaveformList(views, await waveforms.unreadable(machine, point)))


@router.get(
    "/machines/{machine}/waveforms/{waveform}",
    responses=answers(WaveformDetail),
    summary="One waveform with its spectrum",
)
async def get_waveform(machine: str, waveform: Number, shared: Shared) -> Response:
    """Return a diagnosis with the envelope spectrum in which its lines were found."""
    return reply(await shared.runtime.waveforms.get(machine, waveform))


@router.delete(
    "/machines/{machine}/waveforms/{waveform}",
    status_code=204,
    summary="Remove a waveform; its readings stay",
)
async def remove_waveform(machine: str, waveform: Number, shared: Shared) -> Response:
    """Remove what was found in one waveform, so that nothing is learnt from it."""
    await shared.runtime.waveforms.remove(machine, waveform)
    return Response(status_code=204)
