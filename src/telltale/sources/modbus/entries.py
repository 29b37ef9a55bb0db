"""One entry of a register map, checked: from a table's cells, a TOML table or a setting."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from telltale.formats.base import shown as _shown
from telltale.formats.registers import Order, Register, RegisterType, Table
from telltale.registry import suggest

Choice = TypeVar("Choice", bound=StrEnum)

KEYS = (
    "channel",
    "table",
    "address",
    "type",
    "order",
    "scale",
    "offset",
    "unit",
    "device",
    "bit",
    "interval_s",
    "missing",
)
COMMON_KEYS = tuple(key for key in KEYS if key not in ("channel", "address", "bit"))
LAST_ADDRESS = 65_535
LAST_DEVICE = 255
_REFERENCE = re.compile(r"(?P<table>[0134])(?P<number>\d{4,5})")
_TABLES = {"0": Table.COIL, "1": Table.DISCRETE, "3": Table.INPUT, "4": Table.HOLDING}


class EntryError(Exception):
    """What is wrong with an entry: which key, and a sentence."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def register_of(entry: Mapping[str, Any]) -> Register:  # Any: cells, or what TOML and JSON hold
    """Return the register that an entry describes. Empty cells are left to the defaults.

    Raises:
        EntryError: A key is unknown, missing, or out of range.
    """
    given = {key: value for key, value in entry.items() if value is not None and value != ""}
    for key in given:
        if key not in KEYS:
            raise EntryError(key, f"unknown key {shown(key)!r}. {suggest(key, KEYS)}")
    table, address = _place(given)
    default = RegisterType.BIT if table.holds_bits else RegisterType.UINT16
    kind = _choice(given, "type", RegisterType, default)
    register = Register(
        channel=_channel(given),
        table=table,
        address=address,
        kind=kind,
        order=_choice(given, "order", Order, Order.ABCD),
        scale=_number(given, "scale", 1.0),
        offset=_number(given, "offset", 0.0),
        unit=_unit(given),
        device=_whole(given, "device", 0, LAST_DEVICE) if "device" in given else None,
        bit=_whole(given, "bit", 0, 15) if "bit" in given else None,
        interval_s=_interval_s(given),
        missing=_number(given, "missing", 0.0) if "missing" in given else None,
    )
    _check_together(register)
    return register


def place_of(text: str) -> tuple[Table, int] | None:
    """Return what a reference such as 40001 means: holding register 0. None if it is none."""
    match = _REFERENCE.fullmatch(text)
    if match is None or not 1 <= int(match["number"]) <= LAST_ADDRESS + 1:
        return None
    return _TABLES[match["table"]], int(match["number"]) - 1


def shown(value: Any) -> str:  # Any: what TOML and JSON hold
    """Return a value as it goes into an error."""
    try:
        return _shown(value)
    except ValueError:  # Python writes out no number of more than 4,300 digits
        return "a number of thousands of digits"


def _place(given: Mapping[str, Any]) -> tuple[Table, int]:
    if "address" not in given:
        raise EntryError("address", "address is missing. Give the register's, counted from 0.")
    if "table" in given:
        table = _choice(given, "table", Table, Table.HOLDING)
        return table, _whole(given, "address", 0, LAST_ADDRESS)
    place = place_of(str(given["address"]).strip())
    if place is None:
        raise EntryError(
            "address",
            f"address is {shown(given['address'])!r} and there is no table. Give table (coil, "
            "discrete, holding or input) with the address counted from 0, or a reference such "
            "as 40001, which is holding register 0.",
        )
    return place


def _channel(given: Mapping[str, Any]) -> str:
    name = given.get("channel")
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > 200:
        raise EntryError(
            "channel", f"channel is {shown(name)!r}. Give a name of at most 200 characters."
        )
    return name.strip()


def _unit(given: Mapping[str, Any]) -> str:
    unit = given.get("unit", "")
    if not isinstance(unit, str) or len(unit) > 32:
        raise EntryError("unit", f"unit is {shown(unit)!r}. Give a text such as 'bar'.")
    return unit.strip()


def _choice(given: Mapping[str, Any], key: str, choices: type[Choice], default: Choice) -> Choice:
    if key not in given:
        return default
    said = str(given[key]).strip().casefold()
    for choice in choices:
        if choice.value.casefold() == said:
            return choice
    words = [choice.value for choice in choices]
    raise EntryError(key, f"{key} is {shown(given[key])!r}. {suggest(said, words)}")


def _number(given: Mapping[str, Any], key: str, default: float) -> float:
    said = given.get(key, default)
    try:
        number = math.nan if isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise EntryError(key, f"{key} is {shown(said)!r}. Give a number, with a decimal point.")
    return number


def _whole(given: Mapping[str, Any], key: str, low: int, high: int) -> int:
    said = given[key]
    try:
        number = _from_text(said) if isinstance(said, str) else said
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
        raise EntryError(
            key, f"{key} is {shown(said)!r}. Give a whole number from {low} to {high}."
        )
    return number


def _from_text(text: str) -> int:
    text = text.strip()
    if len(text) > 12:  # no address is; spares the time for a number of a million digits
        raise ValueError(text)
    return int(text, 16) if text.casefold().startswith("0x") else int(text)


def _interval_s(given: Mapping[str, Any]) -> float | None:
    if "interval_s" not in given:
        return None
    interval_s = _number(given, "interval_s", 1.0)
    if not 0.01 <= interval_s <= 86_400:
        raise EntryError(
            "interval_s", f"interval_s is {interval_s:g}. Give a number from 0.01 to 86400."
        )
    return interval_s


def _check_together(register: Register) -> None:
    """Refuse what does not fit together. Raises EntryError."""
    if register.table.holds_bits and register.kind is not RegisterType.BIT:
        raise EntryError(
            "type",
            f"type is {register.kind.value}, but a {register.table.value} is one bit. "
            "Leave type out, or name the table holding or input.",
        )
    if register.bit is not None and register.table.holds_bits:
        raise EntryError("bit", f"a {register.table.value} is one bit: leave bit out.")
    is_bit = register.kind is RegisterType.BIT
    if register.bit is not None and register.kind.words != 1:
        raise EntryError("bit", "bit counts in one register of 16: leave type out, or say bit.")
    if is_bit and register.bit is None and not register.table.holds_bits:
        raise EntryError("bit", "bit is missing: say which bit of the register, 0 the lowest.")
    if register.end > LAST_ADDRESS + 1:
        raise EntryError(
            "address",
            f"address {register.address} leaves no room for a {register.kind.value} of "
            f"{register.kind.words} registers; the last address is {LAST_ADDRESS}.",
        )
