"""A message's bytes to readings: JSON of any usual shape, Telegraf's JSON, or one plain value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from telltale.errors import DecodeError
from telltale.formats.base import shown
from telltale.formats.json_text import read_json
from telltale.formats.numbers import NonFinite
from telltale.formats.raw_columns import FieldNames
from telltale.formats.readings import Found, Reading
from telltale.formats.rows import columns_to_raw, is_columns
from telltale.formats.telegraf_json import is_telegraf, telegraf_readings

MAX_ROWS = 10_000  # of one message
MAX_DEPTH = 8
MAX_VALUES = 2_000  # of one reading
BOOLEAN_WORDS = {"true": True, "false": False, "on": True, "off": False}
VALUE_NAMES = ("value", "val", "Value")  # in {"value": 21.5, "unit": "degC"}
UNIT_NAMES = ("unit", "units", "Unit")
MISSING_WORDS = {"nan", "null", "none", "unavailable", "unknown"}  # as home systems write it
NAMES = FieldNames()
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TEXT_ADVICE = "text; name it in the setting words to keep its words"


class PayloadKind(StrEnum):
    """How a subscription's messages are written."""

    AUTO = "auto"  # told by the topic and the bytes
    JSON = "json"
    VALUE = "value"
    TELEGRAF = "telegraf"
    SPARKPLUG = "sparkplug"


def payload_readings(
    body: bytes,
    kind: PayloadKind,
    *,
    machine: str | None,
    channel: str | None,
    words: Sequence[str],
    found: Found,
) -> list[Reading]:
    """Return the readings of one message.

    Args:
        body: The bytes; none at all is how a retained message is deleted, and no reading.
        kind: Of AUTO, JSON, VALUE and TELEGRAF.
        machine: Whose they are, as the topic or the settings say; None if the message does.
        channel: What a plain value is, as the topic says; None if the message names its values.
        words: Patterns of the channels whose text is kept.
        found: Gets units and what is left out.

    Raises:
        DecodeError: The message cannot be read.
    """
    if not body.strip():
        return []
    if kind is PayloadKind.AUTO and body.lstrip()[:1] not in (b"{", b"["):
        kind = PayloadKind.VALUE
    if kind is PayloadKind.VALUE:
        return list(_plain(body, machine, channel, words))
    value = read_json(body, "The message")
    if kind is PayloadKind.TELEGRAF or (kind is PayloadKind.AUTO and is_telegraf(value)):
        readings = telegraf_readings(value, machine=machine)
    else:
        readings = list(_json_readings(value, machine, channel, found))
    for reading in readings:
        reading.values = _flat(reading.values, words, found)
    return [reading for reading in readings if reading.values]


def plain_number(text: str) -> float | None:
    """Return the number that a text is, with a point if with any; None if it is none."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _plain(
    body: bytes, machine: str | None, channel: str | None, words: Sequence[str]
) -> Iterator[Reading]:
    """Read a number, true or false, or a word; a word for "missing" is no reading."""
    if channel is None:
        raise DecodeError(
            f"The plain value {shown(body.decode('utf-8', 'replace'))!r} does not say what it is. "
            "Capture {channel} in the topic, or name it with channel."
        )
    try:
        text = body.decode().strip()
    except UnicodeDecodeError as error:
        raise DecodeError(f"Byte {error.start} of the message is not UTF-8.") from None
    if text.casefold() in MISSING_WORDS:
        return
    if is_word(channel, words):
        yield Reading(machine, {channel: text})
        return
    value: float | bool | None = plain_number(text)
    if value is None:
        value = BOOLEAN_WORDS.get(text.casefold())
    if value is None:
        raise DecodeError(
            f"{channel}: text {shown(text)!r} in a number's place. Send a number, or name the "
            "channel in the setting words if its words are to be kept."
        )
    yield Reading(machine, {channel: value})


def is_word(channel: str, words: Sequence[str]) -> bool:
    """Tell whether a channel's text is to be kept."""
    return any(fnmatchcase(channel, pattern) for pattern in words)


def _json_readings(
    value: Any,  # Any: JSON
    machine: str | None,
    channel: str | None,
    found: Found,
) -> Iterator[Reading]:
    if isinstance(value, list):
        if len(value) > MAX_ROWS:
            raise DecodeError(f"{len(value):,} rows are more than {MAX_ROWS:,} in one message.")
        for row in value:
            yield _object(row, machine, channel, found)
    elif isinstance(value, dict) and is_columns(value, NAMES):
        yield from _columns(value, machine, found)
    else:
        yield _object(value, machine, channel, found)


def _columns(value: Mapping[str, Any], machine: str | None, found: Found) -> Iterator[Reading]:
    raw, units = columns_to_raw(value, NAMES)
    found.units.update(units)
    if raw.n > MAX_ROWS:
        raise DecodeError(f"{raw.n:,} rows are more than {MAX_ROWS:,} in one message.")
    for i in range(raw.n):
        told = None if raw.machines is None else raw.machines[i]
        values = {name: column[i] for name, column in raw.values.items()}
        yield Reading(_owner(machine, told), values, None if raw.times is None else raw.times[i])


def _object(row: Any, machine: str | None, channel: str | None, found: Found) -> Reading:
    if not isinstance(row, dict):
        if channel is None or isinstance(row, list):
            raise DecodeError(f"{shown(row)!r} is no reading. Send an object of names and numbers.")
        return Reading(machine, {channel: row})
    time = _first(row, NAMES.time)
    told = _first(row, NAMES.machine)
    values = {name: value for name, value in row.items() if name not in NAMES.all}
    if channel is not None:
        values = _of_channel(values, channel, found)
    return Reading(_owner(machine, told), values, time)


def _of_channel(values: dict[str, Any], channel: str, found: Found) -> dict[str, Any]:
    """Return an object that tells about one channel, its value under the channel's name."""
    unit = _first(values, UNIT_NAMES)
    if isinstance(unit, str):
        found.units[channel] = unit
    name = next((name for name in VALUE_NAMES if name in values), None)
    return {
        channel if key == name else f"{channel}_{key}": value
        for key, value in values.items()
        if key not in UNIT_NAMES
    }


def _owner(machine: str | None, told: Any) -> str | None:
    if machine is not None or told is None:
        return machine
    return str(told)


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _flat(values: Mapping[str, Any], words: Sequence[str], found: Found) -> dict[str, Any]:
    """Return the values, objects within objects by joined names, text as far as it is wanted."""
    flat: dict[str, Any] = {}
    _flatten(values, "", 0, flat.__setitem__)
    if len(flat) > MAX_VALUES:
        raise DecodeError(f"{len(flat):,} values are more than {MAX_VALUES:,} in one reading.")
    return {
        name: kept
        for name, value in flat.items()
        if (kept := _kept(name, value, words, found)) is not _LEFT_OUT
    }


def _flatten(
    values: Mapping[str, Any], before: str, depth: int, put: Callable[[str, Any], None]
) -> None:
    if depth > MAX_DEPTH:
        raise DecodeError(f"It nests more than {MAX_DEPTH} deep. Send flat readings.")
    for key, value in values.items():
        if isinstance(value, dict):
            _flatten(value, f"{before}{key}_", depth + 1, put)
        else:
            put(f"{before}{key}", value)


_LEFT_OUT = object()


def _kept(name: str, value: Any, words: Sequence[str], found: Found) -> Any:  # Any: JSON
    """Return a value as it is kept, or that it is left out: text that nobody asked for."""
    if value is None or type(value) is NonFinite:
        return value
    if isinstance(value, list):
        found.leave_out(name, "a list; send one number per name")
        return _LEFT_OUT
    if is_word(name, words):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        number = plain_number(value.strip())
        if number is not None:
            return number
        if value.strip().casefold() not in MISSING_WORDS:
            found.leave_out(name, _TEXT_ADVICE)
        return _LEFT_OUT
    return value
