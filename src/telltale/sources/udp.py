"""UDP datagrams as a feed: JSON readings, CSV lines, F1 packets; 80,000 a second on one core.

The event loop drains the socket whenever it is free; decoding takes everything that waits, so
batches grow with the load by themselves and a lone datagram is passed on at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import structlog

from telltale.batch import NS_PER_S
from telltale.formats.base import Decoded
from telltale.formats.decode import decode_datagrams
from telltale.formats.f1.decode import GameDecoder
from telltale.formats.f1.layouts import is_game_packet
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.reason_log import ReasonLog
from telltale.sources.udp_socket import (
    drain,
    drain_with_senders,
    kernel_drops,
    open_udp_socket,
    receive_buffer_bytes,
)

DEFAULT_PORT = 20777  # as PIT and the racing games
MAX_WAITING = 32_768  # datagrams; when full the socket's own buffer fills, then the system drops
MAX_WAITING_BYTES = 64 << 20
PER_DRAIN = 1024  # then the event loop does something else
BUSY = 64  # from this many per drain on, senders are noted only after an error
NOTE_SENDERS_NS = 60 * NS_PER_S
TELL_DROPS_NS = 10 * NS_PER_S
SMALL_BUFFER_BYTES = 4 << 20

log = structlog.get_logger()


class UdpSource:
    """Readings that come as datagrams.

    Times come from the datagrams, so they can go back when the network swaps two of them; within
    what is yielded at once each machine's samples are in order.

    Args:
        host: Address to listen on; "127.0.0.1" is only this computer.
        port: 0 takes any free one, see `port` after `open`.
        machine: Whose readings they all are; None when each datagram names its machine. Of an F1
            game it is the player's car, else "f1-player".
        f1_all_cars: Also take the other cars of an F1 game, as `f1-car-<index>`.
        gather_ms: In a stream, samples are collected this long; a lone one never waits, unless
            it is a packet of a game, which comes in several for each frame.
        max_batch: Datagrams decoded at once.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is out of range.
    """

    simulated = False
    is_live = True
    is_shared = True  # many machines come over one port, and go without it

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        *,
        machine: str | None = None,
        f1_all_cars: bool = False,
        gather_ms: float = 2.0,
        max_batch: int = 8192,
        clock: Clock | None = None,
    ) -> None:
        self._host = check_text("udp", "host", host)
        self.port = int(check_number("udp", "port", port, 0, 65_535))
        self.name = f"udp:{self.port}"
        self.status = SourceStatus()
        self._machine = machine
        self._games = GameDecoder(machine, all_cars=f1_all_cars)
        self._gather_s = check_number(self.name, "gather_ms", gather_ms, 0, 1000) / 1000.0
        self._max_batch = int(check_number(self.name, "max_batch", max_batch, 1, MAX_WAITING))
        self._clock = clock or SystemClock()
        self._reasons = ReasonLog(self.name)
        self._udp: socket.socket | None = None
        self._wake = asyncio.Event()
        self._waiting: list[bytes] = []
        self._senders: list[str] = []  # as long as _waiting, or shorter when busy
        self._waiting_bytes = 0
        self._note_until_ns = 0
        self._is_reading = False
        self._drops_before = 0
        self._told_drops_ns = 0
        self._arrival_ns = 0

    async def open(self) -> None:
        """Bind the port. Raises SourceUnavailableError, which is safe to retry."""
        await self.close()
        self.status.state = SourceState.OPENING
        self._udp = open_udp_socket(self._host, self.port)
        self.port = self._udp.getsockname()[1]
        self.name = f"udp:{self.port}"
        self._wake = asyncio.Event()
        self._resume_reading()
        self.status.state = SourceState.LIVE
        self.status.detail = self._detail(receive_buffer_bytes(self._udp))

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield what came in, decoded, until closed."""
        passed_on_ns = 0
        while self._udp is not None:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            since_s = (self._clock.now_ns() - passed_on_ns) / NS_PER_S
            if is_game_packet(self._waiting[0]):
                since_s = 0.0
            if since_s < self._gather_s and len(self._waiting) < self._max_batch:
                await self._clock.sleep(self._gather_s - since_s)
            self._read_more()
            decoded = self._take()
            passed_on_ns = self._clock.now_ns()
            if decoded is not None:
                yield decoded

    async def close(self) -> None:
        """Let go of the port. Safe to call twice."""
        if self._udp is not None:
            self._pause_reading()
            self._count_drops()
            drain(self._udp, MAX_WAITING, self._waiting)  # arrived, but nobody will take them
            self.status.dropped += len(self._waiting)
            self._drops_before = 0  # the next socket counts anew
            self._udp.close()
            self._udp = None
        self._waiting, self._senders, self._waiting_bytes = [], [], 0
        self._wake.set()
        self.status.state = SourceState.CLOSED

    def _detail(self, buffer_bytes: int) -> str:
        where = f"Listens on {self._host}:{self.port}, receive buffer {buffer_bytes >> 10} KiB."
        if buffer_bytes >= SMALL_BUFFER_BYTES:
            return where
        return (
            f"{where} That is small: above a few thousand datagrams a second some may be lost. "
            f"Allow more with: sysctl net.core.rmem_max={SMALL_BUFFER_BYTES}"
        )

    def _read(self) -> None:
        """Drain the socket into `_waiting`; called by the event loop when something is there."""
        if self._udp is None:
            return
        before = len(self._waiting)
        now_ns = self._clock.now_ns()
        if before == 0:
            self._arrival_ns = max(now_ns, self._arrival_ns)
        has_all_senders = len(self._senders) == before
        if has_all_senders and (before < BUSY or now_ns < self._note_until_ns):
            limit = PER_DRAIN if now_ns < self._note_until_ns else BUSY
            drain_with_senders(self._udp, limit, self._waiting, self._senders)
        else:
            drain(self._udp, PER_DRAIN, self._waiting)
        self._waiting_bytes += sum(map(len, self._waiting[before:]))
        if len(self._waiting) >= MAX_WAITING or self._waiting_bytes >= MAX_WAITING_BYTES:
            self._pause_reading()
        self._wake.set()

    def _read_more(self) -> None:
        """Take along what came while the event loop was busy."""
        before = -BUSY
        while self._is_reading and before + BUSY <= len(self._waiting) < self._max_batch:
            before = len(self._waiting)
            self._read()

    def _take(self) -> Decoded | None:
        """Decode what waits, at most `max_batch`."""
        n = self._max_batch
        taken, self._waiting = self._waiting[:n], self._waiting[n:]
        senders, self._senders = self._senders[:n], self._senders[n:]
        self._waiting_bytes = sum(map(len, self._waiting))
        if not taken:
            return None
        arrival_ns = self._arrival_ns
        decoded = decode_datagrams(
            taken, arrival_ns=arrival_ns, machine=self._machine, games=self._games
        )
        self._arrival_ns = arrival_ns + len(taken)
        now_ns = self._clock.now_ns()
        self.status.count(decoded, now_ns)
        self._count_drops()
        if decoded.reasons:
            self._note_until_ns = now_ns + NOTE_SENDERS_NS
            self._reasons.note(decoded.reasons, senders, now_ns=now_ns)
        self._resume_reading()
        return decoded

    def _count_drops(self) -> None:
        if self._udp is None:
            return
        dropped = kernel_drops(self._udp)
        if dropped == self._drops_before:
            return
        self.status.dropped += dropped - self._drops_before  # the runtime counts there as well
        self._drops_before = dropped
        now_ns = self._clock.now_ns()
        if now_ns - self._told_drops_ns > TELL_DROPS_NS:
            log.warning("source_dropped", source=self.name, dropped=self.status.dropped)
            self._told_drops_ns = now_ns

    def _resume_reading(self) -> None:
        if not self._is_reading and self._udp is not None:
            asyncio.get_running_loop().add_reader(self._udp.fileno(), self._read)
            self._is_reading = True

    def _pause_reading(self) -> None:
        if self._is_reading and self._udp is not None:
            asyncio.get_running_loop().remove_reader(self._udp.fileno())
            self._is_reading = False
