"""Puts a simulated adapter on a TCP port, as a Wi-Fi one is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from telltale.simulators.elm327 import Elm327, Step

MAX_LINE_BYTES = 256  # a longer one is no command; an ELM327 has room for about as much


class Session:
    """One connection: bytes in, bytes out at their time; a byte in between interrupts."""

    def __init__(
        self, adapter: Elm327, write: Callable[[bytes], None], hang_up: Callable[[], None]
    ) -> None:
        self._adapter = adapter
        self._write = write
        self._hang_up = hang_up
        self._line = bytearray()
        self._work: asyncio.Task[None] | None = None

    def feed(self, chunk: bytes) -> None:
        """Take what the other side sent."""
        for byte in chunk:
            if self._work is not None and not self._work.done():
                self._stop_work()
                self._write(self._adapter.interrupted())
                self._line.clear()
                if byte == 0x0D:
                    continue
            self._take(byte)

    def close(self) -> None:
        """Stop what is being written."""
        self._stop_work()

    def _stop_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            self._work = None

    def _take(self, byte: int) -> None:
        if self._adapter.has_echo:
            self._write(bytes([byte]))
        if byte != 0x0D:
            if 0x20 <= byte < 0x7F and len(self._line) < MAX_LINE_BYTES:
                self._line.append(byte)
            return
        line, self._line = self._line.decode("ascii"), bytearray()
        self._work = asyncio.get_running_loop().create_task(self._answer(line))

    async def _answer(self, line: str) -> None:
        loop = asyncio.get_running_loop()
        due_s = began_s = loop.time()
        try:
            for step in self._adapter.command(line):
                due_s += step.after_s
                if (left_s := due_s - loop.time()) > 0.0:
                    await asyncio.sleep(left_s)
                self._do(step)
        except (OSError, RuntimeError):  # nobody is there any more
            self._hang_up()
        finally:
            self._adapter.busy_s += loop.time() - began_s

    def _do(self, step: Step) -> None:
        if step.hangs_up:
            self._hang_up()
        elif step.data:
            self._write(step.data)


class TcpAdapter:
    """A simulated Wi-Fi adapter: listens until it is closed, one session per connection.

    Attributes:
        port: Where it listens, once it was opened.
    """

    def __init__(self, adapter: Elm327, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.adapter = adapter
        self.port = port
        self._host = host
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Listen. Raises OSError if the port cannot be had."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and break what is connected. Safe to call twice."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self.adapter, writer.write, writer.transport.abort)
        self._open.add(writer)
        try:
            while chunk := await reader.read(1024):
                session.feed(chunk)
        except OSError:
            pass  # broken off
        finally:
            session.close()
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
