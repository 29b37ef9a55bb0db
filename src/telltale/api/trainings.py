"""Trainings: learn what is normal on a machine from a stretch of its own readings."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, body_as, reply, takes, time_ns_or
from telltale.models.trainers import DEFAULT, kinds
from telltale.runtime.training import NAME, TrainingView, Wish
from telltale.store.base import Role

router = APIRouter(tags=["models"])


class TrainingWish(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}
):
    """What is to be learnt.

    Attributes:
        start, to: The stretch of normal operation; without, all that is kept.
        kind: Of detector; see `GET /api/v1/detectors`.
        name: Of the model.
        inputs: Channels and metrics to read; none means all channels.
        alarms_per_week: How many false alarms are allowed.
        settings: Of the kind.
        role: How it runs afterwards; "none" only keeps it.
        score_kept: Ask an active one about what was kept before it ran, too.
    """

    start: str | int | None = None
    to: str | int | None = None
    kind: str = DEFAULT
    name: str = NAME
    inputs: tuple[str, ...] = ()
    alarms_per_week: float = 1.0
    settings: dict[str, Any] = {}
    role: Literal["active", "shadow", "none"] = "active"
    score_kept: bool = True


class TrainingList(msgspec.Struct, frozen=True):
    """Trainings since the start, the newest first."""

    trainings: list[TrainingView]


class DetectorList(msgspec.Struct, frozen=True):
    """The kinds of detectors that can be learnt, and the one that is learnt by default."""

    kinds: tuple[str, ...]
    default: str


@router.get("/detectors", responses=answers(DetectorList), summary="What can be learnt")
async def list_detectors() -> Response:
    """Return the kinds of detectors."""
    return reply(DetectorList(kinds(), DEFAULT))


@router.post(
    "/machines/{machine}/trainings",
    status_code=202,
    responses=answers(TrainingView),
    openapi_extra=takes(TrainingWish),
    summary="Learn what is normal",
)
async def start_training(machine: str, request: Request, shared: Shared) -> Response:
    """Begin to learn from a stretch that somebody says is normal. Follow it by its id."""
    wish = await body_as(request, TrainingWish, max_bytes=shared.settings.max_request_bytes)
    live = shared.runtime.machine(machine)
    job = shared.runtime.trainings.start(
        machine,
        Wish(
            start_ns=time_ns_or(_text(wish.start), 0),
            end_ns=time_ns_or(_text(wish.to), live.last_time_ns + 1),
            kind=wish.kind,
            name=wish.name,
            inputs=wish.inputs,
            alarms_per_week=wish.alarms_per_week,
            settings=wish.settings,
            score_kept=wish.score_kept,
            role=None if wish.role == "none" else Role(wish.role),
        ),
    )
    return reply(job.view(), 202)


@router.get("/trainings", responses=answers(TrainingList), summary="Trainings, newest first")
async def list_trainings(shared: Shared, machine: str | None = None) -> Response:
    """Return the trainings since the start, of one machine or all."""
    found = [
        job.view()
        for job in shared.runtime.trainings.all()
        if machine is None or job.machine == machine
    ]
    return reply(TrainingList(found))


@router.get("/trainings/{training}", responses=answers(TrainingView), summary="One training")
async def get_training(training: str, shared: Shared) -> Response:
    """Return where a training stands."""
    return reply(shared.runtime.trainings.get(training).view())


@router.delete("/trainings/{training}", responses=answers(TrainingView), summary="Stop a training")
async def stop_training(training: str, shared: Shared) -> Response:
    """Stop it; nothing of it is kept. One that is over stays as it is."""
    return reply((await shared.runtime.trainings.stop_job(training)).view())


def _text(moment: str | int | None) -> str | None:
    return None if moment is None else str(moment)
