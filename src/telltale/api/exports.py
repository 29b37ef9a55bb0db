"""Exports: a range of any length as a file, streamed in constant memory."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from telltale.api.context import Shared
from telltale.api.problems import ApiError
from telltale.api.ranges import check_order, checked_names, pieces
from telltale.api.wire import time_ns_or
from telltale.batch import FOREVER_NS, Batch
from telltale.formats.parquet_write import ParquetWriter
from telltale.formats.write import MEDIA_TYPES, Form, closing, opening, piece

router = APIRouter(tags=["exports"])

FORMS = (Form.CSV, Form.JSON, Form.NDJSON, Form.PARQUET)


@router.get(
    "/exports",
    summary="A range of any length as a file",
    responses={
        200: {"content": {MEDIA_TYPES[form]: {"schema": {"type": "string"}} for form in FORMS}}
    },
)
async def export(
    shared: Shared,
    *,
    machine: str,
    start: Annotated[str | None, Query(alias="from", description="Default: the first")] = None,
    to: Annotated[str | None, Query(description="Default: the last")] = None,
    channels: Annotated[str | None, Query(description="Comma-separated; default: all")] = None,
    form: Annotated[Form, Query(alias="format")] = Form.CSV,
) -> Response:
    """Stream every sample of the range. JSON and NDJSON hold readings as they can be pushed."""
    if form not in FORMS:
        raise ApiError(422, f"format {form.value!r} cannot be streamed.", allowed=list(FORMS))
    live = shared.runtime.machine(machine)
    names = checked_names(live, channels)
    start_ns, end_ns = time_ns_or(start, -FOREVER_NS), time_ns_or(to, FOREVER_NS)
    check_order(start_ns, end_ns)
    samples = pieces(shared.runtime.store, live, names, start_ns, end_ns)
    filename = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', machine)}.{form.value}"
    if form is Form.PARQUET:
        return await _parquet(samples, names, filename)
    return StreamingResponse(
        _text(samples, form, names),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


async def _text(
    samples: AsyncIterator[Batch], form: Form, names: tuple[str, ...]
) -> AsyncIterator[bytes]:
    """Yield the file; each piece is written in a thread while others use the loop."""
    yield opening(form, names)
    is_first = True
    async for batch in samples:
        yield await asyncio.to_thread(piece, form, batch, is_first=is_first)
        is_first = False
    yield closing(form)


async def _parquet(
    samples: AsyncIterator[Batch], names: tuple[str, ...], filename: str
) -> Response:
    """Write the file first: Parquet has its directory at the end."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="telltale-export-"))
    try:
        path = folder / filename
        with await asyncio.to_thread(ParquetWriter, path, names) as writer:
            async for batch in samples:
                await asyncio.to_thread(writer.write, batch)
            await asyncio.to_thread(writer.finish)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        media_type=MEDIA_TYPES[Form.PARQUET],
        filename=filename,
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )
