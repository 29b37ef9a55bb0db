"""Messages of more than eight bytes put together again: J1939 transport, NMEA 2000 fast packets.

Bounded: so many transfers are open at a time, and one that stalls is given up and counted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from telltale.formats.can.frames import (
    CLASSIC_BYTES,
    EXTENDED,
    Frames,
    destination_of,
    no_frames,
    pgn_of,
    source_of,
)

# SAE J1939-21, 5.10
CONNECTION, DATA = 0xEC00, 0xEB00
BROADCAST, REQUEST_TO_SEND, ABORT = 32, 16, 255
PACKET_BYTES = 7
MAX_TRANSFER_BYTES = 1785
STALLED_NS = 1_250_000_000  # T2 of J1939-21; T1 of broadcasts and fast packets are shorter
MAX_FAST_BYTES = 223  # NMEA 2000: 6 bytes in the first frame, 7 in each of 31 more
MAX_OPEN = 4096

Key = tuple[int, int, int]
Whole = tuple[int, int, int, bytes]  # time_ns, key, bus, payload


@dataclass(slots=True)
class _Transfer:
    """A message of which not all has come."""

    key: int
    size: int
    packets: int
    time_ns: int
    parts: dict[int, bytes] = field(default_factory=dict)

    def add(self, place: int, part: bytes, time_ns: int) -> bool:
        """Take one packet; tell if all are there."""
        if 0 <= place < self.packets:
            self.parts[place] = part
        self.time_ns = time_ns
        return len(self.parts) == self.packets

    def payload(self) -> bytes:
        """Return all of it."""
        return b"".join(self.parts[i] for i in range(self.packets))[: self.size]


class Reassembler:
    """Turns frames that are parts of messages into whole messages.

    Args:
        fast_pgns: Parameter groups that come as NMEA 2000 fast packets.

    Attributes:
        incomplete: Transfers given up: a part was lost, or the sender stopped.
    """

    def __init__(self, fast_pgns: Collection[int] = ()) -> None:
        self.incomplete = 0
        self._fast_pgns = frozenset(fast_pgns)
        self._open: dict[Key, _Transfer] = {}
        self._fast: dict[Key, _Transfer] = {}

    def is_part(self, key: int) -> bool:
        """Tell if frames with this identifier are parts of longer messages."""
        if not key & EXTENDED:
            return False
        group = pgn_of(key)
        return group in (CONNECTION, DATA) or group in self._fast_pgns

    def feed(self, frames: Frames) -> Frames:
        """Return the messages that become whole with these frames, in order.

        Args:
            frames: Only parts, see `is_part`, in the order of their times.
        """
        whole: list[Whole] = []
        rows = zip(
            frames.time_ns.tolist(),
            frames.keys.tolist(),
            frames.buses.tolist(),
            frames.lengths.tolist(),
            frames.data,
            strict=True,
        )
        for time_ns, key, bus, length, data in rows:
            found = self._take(time_ns, key, bus, data[:length].tobytes())
            if found is not None:
                whole.append(found)
        return _frames(whole, frames)

    def _take(self, time_ns: int, key: int, bus: int, data: bytes) -> Whole | None:
        group = pgn_of(key)
        if group == CONNECTION:
            self._connect(time_ns, key, bus, data)
            return None
        if group == DATA:
            return self._packet(time_ns, key, bus, data)
        if len(data) > CLASSIC_BYTES:  # CAN FD carries it in one frame
            return time_ns, key, bus, data
        return self._fast_packet(time_ns, key, bus, data)

    def _connect(self, time_ns: int, key: int, bus: int, data: bytes) -> None:
        if len(data) < CLASSIC_BYTES:
            return
        pair = bus, source_of(key), destination_of(key)
        if data[0] == ABORT:  # either side may say it
            for end in (pair, (bus, pair[2], pair[1])):
                self._give_up(self._open, end)
            return
        if data[0] not in (BROADCAST, REQUEST_TO_SEND):
            return  # clear to send, and the receipt: what was sent is seen anyway
        size, packets = int.from_bytes(data[1:3], "little"), data[3]
        group = int.from_bytes(data[5:8], "little") & 0x3FFFF
        self._give_up(self._open, pair)
        if 0 < size <= min(MAX_TRANSFER_BYTES, packets * PACKET_BYTES):
            identifier = group << 8 | source_of(key) | EXTENDED
            if not group & 0xFF and (group >> 8) & 0xFF < 240:  # it says for whom, too
                identifier |= destination_of(key) << 8
            self._begin(self._open, pair, _Transfer(identifier, size, packets, time_ns))

    def _packet(self, time_ns: int, key: int, bus: int, data: bytes) -> Whole | None:
        pair = bus, source_of(key), destination_of(key)
        transfer = self._open.get(pair)
        if transfer is None or len(data) < 2:
            return None
        if time_ns - transfer.time_ns > STALLED_NS:
            self._give_up(self._open, pair)
            return None
        if not transfer.add(data[0] - 1, data[1:CLASSIC_BYTES], time_ns):
            return None
        del self._open[pair]
        return time_ns, transfer.key, bus, transfer.payload()

    def _fast_packet(self, time_ns: int, key: int, bus: int, data: bytes) -> Whole | None:
        if len(data) < 2:
            return None
        place, slot = data[0] & 0x1F, (bus, key, data[0] >> 5)
        if place == 0:
            self._give_up(self._fast, slot)
            size = data[1]
            if not 0 < size <= MAX_FAST_BYTES:
                return None
            packets = 1 + max(0, -(-(size - 6) // PACKET_BYTES))
            self._begin(self._fast, slot, _Transfer(key, size, packets, time_ns))
        transfer = self._fast.get(slot)
        if transfer is None:
            return None
        if time_ns - transfer.time_ns > STALLED_NS:
            self._give_up(self._fast, slot)
            return None
        if not transfer.add(place, data[1:] if place else data[2:], time_ns):
            return None
        del self._fast[slot]
        return time_ns, key, bus, transfer.payload()

    def _begin(self, held: dict[Key, _Transfer], key: Key, transfer: _Transfer) -> None:
        if len(held) >= MAX_OPEN:
            self._give_up(held, next(iter(held)))
        held[key] = transfer

    def _give_up(self, held: dict[Key, _Transfer], key: Key) -> None:
        if held.pop(key, None) is not None:
            self.incomplete += 1


def _frames(whole: list[Whole], of: Frames) -> Frames:
    """Return whole messages as frames; those of one length are put side by side."""
    if not whole:
        return no_frames()
    width = max(len(payload) for *_, payload in whole)
    data = np.zeros((len(whole), width), dtype=np.uint8)
    for row, (*_, payload) in zip(data, whole, strict=True):
        row[: len(payload)] = np.frombuffer(payload, dtype=np.uint8)
    time_ns, keys, buses, payloads = zip(*whole, strict=True)
    return Frames(
        np.array(time_ns, dtype=np.int64),
        np.array(keys, dtype=np.int64),
        np.array([len(payload) for payload in payloads], dtype=np.int64),
        data,
        np.array(buses, dtype=np.int64),
        of.bus_names,
    )
