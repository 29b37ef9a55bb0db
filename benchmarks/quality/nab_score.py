"""The score of the Numenta Anomaly Benchmark: early alarms earn, late and false ones cost.

Source:
    Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly
    Benchmark", ICMLA 2015, and the benchmark's own scorer (github.com/numenta/NAB, sweeper):
    the edges of a window, the width behind it and the probation are as there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import BoolArray, FloatArray, IntArray

PROBATION_SHARE, PROBATION_ROWS = 0.15, 5000  # of the rows, of which at most so many count
FAR_BEHIND = 3.0  # window widths: from there an alarm is simply false
STEEPNESS = 5.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What an application values.

    Attributes:
        false_alarm: What a false alarm costs, at most.
        missed: What a missed window costs.
    """

    false_alarm: float
    missed: float


PROFILES = {
    "standard": Profile(0.11, 1.0),
    "low_fp": Profile(0.22, 1.0),
    "low_fn": Profile(0.11, 2.0),
}


@dataclass(frozen=True, slots=True)
class FileScore:
    """What one file contributes.

    Attributes:
        raw: Earned less paid.
        windows: That could be found.
        found: Of them.
        false_alarms: Rows outside of all windows.
    """

    raw: float
    windows: int
    found: int
    false_alarms: int


def window_rows(time_s: IntArray, windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return each window's first and last row, both within it."""
    return [
        (int(np.searchsorted(time_s, start)), int(np.searchsorted(time_s, end, "right")) - 1)
        for start, end in windows
    ]


def probation_rows(n: int) -> int:
    """Return how many rows at the start are not scored."""
    return min(math.floor(PROBATION_SHARE * n), round(PROBATION_SHARE * PROBATION_ROWS))


def file_score(
    is_alarm: BoolArray, windows: Sequence[tuple[int, int]], profile: Profile
) -> FileScore:
    """Return the score of one file.

    Args:
        is_alarm: Where an alarm was, shape (n,).
        windows: First and last row of each, in order.
        profile: What an application values.
    """
    n = len(is_alarm)
    first = probation_rows(n)
    rows = np.arange(n)
    scored = is_alarm & (rows >= first)
    is_inside = np.zeros(n, dtype=np.bool_)
    worth = np.full(n, -1.0)
    raw, seen, found = 0.0, 0, 0
    for start, end in windows:
        is_inside[start : end + 1] = True
        worth[end + 1 :] = _worth((rows[end + 1 :] - end) / max(1, end - start))
        if end < first:
            continue
        seen += 1
        alarms = rows[start : end + 1][scored[start : end + 1]]
        if len(alarms):
            found += 1
            place = -(end - alarms[:1] + 1.0) / (end - start + 1)
            raw += float(_worth(place)[0]) / float(_worth(np.array([-1.0]))[0])
        else:
            raw -= profile.missed
    is_false = scored & ~is_inside
    raw += profile.false_alarm * float(worth[is_false].sum())
    return FileScore(raw, seen, found, int(is_false.sum()))


def normalised(scores: Iterable[FileScore], profile: Profile) -> float:
    """Return the score of a corpus: 0 for a detector that says nothing, 100 for a perfect one."""
    raw, windows = 0.0, 0
    for score in scores:
        raw, windows = raw + score.raw, windows + score.windows
    if not windows:
        return math.nan
    return 100.0 * (raw + profile.missed * windows) / ((1.0 + profile.missed) * windows)


def _worth(place: FloatArray) -> FloatArray:
    """Return what an alarm is worth: -1 is a window's start, 0 its end, more is behind it."""
    near = np.minimum(place, FAR_BEHIND)
    found: FloatArray = 2.0 / (1.0 + np.exp(STEEPNESS * near)) - 1.0
    return np.where(place >= FAR_BEHIND, -1.0, found)
