"""CAN databases to decoding tables: DBC, KCD, ARXML and SYM, read by cantools within limits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telltale.errors import DecodeError, TooLargeError
from telltale.formats.base import shown
from telltale.formats.can.extract import FLOATS
from telltale.formats.can.tables import NULL_ADDRESS, CanTables, Message, Signal, with_columns
from telltale.registry import missing_extra, nearest

if TYPE_CHECKING:
    from cantools.database import Database
    from cantools.database.can.message import Message as TheirMessage
    from cantools.database.can.signal import Signal as TheirSignal

SUFFIXES = (".dbc", ".kcd", ".arxml", ".sym")
MAX_DATABASE_BYTES = 16 << 20
MAX_MESSAGES = 10_000
MAX_SIGNALS = 50_000
MAX_PAYLOAD_BYTES = 1785  # SAE J1939-21: the longest transfer, 255 packets of 7
MAX_BITS = 64  # of a signal
MAX_CHOICES = 1_000  # of a signal
MAX_COMMENT = 200
MAX_NAME = 64
MAX_NOTES = 20

# Lengths, before a parser makes room for them: bytes of a message, bits of a signal.
_DBC_LENGTHS = re.compile(
    rb"^[ \t]*BO_[ \t]+\d+[ \t]+\S+?[ \t]*:[ \t]*(\d+)|:[ \t]*\d+[ \t]*\|[ \t]*(\d+)[ \t]*@",
    re.MULTILINE,
)
_DBC_STARTS = re.compile(rb":[ \t]*(\d+)[ \t]*\|[ \t]*\d+[ \t]*@")
_OTHER_NUMBERS = re.compile(rb"\d{7,}")
_SYM_LENGTHS = re.compile(rb"\b(?:DLC|Len|MaxDLC)\s*=\s*(\d+)", re.IGNORECASE)
_XML_LENGTHS = re.compile(rb"\blength\s*=\s*[\"'](\d+)|<LENGTH>\s*(\d+)|<FRAME-LENGTH>\s*(\d+)")
_MOST = 8 * MAX_PAYLOAD_BYTES


def load_tables(path: Path) -> CanTables:
    """Return the decoding tables of a database.

    Args:
        path: The file; its suffix tells what it is.

    Raises:
        DecodeError: No database, or one with nothing that can be decoded.
        TooLargeError: Beyond a limit.
        MissingExtraError: cantools is not installed.
    """
    _check(path)
    try:
        import cantools  # noqa: PLC0415  an optional extra, slow to import
    except ModuleNotFoundError as missing:
        raise missing_extra("A CAN database", "vehicle", missing) from None
    try:
        # Not strict: real files have signals that overlap, and are of use all the same.
        loaded = cantools.database.load_file(path, strict=False, sort_signals=None)
    except MemoryError:
        raise TooLargeError(f"{path.name} needs too much memory. Cut it.") from None
    except Exception as error:  # whatever its parsers meet in a broken file
        raise DecodeError(
            f"{path.name} cannot be read as a {path.suffix[1:].upper()} file: "
            f"{shown(error)}. Export it again, or mend it."
        ) from None
    if not isinstance(loaded, cantools.database.can.Database):
        raise DecodeError(f"{path.name} holds diagnostics, no messages. Give a CAN database.")
    return tables_of(path.name, loaded)


def _check(path: Path) -> None:
    """Refuse what would keep a parser busy for ever, before it begins."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DecodeError(
            f"{path.name}: {suffix or 'a name without ending'} is no CAN database that telltale "
            f"knows. {nearest(suffix, SUFFIXES)} Give one of {', '.join(SUFFIXES)}."
        )
    if path.stat().st_size > MAX_DATABASE_BYTES:
        raise TooLargeError(f"{path.name} has more than {MAX_DATABASE_BYTES:,} bytes. Cut it.")
    text = path.read_bytes()
    if not text.strip():
        raise DecodeError(f"{path.name} is empty. Give a CAN database.")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise DecodeError(f"{path.name} defines XML entities, which a database never needs.")
    if suffix == ".dbc" and (
        text.count(b"BO_ ") > 4 * MAX_MESSAGES or text.count(b"SG_ ") > 4 * MAX_SIGNALS
    ):
        raise TooLargeError(f"{path.name} names too many messages or signals. Cut it.")
    longest = max(_lengths(text, suffix), default=0)
    if longest > _MOST:
        raise DecodeError(
            f"{path.name} holds a message or signal of {longest} bytes or bits; CAN carries "
            f"{MAX_PAYLOAD_BYTES} bytes at most. Mend it."
        )


def _lengths(text: bytes, suffix: str) -> Iterator[int]:
    patterns = {".dbc": (_DBC_LENGTHS, _DBC_STARTS), ".sym": (_SYM_LENGTHS,)}
    for pattern in patterns.get(suffix, (_XML_LENGTHS,)):
        for found in pattern.finditer(text):
            yield from (int(number[:20]) for number in found.groups() if number)


def tables_of(name: str, loaded: Database) -> CanTables:
    """Return the decoding tables of what cantools has read. Raises as `load_tables`."""
    notes: list[str] = []
    messages: list[Message] = []
    left = MAX_SIGNALS
    for theirs in loaded.messages:
        if theirs.is_container:
            notes.append(f"{theirs.name}: messages inside a container are not decoded.")
            continue
        message = _message(theirs, notes)
        left -= len(message.signals)
        if len(messages) >= MAX_MESSAGES or left < 0:
            raise TooLargeError(
                f"{name} has more than {MAX_MESSAGES:,} messages or {MAX_SIGNALS:,} signals. "
                "Keep those that you need."
            )
        if message.signals:
            messages.append(message)
    if not messages:
        why = f" {notes[0]}" if notes else ""
        raise DecodeError(f"{name} holds no message with a signal.{why} Give another database.")
    if len(notes) > MAX_NOTES:
        notes[MAX_NOTES:] = [f"And {len(notes) - MAX_NOTES} more could not be used."]
    return CanTables(name, with_columns(messages), tuple(notes))


def _message(theirs: TheirMessage, notes: list[str]) -> Message:
    signals: dict[str, Signal] = {}
    for their_signal in theirs.signals:
        why = _unusable(their_signal, theirs.length)
        if not why and their_signal.name in signals:
            why = "stands there twice"
        if why:
            notes.append(f"{shown(theirs.name)}.{shown(their_signal.name)} is left out: it {why}.")
        else:
            signals[their_signal.name] = _signal(their_signal)
    circling = _circling(signals)
    notes += [
        f"{theirs.name}.{name} is left out: its multiplexer is not to be found."
        for name in sorted(circling)
    ]
    is_extended = bool(theirs.is_extended_frame)
    is_any_sender = is_extended and theirs.frame_id & 0xFF == NULL_ADDRESS
    return Message(
        theirs.name[:MAX_NAME],
        theirs.frame_id,
        is_extended,
        is_extended and (theirs.protocol == "j1939" or is_any_sender),
        min(theirs.length, MAX_PAYLOAD_BYTES),
        tuple(signal for name, signal in signals.items() if name not in circling),
    )


def _unusable(theirs: TheirSignal, length: int) -> str:
    """Return why a signal cannot be decoded; "" if it can."""
    if not 1 <= theirs.length <= MAX_BITS:
        return f"has {theirs.length} bits, 1 to {MAX_BITS} can be a number"
    if theirs.is_float and theirs.length not in FLOATS:
        return f"is a floating-point number of {theirs.length} bits"
    made = _signal(theirs)
    if theirs.start < 0 or made.last_byte >= min(max(length, 1), MAX_PAYLOAD_BYTES):
        return "lies beyond the end of its message"
    if not (math.isfinite(made.scale) and math.isfinite(made.offset)):
        return "has a scale or an offset that is no number"
    return ""


def _signal(theirs: TheirSignal) -> Signal:
    choices = {
        int(raw): str(word)[:MAX_NAME]
        for raw, word in list((theirs.choices or {}).items())[:MAX_CHOICES]
    }
    low, high = _number(theirs.minimum), _number(theirs.maximum)
    return Signal(
        name=theirs.name[:MAX_NAME],
        column=theirs.name[:MAX_NAME],
        start=theirs.start,
        length=theirs.length,
        is_big_endian=theirs.byte_order == "big_endian",
        is_signed=bool(theirs.is_signed),
        is_float=bool(theirs.is_float),
        scale=float(theirs.scale),
        offset=float(theirs.offset),
        unit=(theirs.unit or "")[:MAX_NAME],
        low=low,
        high=high,
        choices=choices,
        multiplexer=theirs.multiplexer_signal or "",
        multiplexer_ids=tuple(theirs.multiplexer_ids or ()),
        comment=" ".join((theirs.comment or "").split())[:MAX_COMMENT],
    )


def _number(value: Any) -> float | None:  # Any: int, float, Decimal or nothing
    try:
        number = math.nan if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _circling(signals: dict[str, Signal]) -> set[str]:
    """Return the signals whose multiplexers are not there, or go in a circle."""
    known = {name for name, signal in signals.items() if not signal.multiplexer}
    while True:
        more = {
            name
            for name, signal in signals.items()
            if name not in known and signal.multiplexer in known
        }
        if not more:
            return signals.keys() - known
        known |= more
