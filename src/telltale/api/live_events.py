"""The live content as server-sent events, for clients that only know HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from telltale.api.context import Context, Shared
from telltale.api.live_messages import MAX_BACKFILL_S, Ping, Resume, backfill, encoded, hello
from telltale.api.wire import names_of
from telltale.stream.hub import Message, Viewer
from telltale.stream.subscription import subscription

router = APIRouter(tags=["live"])

RETRY_MS = 2_000  # how long a browser waits before it comes back


@router.get(
    "/live/events",
    summary="Frames and events as server-sent events",
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def live_events(
    shared: Shared,
    *,
    machines: str = "*",
    channels: str = "*",
    rate_hz: float = 10.0,
    backfill_s: Annotated[float, Query(ge=0, le=MAX_BACKFILL_S)] = 0.0,
    last_event_id: Annotated[int | None, Header()] = None,
) -> Response:
    """Stream what `WS /live` sends: hello, backfill, frames and events, each with `id: seq`."""
    viewer = shared.hub.join(subscription(names_of(machines), names_of(channels), rate_hz))
    resume = None if last_event_id is None else Resume(epoch="", seq=last_event_id)
    return _LiveResponse(shared, viewer, _stream(shared, viewer, resume, backfill_s))


class _LiveResponse(StreamingResponse):
    """A stream whose viewer leaves the hub however the request ends."""

    def __init__(self, shared: Context, viewer: Viewer, content: AsyncIterator[str]) -> None:
        super().__init__(
            content,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._hub, self._viewer = shared.hub, viewer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._viewer)


async def _stream(
    shared: Context, viewer: Viewer, resume: Resume | None, backfill_s: float
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    timer: asyncio.Handle | None = None
    try:
        yield f"retry: {RETRY_MS}\n\n"
        yield _event(hello(shared, viewer, resume))
        async for message in backfill(shared, viewer.subscription, backfill_s):
            yield _event(message)
        while True:
            timer = loop.call_later(shared.settings.ping_s, viewer.nudge)
            await viewer.wait()
            timer.cancel()
            messages = viewer.take()
            for message in messages:
                yield _event(message)
            if not messages:
                ping = encoded(Ping(shared.hub.clock() // 1_000_000))
                yield f"event: ping\ndata: {ping}\n\n"
    finally:
        if timer is not None:
            timer.cancel()


def _event(message: Message) -> str:
    return f"event: {message.kind}\nid: {message.seq}\ndata: {message.text}\n\n"
