"""What is to be read of a car: from its profile, or everything that it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from telltale.formats.obd.number import Number
from telltale.formats.obd.pids import LISTS, pid_table, profile_number
from telltale.profiles.schema import Profile

CURRENT = 0x01
# What moves quickly, of a car whose profile nobody wrote.
FAST_PIDS = frozenset({0x04, 0x0B, 0x0C, 0x0D, 0x0E, 0x10, 0x11, 0x43, 0x49})
STATE_HZ = 0.2  # the lamp, the fuel type: what hardly ever changes
MAX_WANTED = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """One PID that is asked again and again, and the columns that it gives.

    Attributes:
        service: 1 for the standard's, 0x22 for a maker's own.
        pid: Its bytes, as they are sent.
        ecu: Address to ask; "" for that of the computer that has it.
        hz: How often it should be asked.
        columns: Name of each column, and what it is made of.
    """

    service: int
    pid: bytes
    ecu: str
    hz: float
    columns: tuple[tuple[str, Number], ...]

    @property
    def key(self) -> str:
        """How people write it, e.g. "010C"."""
        return f"{self.service:02X}{self.pid.hex().upper()}"

    @property
    def number(self) -> int:
        """The PID as a number."""
        return int.from_bytes(self.pid, "big")

    def units(self) -> dict[str, str]:
        """Return the unit of each column."""
        return {name: number.unit for name, number in self.columns}

    def values(self, data: bytes) -> dict[str, float]:
        """Return the value of each column; NaN where the bytes do not hold it."""
        return {name: number.decode(data) for name, number in self.columns}


def wanted_by(
    profile: Profile, *, fast_hz: float, slow_hz: float, rates_hz: Mapping[str, float]
) -> list[Wanted]:
    """Return what a profile's channels ask for, one entry per PID.

    Args:
        profile: Its channels say by which PID they are read.
        fast_hz: How often the fast group is asked.
        slow_hz: How often the slow one is.
        rates_hz: Channel to rate, where one should be asked otherwise.
    """
    found: dict[tuple[int, bytes, str], Wanted] = {}
    for name, channel in profile.channels.items():
        obd2, number = channel.obd2, profile_number(name, channel)
        if obd2 is None or number is None:
            continue
        group_hz = fast_hz if obd2.group == "fast" else slow_hz
        service, pid = int(obd2.service, 16), bytes.fromhex(obd2.pid)
        ecu = (obd2.ecu or "").upper()
        before = found.get((service, pid, ecu))
        hz = max(rates_hz.get(name, group_hz), before.hz if before else 0.0)
        columns = (*(before.columns if before else ()), (name, number))
        found[service, pid, ecu] = Wanted(service, pid, ecu, hz, columns)
    return list(found.values())[:MAX_WANTED]


def all_of(
    pids: Iterable[int], *, fast_hz: float, slow_hz: float, rates_hz: Mapping[str, float]
) -> list[Wanted]:
    """Return every PID of a car that telltale has numbers for, under the standard's names."""
    return list(_all(pids, fast_hz, slow_hz, rates_hz))


def _all(
    pids: Iterable[int], fast_hz: float, slow_hz: float, rates_hz: Mapping[str, float]
) -> Iterator[Wanted]:
    table = pid_table()
    for pid in sorted(set(pids) - set(LISTS)):
        known = table.get(pid)
        if known is None or not known.numbers:
            continue
        group_hz = fast_hz if pid in FAST_PIDS else slow_hz
        if known.is_state:
            group_hz = min(STATE_HZ, slow_hz)
        columns = tuple((number.name, number) for number in known.numbers)
        hz = max(rates_hz.get(name, group_hz) for name, _ in columns)
        yield Wanted(CURRENT, bytes([pid]), "", hz, columns)
