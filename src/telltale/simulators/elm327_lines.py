"""How an ELM327 shows the messages of a bus: with headers or without, one line per frame."""

from __future__ import annotations

from telltale.formats.obd.frames import j1850_check, sum_check

FRAME_BYTES = 8
IDENTITY = 0x49
J1850, KWP = frozenset("12"), frozenset("45")
CODES = frozenset({0x43, 0x47, 0x4A})


def can_lines(place: int, message: bytes, *, is_short: bool, is_padded: bool) -> list[str]:
    """Return the lines of a message on CAN, by ISO-TP.

    Args:
        place: Which computer it comes from, counted from 0.
        message: Service, PID and data.
        is_short: Addresses have 11 bits, not 29.
        is_padded: Every frame is shown with all its eight bytes.
    """
    address = f"{0x7E8 + place:03X}" if is_short else f"18 DA F1 {0x10 + place:02X}"
    frames = _frames(message)
    if is_padded:
        frames = [frame.ljust(FRAME_BYTES, b"\0") for frame in frames]
    return [f"{address} {_hex(frame)}" for frame in frames]


def bare_lines(message: bytes) -> list[str]:
    """Return the lines of a message on CAN without headers: a long one is numbered."""
    if len(message) < FRAME_BYTES:
        return [_hex(message)]
    parts = [message[:6], *(message[k : k + 7] for k in range(6, len(message), 7))]
    numbered = [f"{k & 0x0F:X}: {_hex(part)}" for k, part in enumerate(parts)]
    return [f"{len(message):03X}", *numbered]


def legacy_lines(place: int, message: bytes, *, headers: bool, protocol: str) -> list[str]:
    """Return the lines of a message on a bus from before CAN: at most seven bytes each."""
    lines = []
    for part in _legacy_parts(message):
        kwp = bytes([0x80 | len(part), 0xF1, 0x10 + place])
        head = kwp if protocol in KWP else bytes([0x48, 0x6B, 0x10 + place])
        whole = head + part
        check = j1850_check(whole) if protocol in J1850 else sum_check(whole)
        lines.append(_hex(whole + bytes([check])) if headers else _hex(part))
    return lines


def _frames(message: bytes) -> list[bytes]:
    if len(message) < FRAME_BYTES:
        return [bytes([len(message)]) + message]
    first = (0x1000 | len(message)).to_bytes(2, "big") + message[:6]
    rest = [message[k : k + 7] for k in range(6, len(message), 7)]
    return [first, *(bytes([0x20 | (k + 1) & 0x0F]) + part for k, part in enumerate(rest))]


def _legacy_parts(message: bytes) -> list[bytes]:
    """Return a message as the old buses split it: numbered identity, three codes at a time."""
    if message[0] == IDENTITY and len(message) > 7:
        text = message[3:].rjust(20, b"\0")
        return [message[:2] + bytes([k + 1]) + text[4 * k : 4 * k + 4] for k in range(5)]
    if message[0] in CODES:
        pairs = message[2:] or b"\0\0"
        return [message[:1] + pairs[k : k + 6].ljust(6, b"\0") for k in range(0, len(pairs), 6)]
    return [message]


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
