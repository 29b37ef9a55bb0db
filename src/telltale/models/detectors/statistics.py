"""What a detector looks at in a window: its mean, its newest value, how far and how it moved.

Every number is made of one window alone, by additions whose order depends only on the window's
length: the bits do not depend on which windows are asked beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from telltale.batch import FloatArray

Statistic = Literal["value", "mean", "change", "path", "path_excess", "largest_jump"]

CACHED_VALUES = 60_000  # of a piece of windows: fits into a core's cache, several times quicker


def window_statistic(name: Statistic, windows: FloatArray) -> FloatArray:
    """Return a statistic of each column, shape (m, samples, columns) to (m, columns).

    Args:
        name: "value" is the newest sample; "change" the newest less the oldest; "path" the
            sum of all steps' sizes; "path_excess" that less the size of the change: 0 while a
            column only rises or only falls; "largest_jump" the size of the greatest step.
        windows: Of successive samples.
    """
    function = STATISTICS[name]
    m, samples, columns = windows.shape
    rows = max(1, CACHED_VALUES // max(1, samples * columns))
    if m <= rows:
        return function(windows)
    found = np.empty((m, columns))
    for start in range(0, m, rows):
        found[start : start + rows] = function(windows[start : start + rows])
    return found


def _value(windows: FloatArray) -> FloatArray:
    return windows[:, -1].copy()


def _mean(windows: FloatArray) -> FloatArray:
    mean: FloatArray = _sum(windows) / windows.shape[1]
    return mean


def _change(windows: FloatArray) -> FloatArray:
    change: FloatArray = windows[:, -1] - windows[:, 0]
    return change


def _path(windows: FloatArray) -> FloatArray:
    if windows.shape[1] == 1:
        return np.zeros_like(windows[:, 0])
    return _sum(np.abs(windows[:, 1:] - windows[:, :-1]))


def _path_excess(windows: FloatArray) -> FloatArray:
    return np.maximum(_path(windows) - np.abs(_change(windows)), 0.0)


def _largest_jump(windows: FloatArray) -> FloatArray:
    if windows.shape[1] == 1:
        return np.zeros_like(windows[:, 0])
    jumps: FloatArray = np.abs(windows[:, 1:] - windows[:, :-1]).max(axis=1)
    return jumps


def _sum(windows: FloatArray) -> FloatArray:
    """Return the sum over the samples, halves added to halves."""
    while (n := windows.shape[1]) > 1:
        half = n // 2
        folded = windows[:, :half] + windows[:, half : 2 * half]
        if n % 2:
            folded[:, 0] += windows[:, -1]
        windows = folded
    return windows[:, 0].copy()


STATISTICS: dict[Statistic, Callable[[FloatArray], FloatArray]] = {
    "value": _value,
    "mean": _mean,
    "change": _change,
    "path": _path,
    "path_excess": _path_excess,
    "largest_jump": _largest_jump,
}
