"""Values to responses and request bodies to values, through msgspec and within limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from telltale.api.context import context_of
from telltale.api.problems import ApiError
from telltale.errors import DecodeError, TooLargeError
from telltale.formats.gzip_body import gunzip
from telltale.formats.times import text_to_ns

T = TypeVar("T")

JSON = "application/json"
UNPACK_IN_THREAD_BYTES = 16 * 1024  # may become 200 times as much
_encoder = msgspec.json.Encoder()

# The types that some route answers with or takes, by name, for OpenAPI.
DOCUMENTED: dict[str, Any] = {}


def reply(value: Any, status: int = 200) -> Response:  # Any: whatever msgspec encodes
    """Return a value as a JSON response."""
    return Response(_encoder.encode(value), status, media_type=JSON)


def answers(kind: Any, description: str = "") -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of a route that answers with a msgspec type."""
    return {200: {"description": description or kind.__doc__ or "", "content": _content(kind)}}


def takes(kind: Any) -> dict[str, Any]:  # Any: OpenAPI is free-form
    """Return the OpenAPI `requestBody` of a route that reads a msgspec type."""
    return {"requestBody": {"required": True, "content": _content(kind)}}


def _content(kind: Any) -> dict[str, Any]:
    DOCUMENTED[kind.__name__] = kind
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


async def body_as(request: Request, kind: type[T], *, max_bytes: int) -> T:
    """Return a JSON request body as a value.

    Raises:
        DecodeError: No JSON, or not of this shape; the message names the member.
        TooLargeError: Beyond max_bytes.
    """
    body = await read_body(request, max_bytes)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise DecodeError(f"The body cannot be read: {error}.{_members(kind)}") from None
    except RecursionError:
        raise DecodeError("The body is nested too deeply.") from None


def _members(kind: Any) -> str:
    """Return the members of a body as they are written in it, one sentence."""
    if not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return ""
    return f" Members: {', '.join(one.encode_name for one in msgspec.structs.fields(kind))}."


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return a request's body, unpacked if it is gzipped.

    Raises:
        TooLargeError: Beyond max_bytes, as sent or as unpacked.
        ApiError: 415 for an encoding other than gzip.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in chunks_of(request):
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    body = b"".join(chunks)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        if len(body) <= UNPACK_IN_THREAD_BYTES:
            return gunzip(body, max_bytes=max_bytes)
        return await asyncio.to_thread(gunzip, body, max_bytes=max_bytes)
    if encoding not in {"", "identity"}:
        raise ApiError(
            415,
            f"Content-Encoding {encoding!r} is not understood. Send gzip, or no encoding.",
            allowed=["gzip", "identity"],
        )
    return body


async def chunks_of(request: Request) -> AsyncIterator[bytes]:
    """Yield a body's pieces as they come. Raises ApiError 408 when the client falls silent."""
    stream = request.stream()
    patience_s = context_of(request).settings.max_silence_s
    while True:
        try:
            async with asyncio.timeout(patience_s):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ApiError(
                408,
                f"Nothing of the body came for {patience_s:g} s, so none of it was taken. "
                "Send it again, without pauses.",
                headers={"Connection": "close"},
            ) from None
        yield chunk


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(
        f"The body has more than {max_bytes:,} bytes. Send it in smaller parts; "
        "whole files go to POST /api/v1/imports."
    )


def time_ns_or(moment: str | int | None, default: int) -> int:
    """Return a time of a query or a body in nanoseconds, or the default if absent.

    Raises:
        DecodeError: It is no time.
    """
    return default if moment is None or moment == "" else text_to_ns(str(moment))


def names_of(text: str | None) -> tuple[str, ...]:
    """Return the names of a comma-separated query parameter, in order, each once."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
