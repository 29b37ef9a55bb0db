"""Modbus registers to numbers: types, the four word and byte orders, one register's meaning."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WORD_BITS = 16
USUAL_MAGNITUDE = 1e6  # of a measured value; beyond, another order is more likely
USUAL_SMALLEST = 1e-4


class Table(StrEnum):
    """Which of a device's four tables."""

    COIL = "coil"  # one bit each, can be written; function 1
    DISCRETE = "discrete"  # one bit each; function 2
    HOLDING = "holding"  # 16 bits each, can be written; function 3
    INPUT = "input"  # 16 bits each; function 4

    @property
    def holds_bits(self) -> bool:
        """True if an address is one bit."""
        return self in (Table.COIL, Table.DISCRETE)


class RegisterType(StrEnum):
    """How a value lies in registers."""

    BIT = "bit"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return 1 if self is RegisterType.BIT else struct.calcsize(_STRUCT[self]) // 2


_STRUCT = {
    RegisterType.INT16: ">h",
    RegisterType.UINT16: ">H",
    RegisterType.INT32: ">i",
    RegisterType.UINT32: ">I",
    RegisterType.INT64: ">q",
    RegisterType.UINT64: ">Q",
    RegisterType.FLOAT32: ">f",
    RegisterType.FLOAT64: ">d",
}


class Order(StrEnum):
    """In which order a value's bytes come, A the most significant of the first four."""

    ABCD = "ABCD"  # as the standard says: big end first
    BADC = "BADC"  # the two bytes of each word swapped
    CDAB = "CDAB"  # the lowest word first
    DCBA = "DCBA"  # both: little end first

    @property
    def swaps_words(self) -> bool:
        """True if the lowest word comes first."""
        return self in (Order.CDAB, Order.DCBA)

    @property
    def swaps_bytes(self) -> bool:
        """True if the low byte of a word comes first."""
        return self in (Order.BADC, Order.DCBA)


def decode(words: Sequence[int], kind: RegisterType, order: Order = Order.ABCD) -> float | int:
    """Return the number that registers hold, exactly.

    Args:
        words: As many as the type takes, 0 to 65535 each, in the order of their addresses.
        kind: Any type; a bit is a whole register that is 0 or not.
        order: Of words and bytes.

    Source:
        Modbus Application Protocol 1.1b3, 4.2: big end first. The other orders are what
        devices do.
    """
    ordered = reversed(words) if order.swaps_words else words
    ends = "<H" if order.swaps_bytes else ">H"
    data = b"".join(struct.pack(ends, word) for word in ordered)
    if kind is RegisterType.BIT:
        return int(any(data))
    number: float | int = struct.unpack(_STRUCT[kind], data)[0]
    return number


@dataclass(frozen=True, slots=True)
class Register:
    """What one channel is in a device.

    Attributes:
        channel: Its name.
        table, address: Where it lies; addresses as on the wire, from 0.
        kind, order: How.
        scale, offset: value = number x scale + offset.
        unit: Of the value; "" if not told.
        device: Unit id; None for the source's.
        bit: Which bit of a register, 0 the lowest; None for the whole.
        interval_s: How often it is read; None for as often as the source reads.
        missing: The number that means "no value", before scaling.
    """

    channel: str
    table: Table
    address: int
    kind: RegisterType = RegisterType.UINT16
    order: Order = Order.ABCD
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    device: int | None = None
    bit: int | None = None
    interval_s: float | None = None
    missing: float | None = None

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + (1 if self.table.holds_bits else self.kind.words)

    def value(self, words: Sequence[int]) -> float:
        """Return the value that its words hold; NaN where they say that there is none."""
        if self.bit is not None:
            return float(int(decode(words, RegisterType.UINT16, self.order)) >> self.bit & 1)
        number = decode(words, self.kind, self.order)
        if number == self.missing:
            return math.nan
        value = number * self.scale + self.offset
        return value if math.isfinite(value) else math.nan


@dataclass(frozen=True, slots=True)
class OneReading:
    """What registers would mean in one order."""

    kind: RegisterType
    order: Order
    value: float | int
    is_plausible: bool


def all_readings(words: Sequence[int]) -> list[OneReading]:
    """Return what one, two or four registers mean in every type and order that they fill.

    Whether a reading is plausible is a matter of its size alone: it is a hint, no proof.
    """
    readings: list[OneReading] = []
    for kind in _STRUCT:
        if kind.words <= len(words):
            for order in Order:
                value = decode(words[: kind.words], kind, order)
                readings.append(OneReading(kind, order, value, is_plausible(value)))
    return readings


def is_plausible(value: float) -> bool:
    """Tell whether a machine would show a number of this size: 0, or 0.0001 to a million."""
    return value == 0 or USUAL_SMALLEST <= abs(value) <= USUAL_MAGNITUDE
