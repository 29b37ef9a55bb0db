"""Models: what is kept, what runs where, and why it said what it said."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.imports import FILE_BODY
from telltale.api.problems import ApiError
from telltale.api.wire import answers, chunks_of, reply
from telltale.errors import DecodeError, ModelError
from telltale.models.card import Card
from telltale.models.folder import CARD
from telltale.profiles.schema import Profile
from telltale.runtime.models.deploying import IMPORTED
from telltale.runtime.models.importing import (
    Binding,
    check_fit,
    foreign_model,
    packed_folder,
    read_packed,
)
from telltale.runtime.models.view import ModelVersionView, version_view
from telltale.runtime.uploads import Room, safe_path, save

router = APIRouter(tags=["models"])

MAX_UPLOAD_BYTES = 256 * 2**20
MIN_FREE_BYTES = 2**26


class ModelList(msgspec.Struct, frozen=True):
    """All kept versions of models, the newest first."""

    models: list[ModelVersionView]


@router.get("/models", responses=answers(ModelList), summary="All kept versions of models")
async def list_models(shared: Shared, machine: str | None = None) -> Response:
    """Return every version, the newest first; with `machine` only those that may run on it."""
    store = shared.runtime.store
    if machine is not None:
        shared.runtime.machine(machine)
    deployments = list(await store.deployments())
    found = [version_view(kept, deployments) for kept in await store.models(machine)]
    return reply(ModelList(found))


@router.get("/models/{number}", responses=answers(ModelVersionView), summary="One version, whole")
async def get_model(number: int, shared: Shared) -> Response:
    """Return one version with its card."""
    kept = await shared.runtime.fleet.shelf.find(number)
    deployments = list(await shared.runtime.store.deployments())
    return reply(version_view(kept, deployments, has_card=True))


@router.get("/models/{number}/folder", summary="A version's folder, as a zip file")
async def get_folder(number: int, shared: Shared) -> Response:
    """Return card, parameters and parity samples: all that the model is."""
    kept = await shared.runtime.fleet.shelf.find(number)
    files = dict(await shared.runtime.fleet.shelf.files(kept))
    packed = await asyncio.to_thread(packed_folder, kept.card, files)
    name = f"{kept.name}-{kept.version}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(packed, media_type="application/zip", headers=headers)


@router.post(
    "/models",
    status_code=201,
    responses=answers(ModelVersionView),
    openapi_extra=FILE_BODY,
    summary="Import a model",
)
async def import_model(
    request: Request,
    shared: Shared,
    filename: str,
    machine: str | None = None,
    profile: str | None = None,
    *,
    binding: Annotated[str | None, Query(max_length=20_000)] = None,
) -> Response:
    """Take a model's file as the body: a zipped folder, or a foreign model with a `binding`.

    `binding` is JSON: which columns of the machine's (or the given) profile go in, and what the
    numbers that come out are called. With `machine` the model is that machine's own.
    """
    wish = None if binding is None else _binding(binding)
    target = shared.runtime.machine(machine).tools.base if machine else None
    if profile is not None:
        target = shared.runtime.profiles.get(profile)
    with tempfile.TemporaryDirectory(prefix="telltale-model-") as folder:
        path = Path(folder) / safe_path(filename).name
        await save(path, chunks_of(request), Room(MAX_UPLOAD_BYTES, MIN_FREE_BYTES))
        card, files = await asyncio.to_thread(_taken, path, wish, target)
    kept = await shared.runtime.models.keep(card, files, machine=machine or "", origin=IMPORTED)
    return reply(version_view(kept, [], has_card=True), 201)


@router.delete("/models/{number}", status_code=204, summary="Remove a version that runs nowhere")
async def remove_model(number: int, shared: Shared) -> Response:
    """Remove one version: 409 while it runs somewhere."""
    await shared.runtime.fleet.shelf.find(number)
    for one in await shared.runtime.store.deployments():
        if one.model == number:
            raise ApiError(409, f"Model {number} is {one.role} on {one.machine!r}. Stop it there.")
    await shared.runtime.store.remove_model(number)
    return Response(status_code=204)


def _binding(text: str) -> Binding:
    try:
        return msgspec.json.decode(text, type=Binding)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"binding: {error}.") from None


def _taken(
    path: Path, binding: Binding | None, profile: Profile | None
) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of an upload. Raises ModelError."""
    packed = read_packed(path) if binding is None else None
    if packed is not None:
        check_fit(packed[0], profile)
        return packed
    if binding is None or profile is None:
        raise ModelError(
            f"{path.name} is no model folder of telltale's (a zip file with {CARD}). For a model "
            "of another kind say how it is fed: 'binding', and 'machine' or 'profile'."
        )
    return foreign_model(path, binding, profile)
