"""`sources.toml`: which sources and sinks are set up. People may edit it; comments are kept."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from telltale.errors import SettingsError
from telltale.profiles.write import toml_value

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
MAX_ENTRIES = 200
OWN_KEYS = ("kind", "enabled", "profile")
HEAD = """\
# Where readings come from. `telltale source` and the page write here; so may you, while telltale
# is not running. ${NAME} stands for a variable of the environment: keep passwords there.
"""


class Entry(msgspec.Struct, frozen=True):
    """One table of the file.

    Attributes:
        kind: A name in `SOURCES` or `SINKS`.
        settings: Its own, as written.
        enabled: It is started with the server.
        profile: Of machines that it makes known; None for the one that fits best.
    """

    name: str
    kind: str
    settings: dict[str, Any] = {}
    enabled: bool = True
    profile: str | None = None


def read_entries(file: Path) -> dict[str, Entry]:
    """Return the entries by name; none if there is no file. Raises SettingsError."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise SettingsError(f"{file.name} is not UTF-8. Save it as UTF-8.") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file.name}: {error}. Mend it there.") from None
    return {name: _entry(file, name, table) for name, table in tables.items()}


def _entry(file: Path, name: str, table: object) -> Entry:
    where = f"{file.name}, [{name}]"
    check_name(name)
    if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
        raise SettingsError(f'{where} has no kind. Add one, such as kind = "mqtt".')
    enabled, profile = table.get("enabled", True), table.get("profile")
    if not isinstance(enabled, bool):
        raise SettingsError(f"{where}: enabled is {enabled!r}. Give true or false.")
    if profile is not None and not isinstance(profile, str):
        raise SettingsError(f"{where}: profile is {profile!r}. Give the id of a profile.")
    settings = {key: value for key, value in table.items() if key not in OWN_KEYS}
    return Entry(name, table["kind"], settings, enabled, profile)


def check_name(name: str) -> None:
    """Raise SettingsError if a source cannot be called so."""
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot name a source. Use small letters, digits, - and _, at most 50."
        )


def write_entry(file: Path, name: str, entry: Entry | None) -> None:
    """Replace one table of the file, or add it, or with None remove it; the rest stays as it is.

    The file is written whole or not at all, and only its owner may read it.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = HEAD
    before, after = _around(text, name)
    parts = [before.rstrip("\n")]
    if entry is not None:
        parts.append(_written(entry).rstrip("\n"))
    parts.append(after.strip("\n"))
    new = file.with_name(file.name + ".new")
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write("\n\n".join(part for part in parts if part) + "\n")
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def _around(text: str, name: str) -> tuple[str, str]:
    """Return what stands before a table and behind it; a comment goes with the table below it."""
    lines = text.splitlines(keepends=True)
    own = re.compile(rf'\[+\s*"?{re.escape(name)}"?\s*[.\]]')
    heads = [i for i, line in enumerate(lines) if line.lstrip().startswith("[") and _is_head(line)]
    mine = [i for i in heads if own.match(lines[i].lstrip())]
    if not mine:
        return text, ""
    end = next((i for i in heads if i > mine[-1]), len(lines))
    if end < len(lines):
        while end > mine[-1] + 1 and lines[end - 1].lstrip()[:1] in ("#", ""):
            end -= 1
    return "".join(lines[: mine[0]]), "".join(lines[end:])


def _is_head(line: str) -> bool:
    """Tell a table's head from a line of a list, such as `  ["a", 1],`."""
    return re.fullmatch(r'\[{1,2}[\w\s."-]+\]{1,2}\s*(#.*)?', line.strip()) is not None


def _written(entry: Entry) -> str:
    told: Mapping[str, Any] = {"kind": entry.kind}
    if not entry.enabled:
        told = {**told, "enabled": False}
    if entry.profile is not None:
        told = {**told, "profile": entry.profile}
    told = {**told, **entry.settings}
    pairs = [f"{key} = {toml_value(value)}" for key, value in told.items()]
    return "\n".join([f"[{entry.name}]", *pairs])
