"""Imports: whole files, uploaded as the request's body."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from telltale.api.can_databases import CanChoice
from telltale.api.context import Context, Shared
from telltale.api.problems import ApiError
from telltale.api.settings import MIB
from telltale.api.wire import answers, chunks_of, reply
from telltale.errors import ProfileError
from telltale.formats.files import ReadOptions
from telltale.formats.preview import Preview, preview
from telltale.formats.times import text_to_ns
from telltale.profiles.fit import best_fit
from telltale.runtime.import_job import ImportView
from telltale.runtime.uploads import safe_path

router = APIRouter(tags=["imports"])

PREVIEW_BYTES = MIB
FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class ImportList(msgspec.Struct, frozen=True):
    """Imports since the start, newest first."""

    imports: list[ImportView]


def read_options(
    machine: Annotated[str | None, Query(max_length=200)] = None,
    start: Annotated[
        str | None, Query(description="When a clock without a date began; ISO 8601 or Unix")
    ] = None,
    time_column: Annotated[str | None, Query(max_length=200)] = None,
    day_first: Annotated[
        bool | None, Query(description="Whether dates such as 03/04/2026 begin with the day")
    ] = None,
) -> ReadOptions:
    """Return what the client knows about its file."""
    return ReadOptions(
        machine=machine or None,
        start_ns=text_to_ns(start) if start else None,
        time_column=time_column or None,
        day_first=day_first,
    )


def modified_time(
    shared: Shared,
    modified: Annotated[
        str | None,
        Query(description="When the client's file was changed last; Unix ms or ISO 8601"),
    ] = None,
) -> int:
    """Return when the file was changed last; now if the client does not say, never later."""
    now_ns = shared.runtime.clock()
    return min(text_to_ns(modified), now_ns) if modified else now_ns


Options = Annotated[ReadOptions, Depends(read_options)]
Modified = Annotated[int, Depends(modified_time)]


@router.post(
    "/imports/preview",
    responses=answers(Preview),
    openapi_extra=FILE_BODY,
    summary="Look at the first part of a file",
)
async def preview_import(
    request: Request, shared: Shared, filename: str, options: Options, modified_ns: Modified
) -> Response:
    """Return what an import would read: columns, units, times, the profile that fits."""
    head = await _head(request)
    found = await asyncio.to_thread(
        preview,
        head,
        str(safe_path(filename)),
        modified_ns=modified_ns,
        options=options,
    )
    return reply(_with_profile(shared, found))


@router.post(
    "/imports",
    responses=answers(ImportView),
    openapi_extra=FILE_BODY,
    summary="Import a whole file",
)
async def start_import(
    request: Request,
    shared: Shared,
    filename: str,
    *,
    options: Options,
    modified_ns: Modified,
    can: CanChoice,
    profile: str | None = None,
) -> Response:
    """Take the file as the body, then answer 202 at once and read it in the background."""
    if profile:
        _check_profile(shared, profile)
    options = replace(options, can=can)
    job = await shared.imports.upload(
        filename, chunks_of(request), options, profile=profile or None, modified_ns=modified_ns
    )
    return reply(job.view(), 202)


@router.get("/imports", responses=answers(ImportList), summary="All imports")
async def list_imports(shared: Shared) -> Response:
    """Return the imports since the start."""
    return reply(ImportList([job.view() for job in shared.imports.all()]))


@router.get("/imports/{job}", responses=answers(ImportView), summary="Where an import stands")
async def get_import(job: str, shared: Shared) -> Response:
    """Return progress, rate, time left and what was refused."""
    return reply(shared.imports.get(job).view())


@router.delete("/imports/{job}", responses=answers(ImportView), summary="Stop an import")
async def stop_import(job: str, shared: Shared) -> Response:
    """Stop an import; what is kept stays."""
    return reply((await shared.imports.stop_job(job)).view())


async def _head(request: Request) -> bytes:
    """Return the body's first part; whatever follows is not read."""
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks_of(request):
        parts.append(chunk)
        size += len(chunk)
        if size >= PREVIEW_BYTES:
            break
    return b"".join(parts)[:PREVIEW_BYTES]


def _with_profile(shared: Context, found: Preview) -> Preview:
    """Return the preview with the profile that an import would choose."""
    fit = best_fit(
        [column.source for column in found.columns if column.kept],
        shared.runtime.profiles.all().values(),
    )
    return msgspec.structs.replace(found, profile=fit.profile_id, profile_fit=round(fit.share, 3))


def _check_profile(shared: Context, profile: str) -> None:
    try:
        shared.runtime.profiles.get(profile)
    except ProfileError as error:
        raise ApiError(422, str(error)) from None
