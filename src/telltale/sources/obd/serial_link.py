"""A serial port as a link: a USB cable, Bluetooth, or a pseudo-terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from importlib import import_module
from typing import Any

from telltale.registry import missing_extra
from telltale.sources.obd.link import Inbox, LinkLostError

POLL_S = 0.1  # how long a read may hold up closing
WRITE_S = 1.0


class SerialLink:
    """A serial port: USB cable, Bluetooth, or a pseudo-terminal. Read by a thread of its own."""

    has_baud = True

    def __init__(self, path: str) -> None:
        self.address = path
        self._serial_module = _pyserial()
        self._port: Any = None  # Any: pyserial has no types
        self._inbox = Inbox()
        self._thread: threading.Thread | None = None

    async def open(self, baud: int | None = None) -> None:
        """Open the port at this speed. Raises LinkLostError."""
        await self.close()
        try:
            self._port = await asyncio.to_thread(
                self._serial_module.Serial,
                self.address,
                baudrate=baud or 38_400,
                timeout=POLL_S,
                write_timeout=WRITE_S,
                exclusive=True if os.name == "posix" else None,  # elsewhere it always is
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise LinkLostError(
                f"{self.address}: cannot be opened: {_reason(error)}. Is the adapter plugged in, "
                "used by no other program, and may this user open it (group dialout)?"
            ) from None
        self._inbox = Inbox()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._read_all, args=(self._port, self._inbox, loop), daemon=True
        )
        self._thread.start()

    async def write(self, data: bytes) -> None:
        """Send."""
        port = self._port
        if port is None:
            raise LinkLostError(f"{self.address}: the port is closed. It is tried again.")
        try:
            await asyncio.to_thread(port.write, data)
        except (OSError, TypeError) as error:  # TypeError: closed meanwhile
            raise LinkLostError(f"{self.address}: {_reason(error)}. It is tried again.") from None

    async def read(self) -> bytes:
        """Return the next bytes."""
        return await self._inbox.get()

    def waiting(self) -> bytes:
        """Return what has come already."""
        return self._inbox.take()

    async def close(self) -> None:
        """Close the port; the thread ends within a tenth of a second."""
        self._inbox.lose(LinkLostError(f"{self.address}: closed. Open it to go on."))
        port, self._port = self._port, None
        thread, self._thread = self._thread, None
        if port is not None:
            await asyncio.to_thread(_end, port, thread)

    def _read_all(self, port: Any, inbox: Inbox, loop: asyncio.AbstractEventLoop) -> None:
        """Hand on what comes until the port is closed; runs on its own thread."""
        why = "closed"
        while self._port is port:
            try:
                data = port.read(1)
                data += port.read(port.in_waiting) if data else b""
            except (OSError, TypeError, ValueError, AttributeError) as error:  # unplugged, closed
                why = _reason(error)
                break
            if data and not _told(loop, inbox.put, data):
                return
        _told(loop, inbox.lose, LinkLostError(f"{self.address}: {why}. It is tried again."))


def _told(loop: asyncio.AbstractEventLoop, what: Any, value: object) -> bool:
    """Hand something to the event loop; False if it has ended."""
    try:
        loop.call_soon_threadsafe(what, value)
    except RuntimeError:
        return False
    return True


def _end(port: Any, thread: threading.Thread | None) -> None:
    """Wait for the reader to see that it is over, then close: a port must not close under it."""
    if thread is not None:
        thread.join(2 * POLL_S + 1.0)
    with contextlib.suppress(OSError):
        port.close()


def _reason(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error)
    return " ".join(words.split()).rstrip(".") or type(error).__name__


def _pyserial() -> Any:  # Any: pyserial has no types
    try:
        return import_module("serial")
    except ModuleNotFoundError as missing:
        raise missing_extra("A serial port", "vehicle", missing) from None


def usb_ports() -> list[str]:
    """Return the serial ports that are USB adapters. Raises MissingExtraError."""
    _pyserial()
    found = import_module("serial.tools.list_ports").comports()
    return sorted(port.device for port in found if port.vid is not None)
