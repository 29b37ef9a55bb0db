"""A first look at a CAN log through a database: which signals are in it, and which frames not."""

from __future__ import annotations

import tempfile
from datetime import UTC
from pathlib import Path, PurePath

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.can.decode import CanDecoder
from telltale.formats.can.frames import Frames, joined, shown_id
from telltale.formats.can.logs import (
    HEAD_BYTES,
    KINDS,
    blocks_of,
    check_readable,
    in_order,
    log_kind,
    reader_of,
)
from telltale.formats.can.options import CanOptions
from telltale.formats.can.tables import Message, Signal
from telltale.formats.packed import opened

FIRST_VALUES = 5
MAX_UNKNOWN = 100


class CanSignal(msgspec.Struct, frozen=True):
    """One signal as the log has it.

    Attributes:
        column: As an import calls it.
        message, id: Where it comes from.
        unit: As the database writes it.
        count: Values in this part of the log.
        rate_hz: Of them, on average; None for a single one.
        low, high: Smallest and largest value.
        first: The first few.
        words: What numbers are called.
        comment: What the database says about it.
    """

    column: str
    message: str
    id: str
    unit: str
    count: int
    rate_hz: float | None
    low: float
    high: float
    first: tuple[float, ...]
    words: dict[str, float]
    comment: str


class UnknownFrames(msgspec.Struct, frozen=True):
    """An identifier that the database does not have, and how many frames bear it."""

    id: str
    frames: int


class CanPreview(msgspec.Struct, frozen=True):
    """What the first part of a log holds, seen through a database.

    Attributes:
        format: What wrote the log.
        frames: Data frames in this part.
        decoded: Those of a message that the database has, or parts of one.
        duration_s: From the first to the last.
        buses: Names of the buses in it.
        signals: What was decoded, in the database's order.
        unknown: Identifiers that the database does not have, the most frequent first.
        notes: What else is to be told.
    """

    format: str
    frames: int
    decoded: int
    duration_s: float
    buses: tuple[str, ...]
    signals: tuple[CanSignal, ...]
    unknown: tuple[UnknownFrames, ...]
    notes: tuple[str, ...] = ()


def preview_log(head: bytes, filename: str, can: CanOptions) -> CanPreview:
    """Decode the first part of a log.

    Args:
        head: Its first bytes; all of it, if it is small.
        filename: For errors.
        can: What its frames mean.

    Raises:
        DecodeError: No CAN log.
        MissingExtraError: A package that it takes is not installed.
    """
    name = PurePath(filename).name
    frames, kind = _frames(head, name)
    decoder = CanDecoder(can, "log")
    pieces = list(decoder.decode(frames))
    span_ns = int(frames.time_ns[-1] - frames.time_ns[0])
    unknown = sorted((decoder.counts.unknown or {}).items(), key=lambda item: -item[1])
    return CanPreview(
        KINDS[kind],
        len(frames),
        decoder.counts.decoded,
        round(span_ns / NS_PER_S, 6),
        tuple(frames.bus_names),
        tuple(_signals(pieces, can)),
        tuple(UnknownFrames(shown_id(key), count) for key, count in unknown[:MAX_UNKNOWN]),
        (*can.tables.notes, *decoder.notes()),
    )


def _frames(head: bytes, name: str) -> tuple[Frames, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head"
        path.write_bytes(head)
        with opened(path) as file:
            start = file.read(HEAD_BYTES)
        kind = log_kind(start)
        if kind is None:
            check_readable(start, name)
            known = ", ".join(KINDS.values())
            raise DecodeError(f"{name} is no CAN log that telltale knows. Give one of {known}.")
        held: list[Frames] = []
        try:
            held.extend(in_order(blocks_of(path, reader_of(kind, name, UTC))))
        except DecodeError:  # a first part ends in the middle of something
            if not held:
                raise
    frames = joined(held)
    if not len(frames):
        raise DecodeError(f"{name} holds no data frame in its first part. Give a longer log.")
    return frames, kind


def _signals(pieces: list[Decoded], can: CanOptions) -> list[CanSignal]:
    held: dict[str, list[tuple[IntArray, FloatArray]]] = {}
    for piece in pieces:
        for batch in piece.batches:
            for column, values in batch.columns.items():
                there = ~np.isnan(values)
                if there.any():
                    held.setdefault(column, []).append((batch.time_ns[there], values[there]))
    known = {
        signal.column: (message, signal)
        for message in can.tables.messages
        for signal in message.signals
    }
    found: list[CanSignal] = []
    for column, parts in held.items():
        time_ns = np.concatenate([time for time, _ in parts])
        values = np.concatenate([part for _, part in parts])
        message, signal = known[column if column in known else column.rpartition("_sa")[0]]
        found.append(_signal(column, message, signal, time_ns, values))
    return found


def _signal(
    column: str, message: Message, signal: Signal, time_ns: IntArray, values: FloatArray
) -> CanSignal:
    span_ns = int(time_ns.max() - time_ns.min())
    return CanSignal(
        column,
        message.name,
        shown_id(message.key),
        signal.unit,
        len(values),
        round((len(values) - 1) * NS_PER_S / span_ns, 3) if span_ns else None,
        float(values.min()),
        float(values.max()),
        tuple(values[:FIRST_VALUES].tolist()),
        signal.words(),
        signal.comment,
    )
