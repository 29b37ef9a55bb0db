"""The door for CAN logs: which kind a file is, when it began, its frames in order, its readings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path, PurePath

import numpy as np

from telltale.batch import NS_PER_S
from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.can.candump import CandumpReader, has_no_time, is_candump, read_blocks
from telltale.formats.can.decode import CanDecoder
from telltale.formats.can.foreign import ForeignReader
from telltale.formats.can.frames import Frames, joined
from telltale.formats.csv_rows import CHUNK_BYTES
from telltale.formats.facts import FileFacts, ReadOptions
from telltale.formats.layout import Clock
from telltale.formats.packed import opened, packed_place
from telltale.formats.start import Start, date_in_name, id_of_name, start_of

HEAD_BYTES = 64 * 1024
DATED_FROM_NS = 100_000_000 * NS_PER_S  # 1973: a smaller time counts from a start
HOLD_NS = 20_000_000  # frames of two buses may swap their places by less than this
MAX_HELD = 200_000
KINDS = {
    "candump": "candump", "asc": "Vector ASC", "blf": "Vector BLF", "trc": "PEAK TRC",
    "csv": "python-can CSV", "mf4": "ASAM MF4",
}  # fmt: skip
_ASC = re.compile(
    rb"\s*date\s+\S+.*?^\s*base\s+(hex|dec)", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
_CSV = b"timestamp,arbitration_id,extended,remote,error,dlc,data"
_TRC = re.compile(rb"\s*;(\$FILEVERSION|#{20,}\s*\r?\n;.*\.trc)", re.IGNORECASE)

Progress = Callable[[int], None]
Reader = CandumpReader | ForeignReader


def log_kind(head: bytes) -> str | None:
    """Return which kind of CAN log begins like this: a key of `KINDS`; None if it is none."""
    if head.startswith(b"LOGG"):
        return "blf"
    if head.startswith(b"MDF     "):
        return "mf4"
    if head.startswith(_CSV):
        return "csv"
    if _TRC.match(head[:4096]):
        return "trc"
    if _ASC.match(head[:4096]):
        return "asc"
    return "candump" if is_candump(head) else None


def check_readable(head: bytes, name: str) -> None:
    """Refuse candump's output without times, which looks like a CAN log and cannot be dated."""
    if has_no_time(head):
        raise DecodeError(
            f"{name} is a candump log without times. Record it with `candump -L` or `candump -l`."
        )


def read_can_log(
    path: Path,
    kind: str,
    facts: FileFacts,
    options: ReadOptions,
    *,
    on_progress: Progress | None = None,
) -> Iterator[Decoded]:
    """Yield a CAN log's readings in order of time, in bounded memory.

    Args:
        path: The file.
        kind: A key of `KINDS`.
        facts: What is known of it beside its content.
        options: What its user knows; `can` says what the frames mean.
        on_progress: Told how many of the file's bytes were read so far.

    Raises:
        DecodeError: No database was given, none of its messages is in the log, or the log cannot
            be read.
        MissingExtraError: A package that it takes is not installed.
    """
    if options.can is None:
        raise DecodeError(
            f"{facts.name} is a CAN log ({KINDS[kind]}): its frames are numbers without names. "
            f"Give the database that explains them: telltale import {facts.name} --dbc FILE."
        )
    reader = reader_of(kind, facts.name, options.zone)
    decoder = CanDecoder(options.can, options.machine or _machine_of(facts))
    told = _Told(decoder, reader, options.can.tables.name, facts.name)
    blocks = blocks_of(path, reader, options.chunk_bytes, on_progress)
    before: Decoded | None = None
    started: Start | None = None
    try:
        for frames in in_order(_of_bus(blocks, options.can.bus, facts.name)):
            if started is None:
                started = _start(path, kind, frames, facts, options)
            for piece in decoder.decode(frames.dated(started.time_ns)):
                if before is not None:
                    yield before
                    before = piece
                else:
                    before = replace(piece, notes=_begun(started))
    except DecodeError:  # what came before the damage is kept
        if before is not None:
            yield before
        raise
    yield told.last(before)


def _begun(started: Start) -> tuple[str, ...]:
    return (started.note,) if started.note else ()


class _Told:
    """What is said of a log once it was read."""

    def __init__(self, decoder: CanDecoder, reader: Reader, tables: str, name: str) -> None:
        self._decoder, self._reader, self._tables, self._name = decoder, reader, tables, name

    def last(self, piece: Decoded | None) -> Decoded:
        """Return the last piece with it. Raises DecodeError if nothing could be decoded."""
        refusals, notes = self._reader.refusals, self._decoder.notes()
        if piece is None and not refusals.rows:
            why = f" {notes[0]}" if notes else " It holds no frame."
            raise DecodeError(
                f"{self._name}: nothing of it is in {self._tables}.{why} "
                "Give the database of this bus."
            )
        if self._reader.others:
            notes += (f"{self._reader.others:,} remote and error frames carry no signal.",)
        done = piece or Decoded(())
        return replace(
            done,
            rejected_rows=refusals.rows,
            reasons=tuple(refusals.reasons),
            notes=(*done.notes, *notes),
        )


def reader_of(kind: str, name: str, zone: tzinfo) -> Reader:
    """Return what reads a log of this kind; `zone` is that of clocks that say none."""
    return CandumpReader() if kind == "candump" else ForeignReader(kind, name, zone)


def _machine_of(facts: FileFacts) -> str:
    bare = PurePath(facts.title.removesuffix(".gz").removesuffix(".zip"))
    return id_of_name(str(bare.with_suffix(".log")) if bare.suffix else str(bare))


def blocks_of(
    path: Path,
    reader: Reader,
    chunk_bytes: int = CHUNK_BYTES,
    on_progress: Progress | None = None,
) -> Iterator[Frames]:
    """Yield a log's frames, block after block, in its own order."""
    with opened(path) as file:
        if isinstance(reader, CandumpReader):
            parts: Iterator[Frames] = (
                reader.feed(block, last=not block) for block in read_blocks(file, chunk_bytes)
            )
        else:
            parts = reader.blocks(file)
        for frames in parts:
            if on_progress is not None and not file.closed:
                on_progress(packed_place(file))
            if len(frames):
                yield frames


def _of_bus(blocks: Iterator[Frames], bus: str, name: str) -> Iterator[Frames]:
    """Yield the frames of one bus, of all where none is asked for."""
    seen: tuple[str, ...] = ()
    found = not bus
    for frames in blocks:
        seen = tuple(frames.bus_names)
        if not bus:
            yield frames
        elif bus in seen:
            own = frames.take(frames.buses == seen.index(bus))
            found = True
            if len(own):
                yield own
    if not found:
        raise DecodeError(f"{name} has no bus {bus!r}. It has {', '.join(seen) or 'none'}.")


def in_order(blocks: Iterator[Frames]) -> Iterator[Frames]:
    """Yield frames in order of time; the newest wait for others that belong before them."""
    held: Frames | None = None
    for block in blocks:
        frames = joined((held, block)) if held is not None else block
        if bool((frames.time_ns[1:] < frames.time_ns[:-1]).any()):
            frames = frames.take(np.argsort(frames.time_ns, kind="stable"))
        cut = int(np.searchsorted(frames.time_ns, frames.time_ns[-1] - HOLD_NS))
        if len(frames) - cut > MAX_HELD:
            cut = len(frames)
        ready, held = frames.take(np.arange(cut)), frames.take(np.arange(cut, len(frames)))
        if cut:
            yield ready
    if held is not None and len(held):
        yield held


def _start(path: Path, kind: str, first: Frames, facts: FileFacts, options: ReadOptions) -> Start:
    """Return what the log's clock counts from."""
    if int(first.time_ns[0]) >= DATED_FROM_NS:
        return Start(0)

    def length_ns() -> int | None:
        again = blocks_of(path, reader_of(kind, facts.name, options.zone))
        return max((int(frames.time_ns.max()) for frames in again), default=None)

    return start_of(
        Clock.RELATIVE,
        given_ns=options.start_ns,
        named_ns=date_in_name(facts.name, options.zone),
        modified_ns=facts.modified_ns,
        mark_ns=0,
        length_ns=length_ns,
    )
