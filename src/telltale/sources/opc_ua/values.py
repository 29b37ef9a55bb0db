"""One value of an OPC UA node: what it is as columns, how good it is, when it was measured."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from telltale.formats.mqtt_payload import is_word

MAX_ITEMS = 64  # of an array
ITEMS_SHOWN = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OVERFLOW = 0x480  # the server's queue was full: OPC 10000-4, 7.39.1
_KINDS = {
    ua.VariantType.DateTime: "a time",
    ua.VariantType.ByteString: "bytes",
    ua.VariantType.Guid: "an id",
    ua.VariantType.XmlElement: "XML",
    ua.VariantType.ExtensionObject: "a structure",
}


def status_of(value: ua.DataValue) -> ua.StatusCode:
    """Return how good a value is; a server that says nothing means good."""
    return value.StatusCode if value.StatusCode is not None else ua.StatusCode()


def has_overflown(value: ua.DataValue) -> bool:
    """True if the server lost values before this one, for lack of room."""
    return (status_of(value).value & OVERFLOW) == OVERFLOW


def ns_of(moment: datetime | None) -> int | None:
    """Return UTC nanoseconds since 1970; None if there is no time. Without a zone it is UTC."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    since = aware - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def columns_of(
    channel: str, value: ua.DataValue, words: Sequence[str]
) -> tuple[dict[str, float | bool | str], str]:
    """Return a node's value by column, and why nothing of it is kept if so.

    Numbers stay numbers, enumerations their numbers, true and false themselves. Text is kept for
    channels that `words` names. An array becomes a column per item, `name_0` onwards.
    """
    variant = value.Value
    held = None if variant is None else variant.Value
    if variant is None or held is None:
        return {}, ""
    if variant.VariantType in _KINDS:
        return {}, f"{_KINDS[variant.VariantType]}; only numbers and words are kept"
    if not isinstance(held, list):
        kept = _kept(channel, held, words)
        if kept is None:
            return {}, "text; name it in the setting words to keep its words"
        return {channel: kept}, ""
    flat = list(_flat(held))
    if len(flat) > MAX_ITEMS:
        return {}, f"an array of {len(flat):,} items; at most {MAX_ITEMS} are kept"
    found: dict[str, float | bool | str] = {}
    for i, item in enumerate(flat):
        kept = _kept(channel, item, words)
        if kept is not None:
            found[f"{channel}_{i}"] = kept
    return found, "" if found or not flat else "an array of text; name it in words to keep it"


def _flat(held: Any) -> Any:  # Any: nested lists of whatever
    for item in held:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _kept(
    channel: str,
    held: Any,  # Any: what a variant holds
    words: Sequence[str],
) -> float | bool | str | None:
    """Return a value as a feed gives it; None for text that is not wanted."""
    if isinstance(held, bool):
        return held
    if isinstance(held, enum.Enum):
        return float(held.value)
    if isinstance(held, int | float):
        return held
    text = held.Text if isinstance(held, ua.LocalizedText) else held
    return str(text) if text is not None and is_word(channel, words) else None


def shown_value(value: ua.DataValue) -> tuple[str, str, str]:
    """Return a value as text, its type, and its status, for people."""
    variant = value.Value
    status = status_of(value).name
    if variant is None or variant.Value is None:
        return "", "", status
    held = variant.Value
    kind = getattr(variant.VariantType, "name", "unknown")
    if isinstance(held, list):
        more = " ..." if len(held) > ITEMS_SHOWN else ""
        items = " ".join(map(_text, held[:ITEMS_SHOWN]))
        return items + more, f"{kind}[{len(held)}]", status
    return _text(held), kind, status


def _text(held: Any) -> str:  # Any: what a variant holds
    if isinstance(held, bool):
        return "true" if held else "false"
    if isinstance(held, float):
        return f"{held:.7g}"
    text = held.Text if isinstance(held, ua.LocalizedText) else held
    return " ".join(str(text).split())[:60]
