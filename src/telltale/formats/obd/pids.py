"""The PIDs of OBD-II service 01 (SAE J1979): what each measures, and what its bytes mean."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from telltale.formats.obd.number import Number
from telltale.profiles.schema import Channel

LISTS = tuple(range(0x00, 0x100, 0x20))  # PIDs that say which of the next 32 there are
# From here on sizes differ between editions of the standard: such a PID is asked alone.
GROUPED_BELOW = 0x64


@dataclass(frozen=True, slots=True)
class Pid:
    """One parameter of service 01.

    Attributes:
        pid: Its number.
        title: For people.
        size: Data bytes of its answer, without service and PID.
        numbers: What the bytes mean; () where the public part of the standard does not say it.
        is_state: It tells what the car is or does rather than a measured quantity.
    """

    pid: int
    title: str
    size: int
    numbers: tuple[Number, ...] = ()
    is_state: bool = False

    def decode(self, data: bytes) -> dict[str, float]:
        """Return its numbers by name; one that the bytes do not hold is NaN."""
        return {number.name: number.decode(data) for number in self.numbers}


@cache
def pid_table() -> dict[int, Pid]:
    """Return all PIDs by number, in order."""
    file = resources.files("telltale.formats.obd") / "pids.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    known = {int(key, 16): _pid(int(key, 16), entry) for key, entry in table.items()}
    lists = {
        first: Pid(first, f"Which of {first + 1:02X} to {first + 32:02X} there are", 4)
        for first in LISTS
    }
    return dict(sorted((known | lists).items()))


def _pid(pid: int, entry: dict[str, Any]) -> Pid:
    numbers = tuple(_number(entry["title"], row) for row in entry.get("numbers", ()))
    return Pid(pid, entry["title"], entry["size"], numbers, entry.get("state", False))


def _number(title: str, row: dict[str, Any]) -> Number:
    given = {"title": title, **row}
    is_signed = given.pop("signed", False)
    scale = float(Fraction(given.pop("scale", 1)))
    return Number(**given, scale=scale, is_signed=is_signed)


def supported(data: bytes, first: int) -> frozenset[int]:
    """Return the PIDs that a list of 4 bytes names; `first` is the list's own PID."""
    bits = int.from_bytes(data[:4].ljust(4, b"\0"), "big")
    return frozenset(first + 1 + k for k in range(32) if bits >> (31 - k) & 1)


def profile_number(name: str, channel: Channel) -> Number | None:
    """Return what the bytes mean that an adapter reads for a channel; None where it reads none.

    Of service 01 it is the standard's first number of that PID, in the standard's unit.
    """
    obd2 = channel.obd2
    if obd2 is None:
        return None
    if int(obd2.service, 16) == 0x01:
        known = pid_table().get(int(obd2.pid, 16))
        return next(iter(known.numbers), None) if known else None
    return Number(
        name,
        channel.title,
        obd2.unit or channel.unit,
        0,
        obd2.bytes or 1,
        obd2.scale,
        obd2.offset,
        obd2.signed,
    )
