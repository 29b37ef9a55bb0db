"""`Frames`: many CAN frames as arrays, and what a 29-bit identifier says in J1939."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import BoolArray, ByteArray, IntArray

CLASSIC_BYTES = 8
FD_BYTES = 64
MAX_ID = 0x1FFFFFFF
EXTENDED = 1 << 31  # marks a 29-bit identifier in a key, as SocketCAN and DBC files do
FIRST_BROADCAST_FORMAT = 240  # SAE J1939-21: from this PDU format on nobody is addressed


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """n data frames in the order in which they were met.

    Attributes:
        time_ns: UTC, or since a start that the log does not tell, shape (n,).
        keys: Identifier, plus `EXTENDED` for 29 bits, int64, shape (n,).
        lengths: Bytes of payload, int64, shape (n,).
        data: Payloads, zeros behind their ends, uint8, shape (n, width).
        buses: Place of the bus in `bus_names`, int64, shape (n,).
        bus_names: Of all buses met so far.
    """

    time_ns: IntArray
    keys: IntArray
    lengths: IntArray
    data: ByteArray
    buses: IntArray
    bus_names: Sequence[str] = ("",)

    def __len__(self) -> int:
        return len(self.time_ns)

    def take(self, rows: IntArray | BoolArray) -> Frames:
        """Return these frames, in this order."""
        return Frames(
            self.time_ns[rows],
            self.keys[rows],
            self.lengths[rows],
            self.data[rows],
            self.buses[rows],
            self.bus_names,
        )

    def dated(self, start_ns: int) -> Frames:
        """Return the same with a clock that began at this time."""
        return Frames(
            self.time_ns + start_ns, self.keys, self.lengths, self.data, self.buses, self.bus_names
        )


def no_frames() -> Frames:
    """Return none."""
    none = np.empty(0, dtype=np.int64)
    return Frames(none, none, none, np.empty((0, CLASSIC_BYTES), dtype=np.uint8), none)


def joined(parts: Sequence[Frames]) -> Frames:
    """Return all frames, one part behind the other; the last part knows all buses."""
    held = [part for part in parts if len(part)]
    if not held:
        return no_frames()
    if len(held) == 1:
        return held[0]
    width = max(part.data.shape[1] for part in held)
    return Frames(
        np.concatenate([part.time_ns for part in held]),
        np.concatenate([part.keys for part in held]),
        np.concatenate([part.lengths for part in held]),
        np.concatenate([widened(part.data, width) for part in held]),
        np.concatenate([part.buses for part in held]),
        held[-1].bus_names,
    )


def widened(data: ByteArray, width: int) -> ByteArray:
    """Return payloads with zeros behind them up to this width."""
    missing = width - data.shape[1]
    return np.pad(data, ((0, 0), (0, missing))) if missing > 0 else data


def pgn_of(identifier: int) -> int:
    """Return the parameter group of a 29-bit identifier: priority and addresses left out.

    Source:
        SAE J1939-21, 5.2: below PDU format 240 the next byte is the address of who is meant.
    """
    group = (identifier >> 8) & 0x3FFFF
    return group if (group >> 8) & 0xFF >= FIRST_BROADCAST_FORMAT else group & 0x3FF00


def source_of(identifier: int) -> int:
    """Return the address of who sent it, SAE J1939-21."""
    return identifier & 0xFF


def destination_of(identifier: int) -> int:
    """Return the address of who is meant; 255 for everybody."""
    to_one = (identifier >> 16) & 0xFF < FIRST_BROADCAST_FORMAT
    return (identifier >> 8) & 0xFF if to_one else 0xFF


def shown_id(key: int) -> str:
    """Return an identifier as people write it: 0x3C9, 0x0CF00400."""
    number = key & MAX_ID
    return f"0x{number:08X}" if key & EXTENDED else f"0x{number:03X}"
