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

FEW_ROWS = 48  # below, a loop over floats is quicker than numpy's calls; both give the same bits
LEAST_CAPACITY = 64
KEPT_TAILS = 4


class Head(NamedTuple):
    """Sums over a block, from its first sample to the newest, about the first.

    r is the first column, v the last: of a single column both.

    Attributes:
        size, first: The block.
        centre_r, centre_v: Values of its first sample.
        sum_r, sum_v: Of what the samples are apart from the centre.
        sum_rr, sum_rv: Of products of that.
    """

    size: int
    first: int
    centre_r: float
    centre_v: float
    sum_r: float = 0.0
    sum_v: float = 0.0
    sum_rr: float = 0.0
    sum_rv: float = 0.0


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
        self.tails: dict[tuple[int, int], FloatArray] = {}

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
    """Take new samples one after the other: `_at_once` in plain floats, operation by operation."""
    window_ns, base, item = round(window_s * NS_PER_S), samples.base, samples.time_ns.item
    new = samples.used - n
    last_column = len(samples.columns) - 1
    column_r = samples.columns[0, new : samples.used].tolist()
    column_v = samples.columns[last_column, new : samples.used].tolist()
    size = first = -1
    if head is not None:
        size, first, centre_r, centre_v, sum_r, sum_v, sum_rr, sum_rv = head
    held, means, spreads = [], [], []
    for end, r, v in zip(range(new, samples.used), column_r, column_v, strict=True):
        start = _start(samples, start, end, item(end) - window_ns)
        was, size = (size, first), 1 << ((end + 1 - start).bit_length() - 1)
        newest, oldest = end + base, start + base
        first = newest & -size
        if was == (size, first):
            apart_r, apart_v = r - centre_r, v - centre_v
            sum_r, sum_v = sum_r + apart_r, sum_v + apart_v
            sum_rr, sum_rv = sum_rr + apart_r * apart_r, sum_rv + apart_r * apart_v
        elif first == newest:
            _, _, centre_r, centre_v, sum_r, sum_v, sum_rr, sum_rv = Head(size, first, r, v)
        else:
            begun = _summed(samples, size, first, newest)
            _, _, centre_r, centre_v, sum_r, sum_v, sum_rr, sum_rv = begun
        count = newest - first + 1
        mean_r, mean_v = centre_r + sum_r / count, centre_v + sum_v / count
        spread_r, spread_v = sum_rr - sum_r * sum_r / count, sum_rv - sum_r * sum_v / count
        stop = first
        while stop > oldest:  # a whole block, then the end of one; or only one of them
            back = min(size, stop - oldest)
            tail = _tail(samples, size, stop).item
            share = back / (back + count)
            apart_r = tail(0, 0, back - 1) - mean_r
            apart_v = tail(0, last_column, back - 1) - mean_v
            weight = apart_r * (share * count)
            mean_r, mean_v = mean_r + apart_r * share, mean_v + apart_v * share
            spread_r = tail(1, 0, back - 1) + spread_r + apart_r * weight
            spread_v = tail(1, last_column, back - 1) + spread_v + apart_v * weight
            count, stop = count + back, stop - back
        held.append(count)
        means.append((mean_r, mean_v))
        spreads.append((spread_r, spread_v))
    head = Head(size, first, centre_r, centre_v, sum_r, sum_v, sum_rr, sum_rv)
    return Moments(np.array(held), np.array(means).T, np.array(spreads).T), start, head


def _start(samples: Samples, start: int, end: int, edge_ns: int) -> int:
    """Return the place of the first sample after edge_ns that a window up to `end` holds."""
    if samples.time_ns.item(start) <= edge_ns:
        start += int(samples.time_ns[start : end + 1].searchsorted(edge_ns, "right"))
    return max(start, end + 1 - MAX_WINDOW_SAMPLES)


def _summed(samples: Samples, size: int, first: int, newest: int) -> Head:
    """Return the sums of a block that begins in the middle of what is kept."""
    values = samples.columns[:, first - samples.base : newest - samples.base + 1]
    sums, products = _sums(values, values[:, :1])
    ends = [part.item(row, -1) for part in (sums, products) for row in (0, -1)]
    return Head(size, first, values.item(0, 0), values.item(-1, 0), *ends)


def _tail(samples: Samples, size: int, stop: int) -> FloatArray:
    """Return mean and spread of the last 1, 2, 3 ... samples of the block that ends at `stop`."""
    known = samples.tails.get((size, stop))
    if known is None:
        if len(samples.tails) >= KEPT_TAILS:
            samples.tails.clear()
        low = max(stop - size - samples.base, 0)
        values = samples.columns[:, low : stop - samples.base][:, ::-1]
        known = np.array(_means(*_sums(values, values[:, :1]), values[:, :1]))
        samples.tails[size, stop] = known
    return known


def _sums(values: FloatArray, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return running sums of deviations and of their products with the first column's."""
    apart = values - centre
    return np.add.accumulate(apart, axis=-1), np.add.accumulate(apart[0] * apart, axis=-1)


def _means(
    sums: FloatArray, products: FloatArray, centre: FloatArray, count: IntArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return mean and spread of `count`, usually 1, 2, 3 ... samples from their running sums."""
    count = np.arange(1, sums.shape[-1] + 1) if count is None else count
    return centre + sums / count, products - sums[0] * sums / count


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
    if 2 * size >= len(held) and int(newest[-1] - newest[0]) == len(held) - 1:
        return _of_long_blocks(samples, size, newest, oldest)
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


def _of_long_blocks(samples: Samples, size: int, newest: IntArray, oldest: IntArray) -> FloatArray:
    """As `_of_one_size`, for successive samples: scans each block's tail once in its life."""
    part = np.empty((2, len(samples.columns), len(newest)))
    low, high, base = int(newest[0]), int(newest[-1]), samples.base
    for first in range(low & -size, high + 1, size):
        here, stop = max(first, low), min(first + size, high + 1)
        values = samples.columns[:, first - base : stop - base]
        sums, products = _sums(values, values[:, :1])
        new = slice(here - first, None)
        count = np.arange(here - first + 1, stop - first + 1)
        found = _means(sums[:, new], products[:, new], values[:, :1], count)
        rows = slice(here - low, stop - low)
        part[:, :, rows] = found
        # Times never go back, so the rows that are alike lie together.
        n_whole = int(np.count_nonzero(first - oldest[rows] >= size))
        if n_whole:
            whole = slice(rows.start, rows.start + n_whole)
            tail = _tail(samples, size, first)[:, :, size - 1 :]
            n_new = newest[whole] - first + 1
            part[:, :, whole] = merged_moments(tail, size, part[:, :, whole], n_new)
    first = (int(oldest[0]) + size - 1) & -size
    while first <= oldest[-1] + size - 1:
        cut = slice(*oldest.searchsorted([first - size + 1, first]).tolist())
        back = first - oldest[cut]
        if len(back):
            tail = _tail(samples, size, first)[:, :, back - 1]
            n_new = newest[cut] - first + 1
            part[:, :, cut] = merged_moments(tail, back, part[:, :, cut], n_new)
        first += size
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
