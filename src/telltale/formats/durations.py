"""Clock times and durations such as "14:15:46.020" and "1:23.456", to nanoseconds."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

import numpy as np

from telltale.batch import NS_PER_S, IntArray
from telltale.errors import DecodeError
from telltale.formats.times import fraction_ns, text_to_ns
from telltale.formats.unix_times import NOT_A_TIME

_DURATION = re.compile(r"([+-]?)(?:(\d{1,6}):)?(\d{1,6}):(\d\d)(?:[.,](\d+))?")


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
    total_ns = total_s * NS_PER_S + fraction_ns(fraction)
    return -total_ns if sign == "-" else total_ns
