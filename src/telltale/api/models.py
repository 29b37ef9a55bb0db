"""Models: what is kept, what runs where, and why it said what it said."""

from __future__ import annotations

import io
import zipfile
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.problems import ApiError
from telltale.api.wire import answers, body_as, reply, takes, time_ns_or
from telltale.batch import NS_PER_S
from telltale.errors import ModelError
from telltale.models.folder import CARD
from telltale.runtime.evidence import EvidenceView, evidence_over
from telltale.runtime.machine import LiveMachine
from telltale.runtime.model_view import (
    MachineModelView,
    ModelVersionView,
    machine_models,
    version_view,
)
from telltale.store.base import KeptModel, Role

router = APIRouter(tags=["models"])

LAST_S = 600.0  # of evidence, unless a stretch is asked for


class ModelList(msgspec.Struct, frozen=True):
    """All kept versions of models, the newest first."""

    models: list[ModelVersionView]


class MachineModelList(msgspec.Struct, frozen=True):
    """The models of one machine; none means that nothing is learnt about it yet."""

    models: list[MachineModelView]


class ModelChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with a model of a machine.

    Attributes:
        action: "activate" or "shadow" a kept version, "promote" the shadow, "roll_back" to the
            version before, switch it "off", or end the shadow: "unshadow".
        model: Number of the version, for the first two.
    """

    action: Literal["activate", "shadow", "promote", "roll_back", "off", "unshadow"]
    model: int | None = None


@router.get("/models", responses=answers(ModelList), summary="All kept versions of models")
async def list_models(shared: Shared, machine: str | None = None) -> Response:
    """Return every version, the newest first; with `machine` only those that may run on it."""
    store = shared.runtime.store
    if machine is not None:
        shared.runtime.machine(machine)
    deployments = list(await store.deployments())
    found = [
        version_view(kept, deployments)
        for kept in await store.models()
        if machine is None or kept.machine in {"", machine}
    ]
    return reply(ModelList(found))


@router.get("/models/{number}", responses=answers(ModelVersionView), summary="One version, whole")
async def get_model(number: int, shared: Shared) -> Response:
    """Return one version with its card."""
    kept = await _found(shared, number)
    deployments = list(await shared.runtime.store.deployments())
    return reply(version_view(kept, deployments, has_card=True))


@router.get("/models/{number}/folder", summary="A version's folder, as a zip file")
async def get_folder(number: int, shared: Shared) -> Response:
    """Return card, parameters and parity samples: all that the model is."""
    kept = await _found(shared, number)
    files = {**await shared.runtime.store.model_files(number), CARD: kept.card}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in sorted(files.items()):
            packed.writestr(name, data)
    name = f"{kept.name}-{kept.version}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(buffer.getvalue(), media_type="application/zip", headers=headers)


@router.delete("/models/{number}", status_code=204, summary="Remove a version that runs nowhere")
async def remove_model(number: int, shared: Shared) -> Response:
    """Remove one version: 409 while it runs somewhere."""
    await _found(shared, number)
    for one in await shared.runtime.store.deployments():
        if one.model == number:
            raise ApiError(409, f"Model {number} is {one.role} on {one.machine!r}. Stop it there.")
    await shared.runtime.store.remove_model(number)
    return Response(status_code=204)


@router.get(
    "/machines/{machine}/models",
    responses=answers(MachineModelList),
    summary="The models of a machine and how they are",
)
async def list_machine_models(machine: str, shared: Shared) -> Response:
    """Return state, progress, version, newest outputs and shadow of each model."""
    return reply(MachineModelList(machine_models(shared.runtime.machine(machine))))


@router.patch(
    "/machines/{machine}/models/{name}",
    responses=answers(MachineModelList),
    openapi_extra=takes(ModelChange),
    summary="Activate, shadow, promote, roll back or switch off a model",
)
async def change_model(machine: str, name: str, request: Request, shared: Shared) -> Response:
    """Change what runs, between two readings: none is lost. A version that fails is not taken."""
    change = await body_as(request, ModelChange, max_bytes=shared.settings.max_request_bytes)
    return reply(MachineModelList(machine_models(await _changed(shared, machine, name, change))))


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
    if change.model is None:
        raise ModelError(f"To {change.action} a model, say which: its number as 'model'.")
    kept = await _found(shared, change.model)
    if kept.name != name:
        raise ModelError(f"Model {kept.number} is a version of {kept.name!r}, not of {name!r}.")
    role = Role.SHADOW if change.action == "shadow" else Role.ACTIVE
    return await models.deploy(machine, kept.number, role)


async def _found(shared: Shared, number: int) -> KeptModel:
    for kept in await shared.runtime.store.models():
        if kept.number == number:
            return kept
    raise ApiError(404, f"There is no model {number}. Look at the list of models.")
