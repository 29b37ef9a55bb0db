"""The live WebSocket: one reader and one writer per viewer, nothing queued between them."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from telltale.api.context import Context, context_of
from telltale.api.live_messages import (
    LiveError,
    Ping,
    Pong,
    Subscribe,
    backfill,
    client_message,
    encoded,
    hello,
)
from telltale.errors import TelltaleError
from telltale.stream.hub import Viewer
from telltale.stream.subscription import subscription

log = structlog.get_logger(__name__)


class LiveSocket:
    """ASGI endpoint of `WS /api/v1/live`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one viewer until it leaves."""
        context = context_of(WebSocket(scope, receive, send))
        await _Connection(context, receive, send).serve()


class _Connection:
    """One viewer's socket. It holds at most one subscription at a time."""

    def __init__(self, context: Context, receive: Receive, send: Send) -> None:
        self._context = context
        self._receive = receive
        self._send = send
        self._writer: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Read what the client says; what it subscribed to is written by a task of its own."""
        await self._receive()  # websocket.connect
        await self._send({"type": "websocket.accept"})
        pinger = asyncio.create_task(self._ping_forever())
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                await self._answer(message.get("text") or message.get("bytes") or b"")
        except OSError:
            log.debug("viewer_lost")
        finally:
            pinger.cancel()
            await self._stop_writing()

    async def _answer(self, text: str | bytes) -> None:
        try:
            said = client_message(text)
            if isinstance(said, Subscribe):
                await self._subscribe(said)
            elif isinstance(said, Ping):
                server_ms = self._context.hub.clock() // 1_000_000
                await self._say(encoded(Pong(said.sent_ms, server_ms)))
        except TelltaleError as error:
            await self._say(encoded(LiveError(str(error))))

    async def _subscribe(self, said: Subscribe) -> None:
        wish = subscription(said.machines, said.channels, said.rate_hz)
        await self._stop_writing()
        viewer = self._context.hub.join(wish)
        self._writer = asyncio.create_task(self._write(viewer, said))

    async def _write(self, viewer: Viewer, said: Subscribe) -> None:
        """Send hello and backfill, then whatever the hub has, as fast as the socket takes it."""
        try:
            await self._say(hello(self._context, viewer, said.resume).text)
            past = backfill(self._context, viewer.subscription, said.backfill_s)
            async for message in past:
                await self._say(message.text)
            while True:
                await viewer.wait()
                for message in viewer.take():
                    await self._say(message.text)
        except OSError:
            log.debug("viewer_lost")  # the reader is told as well, and ends the connection
        finally:
            self._context.hub.leave(viewer)

    async def _say(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def _ping_forever(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                await asyncio.sleep(self._context.settings.ping_s)
                await self._say(encoded(Ping(self._context.hub.clock() // 1_000_000)))

    async def _stop_writing(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
