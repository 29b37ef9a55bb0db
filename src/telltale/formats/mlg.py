"""MegaLog binary logs (`.mlg` of MegaLogViewer, TunerStudio, Speeduino), versions 1 and 2.

Source: EFI Analytics, "MLG Binary Log Format": big-endian; a header, a table of fields, then blocks
of a type, a counter, a clock of 10 us, the fields and a checksum. A value is (raw + transform) x
scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.facts import FileFacts, ReadOptions
from telltale.formats.layout import Clock
from telltale.formats.mlg_head import Head, read_head
from telltale.formats.refusals import Refusals
from telltale.formats.start import date_in_name, id_of_name, start_of
from telltale.formats.table import spread

_MARKER_BYTES = 54
_TICK_NS = 10_000
_TICKS = 65_536
_CHUNK_BYTES = 4 << 20
_RESTART_NS = NS_PER_S
_LONGEST_GAP_US = 3_600_000_000  # a longer one is a clock that was set
_CLOCK_END_US = 10**15


def read_mlg(file: BinaryIO, facts: FileFacts, options: ReadOptions) -> Iterator[Decoded]:
    """Yield a log's readings, in constant memory.

    Args:
        file: At its first byte.
        facts: What is known of it beside its content.
        options: What its user knows.

    Raises:
        DecodeError: It is no such log, or is damaged beyond what comes before.
    """
    start = file.read(_CHUNK_BYTES)
    head = read_head(start)
    rest = start[head.data_at :]
    blocks = _Blocks(head, _start_ns(head, facts, options))
    machine = options.machine or id_of_name(facts.title)
    units = {field.name: field.unit for field in head.fields if field.unit}
    while rest:
        piece, used = blocks.read(rest, machine)
        if piece.batches or piece.rejected_rows:
            yield Decoded(piece.batches, piece.rejected_rows, reasons=piece.reasons, units=units)
        more = file.read(_CHUNK_BYTES)
        if not more and not used:
            raise DecodeError(f"{facts.name} ends inside a record. What came before is kept.")
        rest = rest[used:] + more


def _start_ns(head: Head, facts: FileFacts, options: ReadOptions) -> int:
    if head.started_ns and options.start_ns is None:
        return head.started_ns
    return start_of(
        Clock.RELATIVE,
        given_ns=options.start_ns,
        named_ns=date_in_name(facts.name, options.zone),
        modified_ns=facts.modified_ns,
        mark_ns=0,
        length_ns=lambda: 0,
    ).time_ns


class _Blocks:
    """Reads blocks, piece by piece; keeps the clock across the cuts."""

    def __init__(self, head: Head, start_ns: int) -> None:
        self._head = head
        self._now_ns = start_ns
        self._before: int | None = None  # the clock as it stood at the block before
        names = [field.name for field in head.fields]
        self._time = names.index("Time") if "Time" in names else None
        self._row = 0

    def read(self, data: bytes, machine: str) -> tuple[Decoded, int]:
        """Return what whole blocks hold, and how many bytes they took. Raises DecodeError."""
        size = self._head.block.itemsize
        refusals = Refusals()
        taken: list[npt.NDArray[np.void]] = []
        at = 0
        while len(data) - at >= size:
            n_whole = (len(data) - at) // size
            rows = np.frombuffer(data, self._head.block, n_whole, at)
            others = np.flatnonzero(rows["kind"])
            n = int(others[0]) if len(others) else n_whole
            taken.append(rows[:n])
            at += n * size
            if n == n_whole:
                break
            if rows["kind"][n] != 1:
                raise DecodeError(f"The MegaLog file is damaged at record {self._row + n}.")
            if len(data) - at < _MARKER_BYTES:
                break
            at += _MARKER_BYTES
        else:
            if data[at : at + 1] == b"\x01" and len(data) - at >= _MARKER_BYTES:
                at += _MARKER_BYTES  # a marker ends the file
        rows = np.concatenate(taken) if taken else np.empty(0, self._head.block)
        batch = self._batch(rows, machine, refusals)
        batches = (batch,) if len(batch) else ()
        return Decoded(batches, refusals.rows, reasons=tuple(refusals.reasons)), at

    def _batch(self, rows: npt.NDArray[np.void], machine: str, refusals: Refusals) -> Batch:
        data = np.frombuffer(rows["data"].tobytes(), np.uint8)
        data = data.reshape(len(rows), rows.dtype["data"].itemsize)
        good = data.sum(axis=1, dtype=np.uint64) % 256 == rows["sum"]
        for i in np.flatnonzero(~good).tolist():
            row = self._row + i
            message = f"Row {row}: its checksum is wrong, so it is left out."
            refusals.row(row, None, "a record that is whole", message)
        self._row += len(rows)
        rows = rows[good]
        time_ns = self._times_ns(rows)
        columns = {
            field.name: self._column(rows, i)
            for i, field in enumerate(self._head.fields)
            if i != self._time
        }
        return Batch(machine, time_ns, columns)

    def _column(self, rows: npt.NDArray[np.void], index: int) -> FloatArray:
        field = self._head.fields[index]
        with np.errstate(invalid="ignore"):  # a NaN of any kind
            raw = rows["data"][f"f{index}"].astype(np.float64)
        values = (raw + field.transform) * field.scale
        return np.where(np.isfinite(values), values, np.nan)

    def _times_ns(self, rows: npt.NDArray[np.void]) -> IntArray:
        """Return the time of each record; a clock that begins anew follows 1 s after."""
        if not len(rows):
            return np.empty(0, dtype=np.int64)
        if self._time is None:
            clock = rows["ticks"].astype(np.int64)
        else:
            time_us = np.nan_to_num(self._column(rows, self._time)) * 1e6
            clock = np.clip(np.rint(time_us), -_CLOCK_END_US, _CLOCK_END_US).astype(np.int64)
        before = int(clock[0]) if self._before is None else self._before
        steps = np.diff(clock, prepend=before)
        if self._time is None:
            steps_ns = steps % _TICKS * _TICK_NS
        else:
            is_plain = (steps >= 0) & (steps <= _LONGEST_GAP_US)
            steps_ns = np.where(is_plain, steps * 1_000, _RESTART_NS)
        time_ns = self._now_ns + np.cumsum(steps_ns)
        self._before, self._now_ns = int(clock[-1]), int(time_ns[-1])
        return spread(time_ns, 1_000_000)
