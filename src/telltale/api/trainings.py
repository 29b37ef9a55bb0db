"""Trainings: learn from a machine's kept readings what is normal, or what is labelled."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, body_as, reply, takes, time_ns_or
from telltale.errors import MissingExtraError
from telltale.models.trainers import (
    DEFAULT,
    TRAINERS,
    USUAL_BUDGET,
    LearnsFrom,
    kinds,
    settings_schema,
    trainer_of,
)
from telltale.runtime.machine import LiveMachine
from telltale.runtime.training.job import NAME, Stretch, TrainingView, Wish
from telltale.store.base import Role

router = APIRouter(tags=["models"])


class StretchWish(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}
):
    """One more stretch of normal operation."""

    start: str | int
    to: str | int


class TrainingWish(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}
):
    """What is to be learnt.

    Attributes:
        start, to: The stretch of normal operation; without, all that is kept. A kind that learns
            from labels needs none.
        also: More such stretches.
        kind: Of model; see `GET /api/v1/detectors`.
        name: Of the model; by default "anomaly", or the kind if that has no score.
        inputs: Channels and metrics to read; none means all channels.
        alarms_per_week: How many false alarms are allowed.
        settings: Of the kind.
        role: How it runs afterwards; "none" only keeps it.
        score_kept: Ask an active one about what was kept before it ran, too.
    """

    start: str | int | None = None
    to: str | int | None = None
    also: tuple[StretchWish, ...] = ()
    kind: str = DEFAULT
    name: str = ""
    inputs: tuple[str, ...] = ()
    alarms_per_week: float = USUAL_BUDGET
    settings: dict[str, Any] = {}
    role: Literal["active", "shadow", "none"] = "active"
    score_kept: bool = True


class TrainingList(msgspec.Struct, frozen=True):
    """Trainings since the start, the newest first."""

    trainings: list[TrainingView]


class KindView(msgspec.Struct, frozen=True):
    """One kind of model that can be learnt.

    Attributes:
        kind, title, use: Its name, for programs and for people, and what it is for.
        learns_from: "normal" stretches, labelled "faults", or "lives" that ended in a failure.
        has_budget: Its limit is set by `alarms_per_week`.
        settings: JSON schema of its settings; null where it is not installed.
    """

    kind: str
    title: str
    use: str
    learns_from: LearnsFrom
    has_budget: bool
    settings: dict[str, Any] | None


class DetectorList(msgspec.Struct, frozen=True):
    """The kinds of models that can be learnt, and the one that is learnt by default.

    `kinds` are those that learn from normal stretches alone; `trainers` are all.
    """

    kinds: tuple[str, ...]
    default: str
    trainers: list[KindView]


@router.get("/detectors", responses=answers(DetectorList), summary="What can be learnt")
async def list_detectors() -> Response:
    """Return the kinds of models, with what each is for and can be set."""
    views = await asyncio.to_thread(lambda: [_kind_view(kind) for kind in kinds()])
    of_normal = [view.kind for view in views if view.learns_from is LearnsFrom.NORMAL]
    return reply(DetectorList(tuple(of_normal), DEFAULT, views))


@router.post(
    "/machines/{machine}/trainings",
    status_code=202,
    responses=answers(TrainingView),
    openapi_extra=takes(TrainingWish),
    summary="Learn what is normal, or what is labelled",
)
async def start_training(machine: str, request: Request, shared: Shared) -> Response:
    """Begin to learn, less what is labelled as a fault. Follow it by its id."""
    wish = await body_as(request, TrainingWish, max_bytes=shared.settings.max_request_bytes)
    live = shared.runtime.machine(machine)
    job = shared.runtime.trainings.start(
        machine,
        Wish(
            stretches=_stretches(wish, live),
            kind=wish.kind,
            name=wish.name or default_name(wish.kind),
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


def default_name(kind: str) -> str:
    """Return what a model of a kind is called. Raises ModelError if there is no such kind."""
    return NAME if trainer_of(kind).has_budget else kind


def _stretches(wish: TrainingWish, live: LiveMachine) -> tuple[Stretch, ...]:
    """Return what is to be learnt from; all that is kept where nothing is said."""
    ends: list[tuple[str | int | None, str | int | None]]
    ends = [(one.start, one.to) for one in wish.also]
    is_told = wish.start is not None or wish.to is not None
    learns_from = trainer_of(wish.kind).learns_from
    if is_told or (not ends and learns_from is LearnsFrom.NORMAL):
        ends.insert(0, (wish.start, wish.to))
    last_ns = live.last_time_ns + 1
    return tuple(Stretch(time_ns_or(start, 0), time_ns_or(to, last_ns)) for start, to in ends)


def _kind_view(kind: str) -> KindView:
    trainer = TRAINERS[kind]
    try:
        settings = settings_schema(kind)
    except MissingExtraError:
        settings = None
    return KindView(
        kind, trainer.title, trainer.use, trainer.learns_from, trainer.has_budget, settings
    )
