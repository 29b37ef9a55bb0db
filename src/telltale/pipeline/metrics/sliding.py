"""Mean and spread over sliding windows at a cost per sample that does not grow with the window.

The stream is cut into blocks at fixed sample numbers, their size the window's rounded down to a
power of two. A window is then the end of one block, perhaps a whole one, and the beginning of the
newest; each part is summed outwards from the block's edge, about a sample of its own, and the
parts are merged. Which sums are formed depends only on the window's sample numbers, so the bits
are the same in any cut; and as only samples of the window are in them, nothing cancels.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.pipeline.metrics.window import MAX_WINDOW_SAMPLES, lengths, merged_moments

FEW_ROWS = 20  # below, a loop over floats is quicker than numpy's calls; both give the same bits
LEAST_CAPACITY = 64
KEPT_TAILS = 4


class Part(NamedTuple):
    """A stretch of samples: per column the mean and the co-deviation with the first column."""

    n: int
    mean: tuple[float, ...]
    spread: tuple[float, ...]


class Head(NamedTuple):
    """The sums of a block from its first sample, the centre, to the newest."""

    size: int
    first: int
    centre: tuple[float, ...]
    sums: tuple[float, ...]
    products: tuple[float, ...]


class Samples:
    """Samples in order, shared by the states that follow one another; they are only appended.

    Attributes:
        time_ns, columns: Room for samples, shape (capacity,) and (columns, capacity).
        used: How many there are.
        base: Number, in the whole stream, of the first.
        tails: Of recent blocks, by size and end: see `_tail`.
    """

    __slots__ = ("base", "columns", "tails", "time_ns", "used")

    def __init__(self, n_columns: int, capacity: int, base: int) -> None:
        self.time_ns = np.empty(capacity, dtype=np.int64)
        self.columns = np.empty((n_columns, capacity))
        self.used = 0
        self.base = base
        self.tails: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}

    def append(self, time_ns: IntArray, columns: tuple[FloatArray, ...] | FloatArray) -> None:
        """Add samples; there must be room."""
        stop = self.used + len(time_ns)
        self.time_ns[self.used : stop] = time_ns
        for row, values in zip(self.columns, columns, strict=True):
            row[self.used : stop] = values
        self.used = stop


class Packed(msgspec.Struct, frozen=True):
    """A `Sliding` as it is kept."""

    origin_ns: int
    total: int
    time_ns: bytes
    columns: bytes


class Sliding:
    """The samples that a later window may still reach: an immutable view of `Samples`.

    Without arguments: nothing seen yet.
    """

    __slots__ = ("head", "origin_ns", "samples", "start", "stop")

    def __init__(
        self,
        origin_ns: int | None = None,
        samples: Samples | None = None,
        span: tuple[int, int] = (0, 0),
        head: Head | None = None,
    ) -> None:
        self.origin_ns = origin_ns
        self.samples = samples
        self.start, self.stop = span
        self.head = head

    def packed(self) -> Packed | None:
        """Return what decides all later results."""
        samples = self.samples
        if samples is None or self.origin_ns is None:
            return None
        part = slice(self.start, self.stop)
        return Packed(
            self.origin_ns,
            samples.base + self.stop,
            samples.time_ns[part].tobytes(),
            samples.columns[:, part].tobytes(),
        )

    @classmethod
    def unpacked(cls, packed: object) -> Sliding:
        """Return the state that was packed. Raises ValidationError."""
        read = msgspec.convert(packed, Packed | None)
        if read is None:
            return cls()
        time_ns = np.frombuffer(read.time_ns, dtype=np.int64)
        n = len(time_ns)
        columns = np.frombuffer(read.columns).reshape(-1, n) if n else np.empty((1, 0))
        samples = Samples(len(columns), max(LEAST_CAPACITY, 2 * n), read.total - n)
        samples.append(time_ns, columns)
        return cls(read.origin_ns, samples, (0, n))

    def joined(self, time_ns: IntArray, columns: tuple[FloatArray, ...]) -> tuple[Samples, int]:
        """Return the samples with these behind them, and where the kept ones start."""
        n, kept = len(time_ns), self.stop - self.start
        samples = self.samples
        is_newest = samples is not None and samples.used == self.stop
        if samples is not None and is_newest and self.stop + n <= len(samples.time_ns):
            samples.append(time_ns, columns)
            return samples, self.start
        base = 0 if samples is None else samples.base + self.start
        grown = Samples(len(columns), max(LEAST_CAPACITY, 2 * (kept + n)), base)
        if samples is not None:
            part = slice(self.start, self.stop)
            grown.append(samples.time_ns[part], samples.columns[:, part])
        grown.append(time_ns, columns)
        return grown, 0


class Moments(NamedTuple):
    """Of each window: samples held, shape (n,); mean and spread by column, shape (columns, n)."""

    held: IntArray
    mean: FloatArray
    spread: FloatArray


def sliding_moments(
    state: Sliding, time_ns: IntArray, columns: tuple[FloatArray, ...], window_s: float
) -> tuple[Moments, Sliding]:
    """Return means, and sums of co-deviations with the first column, of each sample's window.

    Args:
        state: What came before.
        time_ns: Times of the new samples, shape (n,), n at least 1.
        columns: Their values, each shape (n,).
        window_s: A window is (t - window_s, t], at most `MAX_WINDOW_SAMPLES`.
    """
    samples, start = state.joined(time_ns, columns)
    origin_ns = int(time_ns[0]) if state.origin_ns is None else state.origin_ns
    if len(time_ns) <= FEW_ROWS:
        moments, start, head = _row_by_row(samples, start, len(time_ns), window_s, state.head)
    else:
        held = lengths(samples.time_ns[start : samples.used], len(time_ns), window_s)
        moments, head = _at_once(samples, held), None
        start = samples.used - int(held[-1])
    return moments, Sliding(origin_ns, samples, (start, samples.used), head)


def _row_by_row(
    samples: Samples, start: int, n: int, window_s: float, head: Head | None
) -> tuple[Moments, int, Head | None]:
    """Take new samples one after the other, in plain floats."""
    window_ns, base, item = round(window_s * NS_PER_S), samples.base, samples.time_ns.item
    first = samples.used - n
    rows = zip(*samples.columns[:, first : samples.used].tolist(), strict=True)
    parts = []
    for end, row in enumerate(rows, start=first):
        edge_ns = item(end) - window_ns
        if item(start) <= edge_ns:
            start += int(samples.time_ns[start : end + 1].searchsorted(edge_ns, "right"))
        start = max(start, end + 1 - MAX_WINDOW_SAMPLES)
        size = 1 << ((end + 1 - start).bit_length() - 1)
        head = _next_head(samples, head, size, end + base, row)
        part = _part(end + base - head.first + 1, head)
        newest, oldest = head.first, start + base
        if newest - oldest >= size:
            part = _merged(_tail(samples, size, newest, newest - size), part)
            newest -= size
        if newest > oldest:
            part = _merged(_tail(samples, size, newest, oldest), part)
        parts.append(part)
    counts = np.array([part.n for part in parts], dtype=np.int64)
    mean, spread = np.array([part.mean for part in parts]), np.array([p.spread for p in parts])
    return Moments(counts, mean.T, spread.T), start, head


def _next_head(
    samples: Samples, head: Head | None, size: int, end: int, row: tuple[float, ...]
) -> Head:
    """Return the newest block's sums with sample number `end`, whose values are `row`."""
    first = end & -size
    if head is None or head.size != size or head.first != first:
        if first == end:
            zeros = (0.0,) * len(row)
            return Head(size, first, row, zeros, zeros)
        return _summed_head(samples, size, first, end)
    apart = [x - c for x, c in zip(row, head.centre, strict=True)]
    reference = apart[0]
    sums = tuple([s + d for s, d in zip(head.sums, apart, strict=True)])
    products = tuple([p + reference * d for p, d in zip(head.products, apart, strict=True)])
    return Head(size, first, head.centre, sums, products)


def _summed_head(samples: Samples, size: int, first: int, end: int) -> Head:
    values = samples.columns[:, first - samples.base : end - samples.base + 1]
    sums, products = _sums(values, values[:, :1])
    return Head(
        size,
        first,
        tuple(values[:, 0].tolist()),
        tuple(sums[:, -1].tolist()),
        tuple(products[:, -1].tolist()),
    )


def _sums(values: FloatArray, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return running sums of deviations and of their products with the first column's."""
    apart = values - centre
    return np.add.accumulate(apart, axis=-1), np.add.accumulate(apart[0] * apart, axis=-1)


def _part(count: int, head: Head) -> Part:
    reference = head.sums[0]
    return Part(
        count,
        tuple([c + s / count for c, s in zip(head.centre, head.sums, strict=True)]),
        tuple([p - reference * s / count for p, s in zip(head.products, head.sums, strict=True)]),
    )


def _tail(samples: Samples, size: int, stop: int, start: int) -> Part:
    """Return samples start to stop, stop being the end of a block."""
    known = samples.tails.get((size, stop))
    if known is None:
        if len(samples.tails) >= KEPT_TAILS:
            samples.tails.clear()
        low = max(stop - size - samples.base, 0)
        values = samples.columns[:, low : stop - samples.base][:, ::-1]
        known = _means(*_sums(values, values[:, :1]), values[:, :1])
        samples.tails[size, stop] = known
    mean, spread = known
    back = stop - start - 1
    return Part(back + 1, tuple(mean[:, back].tolist()), tuple(spread[:, back].tolist()))


def _means(
    sums: FloatArray, products: FloatArray, centre: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return mean and spread of 1, 2, 3 ... samples from their running sums."""
    count = np.arange(1, sums.shape[-1] + 1)
    return centre + sums / count, products - sums[0] * sums / count


def _merged(old: Part, new: Part) -> Part:
    """Merge two parts: `merged_moments` in plain floats, operation by operation."""
    share = old.n / (old.n + new.n)
    apart = [a - b for a, b in zip(old.mean, new.mean, strict=True)]
    weight = apart[0] * (share * new.n)
    spreads = zip(old.spread, new.spread, apart, strict=True)
    return Part(
        old.n + new.n,
        tuple([b + d * share for b, d in zip(new.mean, apart, strict=True)]),
        tuple([a + b + d * weight for a, b, d in spreads]),
    )


def _at_once(samples: Samples, held: IntArray) -> Moments:
    """Take all new samples, those of one block size together."""
    ends = np.arange(samples.used - len(held), samples.used)
    size_bits = np.frexp(held.astype(np.float64))[1] - 1
    if size_bits[0] == size_bits[-1] and (size_bits == size_bits[0]).all():
        return Moments(held, *_of_one_size(samples, 1 << int(size_bits[0]), ends, held))
    moments = np.empty((2, len(samples.columns), len(held)))
    for bits in np.unique(size_bits).tolist():
        rows = np.flatnonzero(size_bits == bits)
        moments[:, :, rows] = _of_one_size(samples, 1 << bits, ends[rows], held[rows])
    return Moments(held, *moments)


def _of_one_size(samples: Samples, size: int, ends: IntArray, held: IntArray) -> FloatArray:
    """Return mean and spread of the windows that end at these samples, in order."""
    newest = ends + samples.base
    oldest = newest - held + 1
    first = newest & -size  # of the newest block
    second = (oldest + size - 1) & -size  # the first block that begins inside
    blocks, low = _blocks(samples, size, int(oldest[0]), int(newest[-1]))
    skipped = int(first[0] - low)
    heads = _scanned(blocks[:, skipped // size :])
    tails = _scanned(blocks[:, : int(first[-1] - low) // size, ::-1])
    part = heads[:, :, newest - (low + skipped)]
    # A scan of a tail runs backwards: its place 0 is its block's newest sample.
    whole = np.flatnonzero(first > second)
    _merge_old(part, tails, whole, (first - (low + 1), np.full(len(held), size), newest - first))
    cut = np.flatnonzero(second > oldest)
    back = second - oldest
    _merge_old(part, tails, cut, (second - (low + size + 1) + back, back, newest - second))
    return part


def _merge_old(
    part: FloatArray, tails: FloatArray, rows: IntArray, older: tuple[IntArray, IntArray, IntArray]
) -> None:
    """Merge older samples into some rows.

    Args:
        part: Of all rows; changed.
        tails: What `_scanned` gave of the blocks, turned round.
        rows: Which of them.
        older: Of all rows, the place of the older samples in `tails`, how many they are, and one
            less than how many the row holds already.
    """
    if not len(rows):
        return
    if len(rows) == part.shape[-1]:
        place, n_old, n_less = older
        part[...] = merged_moments(tails[:, :, place], n_old, part, n_less + 1)
        return
    place, n_old, n_less = (values[rows] for values in older)
    part[:, :, rows] = merged_moments(tails[:, :, place], n_old, part[:, :, rows], n_less + 1)


def _blocks(samples: Samples, size: int, oldest: int, newest: int) -> tuple[FloatArray, int]:
    """Return samples by block, shape (columns, blocks, size), and the first one's number."""
    low = max(oldest & -size, 0)
    n_blocks = (newest - low) // size + 1
    at = max(samples.base, low)
    laid = np.zeros((len(samples.columns), n_blocks * size))
    laid[:, at - low : newest + 1 - low] = samples.columns[
        :, at - samples.base : newest + 1 - samples.base
    ]
    return laid.reshape(len(laid), n_blocks, size), low


def _scanned(blocks: FloatArray) -> FloatArray:
    """Return mean and spread from each block's first place on, shape (2, columns, places)."""
    centre = blocks[:, :, :1]
    scan = np.empty((2, *blocks.shape))
    scan[0], scan[1] = _means(*_sums(blocks, centre), centre)
    return scan.reshape(2, len(blocks), -1)
