"""`Recording`: what a replay plays, and recordings held in memory or read piece by piece."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

import numpy as np

from telltale.batch import Batch
from telltale.errors import SettingsError
from telltale.formats.base import Decoded

PIECE_ROWS = 5000

# (start_ns, end_ns, limit): the oldest `limit` samples from start inclusive to end exclusive.
RangeReader: TypeAlias = Callable[[int, int, int], Awaitable[Batch]]


class Recording(Protocol):
    """Samples that can be read again from any time on.

    Attributes:
        title: For people: a file's name, a machine and a day.
        start_ns: First sample; 0 until it is known.
        end_ns: Last sample; None until it is known.
    """

    title: str
    start_ns: int
    end_ns: int | None

    def read(self, position_ns: int) -> AsyncGenerator[Decoded, None]:
        """Yield the samples from this long after the start on, in bounded pieces, in order."""


class BatchRecording:
    """Batches in memory, of one machine or of several, in any order."""

    def __init__(self, title: str, batches: Sequence[Batch]) -> None:
        self._batches = [batch for batch in batches if len(batch)]
        if not self._batches:
            raise SettingsError(f"replay {title}: there is no sample to replay.")
        self.title = title
        self.start_ns = min(int(batch.time_ns[0]) for batch in self._batches)
        self.end_ns: int | None = max(int(batch.time_ns[-1]) for batch in self._batches)

    async def read(self, position_ns: int) -> AsyncGenerator[Decoded, None]:
        """Yield stretches of time, each with the samples that all machines have in it."""
        from_ns = self.start_ns + position_ns
        parts = tuple(from_time(batch, from_ns) for batch in self._batches)
        rest = Decoded(parts)
        for edge_ns in stretches(parts):
            piece, rest = split_at(rest, edge_ns)
            yield piece


def stretches(batches: Sequence[Batch]) -> Iterator[int]:
    """Yield ends of stretches of time that hold about `PIECE_ROWS` samples, all together."""
    times_ns = np.sort(np.concatenate([batch.time_ns for batch in batches]))
    for first in range(0, len(times_ns), PIECE_ROWS):
        yield int(times_ns[min(first + PIECE_ROWS, len(times_ns)) - 1])


class RangeRecording:
    """One machine's samples of a time range, read as they are needed, e.g. from a store.

    Args:
        title: For people.
        read_range: Gives at most so many of the oldest samples of a range.
        start_ns, end_ns: First and last sample, both inclusive.
    """

    def __init__(self, title: str, read_range: RangeReader, *, start_ns: int, end_ns: int) -> None:
        if end_ns < start_ns:
            raise SettingsError(f"replay {title}: the range ends before it begins.")
        self.title = title
        self.start_ns = start_ns
        self.end_ns: int | None = end_ns
        self._read_range = read_range
        self._stop_ns = end_ns + 1

    async def read(self, position_ns: int) -> AsyncGenerator[Decoded, None]:
        """Yield piece after piece until the range is exhausted."""
        next_ns = self.start_ns + position_ns
        while next_ns < self._stop_ns:
            batch = await self._read_range(next_ns, self._stop_ns, PIECE_ROWS)
            if not len(batch):
                return
            yield Decoded((batch,))
            next_ns = int(batch.time_ns[-1]) + 1


def from_time(batch: Batch, from_ns: int) -> Batch:
    """Return the samples at this time or later."""
    first = int(np.searchsorted(batch.time_ns, from_ns, side="left"))
    return batch.rows(first, len(batch)) if first else batch


def split_at(decoded: Decoded, upto_ns: int) -> tuple[Decoded, Decoded]:
    """Return what is not later than `upto_ns`, and the rest. Counters go with the first."""
    early, late = [], []
    for batch in decoded.batches:
        cut = int(np.searchsorted(batch.time_ns, upto_ns, side="right"))
        if cut:
            early.append(batch.rows(0, cut))
        if cut < len(batch):
            late.append(batch.rows(cut, len(batch)))
    rest = Decoded(tuple(late), units=decoded.units, codes=decoded.codes)
    return replace(decoded, batches=tuple(early), row_numbers=()), rest


def first_ns(decoded: Decoded) -> int | None:
    """Return the earliest time in it; None if it holds no sample."""
    return min((int(b.time_ns[0]) for b in decoded.batches if len(b)), default=None)


def last_ns(decoded: Decoded) -> int | None:
    """Return the latest time in it; None if it holds no sample."""
    return max((int(b.time_ns[-1]) for b in decoded.batches if len(b)), default=None)
