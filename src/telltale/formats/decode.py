"""The one door for readings that arrive as bytes: JSON, NDJSON, MessagePack and CSV bodies."""

from __future__ import annotations

from collections.abc import Mapping

from telltale.errors import DecodeError
from telltale.formats.assemble import to_decoded
from telltale.formats.base import Decoded, shown
from telltale.formats.datagrams import decode_datagrams
from telltale.formats.fast_columns import read_columns
from telltale.formats.fast_rows import LEAST_ROWS_BYTES, read_rows
from telltale.formats.json_text import BOM, UTF16_BOMS, read_json, read_lines
from telltale.formats.msgpack_body import read_msgpack
from telltale.formats.raw_columns import FieldNames, RawColumns
from telltale.formats.refusals import Refusals
from telltale.formats.rows import check_columns, check_rows, columns_to_raw, is_columns, rows_to_raw
from telltale.formats.telegraf_json import decode_telegraf, is_telegraf

__all__ = ["CONTENT_TYPES", "FieldNames", "decode", "decode_datagrams", "format_of"]

MAX_ROWS = 200_000
MAX_COLUMNS = 1_000
PLAIN_NAMES = FieldNames()

CONTENT_TYPES: Mapping[str, str] = {
    "application/json": "json",
    "text/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/json-lines": "ndjson",
    "application/msgpack": "msgpack",
    "application/x-msgpack": "msgpack",
    "application/vnd.msgpack": "msgpack",
    "text/csv": "csv",
    "application/csv": "csv",
}
_UNTOLD = ("", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded")


def decode(
    body: bytes,
    *,
    content_type: str,
    machine: str | None,
    arrival_ns: int,
    max_rows: int = MAX_ROWS,
    max_columns: int = MAX_COLUMNS,
    names: FieldNames = PLAIN_NAMES,
) -> Decoded:
    """Decode one body of readings.

    Args:
        body: Bytes, already unpacked.
        content_type: As the client named it; the bytes decide when it says nothing.
        machine: Whose readings these are; None when each row names its machine.
        arrival_ns: Time of rows that bring none; the i-th of them gets arrival_ns + i.
        max_rows: Beyond it nothing is read.
        max_columns: Likewise.
        names: Which fields are the time and the machine.

    Returns:
        One batch per machine; what was refused beside it, with reasons.

    Raises:
        TooLargeError: More rows, columns or nesting than allowed.
        DecodeError: The body as a whole is not what it claims to be.
    """
    kind = format_of(content_type, body)
    refusals = Refusals()
    units: Mapping[str, str] = {}
    if kind == "csv":
        from telltale.formats.csv_body import decode_csv  # noqa: PLC0415  seldom needed

        return decode_csv(
            body,
            machine=machine,
            arrival_ns=arrival_ns,
            max_rows=max_rows,
            max_columns=max_columns,
        )
    raw = None
    if kind == "json" and body.lstrip()[:1] == b"{" and b'"fields"' in body:
        value = read_json(body.removeprefix(BOM))
        if is_telegraf(value):
            return decode_telegraf(value, machine=machine, arrival_ns=arrival_ns)
    if kind == "json" and len(body) >= LEAST_ROWS_BYTES:
        raw = read_rows(body, names, max_rows)
    elif kind == "msgpack" and len(body) >= LEAST_ROWS_BYTES:
        raw = read_columns(body, names, max_rows)
    if raw is None:
        raw, units = _parsed(kind, body, names, refusals, max_rows)
    check_columns(len(raw.values), max_columns)
    return to_decoded(raw, machine=machine, arrival_ns=arrival_ns, refusals=refusals, units=units)


def format_of(content_type: str, body: bytes) -> str:
    """Return json, ndjson, msgpack or csv. Raises DecodeError for a type that is none of them."""
    told = content_type.partition(";")[0].strip().lower()
    if told in CONTENT_TYPES:
        return CONTENT_TYPES[told]
    if told not in _UNTOLD:
        raise DecodeError(
            f"Content-Type {shown(told)!r} is unknown. Send application/json, "
            "application/x-ndjson, application/msgpack or text/csv."
        )
    return _sniffed(body)


def _sniffed(body: bytes) -> str:
    if body.startswith(UTF16_BOMS):  # so that JSON in it is named; CSV in it is read
        body = body[:4096].decode("utf-16", "ignore").encode()
    text = body[:4096].removeprefix(BOM).lstrip()
    if text[:1] == b"[":
        return "json"
    if text[:1] == b"{":
        first, newline, rest = text.partition(b"\n")
        lines = newline and first.rstrip().endswith(b"}") and rest.lstrip()[:1] == b"{"
        return "ndjson" if lines else "json"
    # MessagePack: a map or a list starts with 0x80-0x9f or 0xdc-0xdf, which starts no text.
    is_packed = bool(body) and (0x80 <= body[0] <= 0x9F or 0xDC <= body[0] <= 0xDF)
    return "msgpack" if is_packed else "csv"


def _parsed(
    kind: str, body: bytes, names: FieldNames, refusals: Refusals, max_rows: int
) -> tuple[RawColumns, Mapping[str, str]]:
    """Read a body on the plain path, and the units that came with it."""
    if not body.strip():
        raise DecodeError("The body is empty. Send at least one reading.")
    if kind == "ndjson":
        rows, row_numbers = read_lines(body, refusals, max_rows)
        return rows_to_raw(rows, names, refusals, row_numbers), {}
    value = read_msgpack(body) if kind == "msgpack" else read_json(body.removeprefix(BOM))
    if isinstance(value, list):
        check_rows(len(value), max_rows)
        return rows_to_raw(value, names, refusals), {}
    if isinstance(value, dict) and is_columns(value, names):
        raw, units = columns_to_raw(value, names)
        check_rows(raw.n, max_rows)
        return raw, units
    return rows_to_raw([value], names, refusals), {}
