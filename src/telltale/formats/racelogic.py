"""Racelogic's VBO: sections of text, GPS time of the day, positions in minutes of arc.

Source: Racelogic support, "VBO file format": longitude counts to the west.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import tzinfo

from telltale.errors import DecodeError
from telltale.formats.csv_dialect import Dialect
from telltale.formats.logger_table import Fix, LoggerTable, unique_names
from telltale.formats.times import text_to_ns

_UNITS = {
    "lat": "deg", "long": "deg", "velocity": "km/h", "heading": "deg", "height": "m",
    "vert-vel": "km/h",
}  # fmt: skip


def table_of_vbo(lines: Sequence[str], encoding: str, zone: tzinfo) -> LoggerTable:
    """Return the table of a VBO file. Raises DecodeError if it names no columns or no time."""
    at = lines.index("[data]")
    if "[column names]" not in lines:
        raise DecodeError("The VBO file names no columns. Save it again from Racelogic's software.")
    names = unique_names(lines[lines.index("[column names]") + 1].split())
    if "time" not in names:
        raise DecodeError("The VBO file has no column 'time'. Save it with its GPS time.")
    units = {name: unit for name, unit in _UNITS.items() if name in names}
    if "[channel units]" in lines:  # of the channels after those that every file has
        begin = lines.index("[channel units]") + 1
        given = [line.strip() for line in lines[begin : lines.index("", begin)]]
        units |= dict(zip(names[len(names) - len(given) :], given, strict=False))
    match = re.search(r"(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})", lines[0])
    start_ns = None
    with suppress(DecodeError):
        start_ns = text_to_ns(match[1], zone, day_first=True) if match else None
    fixes: dict[str, Fix] = {"time": _clock, "lat": _degrees, "long": _degrees_east}
    dialect = Dialect(encoding, " ", ".", names, units, at + 1)
    return LoggerTable("Racelogic VBO", dialect, "time", start_ns, fixes)


def _clock(text: str) -> str:
    """Return "101234.50" as "10:12:34.50"."""
    whole, dot, part = text.strip().partition(".")
    whole = whole.zfill(6)
    return f"{whole[:-4]}:{whole[-4:-2]}:{whole[-2:]}{dot}{part}"


def _degrees(text: str) -> str:
    """Return minutes of arc as degrees."""
    try:
        return repr(round(float(text) / 60.0, 9))
    except ValueError:
        return text


def _degrees_east(text: str) -> str:
    """Return minutes of arc, which the file counts to the west, as degrees east."""
    try:
        return repr(round(-float(text) / 60.0, 9))
    except ValueError:
        return text
