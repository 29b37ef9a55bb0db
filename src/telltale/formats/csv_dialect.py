"""How a CSV file is written: encoding, delimiter, decimal sign, header and unit row."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from telltale.errors import DecodeError
from telltale.formats.text_numbers import is_missing, may_be_grouped, number_of

HEAD_BYTES = 256 * 1024
MAX_COLUMNS = 4096
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_UNIT_IN_NAME = re.compile(r"^(.*?)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]\s*$")
_UNIT = re.compile(r"[A-Za-z°µμΩ%/²³·*^0-9 ._\-()\[\]]{0,16}")
_DATE_LIKE = re.compile(r"\d{1,4}[-/.:]\d{1,2}[-/.:]\d{1,4}.*|\d{1,3}:\d\d(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What `sniff` found out.

    Attributes:
        encoding: Python's name of it.
        delimiter, decimal: One character each.
        header: Column names, unique, units taken out.
        units: Unit per column name, where the file says so.
        skip_lines: Lines before the first row of data.
        warnings: What had to be guessed or mended.
    """

    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    units: dict[str, str]
    skip_lines: int
    warnings: tuple[str, ...] = ()


def sniff(head: bytes, what: str = "The file") -> Dialect:
    """Find out how a CSV file is written, from its first part.

    Raises:
        DecodeError: It is empty, holds no table, or is no text.
    """
    if not head.strip(b"\x00\xff\xfe\xef\xbb\xbf \t\r\n"):
        raise DecodeError(f"{what} is empty. Give a file with a header and at least one row.")
    encoding, text, warnings = _decoded(head, what)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(head) >= HEAD_BYTES and len(lines) > 2:
        lines.pop()  # cut in the middle
    first, delimiter = _table_start(lines, what)
    rows = [split_line(line, delimiter) for line in lines[first : first + 200] if line.strip()]
    decimal = _decimal(rows, delimiter)
    names, body = _header(rows, decimal, warnings)
    units: dict[str, str] = {}
    skip = first + (1 if names is not None else 0)
    if names is None:
        names = [f"column_{i + 1}" for i in range(len(rows[0]))]
    elif _is_unit_row(body, decimal):
        units = dict(zip(names, (cell.strip("[]() \t") for cell in body[0]), strict=False))
        skip += 1
    header = _unique(_without_units(names, units), warnings)
    if len(header) > MAX_COLUMNS:
        raise DecodeError(f"{what} has {len(header)} columns, more than {MAX_COLUMNS}.")
    renamed = _units_by_header(names, header, units)
    return Dialect(encoding, delimiter, decimal, header, renamed, skip, tuple(warnings))


def split_line(line: str, delimiter: str) -> list[str]:
    """Split one line into cells, quotes respected."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _decoded(head: bytes, what: str) -> tuple[str, str, list[str]]:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding, head.decode(encoding, "replace").lstrip("\ufeff"), []
    if 0 in head:
        raise DecodeError(
            f"{what} is binary, not text. Export it as CSV from the program that wrote it."
        )
    try:
        return "utf-8", head.decode(), []
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 4:  # a character cut in two at the end
            return "utf-8", head[: error.start].decode(), []
        warning = f"Byte {error.start} is not UTF-8; read as Latin-1. Save it as UTF-8 to be sure."
        return "latin-1", head.decode("latin-1"), [warning]


def _table_start(lines: Sequence[str], what: str) -> tuple[int, str]:
    """Return the line where the table begins, and its delimiter: what splits most lines alike.

    A comma may as well be a decimal sign: of as many lines another delimiter goes before it.
    """
    found = {sign: best for sign in _DELIMITERS if (best := _best_start(lines, sign)) is not None}
    if found:
        comma = found.get(",", (0, 0, 0, 0))
        rivals = [sign for sign in found if sign != "," and found[sign][3] >= comma[3]]
        delimiter = max(rivals or found, key=lambda sign: found[sign])
        return -found[delimiter][2], delimiter
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or "\x00" in "".join(lines[:5]):
        raise DecodeError(f"{what} holds no table. Give rows of values with one delimiter.")
    return first, ","


def _best_start(lines: Sequence[str], delimiter: str) -> tuple[int, int, int, int] | None:
    """Return how well a delimiter splits lines: score, cells, minus the first line, lines."""
    counts = [len(split_line(line, delimiter)) if line.strip() else 0 for line in lines[:400]]
    n_filled = sum(count > 0 for count in counts)
    best = None
    for start, count in enumerate(counts[:200]):
        if count < 2 or (start and counts[start - 1] == count):
            continue
        alike = sum(abs(other - count) <= 1 and other > 1 for other in counts[start:])
        if alike == 1 and n_filled > 1:  # a header's own marks say nothing about the rows
            continue
        rank = (alike * min(count, 8), count, -start, alike)
        best = rank if best is None else max(best, rank)
    return best


def _decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return the decimal sign. "1,480" tells nothing beside a comma that parts cells."""
    cells = [cell.strip() for row in rows[1:] for cell in row]
    comma = [cell for cell in cells if re.fullmatch(r"[+-]?\d+,\d+", cell)]
    point = [cell for cell in cells if re.fullmatch(r"[+-]?\d+\.\d+", cell)]
    sure = [sum(not may_be_grouped(cell) for cell in found) for found in (comma, point)]
    if sure[0] != sure[1]:
        return "," if sure[0] > sure[1] else "."
    return "," if len(comma) > len(point) and delimiter != "," else "."


def _is_value(cell: str, decimal: str) -> bool:
    cell = cell.strip()
    number = number_of(cell, decimal)
    return not math.isnan(number) or bool(_DATE_LIKE.fullmatch(cell))


def _header(
    rows: Sequence[Sequence[str]], decimal: str, warnings: list[str]
) -> tuple[list[str] | None, Sequence[Sequence[str]]]:
    first = rows[0]
    named = [cell for cell in first if cell.strip()]
    if not named or any(_is_value(cell, decimal) for cell in named):
        warnings.append("There is no header row; columns are named by their place.")
        return None, rows
    names = [cell.strip() for cell in first]
    if names and not names[-1]:
        names.pop()  # a trailing delimiter
    return names, rows[1:]


def _is_unit_row(body: Sequence[Sequence[str]], decimal: str) -> bool:
    """Tell if the row below the header holds units: short words above a row of values."""
    if len(body) < 2:
        return False
    cells = [cell.strip() for cell in body[0]]
    if any(_is_value(cell, decimal) or not _UNIT.fullmatch(cell) for cell in cells if cell):
        return False
    words = [cell for cell in cells if not is_missing(cell)]
    below = [i for i, cell in enumerate(body[1]) if _is_value(cell, decimal)]
    return bool(words) and any(i < len(cells) and not is_missing(cells[i]) for i in below)


def _without_units(names: Sequence[str], units: dict[str, str]) -> list[str]:
    bare = []
    for name in names:
        match = _UNIT_IN_NAME.fullmatch(name)
        if match and match.group(1) and _UNIT.fullmatch(match.group(2)):
            if match.group(2):
                units.setdefault(name, match.group(2))
            bare.append(match.group(1))
        else:
            bare.append(name)
    return bare


def _unique(names: Sequence[str], warnings: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique = []
    for i, name in enumerate(names):
        name = name or f"column_{i + 1}"  # noqa: PLW2901
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1 and f"{name}_{seen[name]}" in seen:
            seen[name] += 1
        if seen[name] > 1:
            mended = f"{name}_{seen[name]}"
            warnings.append(f"Column {name!r} is there twice; the later one is {mended!r}.")
            seen[mended] = 1
            name = mended  # noqa: PLW2901
        unique.append(name)
    return tuple(unique)


def _units_by_header(
    names: Sequence[str], header: Sequence[str], units: dict[str, str]
) -> dict[str, str]:
    return {new: units[old] for old, new in zip(names, header, strict=True) if units.get(old)}
