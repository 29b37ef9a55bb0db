"""Times as people and machines write them, to int64 UTC nanoseconds. Columns go as a whole.

A number's unit is told by its size: below 1e11 seconds, below 1e14 milliseconds, below 1e17
microseconds, else nanoseconds. Each of these reads as a year from 1973 to 5138, so no present
time is ambiguous. An integer keeps every digit; a float holds no more than about a quarter of a
microsecond, so it is rounded to whole microseconds.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import numpy as np

from telltale.batch import NS_PER_S, BoolArray, ByteArray, FloatArray, IntArray
from telltale.errors import DecodeError
from telltale.formats.base import shown

NOT_A_TIME = np.iinfo(np.int64).min  # also numpy's own NaT
MS_FROM, US_FROM, NS_FROM = 10**11, 10**14, 10**17
EXPECTED = "Unix s, ms, us or ns, or ISO 8601 such as 2026-01-31T14:05:00Z"
GIVE_TIME = f"Give {EXPECTED}."
_LAST_NS = 2**63 - 1
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  the zone is applied by the caller

_CLOCK = r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(AM|PM|am|pm)?"
_ZONE = r"\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
_YEAR_FIRST = re.compile(
    r"(\d{4})([-/.]?)(\d\d)\2(\d\d)(?:[T _]+(?:" + _CLOCK + r"|(\d\d)(\d\d)(\d\d)))?" + _ZONE
)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:,?[T ]+" + _CLOCK + r")?" + _ZONE)
_DURATION = re.compile(r"([+-]?)(?:(\d{1,6}):)?(\d{1,6}):(\d\d)(?:[.,](\d+))?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_UNIX = re.compile(r"\d{9,19}(\.\d*)?")
_UNIX_FROM = 100_000_000  # shorter ones may be dates without dashes
_PLAIN_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?Z?")
_CENTURIES = [256 * a + b for a, b in (b"19", b"20")]  # int64 nanoseconds reach 1678 to 2262


def numbers_to_ns(values: IntArray | FloatArray) -> IntArray:
    """Return Unix times of any of the four units as nanoseconds.

    Args:
        values: Shape (n,), int64 or float64.

    Returns:
        Shape (n,); `NOT_A_TIME` where the value is NaN, infinite or beyond the year 2262.
    """
    if values.dtype == np.int64:
        return _integers_to_ns(values.astype(np.int64, copy=False))
    size = np.abs(values)
    scale_us = np.select(
        [size < MS_FROM, size < US_FROM, size < NS_FROM], [1e6, 1e3, 1.0], default=1e-3
    )
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.floor(values)
        # The whole part is scaled apart from the fraction, which keeps it exact.
        time_us = np.rint(whole * scale_us) + np.rint((values - whole) * scale_us)
    good = np.isfinite(time_us) & (np.abs(time_us) < _LAST_NS / 1000)
    time_ns: IntArray = np.where(good, time_us, 0.0).astype(np.int64) * 1000
    time_ns[~good] = NOT_A_TIME
    return time_ns


def _integers_to_ns(values: IntArray) -> IntArray:
    size = np.abs(values)
    if len(values) and bool(size.min() >= NS_FROM):
        return values.copy()
    scale = np.select(
        [size < MS_FROM, size < US_FROM, size < NS_FROM], [NS_PER_S, 10**6, 10**3], default=1
    )
    time_ns: IntArray = values * scale
    beyond = (size > _LAST_NS // scale) | (values == NOT_A_TIME)  # abs() of that one overflows
    time_ns[beyond] = NOT_A_TIME
    return time_ns


def texts_to_ns(texts: Sequence[str], zone: tzinfo = UTC) -> IntArray:
    """Return written times as nanoseconds; a text without a zone is in `zone`.

    Returns:
        Shape (n,); `NOT_A_TIME` where a text is empty or is no time.
    """
    fast = _plain_iso_to_ns(texts, zone)
    if fast is None:
        fast = _plain_numbers_to_ns(texts)
    if fast is not None:
        return fast
    time_ns = np.empty(len(texts), dtype=np.int64)
    for i, text in enumerate(texts):
        try:
            time_ns[i] = text_to_ns(text, zone)
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
            return numbers_to_ns(whole) if whole.min() >= _UNIX_FROM else None
        numbers = np.array(list(map(float, texts)))
    except (ValueError, OverflowError):
        return None
    return numbers_to_ns(numbers) if bool(np.all(numbers >= _UNIX_FROM)) else None


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


def text_to_ns(text: str, zone: tzinfo = UTC) -> int:
    """Return one written time as nanoseconds; without a zone it is in `zone`.

    Takes ISO 8601 in its basic and extended forms, a space for the T, "5/17/2025 5:40:16 PM"
    (month first unless the first number is above 12), "17.05.2025 17:40", Unix numbers.

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
            day_first = mark != "/" or int(first) > 12
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
    return _bounded(seconds * NS_PER_S + since.microseconds * 1000 + _fraction_ns(fraction))


def _fixed_zone(offset: str) -> tzinfo:
    if offset[0] not in "+-":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if offset[0] == "-" else shift)


def _fraction_ns(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))


def _bounded(time_ns: int) -> int:
    if abs(time_ns) > _LAST_NS:
        raise ValueError(time_ns)
    return time_ns


def number_to_ns(value: float) -> int:
    """Return one Unix time in s, ms, us or ns as nanoseconds. Raises DecodeError."""
    try:
        if isinstance(value, int):
            time_ns = int(numbers_to_ns(np.array([value], dtype=np.int64))[0])
        else:
            time_ns = int(numbers_to_ns(np.array([value], dtype=np.float64))[0])
    except OverflowError:
        time_ns = NOT_A_TIME
    if time_ns == NOT_A_TIME:
        raise DecodeError(f"{shown(value)} is not a time. Send {EXPECTED}.")
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


def durations_to_ns(texts: Sequence[str]) -> IntArray:
    """Return "1:23.456", "14:15:46.020" and the like as nanoseconds; else `NOT_A_TIME`."""
    return np.array([_duration_ns(text) for text in texts], dtype=np.int64)


def times_of_day_to_ns(texts: Sequence[str]) -> IntArray:
    """Return clock times, "14:15:46.020" or "2:15:46 PM", as nanoseconds since midnight."""
    time_ns = durations_to_ns(texts)
    for i in np.flatnonzero(time_ns == NOT_A_TIME):
        text = texts[int(i)]
        if text.strip()[-1:] in ("M", "m"):
            with contextlib.suppress(DecodeError):
                time_ns[i] = text_to_ns(f"1970-01-01 {text.strip()}")
    return time_ns


def _duration_ns(text: str) -> int:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return NOT_A_TIME
    sign, hours, minutes, seconds, fraction = match.groups()
    total_s = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    total_ns = total_s * NS_PER_S + _fraction_ns(fraction)
    return -total_ns if sign == "-" else total_ns
