"""A simulated car's engine computers: what they answer to OBD-II requests, and a log of it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from telltale.formats.obd.codes import bytes_of_code
from telltale.formats.obd.number import Number
from telltale.formats.obd.pids import LISTS, pid_table, profile_number
from telltale.profiles.schema import Profile
from telltale.simulators.base import Simulator
from telltale.units import conversion

VIN = "TELLTALE0SAMPLE01"  # of no maker; 17 characters as a real one
LOG_LENGTH = 200_000  # answers, an hour at 50 a second
NOT_SUPPORTED = 0x12
SERVICE_NOT_SUPPORTED = 0x11
SPEED = 0x0D
ENGINE, GEARBOX = 0, 1  # place in the car; added to the first address of the bus

# What every simulated car answers besides its profile's channels: PID -> data bytes.
CONSTANTS = {
    0x03: b"\x02\x00",  # closed loop
    0x06: b"\x82",
    0x07: b"\x7d",
    0x1C: b"\x06",  # EOBD
    0x21: b"\x00\x00",
    0x33: b"\x65",  # 101 kPa
    0x46: b"\x3c",  # 20 degC
    0x51: b"\x01",  # petrol
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One value that a computer put on the bus: what a reading can be compared with."""

    time_ns: int
    service: int
    pid: int
    data: bytes


@dataclass(slots=True)
class Codes:
    """Trouble codes that the engine computer holds."""

    stored: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    permanent: list[str] = field(default_factory=list)


class SimulatedCar:
    """Answers services 01, 03, 04, 07, 09, 0A and those that its profile's channels name.

    Args:
        simulator: The physics.
        profile: Says by which PID each channel is read, and how its bytes are made.
        has_gearbox_computer: A second computer that answers too.

    Attributes:
        log: The newest values put on the bus, in order.
        codes: Trouble codes; may be changed at any time.
    """

    def __init__(
        self,
        simulator: Simulator,
        profile: Profile,
        *,
        codes: Codes | None = None,
        has_gearbox_computer: bool = False,
    ) -> None:
        self.simulator = simulator
        self.codes = codes or Codes()
        self.log: deque[Sent] = deque(maxlen=LOG_LENGTH)
        self._numbers = dict(_numbers_of(profile))
        self._computers = (ENGINE, GEARBOX) if has_gearbox_computer else (ENGINE,)
        self._readings: Mapping[str, float] = {}
        self._start_ns = 0
        self._now_ns = 0

    def answers(self, request: bytes, computer: int | None, time_ns: int) -> dict[int, bytes]:
        """Return what each computer answers; one that stays silent is not there.

        Args:
            request: Service, PIDs and so on.
            computer: Which is asked; None asks all.
            time_ns: Now; not before the last call's.
        """
        self._advance(time_ns)
        asked = self._computers if computer is None else (computer,)
        found: dict[int, bytes] = {}
        for place in asked:
            message = self._answer(request, place) if place in self._computers else None
            if message and (computer is not None or message[0] != 0x7F):
                found[place] = message  # a computer that all were asked beside refuses silently
        return found

    def _advance(self, time_ns: int) -> None:
        self._now_ns = max(time_ns, self._now_ns)
        self._start_ns = self._start_ns or self._now_ns
        columns = self.simulator.advance(np.array([self._now_ns], dtype=np.int64))
        self._readings = {name: float(values[0]) for name, values in columns.items()}

    def _answer(self, request: bytes, place: int) -> bytes | None:
        service = request[0] if request else 0
        if service == 0x01:
            return self._current(request[1:7], place)
        if place != ENGINE:
            return None
        if service in (0x03, 0x07, 0x0A):
            lists = {0x03: self.codes.stored, 0x07: self.codes.pending}
            return self._codes(service, lists.get(service, self.codes.permanent))
        if service == 0x04:
            self.codes.stored.clear()
            self.codes.pending.clear()
            return b"\x44"
        if service == 0x09:
            return self._identity(request[1:2])
        return self._own(service, request[1:])

    def _current(self, pids: bytes, place: int) -> bytes | None:
        """Return the answer to service 01: those of the PIDs that there are."""
        parts = b""
        for pid in pids:
            data = self._data(pid, place)
            if data is not None:
                parts += bytes([pid]) + data
                self._note(0x01, pid, data)
        return b"\x41" + parts if parts else None

    def _data(self, pid: int, place: int) -> bytes | None:
        if pid in LISTS:
            return self._list(pid, place)
        if pid not in self._pids(place):
            return None
        if pid == 0x01:
            count = len(self.codes.stored)
            return bytes([(0x80 if count else 0) | count, 0x07, 0xE5, 0x04])
        if pid == 0x1F:
            run_s = (self._now_ns - self._start_ns) // 1_000_000_000
            return min(run_s, 0xFFFF).to_bytes(2, "big")
        if (0x01, pid) in self._numbers:
            return self._encoded(0x01, pid)
        return CONSTANTS[pid]

    def _pids(self, place: int) -> frozenset[int]:
        own = {pid for service, pid in self._numbers if service == 0x01}
        if place == GEARBOX:
            return frozenset({0x01} | own & {SPEED})
        return frozenset(own | CONSTANTS.keys() | {0x01, 0x1F})

    def _list(self, first: int, place: int) -> bytes | None:
        pids = self._pids(place)
        if first and not any(pid > first for pid in pids):
            return None
        bits = sum(1 << 32 - (pid - first) for pid in pids if first < pid <= first + 31)
        if any(pid > first + 32 for pid in pids):
            bits |= 1  # the next list is there
        return bits.to_bytes(4, "big")

    def _own(self, service: int, asked: bytes) -> bytes:
        pid = int.from_bytes(asked, "big")
        if (service, pid) not in self._numbers:
            return bytes([0x7F, service, 0x31])
        data = self._encoded(service, pid)
        self._note(service, pid, data)
        return bytes([service + 0x40]) + asked + data

    def _encoded(self, service: int, pid: int) -> bytes:
        channel, number, (scale, offset) = self._numbers[service, pid]
        value = self._readings.get(channel, math.nan) * scale + offset
        raw = number.encode(0.0 if math.isnan(value) else value)
        size = pid_table()[pid].size if service == 0x01 else number.size
        return raw.ljust(size, b"\0")

    def _codes(self, service: int, codes: Iterable[str]) -> bytes:
        pairs = [bytes_of_code(code) for code in codes]
        return bytes([service + 0x40, len(pairs)]) + b"".join(pairs)

    def _identity(self, asked: bytes) -> bytes:
        if asked == b"\x02":
            return b"\x49\x02\x01" + VIN.encode()
        if asked == b"\x00":
            return b"\x49\x00\x40\x00\x00\x00"
        return bytes([0x7F, 0x09, NOT_SUPPORTED])

    def _note(self, service: int, pid: int, data: bytes) -> None:
        self.log.append(Sent(self._now_ns, service, pid, data))


Entry = tuple[str, Number, tuple[float, float]]


def _numbers_of(profile: Profile) -> Iterable[tuple[tuple[int, int], Entry]]:
    """Yield service and PID of each channel: its name, its bytes, and the way to their unit."""
    for name, channel in profile.channels.items():
        number = profile_number(name, channel)
        if channel.obd2 and number:
            key = int(channel.obd2.service, 16), int(channel.obd2.pid, 16)
            yield key, (name, number, conversion(channel.unit, number.unit))
