"""Writes a profile as a TOML file that a person can read and edit, and that reads back equal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from telltale.profiles.point_channels import own_channels
from telltale.profiles.schema import NOT_IN_FILE, Profile

TABLES = ("channels", "metrics", "points", "simulator")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(profile: Profile) -> str:
    """Return the profile's file. Keys at their default are left out."""
    lines = _pairs(profile, leave_out={*NOT_IN_FILE, *TABLES})
    if profile.simulator:
        lines += ["", "[simulator]", *_pairs(profile.simulator)]
    for name, point in profile.points.items():
        lines += ["", f"[points.{_key(name)}]", *_pairs(point)]
    for key, signals in (("channels", own_channels(profile)), ("metrics", profile.metrics)):
        for name, signal in signals.items():
            lines += ["", f"[{key}.{_key(name)}]", *_pairs(signal, leave_out={"limits"})]
            if signal.limits:
                lines += ["", f"[{key}.{_key(name)}.limits]", *_pairs(signal.limits)]
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:  # Any: whatever TOML can hold
    """Return one value as TOML writes it."""
    return _value(value)


def _pairs(struct: msgspec.Struct, leave_out: frozenset[str] | set[str] = frozenset()) -> list[str]:
    """Return "key = value" for every field that differs from its default."""
    pairs = []
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if field.name in leave_out or value is None or _is_default(field, value):
            continue
        pairs.append(f"{field.name} = {_value(value)}")
    return pairs


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return bool(value == field.default)


def _value(value: Any) -> str:  # Any: whatever TOML can hold
    """Return one value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return _items([_value(item) for item in value])
    if isinstance(value, (dict, msgspec.Struct)):
        pairs = _pairs(value) if isinstance(value, msgspec.Struct) else _entries(value)
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    return str(value)


def _entries(table: Mapping[str, Any]) -> list[str]:  # Any: whatever TOML can hold
    return [f"{_key(key)} = {_value(item)}" for key, item in table.items()]


def _number(value: float) -> str:
    """Return the shortest form that reads back the same."""
    if value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def _items(written: list[str]) -> str:
    """Return an array on one line, or one item a line where that would be long."""
    line = "[" + ", ".join(written) + "]"
    return line if len(line) <= 90 else "[\n  " + ",\n  ".join(written) + ",\n]"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _value(key)
