"""A WebSocket viewer that costs next to nothing, so that the server is what is measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import cast

Seen = Callable[[int, bytes], None]


class RawViewer(asyncio.Protocol):
    """Opens a live socket by hand, subscribes, and hands every message to `seen`."""

    def __init__(self, number: int, seen: Seen, subscribe: bytes) -> None:
        self._number = number
        self._seen = seen
        self._subscribe = subscribe
        self._data = bytearray()
        self._is_open = False
        self.is_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def opened(cls, port: int, number: int, seen: Seen, *, rate_hz: float) -> RawViewer:
        """Return a viewer that has had its first answer."""
        wish = json.dumps({"type": "subscribe", "rate_hz": rate_hz}).encode()
        _, viewer = await asyncio.get_running_loop().create_connection(
            lambda: cls(number, seen, bytes([0x81, 0x80 | len(wish), 0, 0, 0, 0]) + wish),
            "127.0.0.1",
            port,
        )
        await viewer.is_ready
        return viewer

    def close(self) -> None:
        """Leave without ceremony."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the socket."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            b"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        """Take the answer, then one message after another."""
        self._data += data
        if not self._is_open:
            head, found, rest = self._data.partition(b"\r\n\r\n")
            if not found:
                return
            assert b" 101 " in head, bytes(head)
            self._is_open, self._data = True, rest
            self._transport.write(self._subscribe)
        while (message := self._next()) is not None:
            if not self.is_ready.done():
                self.is_ready.set_result(None)
            self._seen(self._number, message)

    def _next(self) -> bytes | None:
        data = self._data
        if len(data) < 2:
            return None
        size, at = data[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + size:
            return None
        message = bytes(data[at : at + size])
        del data[: at + size]
        return message
