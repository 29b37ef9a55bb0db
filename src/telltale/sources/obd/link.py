"""`Link`: the seam to an adapter, bytes out and bytes in."""

from __future__ import annotations

import asyncio
from typing import Protocol

from telltale.errors import SourceUnavailableError

MAX_WAITING_BYTES = 1 << 20  # more than any answer: somebody else is talking


class LinkLostError(SourceUnavailableError):
    """The connection to the adapter is broken, or was closed."""


class Link(Protocol):
    """A connection to an adapter.

    Attributes:
        address: As people write it.
        has_baud: True if its speed can be chosen.
    """

    address: str
    has_baud: bool

    async def open(self, baud: int | None = None) -> None:
        """Connect, at this speed if it has one. Raises LinkLostError."""

    async def write(self, data: bytes) -> None:
        """Send. Raises LinkLostError."""

    async def read(self) -> bytes:
        """Return the next bytes, at least one. Raises LinkLostError."""

    def waiting(self) -> bytes:
        """Return what has come already, perhaps nothing."""

    async def close(self) -> None:
        """Let go. A read that waits ends with LinkLostError. Safe to call twice."""


class Inbox:
    """Bytes that came and nobody has taken yet; bounded, the oldest go."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._is_there = asyncio.Event()
        self._lost: LinkLostError | None = None

    def put(self, data: bytes) -> None:
        """Add what came."""
        self._held += data
        del self._held[:-MAX_WAITING_BYTES]
        self._is_there.set()

    def lose(self, error: LinkLostError) -> None:
        """End: what waits for more is told why. The first reason counts."""
        self._lost = self._lost or error
        self._is_there.set()

    async def get(self) -> bytes:
        """Return what came, waiting for it. Raises LinkLostError once it has ended."""
        await self._is_there.wait()
        if not self._held and self._lost is not None:
            raise self._lost
        return self.take()

    def take(self) -> bytes:
        """Return what has come already."""
        data = bytes(self._held)
        self._held.clear()
        if self._lost is None:
            self._is_there.clear()
        return data
