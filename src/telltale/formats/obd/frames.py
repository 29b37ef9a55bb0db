"""Frames of the buses of OBD-II as an adapter prints them, and how they join to messages."""

from __future__ import annotations

from enum import StrEnum

CAN_BYTES = 8  # of a frame of ISO 15765-4
ANSWER = 0x40  # added to a service in its answer
REFUSAL = 0x7F
LEGACY_HEADER = 3
KWP_LENGTH = 0x3F  # of a KWP format byte


class Framing(StrEnum):
    """How an adapter prints the messages of a bus."""

    CAN_11 = "CAN, 11-bit addresses"
    CAN_29 = "CAN, 29-bit addresses"
    LEGACY = "ISO 9141-2, KWP or J1850"
    BARE = "without headers"


Frame = tuple[Framing, str, bytes]  # how it looks, whose it is, its bytes


class Joiner:
    """Joins frames to messages: ISO-TP by sender, numbered segments by their length.

    Attributes:
        messages: Sender and data of each complete message.
        broken: Frames and messages that could not be used.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.broken = 0
        self._parts: dict[str, tuple[int, int, bytes]] = {}  # sender -> length, next number, data

    def frame(self, frame: Frame | None) -> None:
        """Take one frame; None is one that could not be read."""
        if frame is None:
            self.broken += 1
            return
        framing, sender, data = frame
        if framing in (Framing.BARE, Framing.LEGACY):
            self.messages.append((sender, data))
        else:
            self._iso_tp(sender, data)

    def length(self, length: int) -> None:
        """Begin a message without headers that is this long."""
        self._begin("", length, 0, b"")

    def segment(self, number: int, data: bytes | None) -> None:
        """Take one numbered segment of a message without headers."""
        self._more("", number, data)

    def end(self) -> None:
        """Count what was begun and never became whole."""
        self.broken += len(self._parts)
        self._parts.clear()

    def _iso_tp(self, sender: str, data: bytes) -> None:
        kind, low = data[0] >> 4, data[0] & 0x0F
        is_full = len(data) == CAN_BYTES
        if kind == 0 and 1 <= low < CAN_BYTES and (is_full or len(data) == low + 1):
            self.messages.append((sender, data[1 : low + 1]))
        elif kind == 1 and is_full:
            self._begin(sender, low << 8 | data[1], 1, data[2:])
        elif kind == 2:
            self._more(sender, low, data[1:], is_full=is_full)
        elif kind != 3:  # a flow control is no part of a message
            self.broken += 1

    def _begin(self, sender: str, length: int, number: int, data: bytes) -> None:
        if sender in self._parts or length < CAN_BYTES:
            self.broken += 1
            self._parts.pop(sender, None)
        if length >= CAN_BYTES:
            self._parts[sender] = length, number, data

    def _more(self, sender: str, number: int, data: bytes | None, *, is_full: bool = True) -> None:
        length, expected, held = self._parts.pop(sender, (0, 0, b""))
        left = length - len(held)
        if not data or left <= 0 or number != expected or len(data) < min(left, CAN_BYTES - 2):
            self.broken += 1  # without its beginning, out of order, or cut off
            return
        if not is_full and len(data) != left:
            self.broken += 1
            return
        held += data[:left]
        if len(held) == length:
            self.messages.append((sender, held))
        else:
            self._parts[sender] = length, (expected + 1) & 0x0F, held


def frame_of(digits: str, framing: Framing | None, service: int | None) -> Frame | None:
    """Return the frame that a line of hex digits is; None if it is none, or spoilt.

    Args:
        digits: Without spaces, upper case.
        framing: How lines look on this bus; None decides by the digits themselves.
        service: What was asked, which tells an answer without headers from a header.
    """
    if framing is None:
        framing = _framing_of(digits, service)
    if framing is Framing.CAN_11:
        return _can_frame(framing, digits, 3)
    if framing is Framing.CAN_29:
        return _can_frame(framing, digits, 8)
    if framing is Framing.LEGACY:
        return _legacy_frame(digits)
    data = bytes_of(digits)
    return (framing, "", data) if data and _is_answer(data, service) else None


def bytes_of(digits: str) -> bytes | None:
    """Return the bytes of hex digits; None for an odd number of them."""
    return None if len(digits) % 2 else bytes.fromhex(digits)


def _framing_of(digits: str, service: int | None) -> Framing:
    if len(digits) % 2:
        return Framing.CAN_11
    if _is_answer(bytes.fromhex(digits), service):
        return Framing.BARE
    return Framing.CAN_29 if digits.startswith(("18DA", "18DB")) else Framing.LEGACY


def _is_answer(data: bytes, service: int | None) -> bool:
    """True for what an answer to this service begins with; any, if it is not known."""
    return service is None or data[:1] in (bytes([service + ANSWER & 0xFF]), bytes([REFUSAL]))


def _can_frame(framing: Framing, digits: str, address_digits: int) -> Frame | None:
    address, data = digits[:address_digits], bytes_of(digits[address_digits:])
    return (framing, address, data) if data and len(data) <= CAN_BYTES else None


def _legacy_frame(digits: str) -> Frame | None:
    """Return the frame if its checksum holds: header of 3 bytes, data, checksum."""
    whole = bytes_of(digits)
    if whole is None or len(whole) < LEGACY_HEADER + 2:
        return None
    body, check = whole[:-1], whole[-1]
    if check not in (sum_check(body), j1850_check(body)):
        return None
    data = body[LEGACY_HEADER:]
    if body[0] & 0x80 and body[0] & KWP_LENGTH not in (0, len(data)):
        return None
    return Framing.LEGACY, f"{body[2]:02X}", data


def sum_check(body: bytes) -> int:
    """Return the checksum of ISO 9141-2 and KWP: the sum's low byte."""
    return sum(body) & 0xFF


def j1850_check(body: bytes) -> int:
    """Return the checksum of SAE J1850: CRC-8, polynomial 1D, all bits set before and after."""
    crc = 0xFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x1D) & 0xFF if crc & 0x80 else crc << 1
    return crc ^ 0xFF
