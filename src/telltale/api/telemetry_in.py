"""Readings in over HTTP: the hot path. A plain route, msgspec, and an answer after the commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from telltale.api.context import Context, context_of
from telltale.api.problems import ApiError, problem, status_of
from telltale.api.wire import read_body, reply
from telltale.errors import DecodeError, StoreBusyError, TelltaleError
from telltale.formats.base import Decoded
from telltale.formats.decode import CONTENT_TYPES, decode, format_of
from telltale.runtime.receipt import Receipt, whole

IN_THREAD_BYTES = 512 * 1024  # about 5 ms of decoding; above it others get their turn


async def push_telemetry(request: Request) -> Response:
    """Take readings of one machine; see `POST /machines/{machine}/telemetry`."""
    context = context_of(request)
    machine = request.path_params["machine"]
    try:
        content_type = content_type_of(request)
        body = await read_body(request, context.settings.max_body_bytes)
        receipt = await take_body(
            context,
            body,
            content_type=content_type,
            machine=machine,
            profile=request.query_params.get("profile"),
            source="http",
        )
    except TelltaleError as error:
        context.meters.refused.labels(status=str(status_of(error))).inc()
        raise
    if receipt.accepted == 0:
        context.meters.refused.labels(status="422").inc()
        return _nothing_kept(request, receipt)
    return reply(receipt)


async def take_body(
    context: Context,
    body: bytes,
    *,
    content_type: str,
    machine: str,
    profile: str | None,
    source: str,
) -> Receipt:
    """Decode a body, hand it to the runtime and return what became of it, after the commit.

    Raises:
        DecodeError: Nothing of the body could be read.
        ApiError: 503 when the queue is full.
        StoreError: The commit failed.
    """
    decoded = await decode_off_loop(
        decode,
        body,
        content_type=content_type,
        machine=machine,
        arrival_ns=context.runtime.clock(),
    )
    receipts = await keep(context, decoded, profile=profile, source=source)
    return whole(receipts, decoded, machine)


async def decode_off_loop(
    read: Callable[..., Decoded],
    body: bytes,
    **settings: Any,  # of the decoder
) -> Decoded:
    """Return a decoded body; a long one is read in a thread, so that others get their turn."""
    if len(body) > IN_THREAD_BYTES:
        return await asyncio.to_thread(read, body, **settings)
    return read(body, **settings)


async def keep(
    context: Context, decoded: Decoded, *, profile: str | None, source: str
) -> list[Receipt]:
    """Hand readings to the runtime and return the receipts of their machines, after the commit.

    Raises:
        ApiError: 503 when the queue is full.
        StoreError: The commit failed.
    """
    begin_s = time.perf_counter()
    try:
        receipts = await context.runtime.ingest(decoded, profile=profile, source=source)
    except StoreBusyError as error:
        retry_s = str(context.settings.retry_after_s)
        raise ApiError(503, str(error), headers={"Retry-After": retry_s}) from None
    context.meters.commit_s.observe(time.perf_counter() - begin_s)
    context.meters.accepted.inc(sum(receipt.accepted for receipt in receipts))
    refused = sum(receipt.rejected for receipt in receipts) if receipts else decoded.rejected_rows
    context.meters.rejected.inc(refused)
    return receipts


def content_type_of(request: Request) -> str:
    """Return what a body claims to be. Raises ApiError 415 for what is not understood."""
    content_type = request.headers.get("content-type", "")
    try:
        format_of(content_type, b"")
    except DecodeError as error:
        raise ApiError(415, str(error), allowed=list(CONTENT_TYPES)) from None
    return content_type


def _nothing_kept(request: Request, receipt: Receipt) -> Response:
    first = receipt.reasons[0].message if receipt.reasons else "It holds no reading."
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"The body was read, but nothing of it could be kept. {first}",
        path=request.url.path,
        known=msgspec.structs.asdict(receipt),
    )
