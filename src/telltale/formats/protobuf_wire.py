"""The wire format of Protocol Buffers: fields of a message, read and written.

Source: protobuf.dev, "Encoding". Groups (wire types 3 and 4) are refused: nothing uses them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

from telltale.errors import DecodeError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_VARINT_BYTES = 10
Field: TypeAlias = tuple[int, int, int | bytes]  # number, wire type, value


def fields(message: bytes) -> Iterator[Field]:
    """Yield a message's fields in order: varints as integers, all else as bytes.

    Raises:
        DecodeError: It is cut off, or no message; the byte is named.
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise DecodeError(f"byte {at} begins a field without a number. This is no protobuf.")
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise DecodeError(f"byte {at} has wire type {kind}, which is not in use.")
        if size > end - at:
            raise DecodeError(f"field {number} ends {size - (end - at)} bytes beyond the message.")
        yield number, kind, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number at this place, modulo 2^64, and the place behind it."""
    value = 0
    for i in range(MAX_VARINT_BYTES):
        if at + i >= len(message):
            raise DecodeError(f"it ends at byte {len(message)}, within a number.")
        byte = message[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + i + 1
    raise DecodeError(f"the number at byte {at} has more than {MAX_VARINT_BYTES} bytes.")


def varint_field(number: int, value: int) -> bytes:
    """Return a field that holds an integer from 0 to 2^64 - 1."""
    return _packed(number << 3 | VARINT) + _packed(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """Return a field that holds bytes, a text or a message."""
    return _packed(number << 3 | BYTES) + _packed(len(value)) + value


def float_field(number: int, value: float) -> bytes:
    """Return a field that holds a float32."""
    return _packed(number << 3 | FIXED32) + struct.pack("<f", value)


def double_field(number: int, value: float) -> bytes:
    """Return a field that holds a float64."""
    return _packed(number << 3 | FIXED64) + struct.pack("<d", value)


def _packed(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
