"""Reads the protobuf bytes of an ONNX file as far as a check of it needs, and runs none of it.

A protobuf message is a row of fields: a key (field number and wire type), then a value. Only the
fields of `fields.py` are known; one that is not is refused, so nothing that ONNX Runtime would
act on goes by unseen.

Source: protobuf encoding, https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from telltale.errors import ModelError
from telltale.models.onnx_files.fields import TENSOR, Kind

Value: TypeAlias = int | memoryview
Message: TypeAlias = dict[str, list[Value]]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTH = {FIXED64: 8, FIXED32: 4}
MAX_VARINT_BYTES = 10


def read_message(data: memoryview, kind: Kind) -> Message:
    """Return a message's fields by name, each with its values in order.

    Raises:
        ModelError: The bytes are no such message, hold a field that is not known, or give twice
            what may stand once (readers of protobuf differ in what they make of that).
    """
    found: Message = {}
    for number, value in _fields(data, kind):
        name = kind.fields.get(number)
        if name is None:
            raise ModelError(f"ONNX file: field {number} of {kind.name} is not known.")
        if name in found and not name.endswith("*"):
            raise ModelError(f"ONNX file: {kind.name} gives {name!r} twice.")
        found.setdefault(name, []).append(value)
    return found


def _fields(data: memoryview, kind: Kind) -> Iterator[tuple[int, Value]]:
    """Yield each field's number and value; a value of bytes is a view, nothing is copied."""
    at, end = 0, len(data)
    while at < end:
        if kind.skipped is not None and (run := kind.skipped.match(data, at)):
            at = run.end()
            continue
        key, at = _varint(data, at, kind)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(data, at, kind)
            yield number, value
            continue
        if wire == BYTES:
            length, at = _varint(data, at, kind)
        elif wire in WIDTH:
            length = WIDTH[wire]
        else:
            raise ModelError(f"ONNX file: wire type {wire} in {kind.name} is not used by ONNX.")
        if length > end - at:
            raise ModelError(f"ONNX file: {kind.name} ends within a field. Is it cut off?")
        yield number, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int, kind: Kind) -> tuple[int, int]:
    """Return an unsigned number of 7 bits a byte, and where it ends."""
    value = 0
    for shift, byte in enumerate(data[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at + shift + 1
    raise ModelError(f"ONNX file: {kind.name} ends within a number. Is it cut off?")


def numbers(message: Message, field: str) -> list[int]:
    """Return a field's whole numbers, one by one or packed; negative ones as int64."""
    values: list[int] = []
    for value in message.get(field, []):
        if isinstance(value, int):
            values.append(_signed(value))
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at, TENSOR)
            values.append(_signed(number))
    return values


def _signed(value: int) -> int:
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def number(message: Message, field: str, default: int = 0) -> int:
    """Return a field's whole number, or the default if it is not there."""
    found = numbers(message, field)
    return found[-1] if found else default


def texts(message: Message, field: str) -> list[str]:
    """Return a field's texts. Raises ModelError where one is not UTF-8."""
    try:
        return [bytes(value).decode() for value in views(message, field)]
    except UnicodeDecodeError:
        raise ModelError(f"ONNX file: {field.rstrip('*')!r} is not UTF-8 text.") from None


def text(message: Message, field: str) -> str:
    """Return a field's text, or "" if it is not there."""
    found = texts(message, field)
    return found[-1] if found else ""


def views(message: Message, field: str) -> list[memoryview]:
    """Return a field's bytes. Raises ModelError where a number stands in their place."""
    values = message.get(field, [])
    found = [value for value in values if isinstance(value, memoryview)]
    if len(found) != len(values):
        raise ModelError(f"ONNX file: {field.rstrip('*')!r} is a number where bytes belong.")
    return found


def inner(message: Message, field: str, kind: Kind) -> list[Message]:
    """Return a field's messages."""
    return [read_message(view, kind) for view in views(message, field)]
