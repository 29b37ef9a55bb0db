"""Times as people and machines write them, to int64 UTC nanoseconds. Columns go as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import numpy as np

from telltale.batch import NS_PER_S, BoolArray, ByteArray, IntArray
from telltale.errors import DecodeError
from telltale.formats.base import shown
from telltale.formats.unix_times import (
    EXPECTED,
    LAST_NS,
    NOT_A_TIME,
    UNIX_FROM,
    number_to_ns,
    numbers_to_ns,
)

GIVE_TIME = f"Give {EXPECTED}."
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the zone is applied by the caller

_CLOCK = r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(AM|PM|am|pm)?"
_ZONE = r"\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
_YEAR_FIRST = re.compile(
    r"(\d{4})([-/.]?)(\d\d)\2(\d\d)(?:[T _]+(?:" + _CLOCK + r"|(\d\d)(\d\d)(\d\d)))?" + _ZONE
)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:,?[T ]+" + _CLOCK + r")?" + _ZONE)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_UNIX = re.compile(r"\d{9,19}(\.\d*)?")
_PLAIN_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?Z?")
_CENTURIES = [256 * a + b for a, b in (b"19", b"20")]  # int64 nanoseconds reach 1678 to 2262


def texts_to_ns(
    texts: Sequence[str], zone: tzinfo = UTC, *, day_first: bool | None = None
) -> IntArray:
    """Return written times as nanoseconds.

    Args:
        texts: Shape (n,).
        zone: Of texts without one.
        day_first: Whether dates such as 03/04/2026 begin with the day; None lets them tell.

    Returns:
        Shape (n,); `NOT_A_TIME` where a text is empty or is no time.
    """
    fast = _plain_iso_to_ns(texts, zone)
    if fast is None:
        fast = _plain_numbers_to_ns(texts)
    if fast is not None:
        return fast
    if day_first is None:
        day_first = told_day_first(texts)
    time_ns = np.empty(len(texts), dtype=np.int64)
    for i, text in enumerate(texts):
        try:
            time_ns[i] = text_to_ns(text, zone, day_first=day_first)
        except DecodeError:
            time_ns[i] = NOT_A_TIME
    return time_ns


def _plain_numbers_to_ns(texts: Sequence[str]) -> IntArray | None:
    """Read a column of Unix numbers at once; None when it is not all like that."""
    if not texts or not _UNIX.fullmatch(texts[0]) or "_" in "".join(texts):
        return None
    try:
        if all(map(str.isdigit, texts)):
            whole = np.array(list(map(int, texts)), dtype=np.int64)
            return numbers_to_ns(whole) if whole.min() >= UNIX_FROM else None
        numbers = np.array(list(map(float, texts)))
    except (ValueError, OverflowError):
        return None
    return numbers_to_ns(numbers) if bool(np.all(numbers >= UNIX_FROM)) else None


def _plain_iso_to_ns(texts: Sequence[str], zone: tzinfo) -> IntArray | None:
    """Read a column of "2026-01-31 14:05:00.123[Z]" at once; None when it is not all like that."""
    if not texts or not _PLAIN_ISO.fullmatch(texts[0]):
        return None
    try:
        column = np.array(texts, dtype=np.bytes_)
        chars = column.view(np.uint8).reshape(len(texts), column.dtype.itemsize)
        is_z = chars == ord("Z")
        if not _is_plain_iso(chars, is_z):
            return None
        chars[is_z] = 0
        # datetime64 reads text only from str; it would take a stray "now", hence the check above
        time_ns: IntArray = column.astype(np.str_).astype("datetime64[ns]").astype(np.int64)
    except (ValueError, UnicodeEncodeError):
        return None
    return time_ns if zone is UTC or bool(is_z.any()) else _from_local(time_ns, zone)


def _is_plain_iso(chars: ByteArray, is_z: BoolArray) -> bool:
    if chars.shape[1] < 19:
        return False
    marks = {4: b"-", 7: b"-", 10: b"T ", 13: b":", 16: b":"}
    shape = all(bool(np.isin(chars[:, i], list(mark)).all()) for i, mark in marks.items())
    is_digit = (chars >= ord("0")) & (chars <= ord("9"))
    tail = chars[:, 19:]
    tail_ok = (is_digit | is_z)[:, 19:] | (tail == ord(".")) | (tail == 0)
    n_z = int(is_z.sum())
    century = chars[:, 0].astype(np.int64) * 256 + chars[:, 1]
    year_ok = bool(np.isin(century, _CENTURIES).all())
    digits_ok = bool(is_digit[:, [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]].all())
    return shape and bool(tail_ok.all()) and digits_ok and year_ok and n_z in (0, len(chars))


def _from_local(local_ns: IntArray, zone: tzinfo) -> IntArray:
    """Return UTC of wall-clock times; each quarter of an hour is looked up once."""
    quarter, which = np.unique(local_ns // (900 * NS_PER_S), return_inverse=True)
    offsets_ns = np.array([_offset_ns(int(q) * 900, zone) for q in quarter], dtype=np.int64)
    time_ns: IntArray = local_ns - offsets_ns[which]
    return time_ns


def _offset_ns(local_s: int, zone: tzinfo) -> int:
    try:
        offset = zone.utcoffset((_EPOCH + timedelta(seconds=local_s)).replace(tzinfo=zone))
    except OverflowError:
        return 0
    return int((offset or timedelta()) / timedelta(microseconds=1)) * 1000


def told_day_first(texts: Sequence[str]) -> bool | None:
    """Return whether dates begin with the day, where one of them can only be read so; else None."""
    found: set[bool] = set()
    for text in texts:
        if match := _YEAR_LAST.match(text.strip()):
            first, second = int(match.group(1)), int(match.group(3))
            if (first > 12) != (second > 12):
                found.add(first > 12)
    return found.pop() if len(found) == 1 else None


def usual_day_first(texts: Sequence[str]) -> tuple[bool, str] | None:
    """Return whether a date that may be read both ways usually begins with its day, and the date.

    Slashes are written mostly where the month comes first, dots and dashes where the day does.
    None if there is no such date.
    """
    for text in texts:
        if match := _YEAR_LAST.match(text.strip()):
            return match.group(2) != "/", text.strip()[: match.end(4)]
    return None


def date_order_note(texts: Sequence[str], column: str) -> str | None:
    """Return how a column's dates are read if they may be read in two ways; else None."""
    usual = usual_day_first(texts)
    if usual is None or told_day_first(texts) is not None:
        return None
    is_day, date = usual
    if "." in date:  # nobody writes them with the month first
        return None
    order, other = ("day", "month") if is_day else ("month", "day")
    return (
        f"Dates such as {shown(date)!r} in {column!r} may begin with the day or with the month: "
        f"the {order} is taken, as is usual with {'dashes' if is_day else 'slashes'}. "
        f"Say '{other} first' if that is wrong, or write them like 2026-01-31."
    )


def text_to_ns(text: str, zone: tzinfo = UTC, *, day_first: bool | None = None) -> int:
    """Return one written time as nanoseconds; without a zone it is in `zone`.

    Takes ISO 8601 in its basic and extended forms, a space for the T, "5/17/2025 5:40:16 PM",
    "17.05.2025 17:40", Unix numbers. `day_first` None reads a date as it can only be read, else
    as is usual.

    Raises:
        DecodeError: The text is none of these.
    """
    text = text.strip()[:80]
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            year, _, month, day, *clock, hour, minute, second, offset = match.groups()
            if hour:
                clock = [hour, minute, second, None, None]
            return _civil_ns((year, month, day), clock, offset, zone)
        if match := _YEAR_LAST.fullmatch(text):
            first, mark, second, year, *clock, offset = match.groups()
            if day_first is None:
                day_first = int(second) <= 12 and (mark != "/" or int(first) > 12)
            month, day = (second, first) if day_first else (first, second)
            return _civil_ns((year, month, day), clock, offset, zone)
        if _NUMBER.fullmatch(text):
            return number_to_ns(float(text) if re.search(r"[.eE]", text) else int(text))
    except (ValueError, OverflowError):
        pass
    raise DecodeError(f"{shown(text)!r} is not a time. Send {EXPECTED}.")


def _civil_ns(
    date: tuple[str, str, str], clock: Sequence[str | None], offset: str | None, zone: tzinfo
) -> int:
    hour, minute, second, fraction, half = clock
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError(hours)
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    leap = second == "60"  # a leap second is the next minute's first
    year, month, day = map(int, date)
    local = datetime(year, month, day, hours, int(minute or 0), 59 if leap else int(second or 0))  # noqa: DTZ001
    zone = _fixed_zone(offset) if offset else zone
    since = local.replace(tzinfo=zone) - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86400 + since.seconds + leap
    return _bounded(seconds * NS_PER_S + since.microseconds * 1000 + fraction_ns(fraction))


def _fixed_zone(offset: str) -> tzinfo:
    if offset[0] not in "+-":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if offset[0] == "-" else shift)


def fraction_ns(digits: str | None) -> int:
    """Return the digits behind a second's decimal sign as nanoseconds."""
    return int((digits or "0")[:9].ljust(9, "0"))


def _bounded(time_ns: int) -> int:
    if abs(time_ns) > LAST_NS:
        raise ValueError(time_ns)
    return time_ns


def values_to_ns(values: Sequence[Any], zone: tzinfo = UTC) -> IntArray:  # Any: as the feed sent it
    """Return times of any form as nanoseconds.

    Returns:
        Shape (n,); `NOT_A_TIME` where a value is missing or is no time.
    """
    kinds = set(map(type, values))
    if kinds == {float}:
        return numbers_to_ns(np.array(values, dtype=np.float64))
    if kinds == {int}:
        try:
            return numbers_to_ns(np.array(values, dtype=np.int64))
        except OverflowError:
            pass  # one of them is beyond int64: find out which
    if kinds == {str}:
        return texts_to_ns(values, zone)
    return np.array([_value_to_ns(value, zone) for value in values], dtype=np.int64)


def _value_to_ns(value: Any, zone: tzinfo) -> int:  # Any: as the feed sent it
    try:
        if type(value) in (int, float):
            return number_to_ns(value)
        if isinstance(value, str):
            return text_to_ns(value, zone)
        if isinstance(value, datetime):
            since = value.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            return since // timedelta(microseconds=1) * 1000
    except (DecodeError, OverflowError):
        pass
    return NOT_A_TIME
