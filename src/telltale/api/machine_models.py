"""The models of one machine: how they are, what runs, and why it said what it said."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.wire import answers, body_as, reply, takes, time_ns_or
from telltale.batch import NS_PER_S
from telltale.errors import ModelError
from telltale.models.card import Task
from telltale.runtime.life.channels import LivesView, default_start_ns, lives_of
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.drift import DriftView, drift_over
from telltale.runtime.models.evidence import EvidenceView, evidence_over
from telltale.runtime.models.view import (
    MachineModelView,
    machine_models,
)
from telltale.runtime.self_learning.learning import Learning
from telltale.store.base import Role

router = APIRouter(tags=["models"])

LAST_S = 600.0  # of evidence, unless a stretch is asked for
DRIFT_S = 3600.0  # long against what most machines do over and over


class AvailableModel(msgspec.Struct, frozen=True):
    """A model that telltale brings along, and that could run."""

    name: str
    title: str
    task: Task
    is_simulated: bool


class MachineModelList(msgspec.Struct, frozen=True):
    """The models of one machine; none means that nothing is learnt about it yet.

    `learning` says how far it is from being learnt by itself; null when that is not going on.
    `available` are models that telltale brings along for the profile, which do not run.
    """

    models: list[MachineModelView]
    learning: Learning | None = None
    available: tuple[AvailableModel, ...] = ()


class ModelChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with a model of a machine.

    Attributes:
        action: "activate" or "shadow" a kept version, "promote" the shadow, "roll_back" to the
            version before, switch it "off", or end the shadow: "unshadow".
        model: Number of the version, for the first two; without it "activate" takes the model that
            telltale brings along for the profile.
    """

    action: Literal["activate", "shadow", "promote", "roll_back", "off", "unshadow"]
    model: int | None = None


@router.get(
    "/machines/{machine}/models",
    responses=answers(MachineModelList),
    summary="The models of a machine and how they are",
)
async def list_machine_models(machine: str, shared: Shared) -> Response:
    """Return state, progress, version, newest outputs and shadow of each model."""
    return reply(_listed(shared, shared.runtime.machine(machine)))


@router.patch(
    "/machines/{machine}/models/{name}",
    responses=answers(MachineModelList),
    openapi_extra=takes(ModelChange),
    summary="Activate, shadow, promote, roll back or switch off a model",
)
async def change_model(machine: str, name: str, request: Request, shared: Shared) -> Response:
    """Change what runs, between two readings: none is lost. A version that fails is not taken."""
    change = await body_as(request, ModelChange, max_bytes=shared.settings.max_request_bytes)
    return reply(_listed(shared, await _changed(shared, machine, name, change)))


@router.get(
    "/machines/{machine}/models/{name}/drift",
    responses=answers(DriftView),
    summary="Whether a machine still runs as it did when its model learnt",
)
async def get_drift(
    machine: str,
    name: str,
    shared: Shared,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Response:
    """Compare recent readings with the training data; those of the last hour by default."""
    live = shared.runtime.machine(machine)
    end_ns = time_ns_or(to, live.last_time_ns + 1)
    start_ns = time_ns_or(start, end_ns - round(DRIFT_S * NS_PER_S))
    return reply(await drift_over(live, shared.runtime.store, name, start_ns, end_ns))


@router.get(
    "/machines/{machine}/lives",
    responses=answers(LivesView),
    summary="How long until each channel drifts over its limit",
)
async def get_lives(
    machine: str,
    shared: Shared,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Response:
    """Carry on each channel's trend to its limit; no trend, no number. The last 30 days."""
    live = shared.runtime.machine(machine)
    end_ns = time_ns_or(to, live.last_time_ns + 1)
    start_ns = time_ns_or(start, default_start_ns(end_ns))
    return reply(await lives_of(live, shared.runtime.store, start_ns, end_ns))


@router.get(
    "/machines/{machine}/evidence",
    responses=answers(EvidenceView),
    summary="Why a model said what it said: inputs by time",
)
async def get_evidence(
    machine: str,
    shared: Shared,
    output: str,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    *,
    points: Annotated[int, Query(ge=1, le=500)] = 60,
) -> Response:
    """Ask the active model again about the kept readings; the last ten minutes by default."""
    live = shared.runtime.machine(machine)
    end_ns = time_ns_or(to, live.last_time_ns + 1)
    start_ns = time_ns_or(start, end_ns - round(LAST_S * NS_PER_S))
    store = shared.runtime.store
    found = await evidence_over(
        live, store, output, start_ns=start_ns, end_ns=end_ns, points=points
    )
    return reply(found)


def _listed(shared: Shared, live: LiveMachine) -> MachineModelList:
    runtime = shared.runtime
    running = {one.deployment.name for one in live.tools.deployed}
    cards = [
        runtime.fleet.shelf.shipped_card(name)
        for name in live.tools.base.models
        if name not in running
    ]
    return MachineModelList(
        machine_models(live),
        runtime.learning.progress(live),
        tuple(AvailableModel(c.name, c.title, c.task, c.training.is_simulated) for c in cards),
    )


async def _changed(shared: Shared, machine: str, name: str, change: ModelChange) -> LiveMachine:
    models = shared.runtime.models
    match change.action:
        case "promote":
            return await models.promote(machine, name)
        case "roll_back":
            return await models.roll_back(machine, name)
        case "off":
            return await models.withdraw(machine, name)
        case "unshadow":
            return await models.withdraw(machine, name, Role.SHADOW)
    if change.model is None and change.action == "activate":
        return await models.bring_along(machine, name)
    if change.model is None:
        raise ModelError(f"To {change.action} a model, say which: its number as 'model'.")
    kept = await shared.runtime.fleet.shelf.find(change.model)
    if kept.name != name:
        raise ModelError(f"Model {kept.number} is a version of {kept.name!r}, not of {name!r}.")
    role = Role.SHADOW if change.action == "shadow" else Role.ACTIVE
    return await models.deploy(machine, kept.number, role)
