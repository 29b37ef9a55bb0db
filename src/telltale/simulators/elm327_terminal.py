"""Puts a simulated adapter on a pseudo-terminal, which opens as a serial port. Not on Windows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from pathlib import Path

from telltale.simulators.elm327 import Elm327
from telltale.simulators.elm327_server import Session

NOISE = b"\xfe\x00\xe6"  # what bytes of another speed look like


class TerminalAdapter:
    """A simulated cable.

    Args:
        adapter: What is plugged in.
        link: A symbolic link to make to the terminal; None makes none.
        baud: The only speed at which it can be understood; None takes any.

    Attributes:
        path: The terminal, once it was opened.
    """

    def __init__(
        self, adapter: Elm327, *, link: Path | None = None, baud: int | None = None
    ) -> None:
        self.adapter = adapter
        self.path = ""
        self._link = link
        self._speed = None if baud is None else getattr(termios, f"B{baud}")
        self._ours = self._theirs = -1
        self._session: Session | None = None

    async def open(self) -> None:
        """Make the terminal. Raises OSError if the link cannot be made."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self.path)
        self._session = Session(self.adapter, self._write, self._unplug)
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    async def close(self) -> None:
        """Unplug it. Safe to call twice."""
        self._unplug()
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def _unplug(self) -> None:
        if self._ours < 0:
            return
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._session is not None:
            self._session.close()
        for handle in (self._theirs, self._ours):
            os.close(handle)
        self._ours = self._theirs = -1

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            chunk = os.read(self._ours, 1024)
            if self._session is not None and self._is_understood():
                self._session.feed(chunk)
            else:
                os.write(self._ours, NOISE)

    def _is_understood(self) -> bool:
        return self._speed is None or termios.tcgetattr(self._theirs)[5] == self._speed

    def _write(self, data: bytes) -> None:
        if self._ours >= 0:
            with contextlib.suppress(BlockingIOError):  # nobody reads: as a cable, it is lost
                os.write(self._ours, data)
