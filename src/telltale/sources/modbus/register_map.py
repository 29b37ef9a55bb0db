"""Register maps, as CSV or TOML: what each channel is in a device, checked line by line."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from typing import Any

from telltale.errors import SettingsError
from telltale.formats.registers import Register
from telltale.profiles.toml_lines import Path, line_of, lines_of
from telltale.registry import suggest
from telltale.sources.modbus.entries import COMMON_KEYS, KEYS, EntryError, register_of

MAX_BYTES = 4 << 20
MAX_REGISTERS = 5_000
MAX_PROBLEMS = 20
TABLE_KEY = "register"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry, not checked yet: its keys, and on which line each is."""

    keys: Mapping[str, Any]  # Any: cells, or what TOML and JSON hold
    line: Callable[[str], int]


@dataclass(slots=True)
class _Problems:
    """What is wrong with one map; the first 20 are told."""

    name: str
    told: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int | None, message: str) -> None:
        self.count += 1
        if len(self.told) < MAX_PROBLEMS:
            self.told.append(f"{self.name}{f':{line}' if line else ''}: {message}")

    def raise_if_any(self) -> None:
        if self.count:
            more = self.count - len(self.told)
            raise SettingsError("\n".join(self.told) + (f"\nand {more} more." if more else ""))


def read_map(data: bytes, name: str) -> tuple[Register, ...]:
    """Return the registers of a map.

    Args:
        data: The file. One whose name ends in .toml is TOML, any other CSV.
        name: For messages.

    Raises:
        SettingsError: What is wrong, each with its line and the nearest valid key.
    """
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{name}: {len(data):,} bytes are more than {MAX_BYTES:,} for a map.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{name}:{line}: not UTF-8 here. Save the map as UTF-8.") from None
    problems = _Problems(name)
    entries = _toml(text, problems) if name.endswith(".toml") else _csv(text, problems)
    return _registers(entries, problems)


def map_of(entries: Sequence[Any], name: str) -> tuple[Register, ...]:
    """Return the registers that a setting lists. Raises SettingsError, counting from 1."""
    problems = _Problems(name)
    numbered: list[_Entry] = []
    for i, entry in enumerate(entries, 1):
        if isinstance(entry, Mapping):
            keys = {str(key): value for key, value in entry.items()}
            numbered.append(_Entry(keys, _always(i)))
        else:
            problems.add(i, "it is no table. Give channel, table, address and type.")
    return _registers(numbered, problems)


def _registers(entries: Iterable[_Entry], problems: _Problems) -> tuple[Register, ...]:
    kept: dict[str, Register] = {}
    for entry in entries:
        try:
            register = register_of(entry.keys)
        except EntryError as error:
            problems.add(entry.line(error.key), str(error))
            continue
        line = entry.line("channel")
        if register.channel in kept:
            problems.add(line, f"channel {register.channel!r} is there twice. Rename one of them.")
        elif len(kept) >= MAX_REGISTERS:
            problems.add(line, f"more than {MAX_REGISTERS:,} registers. Make it two sources.")
            break
        kept[register.channel] = register
    problems.raise_if_any()
    if not kept:
        raise SettingsError(
            f"{problems.name}: no register in it. Give each its channel, table, address and type."
        )
    return tuple(kept.values())


def _csv(text: str, problems: _Problems) -> list[_Entry]:
    """Return the rows of a table with their lines. Lines that begin with # are comments."""
    first = next((x for x in text.splitlines() if x.strip() and not x.startswith("#")), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] | None = None
    found: list[_Entry] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            if header is None:
                header = _header(cells, reader.line_num, problems)
                continue
            if len(cells) > len(header):
                problems.add(
                    reader.line_num,
                    f"{len(cells)} cells under {len(header)} columns. A decimal sign is a point.",
                )
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            found.append(_Entry(row, _always(reader.line_num)))
    except csv.Error as error:
        problems.add(reader.line_num, f"no CSV: {error}.")
    return found


def _header(cells: Sequence[str], line: int, problems: _Problems) -> list[str]:
    header = [cell.strip().casefold() for cell in cells]
    for key in header:
        if key not in KEYS:
            problems.add(line, f"unknown column {key!r}. {suggest(key, KEYS)}")
        elif header.count(key) > 1:
            problems.add(line, f"column {key!r} is there twice.")
    problems.raise_if_any()  # every row would say the same
    return header


def _toml(text: str, problems: _Problems) -> list[_Entry]:
    """Return the tables of a TOML map with their lines; what stands before them is for all."""
    try:
        content = tomllib.loads(text)
        lines = lines_of(text)
    except (ValueError, RecursionError) as error:  # no TOML, nested too deep, absurd numbers
        reason = str(error) if isinstance(error, ValueError) else "nested too deep"
        raise SettingsError(f"{problems.name}: no TOML: {reason}.") from None
    tables = content.pop(TABLE_KEY, [])
    for key in content:
        if key not in COMMON_KEYS:
            known = (*COMMON_KEYS, TABLE_KEY)
            problems.add(line_of(lines, (key,)), f"unknown key {key!r}. {suggest(key, known)}")
    problems.raise_if_any()
    if not isinstance(tables, list):
        problems.add(line_of(lines, (TABLE_KEY,)), "write [[register]], with two brackets.")
        return []
    found: list[_Entry] = []
    for i, table in enumerate(tables):
        line = line_of(lines, (TABLE_KEY, i))
        if not isinstance(table, dict):
            problems.add(line, "a register is a table: write [[register]] before its keys.")
            continue
        at = partial(_toml_line, lines, i)
        found.append(_Entry({**content, **table}, at))
    return found


def _always(line: int) -> Callable[[str], int]:
    """Return where the keys of an entry are that has one line."""
    return lambda _: line


def _toml_line(lines: dict[Path, int], i: int, key: str) -> int:
    """Return where a key of the i-th register is, or that register if it is for all."""
    return line_of(lines, (TABLE_KEY, i, key))
