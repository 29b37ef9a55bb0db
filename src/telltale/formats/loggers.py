"""Text logs of lap timers and phone apps: what stands before their rows, and how they count.

Sources: the programs' own exports: Torque (trackLog), RaceChrono (CSV v2 and v3), RaceCapture,
MoTeC i2 and AiM Race Studio (CSV).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import tzinfo

from telltale.errors import DecodeError
from telltale.formats.csv_dialect import Dialect, split_line
from telltale.formats.logger_table import LoggerTable, unique_names
from telltale.formats.racelogic import table_of_vbo
from telltale.formats.times import text_to_ns
from telltale.formats.unix_times import MS_FROM
from telltale.units import unit_id

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_MONTH = re.compile(r"(\d{1,2})-([A-Za-z]{3})[a-z]*\.?-(\d{4}) (.+)")
_LONG_DATE = re.compile(r"(?:\w+,\s*)?([A-Za-z]{3})[a-z]*\.? (\d{1,2}), (\d{4})")
_RACECAPTURE = re.compile(r'"([^"]*)"\|"([^"]*)"\|[^|,]*\|[^|,]*\|[^|,]*')
_UNIT_IN_NAME = re.compile(r"(.*?)\s*\(([^()]*)\)\s*")
_TORQUE_UNITS = {"Meters/second": "m/s", "°": "deg"}


def table_of_logger(
    head: bytes, zone: tzinfo, *, day_first: bool | None = None
) -> LoggerTable | None:
    """Return the table of a log that one of the loggers wrote; None if it is none of theirs.

    Raises:
        DecodeError: It is one, and its table is not there.
    """
    encoding = "utf-8"
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = "utf-8" if error.start >= len(head) - 4 else "latin-1"
        text = head.decode(encoding, "ignore")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = lines[0].lstrip()
    if first.startswith("GPS Time") and "Device Time" in first:
        return _torque(lines, encoding)
    if first.startswith("This file is created using RaceChrono"):
        return _racechrono(lines, encoding)
    if _RACECAPTURE.match(first):
        return _racecapture(lines, encoding)
    if re.match(r'"?Format"?,"?(MoTeC|AiM) CSV File', first):
        return _motec_or_aim(lines, encoding, zone, day_first=day_first)
    if "[header]" in lines[:20] and "[data]" in lines:
        return table_of_vbo(lines, encoding, zone)
    return None


def _torque(lines: Sequence[str], encoding: str) -> LoggerTable:
    names, units = _named(lines[0].split(","))
    dialect = Dialect(encoding, ",", ".", names, units, 1)
    return LoggerTable("Torque log", dialect, "Device Time", fixes={"Device Time": _iso})


def _iso(text: str) -> str:
    """Return "13-Jun-2014 18:51:34.123" as ISO 8601; anything else as it is."""
    match = _DAY_MONTH.fullmatch(text.strip())
    if match is None or match[2].lower() not in _MONTHS:
        return text
    month = _MONTHS.index(match[2].lower()) + 1
    return f"{match[3]}-{month:02d}-{int(match[1]):02d} {match[4]}"


def _racechrono(lines: Sequence[str], encoding: str) -> LoggerTable:
    at = next((i for i, line in enumerate(lines) if _is_racechrono_header(line)), None)
    if at is None:
        raise DecodeError("The RaceChrono file has no table. Export the session again as CSV.")
    cells = split_line(lines[at], ",")
    if cells[0].strip() != "timestamp":
        names, units = _named(cells)
        return LoggerTable(
            "RaceChrono CSV v2", Dialect(encoding, ",", ".", names, units, at + 1), "Timestamp"
        )
    told = [split_line(line, ",") for line in lines[at + 1 : at + 3]]
    units_row, sources = [row + [""] * (len(cells) - len(row)) for row in told]
    twice = {name for name in cells if cells.count(name) > 1}
    full = [
        f"{name} {source.rpartition(':')[2].strip()}".strip() if name in twice else name
        for name, source in zip(cells, sources, strict=False)
    ]
    names = unique_names(full)
    units = dict(zip(names, (unit.strip() for unit in units_row), strict=False))
    return LoggerTable(
        "RaceChrono CSV v3", Dialect(encoding, ",", ".", names, units, at + 3), "timestamp"
    )


def _is_racechrono_header(line: str) -> bool:
    return line.startswith("timestamp,") or (line.count(",") > 3 and "Timestamp (s)" in line)


def _racecapture(lines: Sequence[str], encoding: str) -> LoggerTable:
    found = _RACECAPTURE.findall(lines[0])
    names = unique_names([name for name, _ in found])
    units = {name: unit for name, (_, unit) in zip(names, found, strict=True) if unit}
    dialect = Dialect(encoding, ",", ".", names, units, 1)
    has_date = "Utc" in names and any(
        _number(cells[names.index("Utc")]) >= MS_FROM
        for cells in (line.split(",") for line in lines[1:200])
        if len(cells) == len(names)
    )
    return LoggerTable("RaceCapture log", dialect, "Utc" if has_date else "Interval")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _motec_or_aim(
    lines: Sequence[str], encoding: str, zone: tzinfo, *, day_first: bool | None
) -> LoggerTable:
    rows = [split_line(line, ",") for line in lines[:200]]
    gap = next((i for i, row in enumerate(rows) if not "".join(row).strip()), len(rows))
    told = {row[0]: row[1].strip() for row in rows[:gap] if len(row) > 1}
    at = next((i for i in range(gap, len(rows)) if "".join(rows[i]).strip()), None)
    if at is None or at + 1 >= len(rows):
        raise DecodeError("The log has a head and no table. Export it again, with its channels.")
    names = unique_names([cell.strip() for cell in rows[at]])
    units = {name: unit for name, unit in zip(names, rows[at + 1], strict=False) if unit}
    is_motec = "MoTeC" in lines[0]
    date, time = (told.get("Log Date"), told.get("Log Time")) if is_motec else (
        _long_date(told.get("Date", "")), told.get("Time"))  # fmt: skip
    start_ns = None
    with suppress(DecodeError):
        first = True if is_motec and day_first is None else day_first
        start_ns = text_to_ns(f"{date} {time}", zone, day_first=first)
    dialect = Dialect(encoding, ",", ".", names, units, at + 2)
    return LoggerTable("MoTeC CSV" if is_motec else "AiM CSV", dialect, names[0], start_ns=start_ns)


def _long_date(text: str) -> str:
    """Return "Sunday, September 26, 2010" as ISO 8601; anything else as it is."""
    match = _LONG_DATE.fullmatch(text.strip())
    if match is None or match[1].lower() not in _MONTHS:
        return text
    return f"{match[3]}-{_MONTHS.index(match[1].lower()) + 1:02d}-{int(match[2]):02d}"


def _named(cells: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Take the units in brackets out of names; a column whose name is there already keeps its."""
    bare: list[str] = []
    units: dict[str, str] = {}
    for cell in map(str.strip, cells):
        match = _UNIT_IN_NAME.fullmatch(cell)
        unit = _TORQUE_UNITS.get(match[2], match[2]) if match else ""
        is_unit = match is not None and unit_id(unit) is not None
        name = match[1] if match and is_unit else cell
        bare.append(name if name not in bare else cell)
        if is_unit:
            units[bare[-1]] = unit
    return unique_names(bare), units
