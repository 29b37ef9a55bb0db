"""A CAN bus as a feed, decoded by a database: it listens, and comes back when the bus does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import can
import numpy as np
import structlog

from telltale.batch import NS_PER_S, Batch, IntArray
from telltale.errors import DecodeError, SettingsError, SourceUnavailableError
from telltale.formats.base import Decoded
from telltale.formats.can.databases import load_tables
from telltale.formats.can.decode import CanDecoder
from telltale.formats.can.foreign import key_of
from telltale.formats.can.frames import FD_BYTES, Frames, shown_id
from telltale.formats.can.options import CanOptions
from telltale.formats.can.tables import CanTables, together
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.can_open import BusAddress, quieten
from telltale.sources.can_reader import BusState, CanReader
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock

MAX_WAITING = 100_000  # frames: some 10 s of a full bus
MAX_BATCH = 20_000
TELL_NS = NS_PER_S
FOREIGN_CLOCK_NS = 60 * NS_PER_S  # a stamp further off counts from the adapter's own start
MAX_UNKNOWN_TOLD = 20

log = structlog.get_logger()


class CanBusSource:
    """Signals of one CAN bus, as one machine's readings or as one of each J1939 sender.

    It never sends. Frames of messages that the database does not have are counted and left out.

    Args:
        machine: Whose readings they are.
        database: What the frames mean: a file, several, or tables that are loaded already.
        channel: Which bus, as the interface names it.
        interface: socketcan, slcan, pcan, kvaser, virtual or udp_multicast.
        bitrate: Bits a second, for adapters that are told it.
        fd: Whether the bus carries CAN FD.
        listen_only: Never acknowledge a frame, so that the bus does not notice.
        senders: What a second sender of one J1939 message becomes: "channels" or "machines".
        gather_ms: Frames are collected this long before they are decoded together.
        bus_channels: Give state and error counters of the bus as channels, once a second.
        settings: Further ones of python-can's interface.
        name: Names the source; by default its channel does.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is out of range.
    """

    simulated = False
    is_live = True

    def __init__(
        self,
        machine: str,
        database: str | Path | Sequence[str | Path] | CanTables,
        *,
        channel: str = "can0",
        interface: str = "socketcan",
        bitrate: int | None = None,
        fd: bool = False,
        listen_only: bool = True,
        senders: str = "channels",
        gather_ms: float = 20.0,
        bus_channels: bool = True,
        settings: Mapping[str, Any] | None = None,  # Any: as python-can documents
        name: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.machine = check_text("can_bus", "machine", machine)
        self._database = _checked(database)
        self._address = BusAddress(
            interface, channel, bitrate, fd, listen_only, dict(settings or {})
        )
        self._senders = CanOptions(NO_TABLES, senders=senders).senders
        self.name = name or f"can_bus:{channel}"
        self.status = SourceStatus()
        self._gather_s = check_number(self.name, "gather_ms", gather_ms, 0, 1000) / 1000.0
        self._bus_channels = bus_channels
        self._clock = clock or SystemClock()
        self._wake = asyncio.Event()
        self._reader: CanReader | None = None
        self._decoder: CanDecoder | None = None
        self._times = _Times(self._clock)
        self._told = _Told()
        self._dropped_before = 0  # by readers that are gone

    async def open(self) -> None:
        """Open the bus. Raises SourceUnavailableError, which is safe to retry."""
        await self.close()
        self.status.state = SourceState.OPENING
        if self._decoder is None:
            tables = await asyncio.to_thread(_loaded, self._database)
            self._decoder = CanDecoder(CanOptions(tables, senders=self._senders), self.machine)
        quieten()
        bus = await asyncio.to_thread(self._address.open)
        self._wake = asyncio.Event()
        loop, wake = asyncio.get_running_loop(), self._wake

        def wake_up() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(wake.set)

        self._reader = CanReader(bus, wake_up, max_waiting=MAX_WAITING)
        self._times = _Times(self._clock, self._times.newest_ns)
        self.status.state = SourceState.LIVE
        self._tell(self._reader, self._decoder)

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield what comes over the bus, decoded, until closed.

        Raises:
            SourceUnavailableError: The bus is off, or the adapter is gone.
        """
        while (reader := self._reader) is not None and self._decoder is not None:
            if not reader.waiting and reader.failure is None:
                self._wake.clear()
                await self._wait()
            elif self._gather_s and reader.failure is None:
                await self._clock.sleep(self._gather_s)
            for decoded in self._taken(reader, self._decoder):
                yield decoded
            if self._reader is reader and reader.failure is not None and not reader.waiting:
                raise SourceUnavailableError(
                    f"{self._address.channel} was lost: {reader.failure}. {self._address.hint}"
                )

    async def close(self) -> None:
        """Let go of the bus. Safe to call twice."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await asyncio.to_thread(reader.stop)
            self.status.dropped += reader.waiting  # arrived, but nobody will take them
            self._count_drops(reader)
            self._dropped_before = 0
            self._told.error_frames += reader.health.error_frames
        self._wake.set()
        self.status.state = SourceState.CLOSED

    async def _wait(self) -> None:
        """Wait for a frame, at most until it is time to tell how the bus is."""
        try:
            async with asyncio.timeout(TELL_NS / NS_PER_S):
                await self._wake.wait()
        except TimeoutError:
            return

    def _taken(self, reader: CanReader, decoder: CanDecoder) -> list[Decoded]:
        """Return what waits, decoded, and how the bus is when it is time to tell."""
        now_ns = self._clock.now_ns()
        messages = reader.take(MAX_BATCH)
        taken = list(decoder.decode(self._frames(messages))) if messages else []
        self._times.gave(taken)
        self._count_drops(reader)
        has_news = self._told.is_due(reader, now_ns)
        if has_news:
            self._tell(reader, decoder)
            if self._bus_channels and (messages or self._told.has_changed(reader)):
                taken.append(self._bus_row(reader))
            self._told.note(reader, now_ns)
        for decoded in taken:
            self.status.count(decoded, now_ns)
        return taken

    def _frames(self, messages: list[can.Message]) -> Frames:
        payloads = [bytes(message.data or b"")[:FD_BYTES] for message in messages]
        lengths = np.array([len(payload) for payload in payloads], dtype=np.int64)
        width = FD_BYTES if lengths.max() > 8 else 8
        text = b"".join(payload.ljust(width, b"\0") for payload in payloads)
        return Frames(
            self._times.of(messages),
            np.array([key_of(message) for message in messages], dtype=np.int64),
            lengths,
            np.frombuffer(text, dtype=np.uint8).reshape(len(messages), width),
            np.zeros(len(messages), dtype=np.int64),
        )

    def _bus_row(self, reader: CanReader) -> Decoded:
        """Return how the bus is, as a reading."""
        health = reader.health
        values: dict[str, float | None] = {
            "can_bus_state": float(health.state),
            "can_error_frames": float(self._told.error_frames + health.error_frames),
            "can_receive_errors": health.receive_errors,
            "can_transmit_errors": health.transmit_errors,
            "can_dropped_frames": float(self.status.dropped),
        }
        columns = {
            name: np.array([value], dtype=np.float64)
            for name, value in values.items()
            if value is not None
        }
        time_ns = np.array([self._times.next_ns()], dtype=np.int64)
        words = {state.name.lower(): float(state) for state in BusState}
        batch = Batch(self.machine, time_ns, columns)
        return Decoded((batch,), names={"can_bus_state": words})

    def _count_drops(self, reader: CanReader) -> None:
        dropped = reader.dropped - self._dropped_before
        if dropped > 0:
            self.status.dropped += dropped  # the runtime counts there as well
            if not self._dropped_before:
                log.warning("source_dropped", source=self.name, dropped=self.status.dropped)
            self._dropped_before = reader.dropped

    def _tell(self, reader: CanReader, decoder: CanDecoder) -> None:
        health, counts = reader.health, decoder.counts
        unknown = counts.unknown or {}
        most = sorted(unknown, key=lambda key: -unknown[key])[:MAX_UNKNOWN_TOLD]
        mode = "listens only" if self._address.is_listening else "acknowledges frames"
        self.status.detail = (
            f"Reads {self._address.channel} ({self._address.interface}), {mode}: bus "
            f"{health.state.name.lower()}, {counts.frames:,} frames, {counts.decoded:,} of them "
            "known to the database."
        )
        self.status.details = {
            "interface": self._address.interface,
            "channel": self._address.channel,
            "listen_only": self._address.is_listening,
            "bus_state": health.state.name.lower(),
            "error_frames": self._told.error_frames + health.error_frames,
            "receive_errors": health.receive_errors,
            "transmit_errors": health.transmit_errors,
            "frames": counts.frames,
            "decoded_frames": counts.decoded,
            "remote_frames": reader.others,
            "incomplete_messages": decoder.incomplete,
            "unknown": [{"id": shown_id(key), "frames": unknown[key]} for key in most],
        }


NO_TABLES = CanTables("", ())


class _Told:
    """When it was last told how a bus is, and what was said."""

    def __init__(self) -> None:
        self.error_frames = 0  # of readers that are gone
        self._last_ns = 0
        self._said: tuple[int, ...] = ()

    def is_due(self, reader: CanReader, now_ns: int) -> bool:
        return now_ns - self._last_ns >= TELL_NS or self.has_changed(reader)

    def has_changed(self, reader: CanReader) -> bool:
        return self._said != self._facts(reader)

    def note(self, reader: CanReader, now_ns: int) -> None:
        self._last_ns, self._said = now_ns, self._facts(reader)

    @staticmethod
    def _facts(reader: CanReader) -> tuple[int, ...]:
        return (int(reader.health.state),)


class _Times:
    """Stamps of an adapter to UTC: some count from their own start. Never goes back."""

    def __init__(self, clock: Clock, newest_ns: int = 0) -> None:
        self.newest_ns = newest_ns
        self._clock = clock
        self._shift_ns: int | None = None

    def of(self, messages: Sequence[can.Message]) -> IntArray:
        """Return the times of frames, shape (n,)."""
        stamped = np.array([message.timestamp for message in messages], dtype=np.float64)
        time_ns = np.rint(stamped * 1e6).astype(np.int64) * 1000
        if self._shift_ns is None:
            off_ns = self._clock.now_ns() - int(time_ns[-1])
            self._shift_ns = off_ns if abs(off_ns) > FOREIGN_CLOCK_NS else 0
        time_ns = np.maximum.accumulate(np.maximum(time_ns + self._shift_ns, self.newest_ns))
        self.newest_ns = int(time_ns[-1])
        return time_ns

    def gave(self, taken: Sequence[Decoded]) -> None:
        """Note what was given: equal times of one message were moved on by a nanosecond."""
        given = (int(batch.time_ns[-1]) for decoded in taken for batch in decoded.batches)
        self.newest_ns = max(self.newest_ns, *given, 0)

    def next_ns(self) -> int:
        """Return now, not before the newest frame."""
        self.newest_ns = max(self._clock.now_ns(), self.newest_ns)
        return self.newest_ns


def _checked(
    database: str | Path | Sequence[str | Path] | CanTables,
) -> tuple[Path, ...] | CanTables:
    if isinstance(database, CanTables):
        return database
    files = (database,) if isinstance(database, str | Path) else tuple(database)
    if not files or not all(isinstance(file, str | Path) and str(file).strip() for file in files):
        raise SettingsError(f"can_bus: database is {database!r}. Give a DBC file, or several.")
    return tuple(Path(file) for file in files)


def _loaded(database: tuple[Path, ...] | CanTables) -> CanTables:
    if isinstance(database, CanTables):
        return database
    try:
        return together([load_tables(path) for path in database])
    except OSError as error:
        raise DecodeError(f"{error.filename}: {error.strerror}. Give the CAN database.") from None
