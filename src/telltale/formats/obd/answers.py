"""What the messages of engine computers mean: values of PIDs, identity, readiness, refusals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from telltale.formats.obd.frames import ANSWER, REFUSAL
from telltale.formats.obd.pids import pid_table
from telltale.formats.obd.replies import Message

VIN_LENGTH = 17
RESPONSE_PENDING = 0x78
REFUSALS = {
    0x10: "general reject",
    0x11: "service not supported",
    0x12: "PID or length not supported",
    0x21: "busy, ask again",
    0x22: "not in this state of the car",
    0x31: "value out of range",
    0x33: "security access denied",
    0x78: "answer comes later",
    0x7E: "not in this session",
    0x7F: "service not in this session",
}

CONTINUOUS = ("misfire", "fuel system", "components")
SPARK = (
    "catalyst",
    "heated catalyst",
    "evaporative system",
    "secondary air",
    "air conditioning",
    "O2 sensors",
    "O2 sensor heaters",
    "EGR",
)
COMPRESSION = (
    "NMHC catalyst",
    "NOx aftertreatment",
    "",
    "boost pressure",
    "",
    "exhaust gas sensors",
    "particulate filter",
    "EGR and valve timing",
)


@dataclass(frozen=True, slots=True)
class Monitor:
    """One self-test of the car, and whether it has run since codes were cleared."""

    name: str
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """PID 01: the engine lamp, how many codes are stored, which self-tests have run."""

    is_lamp_on: bool
    codes: int
    monitors: tuple[Monitor, ...]


def refusal_of(message: Message) -> str | None:
    """Return why a computer refused, in words; None if it did not."""
    data = message.data
    if len(data) < 3 or data[0] != REFUSAL:
        return None
    return REFUSALS.get(data[2], f"code {data[2]:02X}")


def pid_data(message: Message, asked: Collection[int]) -> dict[int, bytes] | None:
    """Return the data bytes per PID in an answer of service 01.

    Args:
        message: As it came.
        asked: The PIDs that the request named.

    Returns:
        None if it is no such answer, or if it does not hold together: a PID that was not asked,
        or more or fewer bytes than the PIDs have.
    """
    if message.data[:1] != bytes([0x01 + ANSWER]):
        return None
    rest, table = message.data[1:], pid_table()
    found: dict[int, bytes] = {}
    while rest:
        pid = rest[0]
        if pid not in asked or pid in found or pid not in table:
            return None
        size = table[pid].size if len(asked) > 1 else len(rest) - 1
        if size < _least(pid) or len(rest) < 1 + size:
            return None
        found[pid], rest = rest[1 : 1 + size], rest[1 + size :]
    return found or None


def _least(pid: int) -> int:
    """Return how many bytes an answer must have: up to where the editions of the standard agree."""
    size = pid_table()[pid].size
    return 1 if pid in (0x55, 0x56, 0x57, 0x58) or pid >= 0x64 else size


def own_data(message: Message, service: int, pid: bytes) -> bytes | None:
    """Return the data bytes in an answer of another service, e.g. 22; None if it is no such."""
    head = bytes([service + ANSWER]) + pid
    return message.data[len(head) :] if message.data.startswith(head) else None


def vin_of(messages: Iterable[Message]) -> str | None:
    """Return the vehicle's number in the answers to 09 02, or None if there is no whole one.

    On CAN it is one message; on older buses five, numbered from 1, of four characters each.
    """
    pieces: dict[int, bytes] = {}
    for message in messages:
        data = own_data(message, 0x09, b"\x02")
        if not data:
            continue
        if len(data) > VIN_LENGTH:
            return _vin_text(data[1:])
        pieces[data[0]] = data[1:]
    joined = b"".join(pieces[k] for k in sorted(pieces))
    return _vin_text(joined) if joined else None


def _vin_text(data: bytes) -> str | None:
    text = data.strip(b"\0").decode("ascii", "replace")
    return text if len(text) == VIN_LENGTH and text.isalnum() and text.isascii() else None


def readiness_of(data: bytes) -> Readiness | None:
    """Return what the four bytes of PID 01 say."""
    if len(data) < 4:
        return None
    a, b, fitted, unready = data[:4]
    names: Sequence[str] = COMPRESSION if b & 0x08 else SPARK
    monitors = [
        Monitor(name, not b >> (4 + k) & 1) for k, name in enumerate(CONTINUOUS) if b >> k & 1
    ]
    monitors += [
        Monitor(name, not unready >> k & 1)
        for k, name in enumerate(names)
        if name and fitted >> k & 1
    ]
    return Readiness(bool(a & 0x80), a & 0x7F, tuple(monitors))
