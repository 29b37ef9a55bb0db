"""CAN databases: kept here, used to look at a log and to import it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.settings import MIB
from telltale.api.wire import answers, chunks_of, names_of, reply
from telltale.formats.can.options import CanOptions
from telltale.formats.can.preview import CanPreview, preview_log
from telltale.formats.can.tables import Message
from telltale.runtime.can_databases import CanDatabase
from telltale.runtime.uploads import safe_path

router = APIRouter(tags=["can"])

PREVIEW_BYTES = 4 * MIB
FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class CanDatabaseList(msgspec.Struct, frozen=True):
    """All kept CAN databases, by id."""

    databases: list[CanDatabase]


class CanDatabaseView(msgspec.Struct, frozen=True):
    """One kept CAN database with all its messages."""

    database: CanDatabase
    messages: tuple[Message, ...]


def can_options(
    shared: Shared,
    can_database: Annotated[
        str | None, Query(description="Ids of kept CAN databases, with commas between them")
    ] = None,
    can_bus: Annotated[str, Query(max_length=32, description="Only this bus of the log")] = "",
    can_senders: Annotated[
        str, Query(description="What a second J1939 sender becomes: channels or machines")
    ] = "channels",
) -> CanOptions | None:
    """Return what the frames of a client's CAN log mean; None if it names no database."""
    ids = names_of(can_database)
    if not ids:
        return None
    return CanOptions(shared.can_databases.tables(ids), bus=can_bus, senders=can_senders)


CanChoice = Annotated[CanOptions | None, Depends(can_options)]


@router.post(
    "/can-databases",
    responses=answers(CanDatabase),
    openapi_extra=FILE_BODY,
    summary="Keep a CAN database",
)
async def add_database(request: Request, shared: Shared, filename: str) -> Response:
    """Take a DBC, KCD, ARXML or SYM file as the body. The same file again has the same id."""
    kept = await shared.can_databases.add(filename, chunks_of(request))
    return reply(kept, 201)


@router.get("/can-databases", responses=answers(CanDatabaseList), summary="All CAN databases")
async def list_databases(shared: Shared) -> Response:
    """Return the kept databases."""
    return reply(CanDatabaseList(await asyncio.to_thread(shared.can_databases.all)))


@router.get(
    "/can-databases/{database}", responses=answers(CanDatabaseView), summary="One CAN database"
)
async def get_database(database: str, shared: Shared) -> Response:
    """Return a database with its messages and signals."""
    kept = shared.can_databases.get(database)
    tables = await asyncio.to_thread(shared.can_databases.tables, [database])
    return reply(CanDatabaseView(kept, tables.messages))


@router.delete("/can-databases/{database}", status_code=204, summary="Remove a CAN database")
async def remove_database(database: str, shared: Shared) -> Response:
    """Remove a database; what was imported with it stays."""
    await asyncio.to_thread(shared.can_databases.remove, database)
    return Response(status_code=204)


@router.post(
    "/can-databases/{database}/preview",
    responses=answers(CanPreview),
    openapi_extra=FILE_BODY,
    summary="Look at a CAN log through a database",
)
async def preview_database(
    database: str, request: Request, shared: Shared, filename: str
) -> Response:
    """Decode the first 4 MiB of a log: its signals with values, and frames that are unknown."""
    tables = await asyncio.to_thread(shared.can_databases.tables, [database])
    head = await _head(request)
    name = str(safe_path(filename))
    return reply(await asyncio.to_thread(preview_log, head, name, CanOptions(tables)))


async def _head(request: Request) -> bytes:
    """Return the body's first part; whatever follows is not read."""
    held = bytearray()
    async for chunk in chunks_of(request):
        held += chunk
        if len(held) >= PREVIEW_BYTES:
            break
    return bytes(held[:PREVIEW_BYTES])
