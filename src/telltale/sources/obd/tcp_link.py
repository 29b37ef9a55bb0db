"""A Wi-Fi adapter as a link."""

from __future__ import annotations

import asyncio
import contextlib

from telltale.sources.obd.link import Inbox, LinkLostError

OPEN_S = 5.0  # a Wi-Fi adapter that is there answers at once
READ_BYTES = 4096


class TcpLink:
    """A Wi-Fi adapter, or a serial port that is shared over the network."""

    has_baud = False

    def __init__(self, host: str, port: int) -> None:
        self.address = f"tcp://{host}:{port}"
        self._host, self._port = host, port
        self._writer: asyncio.StreamWriter | None = None
        self._inbox = Inbox()
        self._task: asyncio.Task[None] | None = None

    async def open(self, baud: int | None = None) -> None:
        """Connect. Raises LinkLostError."""
        await self.close()
        try:
            async with asyncio.timeout(OPEN_S):
                reader, self._writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            why = "no answer" if isinstance(error, TimeoutError) else error.strerror or error
            raise LinkLostError(
                f"{self.address}: cannot connect: {why}. Is the adapter plugged in, and this "
                "computer in its Wi-Fi?"
            ) from None
        self._inbox = Inbox()
        self._task = asyncio.create_task(self._read_all(reader, self._inbox))

    async def write(self, data: bytes) -> None:
        """Send."""
        if self._writer is None or self._writer.is_closing():
            raise LinkLostError(f"{self.address}: the connection is closed. It is tried again.")
        self._writer.write(data)

    async def read(self) -> bytes:
        """Return the next bytes."""
        return await self._inbox.get()

    def waiting(self) -> bytes:
        """Return what has come already."""
        return self._inbox.take()

    async def close(self) -> None:
        """Disconnect."""
        self._inbox.lose(LinkLostError(f"{self.address}: closed. Open it to go on."))
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _read_all(self, reader: asyncio.StreamReader, inbox: Inbox) -> None:
        why = "the adapter has hung up"
        try:
            while data := await reader.read(READ_BYTES):
                inbox.put(data)
        except OSError as error:
            why = error.strerror or str(error)
        inbox.lose(LinkLostError(f"{self.address}: {why}. It is tried again."))
