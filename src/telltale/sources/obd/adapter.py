"""`Adapter`: one command at a time to an ELM327, and what came back up to its prompt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from telltale.errors import SourceUnavailableError
from telltale.formats.obd.frames import Framing
from telltale.formats.obd.replies import PromptReader, Reply, parse_reply
from telltale.sources.obd.link import Link

COMMAND_S = 1.5  # for what needs no car
DATA_S = 3.0  # the slowest bus with all its retries is done after about a second
QUIET_S = 0.15  # without a byte for so long, nothing more is on the way
STALL_S = 0.7  # in the middle of an answer: then its prompt is lost
SETTLE_S = 3.0  # after that, an adapter that still talks is no ELM327


class AdapterSilentError(SourceUnavailableError):
    """No prompt came in time: the adapter is gone, or not one."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command and what came back, for transcripts.

    Attributes:
        sent: The command; "" for what came by itself.
        raw: What came, up to the prompt.
        reply: What that holds; None if no prompt came.
        seconds: How long it took.
    """

    sent: str
    raw: bytes
    reply: Reply | None
    seconds: float


class Adapter:
    """Speaks with one adapter. One command at a time: whoever asks waits for the answer.

    Args:
        link: Open.
        listener: Is told every exchange.

    Attributes:
        framing: How its lines look; None until that is known.
        asked_at: Address in the header of requests; "" for that of the bus.
    """

    def __init__(self, link: Link, *, listener: Callable[[Exchange], None] | None = None) -> None:
        self.link = link
        self.framing: Framing | None = None
        self.asked_at = ""
        self._listener = listener
        self._reader = PromptReader()
        self._is_clean = False
        self._lock = asyncio.Lock()

    async def command(self, text: str, timeout_s: float = COMMAND_S) -> Reply:
        """Send a command or request and return what came back.

        Raises:
            AdapterSilentError: No prompt in time.
            LinkLostError: The connection is broken.
        """
        async with self._lock:
            if not self._is_clean:
                await self._settle()
            started_s = time.monotonic()
            self._is_clean = False
            await self.link.write(f"{text}\r".encode("ascii"))
            raw = await self._up_to_prompt(text, timeout_s)
            seconds = time.monotonic() - started_s
            if raw is None:
                pending = self._reader.pending()
                self._tell(Exchange(text, pending, None, seconds))
                raise AdapterSilentError(
                    f"{self.link.address}: no answer to {text} within {timeout_s:g} s. "
                    "Unplug the adapter and plug it in again if that goes on."
                )
            self._is_clean = True
            reply = parse_reply(raw, request=text, framing=self.framing)
            self._tell(Exchange(text, raw, reply, seconds))
            return reply

    async def head_for(self, address: str) -> bool:
        """Let requests go to this address from here on; "" is that of the bus. Cheap if it is so.

        False if the adapter cannot do it; then they go where they went. Raises as `command`.
        """
        if address != self.asked_at:
            reply = await self.command(f"ATSH{_header(address or self._everyone())}")
            self.asked_at = address if reply.is_ok else self.asked_at
        return address == self.asked_at

    def _everyone(self) -> str:
        return "18DB33F1" if self.framing is Framing.CAN_29 else "7DF"

    async def _up_to_prompt(self, sent: str, timeout_s: float) -> bytes | None:
        """Return what comes up to the first prompt; None if it does not come in time."""
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            is_under_way = _is_under_way(self._reader.pending(), sent)
            try:
                async with asyncio.timeout(min(left_s, STALL_S) if is_under_way else left_s):
                    replies = self._reader.feed(await self.link.read())
            except TimeoutError:
                return None
            if replies:
                return replies[0]
        return None

    async def _settle(self) -> None:
        """Let what is still on its way come in, so that it is not taken for the next answer.

        A byte interrupts an adapter that works; to one that waits, "AT" alone is no command.
        """
        await self.link.write(b"AT\r")
        deadline_s = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline_s:
            try:
                async with asyncio.timeout(QUIET_S):
                    self._reader.feed(await self.link.read())
            except TimeoutError:
                break
        self._reader.clear()

    def _tell(self, exchange: Exchange) -> None:
        if self._listener is not None:
            self._listener(exchange)


def _header(address: str) -> str:
    """Return an address as ATSH takes it: 29-bit ones without their first two digits."""
    return address[2:] if len(address) == 8 else address


def _is_under_way(pending: bytes, sent: str) -> bool:
    """True once an answer has begun: more than the echo, and more than that it is searching."""
    said = pending.replace(b"\0", b"").strip()
    return bool(said) and not said.endswith(b".") and said != sent.encode("ascii")
