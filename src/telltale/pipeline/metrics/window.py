"""Windows in real time: the samples of the last so many seconds, folded without regard to cuts.

A running sum that adds the newest sample and takes the oldest away would depend on where it was
started. Here each window is folded anew from its own samples, by a tree whose shape depends only
on the window: the same bits in any cut, no cancellation, and log2(samples) array operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, BoolArray, FloatArray, IntArray

MAX_WINDOW_SAMPLES = 4096  # beyond this a window holds only its newest samples: 64 KiB of state

Count: TypeAlias = IntArray | int
Merge: TypeAlias = Callable[[FloatArray, Count, FloatArray, Count], FloatArray]


class Window(msgspec.Struct, frozen=True):
    """The samples that a later window may still reach. The default means nothing seen yet.

    Attributes:
        origin_ns: Time of the stream's first sample.
        time_ns: Sample times, int64.
        values: Inputs one after the other, float64.
    """

    origin_ns: int | None = None
    time_ns: bytes = b""
    values: bytes = b""


def joined(window: Window, time_ns: IntArray, *inputs: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the kept samples and the new ones: times, shape (m,), values, shape (inputs, m)."""
    old_ns = np.frombuffer(window.time_ns, dtype=np.int64)
    old = np.frombuffer(window.values, dtype=np.float64).reshape(len(inputs), len(old_ns))
    values = np.concatenate([old, np.array(inputs)], axis=1)
    return np.concatenate([old_ns, time_ns]), values


def lengths(time_ns: IntArray, n_new: int, window_s: float) -> IntArray:
    """Return how many samples the window of each of the last n_new samples holds.

    The window is (t - window_s, t], up to and with the sample itself, at most
    `MAX_WINDOW_SAMPLES`. A window of 0 s is the sample and the one before it.
    """
    ends = np.arange(len(time_ns) - n_new, len(time_ns))
    if window_s == 0.0:
        return np.minimum(ends + 1, 2)
    oldest = time_ns.searchsorted(time_ns[-n_new:] - round(window_s * NS_PER_S), "right")
    held: IntArray = np.minimum(ends - oldest + 1, MAX_WINDOW_SAMPLES)
    return held


def kept(before: Window, time_ns: IntArray, values: FloatArray, reach: int) -> Window:
    """Return the newest samples that the next one's window can reach.

    Args:
        before: The window that `time_ns` and `values` were joined to.
        time_ns: As `joined` gave them, shape (m,).
        values: As `joined` gave them, shape (inputs, m).
        reach: How many samples the newest window holds beside the next one.
    """
    origin_ns = int(time_ns[0]) if before.origin_ns is None else before.origin_ns
    start = len(time_ns) - min(reach, MAX_WINDOW_SAMPLES - 1)
    return Window(origin_ns, time_ns[start:].tobytes(), values[:, start:].tobytes())


def folded(leaves: FloatArray, lengths: IntArray, merge: Merge, empty: float = 0.0) -> FloatArray:
    """Fold the windows that end at the last samples.

    Args:
        leaves: What one sample contributes, shape (..., m).
        lengths: Samples in each window, shape (n,); window i ends at sample m - n + i.
        merge: Joins an older and a newer stretch, given how many samples each has.
        empty: What a stretch of no samples holds.

    Returns:
        The fold of each window, shape (..., n).
    """
    # Minus zero becomes zero, so that joining with the empty stretch changes no bit.
    node, size = leaves + 0.0, 1  # node[..., j] folds the samples j to j + size - 1
    n = len(lengths)
    longest = int(lengths[0]) if n == 1 else int(lengths.max())
    if n == 1 or int(lengths.min()) == longest:
        return _folded_alike(node, n, longest, merge)
    total = np.full((*leaves.shape[:-1], n), empty)
    taken = np.zeros(n, dtype=np.int64)
    while size <= longest:
        takes = (lengths & size).nonzero()[0]
        if len(takes):
            at = takes + (node.shape[-1] - n) - taken[takes]
            total[..., takes] = merge(node[..., at], size, total[..., takes], taken[takes])
            taken[takes] += size
        if 2 * size <= longest:
            node = merge(node[..., :-size], size, node[..., size:], size)
        size *= 2
    return total


def _folded_alike(node: FloatArray, n: int, length: int, merge: Merge) -> FloatArray:
    """Fold windows that are all equally long: the same tree as in `folded`, without indices."""
    total: FloatArray | None = None
    taken, size = 0, 1
    while size <= length:
        if length & size:
            stop = node.shape[-1] - taken
            part = node[..., stop - n : stop]
            total = part if total is None else merge(part, size, total, taken)
            taken += size
        if 2 * size <= length:
            node = merge(node[..., :-size], size, node[..., size:], size)
        size *= 2
    return node if total is None else total


def merged_moments(a: FloatArray, n_a: Count, b: FloatArray, n_b: Count) -> FloatArray:
    """Merge the means of some columns, and their sums of co-deviations with the first column.

    Source:
        Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American
        Statistician 37 (1983) 242, equation 2.1; for two variables Bennett et al., "Numerically
        stable, single-pass, parallel statistics algorithms", IEEE Cluster 2009, equation 2.5.
    """
    share = n_a / (n_a + n_b)
    apart = a[0] - b[0]
    merged: FloatArray = a + b
    merged[1] += apart * (apart[0] * (share * n_b))
    if isinstance(n_b, int) and n_a == n_b:
        merged[0] *= 0.5
    else:
        merged[0] = b[0] + apart * share
    return merged


def least(a: FloatArray, _n_a: Count, b: FloatArray, _n_b: Count) -> FloatArray:
    """Merge minima; the empty stretch holds +infinity."""
    return np.minimum(a, b)


def greatest(a: FloatArray, _n_a: Count, b: FloatArray, _n_b: Count) -> FloatArray:
    """Merge maxima; the empty stretch holds -infinity."""
    return np.maximum(a, b)


def divided(over: FloatArray, under: FloatArray, is_sound: BoolArray) -> FloatArray:
    """Return over / under where that is sound, NaN elsewhere."""
    ratio: FloatArray = np.divide(over, under, out=np.full(over.shape, np.nan), where=is_sound)
    return ratio
