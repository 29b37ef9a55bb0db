"""JSON, NDJSON and MessagePack files: whole when small, NDJSON line by line at any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO

from telltale.errors import TooLargeError
from telltale.formats.base import Decoded
from telltale.formats.decode import decode, format_of
from telltale.formats.raw_columns import FieldNames

MAX_WHOLE_BYTES = 64 * 1024 * 1024
MAX_WHOLE_ROWS = 2_000_000
_LINES_BYTES = 4 * 1024 * 1024
_SUFFIXES = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".msgpack": "application/msgpack",
    ".mpk": "application/msgpack",
}
_NAMES = FieldNames()


def is_json(head: bytes, filename: str) -> bool:
    """Tell if this is a file of readings in JSON, NDJSON or MessagePack."""
    return _type_of(filename) != "" or format_of("", head) in ("json", "ndjson")


def _type_of(filename: str) -> str:
    name = filename.lower().removesuffix(".gz")
    return _SUFFIXES.get(PurePath(name).suffix, "")


def owner_of(head: bytes, machine: str | None, default: str) -> str | None:
    """Return whose readings a file holds; None if they say so themselves."""
    is_named = any(f'"{field}"'.encode() in head for field in _NAMES.machine)
    return machine if machine is not None or is_named else default


def read_json_file(
    file: BinaryIO,
    head: bytes,
    filename: str,
    *,
    machine: str | None,
    default: str,
    modified_ns: int,
) -> Iterator[Decoded]:
    """Yield a file's readings.

    Args:
        file: Open at its start.
        head: Its first part.
        filename: Its suffix tells the format.
        machine: Whose the readings are; None when they say so themselves.
        default: Whose they are if they do not.
        modified_ns: Time of readings that bring none.

    Raises:
        TooLargeError: One JSON document beyond MAX_WHOLE_BYTES.
        DecodeError: Not readable.
    """
    told = _type_of(filename)
    kind = format_of("" if told == "application/json" else told, head)
    owner = owner_of(head, machine, default)
    if kind == "ndjson":
        content_type = "application/x-ndjson"
        pieces: Iterator[bytes] = _lines(file)
    else:
        content_type = "application/msgpack" if kind == "msgpack" else "application/json"
        pieces = iter([_whole(file)])
    first_row = 0
    for piece in pieces:
        decoded = decode(
            piece,
            content_type=content_type,
            machine=owner,
            arrival_ns=modified_ns + first_row,
            max_rows=MAX_WHOLE_ROWS,
        )
        yield decoded.behind(first_row)
        first_row += decoded.rows + decoded.rejected_rows


def _whole(file: BinaryIO) -> bytes:
    body = file.read(MAX_WHOLE_BYTES + 1)
    if len(body) > MAX_WHOLE_BYTES:
        raise TooLargeError(
            f"One JSON document is larger than {MAX_WHOLE_BYTES} bytes. Write NDJSON: one "
            "reading a line."
        )
    return body


def _lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while block := file.read(_LINES_BYTES):
        text = rest + block
        cut = text.rfind(b"\n") + 1
        if not cut and len(text) > MAX_WHOLE_BYTES:
            raise TooLargeError(f"A line is longer than {MAX_WHOLE_BYTES} bytes. Split it.")
        rest = text[cut:]
        if text[:cut].strip():
            yield text[:cut]
    if rest.strip():
        yield rest
