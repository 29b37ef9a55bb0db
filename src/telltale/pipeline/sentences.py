"""Numbers and durations as people read them, for the messages of events."""

from __future__ import annotations

import numpy as np

MAX_DECIMALS = 9


def limit_text(limit: float) -> str:
    """Return a limit as it was written: 7.1, 85, 0.05."""
    return np.format_float_positional(limit, trim="-")


def value_text(value: float, decimals: int, limit: float) -> str:
    """Return a value with its decimals; with more where it would read like the limit itself."""
    text = f"{value:.{decimals}f}"
    while float(text) == limit and value != limit and decimals < MAX_DECIMALS:
        decimals += 1
        text = f"{value:.{decimals}f}"
    return text


def duration_text(duration_s: float) -> str:
    """Return a duration in at most two units: 0.4 s, 12 s, 14 min, 2 h 5 min, 3 d 4 h."""
    if duration_s < 10.0:
        return f"{duration_s:.1f} s"
    if duration_s < 90.0:
        return f"{duration_s:.0f} s"
    minutes = round(duration_s / 60.0)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
