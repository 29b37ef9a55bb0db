"""JSON bytes to values. Errors name the place; NaN and Infinity become values to be refused."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.numbers import NonFinite
from telltale.formats.refusals import Refusals
from telltale.formats.rows import check_rows

BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_decoder = msgspec.json.Decoder()
_BYTE = re.compile(r"\(byte (\d+)\)")
MAX_DIGITS = 1000  # far beyond float64; Python itself stops at 4,300
TOO_DEEP = "nests too deeply. Send flat readings: one number per name."


def read_json(body: bytes, what: str = "The body") -> Any:  # Any: JSON
    """Return the value that JSON bytes hold.

    Args:
        body: The bytes, UTF-8.
        what: Names the input in errors.

    Raises:
        TooLargeError: Nested beyond what the parser bears.
        DecodeError: Not JSON; the message names the byte.
    """
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise TooLargeError(f"{what} {TOO_DEEP}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _with_tokens(body, what, error)


def _with_tokens(body: bytes, what: str, error: Exception) -> Any:  # Any: JSON
    """Read JSON that holds NaN, Infinity or a number beyond float64, as some writers send it."""
    if b"NaN" in body or b"Infinity" in body or "out of range" in str(error):
        try:
            return json.loads(body, parse_constant=NonFinite, parse_int=_integer)
        except RecursionError:
            raise TooLargeError(f"{what} {TOO_DEEP}") from None
        except ValueError:  # also UnicodeDecodeError: the first error says it better
            pass
    if body.startswith(UTF16_BOMS) or b"\x00" in body[:4]:
        raise DecodeError(f"{what} is written in UTF-16. Save or send it as UTF-8.") from None
    raise DecodeError(f"{what} is not JSON: {_place(body, error)}") from None


def _integer(text: str) -> int | float:
    """Return an integer; one that Python refuses to read is infinite, and refused by itself."""
    return int(text) if len(text) <= MAX_DIGITS else float(text)


def _place(body: bytes, error: Exception) -> str:
    text = str(error).removeprefix("JSON is malformed: ")
    match = _BYTE.search(text)
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8. Send UTF-8 text."
    if match is None:
        return f"it ends at byte {len(body)}, too early. Send it whole."
    at = int(match.group(1))
    near = body[max(0, at - 12) : at + 12].decode("utf-8", "replace")
    return (
        f"{text[: match.start()].strip()} at byte {at}, near {near!r}. "
        "Mend it there; names and texts go in double quotes, without a comma before a bracket."
    )


def read_lines(
    body: bytes, refusals: Refusals, max_rows: int
) -> tuple[list[Any], list[int] | None]:
    """Read NDJSON: one value a line. A broken line costs only itself.

    Returns:
        The values, and the number of each one's line (None: 0, 1, 2 ...).

    Raises:
        TooLargeError: More lines than max_rows.
    """
    check_rows(body.count(b"\n"), max_rows)
    if body.startswith(UTF16_BOMS):  # each half line would be refused by itself
        raise DecodeError("The lines are written in UTF-16. Save or send them as UTF-8.")
    try:
        return _decoder.decode_lines(body), None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _line_by_line(body, refusals)


def _line_by_line(body: bytes, refusals: Refusals) -> tuple[list[Any], list[int]]:
    values: list[Any] = []
    numbers: list[int] = []
    for i, line in enumerate(body.splitlines()):
        if not line.strip():
            continue
        try:
            values.append(read_json(line, f"Line {i + 1}"))
            numbers.append(i)
        except DecodeError as error:
            said = line[:200].decode("utf-8", "replace")
            refusals.row(i, said, "one JSON object", str(error))
    return values, numbers
