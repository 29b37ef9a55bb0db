"""`Number`: one value in the data bytes of an answer. Every OBD-II formula is a straight line."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A value that is `offset + scale * raw`, raw being some bytes, high byte first.

    Attributes:
        name: Of the column it becomes; its ending is the unit, where there is one.
        title: For people.
        unit: As in `units`.
        at: Index of its first byte, counted from 0.
        size: Bytes of the raw number.
        scale, offset: From the raw number to the unit.
        is_signed: The raw number is a two's complement.
        shift, bits: Which bits of the raw number, counted from the lowest; 0 takes all.
        flag: Bit of byte 0 that says whether the car has it; None where it always has.
    """

    name: str
    title: str
    unit: str
    at: int = 0
    size: int = 1
    scale: float = 1.0
    offset: float = 0.0
    is_signed: bool = False
    shift: int = 0
    bits: int = 0
    flag: int | None = None

    def decode(self, data: bytes) -> float:
        """Return the value in `data`, the bytes behind the PID; NaN if it is not there."""
        if len(data) < self.at + self.size:
            return math.nan
        if self.flag is not None and not data[0] >> self.flag & 1:
            return math.nan
        raw = int.from_bytes(data[self.at : self.at + self.size], "big", signed=self.is_signed)
        if self.bits:
            raw = raw >> self.shift & (1 << self.bits) - 1
        return self.offset + self.scale * raw

    def encode(self, value: float) -> bytes:
        """Return the raw bytes nearest to a value, for a number that is no part of its bytes."""
        highest = (1 << 8 * self.size - self.is_signed) - 1
        lowest = -highest - 1 if self.is_signed else 0
        raw = min(max(round((value - self.offset) / self.scale), lowest), highest)
        return raw.to_bytes(self.size, "big", signed=self.is_signed)
