"""Unix times in seconds, ms, us or ns, to int64 UTC nanoseconds.

A number's unit is told by its size: below 1e11 seconds, below 1e14 milliseconds, below 1e17
microseconds, else nanoseconds. Each of these reads as a year from 1973 to 5138, so no present
time is ambiguous. An integer keeps every digit; a float holds no more than about a quarter of a
microsecond, so it is rounded to whole microseconds.
"""

from __future__ import annotations

import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.errors import DecodeError
from telltale.formats.base import shown

NOT_A_TIME = np.iinfo(np.int64).min  # also numpy's own NaT
MS_FROM, US_FROM, NS_FROM = 10**11, 10**14, 10**17
EXPECTED = "Unix s, ms, us or ns, or ISO 8601 such as 2026-01-31T14:05:00Z"
UNIX_FROM = 100_000_000  # 1973; a smaller number counts from elsewhere, or is a date
LAST_NS = 2**63 - 1


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
    good = np.isfinite(time_us) & (np.abs(time_us) < LAST_NS / 1000)
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
    beyond = (size > LAST_NS // scale) | (values == NOT_A_TIME)  # abs() of that one overflows
    time_ns[beyond] = NOT_A_TIME
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
