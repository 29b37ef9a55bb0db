"""Decoding tables: what a CAN database says, in a form that arrays can be cut with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from telltale.formats.can.frames import CLASSIC_BYTES, EXTENDED, pgn_of, source_of

NULL_ADDRESS = 0xFE  # SAE J1939-81: a database writes it where any sender is meant
FIRST_NMEA_PGN = 0x1ED00  # 126208, the lowest group of NMEA 2000 that comes in fast packets


class Signal(msgspec.Struct, frozen=True):
    """One signal: where its bits are and what they mean.

    Attributes:
        name: As the database has it.
        column: As its values are called: the name, with the message's where several share it.
        start: Lowest bit if little-endian; highest bit if big-endian, counted as DBC files do.
        length: Bits, 1 to 64.
        is_float: Bits are an IEEE 754 number of 16, 32 or 64 bits.
        scale, offset: Value = bits times scale plus offset.
        unit: As the database writes it.
        low, high: Range that the database gives; None where it gives none.
        choices: What some raw numbers mean.
        multiplexer: The signal that says whether this one is there; "" if it always is.
        multiplexer_ids: Raw numbers of the multiplexer at which it is there.
        comment: What the database says about it.
    """

    name: str
    column: str
    start: int
    length: int
    is_big_endian: bool = False
    is_signed: bool = False
    is_float: bool = False
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: dict[int, str] = {}
    multiplexer: str = ""
    multiplexer_ids: tuple[int, ...] = ()
    comment: str = ""

    @property
    def first_bit(self) -> int:
        """Place of its first bit, counted from the payload's first bit on."""
        return 8 * (self.start // 8) + 7 - self.start % 8 if self.is_big_endian else self.start

    @property
    def first_byte(self) -> int:
        """First byte that it touches."""
        return self.first_bit // 8

    @property
    def last_byte(self) -> int:
        """Last byte that it touches."""
        return (self.first_bit + self.length - 1) // 8

    def words(self) -> dict[str, float]:
        """Return the name of each value that has one, and the value."""
        return {word: raw * self.scale + self.offset for raw, word in self.choices.items()}


class Message(msgspec.Struct, frozen=True):
    """One message: its identifier and its signals.

    Attributes:
        name: As the database has it.
        id: 11 or 29 bits.
        is_extended: The identifier has 29 bits.
        is_j1939: It is known by its parameter group, whoever sends it.
        length: Bytes of its payload.
        signals: All of them.
    """

    name: str
    id: int
    is_extended: bool
    is_j1939: bool
    length: int
    signals: tuple[Signal, ...]

    @property
    def key(self) -> int:
        """Identifier as `Frames.keys` has it."""
        return self.id | EXTENDED if self.is_extended else self.id


class CanTables(msgspec.Struct, frozen=True, dict=True):
    """All messages of a database.

    Attributes:
        name: The file it came from.
        messages: In its order.
        notes: What of it could not be used.
    """

    name: str
    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def by_key(self) -> Mapping[int, Message]:
        """Messages by identifier; of two the first."""
        return {message.key: message for message in reversed(self.messages)}

    @cached_property
    def by_pgn(self) -> Mapping[int, Message]:
        """J1939 messages by parameter group; of two the one that names no sender, or the first."""
        groups = [message for message in reversed(self.messages) if message.is_j1939]
        groups.sort(key=lambda message: source_of(message.id) == NULL_ADDRESS)
        return {pgn_of(message.id): message for message in groups}

    @cached_property
    def fast_pgns(self) -> frozenset[int]:
        """NMEA 2000 groups too long for one frame. J1939's come by its transport protocol."""
        return frozenset(
            pgn
            for pgn, message in self.by_pgn.items()
            if pgn >= FIRST_NMEA_PGN and message.length > CLASSIC_BYTES
        )

    def message_of(self, key: int) -> Message | None:
        """Return the message of an identifier."""
        found = self.by_key.get(key)
        if found is None and key & EXTENDED:
            found = self.by_pgn.get(pgn_of(key))
        return found

    @property
    def n_signals(self) -> int:
        """How many signals there are."""
        return sum(len(message.signals) for message in self.messages)


def together(tables: Iterable[CanTables]) -> CanTables:
    """Return several databases as one; a message that two of them have is the first one's."""
    given = tuple(tables)
    found: dict[int, Message] = {}
    for table in given:
        for message in table.messages:
            found.setdefault(message.key, message)
    notes = tuple(note for table in given for note in table.notes)
    return CanTables(", ".join(table.name for table in given), with_columns(found.values()), notes)


def with_columns(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return the messages with a column of its own for each signal.

    Names are compared without case, as channels' names are.
    """
    given = tuple(messages)
    used = Counter(signal.name.casefold() for message in given for signal in message.signals)
    taken: set[str] = set()
    done: list[Message] = []
    for message in given:
        signals: list[Signal] = []
        for signal in message.signals:
            is_shared = used[signal.name.casefold()] > 1
            column = _free(f"{message.name}.{signal.name}" if is_shared else signal.name, taken)
            signals.append(msgspec.structs.replace(signal, column=column))
        done.append(msgspec.structs.replace(message, signals=tuple(signals)))
    return tuple(done)


def _free(column: str, taken: set[str]) -> str:
    number, free = 1, column
    while free.casefold() in taken:
        number += 1
        free = f"{column}_{number}"
    taken.add(free.casefold())
    return free
