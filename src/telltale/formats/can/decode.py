"""Frames to batches: signals of each message at its own times, one row per moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import TooLargeError
from telltale.formats.base import Decoded
from telltale.formats.can.extract import signals_of
from telltale.formats.can.frames import (
    EXTENDED,
    MAX_ID,
    Frames,
    pgn_of,
    shown_id,
    source_of,
)
from telltale.formats.can.options import CanOptions
from telltale.formats.can.tables import Message
from telltale.formats.can.transport import Reassembler
from telltale.units import unit_id

MAX_CELLS = 2_000_000  # of one batch: 16 MB
MAX_UNKNOWN = 4096  # identifiers counted one by one
MAX_COLUMNS = 20_000
MAX_TOLD = 8
MAX_WORDS = 256  # a signal with more names for its numbers is no word
RESTART_NS = NS_PER_S  # a clock that goes back so far began anew


@dataclass(slots=True)
class Counts:
    """What became of the frames. Only grows.

    Attributes:
        frames: All that were given.
        decoded: Those of a message that the database has, or parts of one.
        unknown: Identifier to frames, of those that it has not; the first `MAX_UNKNOWN`.
        other_unknown: Frames of further ones.
    """

    frames: int = 0
    decoded: int = 0
    unknown: dict[int, int] | None = None
    other_unknown: int = 0

    def not_known(self, key: int, count: int) -> None:
        """Note frames that nothing is known of."""
        self.unknown = self.unknown or {}
        if key in self.unknown or len(self.unknown) < MAX_UNKNOWN:
            self.unknown[key] = self.unknown.get(key, 0) + count
        else:
            self.other_unknown += count


@dataclass(frozen=True, slots=True)
class _Share:
    """The signals of one message's frames."""

    machine: str
    time_ns: IntArray
    columns: Mapping[str, FloatArray]


class CanDecoder:
    """Decodes frames, block after block; where they are cut changes no value.

    Args:
        options: What the frames mean.
        machine: Whose they are.

    Attributes:
        counts: What became of the frames so far.
    """

    def __init__(self, options: CanOptions, machine: str) -> None:
        self.counts = Counts()
        self._tables = options.tables
        self._per_sender = options.senders == "machines"
        self._machine = machine
        self._parts = Reassembler(options.tables.fast_pgns)
        self._units = units_of(options)
        self._names = names_of(options)
        self._main_sender: dict[int, int] = {}  # parameter group -> who sent it first
        self._newest_ns: dict[tuple[int, int], int] = {}  # of each identifier on each bus
        self._columns: dict[str, dict[str, None]] = {}  # machine -> columns met, in order

    @property
    def incomplete(self) -> int:
        """Messages of which a part was lost."""
        return self._parts.incomplete

    def decode(self, frames: Frames) -> Iterator[Decoded]:
        """Yield what these frames hold, in order of time, in bounded pieces.

        Args:
            frames: In order of time.
        """
        shares = list(self._shares(frames))
        self.counts.frames += len(frames)
        for share in shares:
            known = self._columns.setdefault(share.machine, {})
            known.update(dict.fromkeys(share.columns))
            if len(known) > MAX_COLUMNS:
                raise TooLargeError(
                    f"{share.machine} would have more than {MAX_COLUMNS:,} channels. Keep in the "
                    "database what you need, or make each sender a machine."
                )
        for batches in _pieces(shares, self._columns):
            yield Decoded(batches, units=self._units, names=self._names)

    def _shares(self, frames: Frames) -> Iterator[_Share]:
        parts: list[IntArray] = []
        for key, bus, rows in grouped(frames):
            if self._parts.is_part(key):
                parts.append(rows)
                continue
            yield from self._share(key, bus, frames.take(rows))
        if parts:
            self.counts.decoded += sum(map(len, parts))
            whole = self._parts.feed(frames.take(np.sort(np.concatenate(parts))))
            for key, bus, rows in grouped(whole):
                yield from self._share(key, bus, whole.take(rows), is_whole=True)

    def _share(
        self, key: int, bus: int, frames: Frames, *, is_whole: bool = False
    ) -> Iterator[_Share]:
        message = self._tables.message_of(key)
        if message is None:
            self.counts.not_known(key, 0 if is_whole else len(frames))
            return
        self.counts.decoded += 0 if is_whole else len(frames)
        time_ns = self._distinct(key, bus, frames.time_ns)
        time_ns, columns = _held(time_ns, signals_of(message, frames.data, frames.lengths))
        if not len(time_ns):
            return
        if not message.is_j1939:
            yield _Share(self._machine, time_ns, columns)
            return
        yield self._sent(message, key, time_ns, columns)

    def _sent(
        self, message: Message, key: int, time_ns: IntArray, columns: dict[str, FloatArray]
    ) -> _Share:
        """Return a J1939 message's signals as its sender's."""
        sender = source_of(key)
        if self._per_sender:
            return _Share(f"{self._machine}-sa{sender:02x}", time_ns, columns)
        if self._main_sender.setdefault(pgn_of(message.id), sender) != sender:
            columns = self._second(columns, f"_sa{sender:02x}")
        return _Share(self._machine, time_ns, columns)

    def _second(self, columns: dict[str, FloatArray], ending: str) -> dict[str, FloatArray]:
        """Return the columns under names of another sender, which mean the same."""
        for name in columns:
            if name in self._units:
                self._units[name + ending] = self._units[name]
            if name in self._names:
                self._names[name + ending] = self._names[name]
        return {name + ending: values for name, values in columns.items()}

    def _distinct(self, key: int, bus: int, time_ns: IntArray) -> IntArray:
        """Return times of which no two are equal: a logger's clock may be coarse."""
        place = np.arange(len(time_ns))
        before_ns = self._newest_ns.get((key, bus), -RESTART_NS)
        if before_ns >= time_ns[0] > before_ns - RESTART_NS:
            time_ns = np.maximum(time_ns, before_ns + 1)
        if bool((time_ns[1:] <= time_ns[:-1]).any()):
            time_ns = np.maximum.accumulate(time_ns - place) + place
        if len(self._newest_ns) < MAX_UNKNOWN or (key, bus) in self._newest_ns:
            self._newest_ns[key, bus] = int(time_ns[-1])
        return time_ns

    def notes(self) -> tuple[str, ...]:
        """Return what is to be told once all frames were given, a sentence each."""
        unknown = self.counts.unknown or {}
        told: list[str] = []
        if unknown:
            n_frames = sum(unknown.values()) + self.counts.other_unknown
            most = sorted(unknown, key=lambda key: -unknown[key])[:MAX_TOLD]
            listed = ", ".join(f"{shown_id(key)} ({unknown[key]:,})" for key in most)
            more = f" and {len(unknown) - MAX_TOLD} more" if len(unknown) > MAX_TOLD else ""
            told.append(
                f"{n_frames:,} of {self.counts.frames:,} frames have an identifier that "
                f"{self._tables.name} does not: {listed}{more}."
            )
        if self.incomplete:
            told.append(f"{self.incomplete:,} messages of several frames were not complete.")
        return tuple(told)


def _held(
    time_ns: IntArray, columns: dict[str, FloatArray]
) -> tuple[IntArray, dict[str, FloatArray]]:
    """Return the frames in which anything was measured."""
    empty = np.ones(len(time_ns), dtype=np.bool_)
    for values in columns.values():
        empty &= np.isnan(values)
        if not empty.any():
            return time_ns, columns
    return time_ns[~empty], {name: values[~empty] for name, values in columns.items()}


def units_of(options: CanOptions) -> dict[str, str]:
    """Return the unit of each column whose unit telltale knows; another one says nothing."""
    signals = (signal for message in options.tables.messages for signal in message.signals)
    return {signal.column: signal.unit for signal in signals if unit_id(signal.unit)}


def names_of(options: CanOptions) -> dict[str, dict[str, float]]:
    """Return what numbers of a column are called, of columns that are more words than numbers."""
    signals = (signal for message in options.tables.messages for signal in message.signals)
    return {
        signal.column: signal.words() for signal in signals if 1 < len(signal.choices) <= MAX_WORDS
    }


def grouped(frames: Frames) -> Iterator[tuple[int, int, IntArray]]:
    """Yield identifier, bus, and the places of their frames, in order."""
    if not len(frames):
        return
    both = frames.keys | frames.buses << 32
    order = np.argsort(both, kind="stable")
    ordered = both[order]
    edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for rows in np.split(order, edges):
        key = int(both[rows[0]])
        yield key & (MAX_ID | EXTENDED), key >> 32, rows


def _pieces(
    shares: list[_Share], columns: Mapping[str, Mapping[str, None]]
) -> Iterator[tuple[Batch, ...]]:
    """Yield batches, one per machine, whose tables of values are not too large."""
    by_machine: dict[str, list[_Share]] = {}
    for share in shares:
        by_machine.setdefault(share.machine, []).append(share)
    for machine, own in by_machine.items():
        instants = np.unique(np.concatenate([share.time_ns for share in own]))
        n_rows = max(1, MAX_CELLS // max(1, len(columns[machine])))
        for first in range(0, len(instants), n_rows):
            yield (_batch(machine, instants[first : first + n_rows], own, columns[machine]),)


def _batch(
    machine: str, instants: IntArray, shares: list[_Share], columns: Mapping[str, None]
) -> Batch:
    table = np.full((len(columns), len(instants)), np.nan)
    place = {name: i for i, name in enumerate(columns)}
    for share in shares:
        begin = int(np.searchsorted(share.time_ns, instants[0], side="left"))
        end = int(np.searchsorted(share.time_ns, instants[-1], side="right"))
        if begin == end:
            continue
        rows = np.searchsorted(instants, share.time_ns[begin:end])
        for name, values in share.columns.items():
            table[place[name], rows] = values[begin:end]
    return Batch(machine, instants, {name: table[i] for name, i in place.items()})
