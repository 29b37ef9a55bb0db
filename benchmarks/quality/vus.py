"""VUS-PR: area under precision and recall of a score, averaged over how far labels may be off.

Labels of long anomalies are rarely exact to the row. Here each labelled segment is widened by up
to half a tolerance on either side, with weights that fall with distance; recall counts segments
that were touched at all; and the area is averaged over all tolerances from 0 to a period of the
signal. There is no point adjustment: a segment of which one row was found counts as one row.

Source:
    Paparrizos et al., "Volume under the surface", PVLDB 15 (2022) 2774; constants as in TSB-AD
    (github.com/TheDatumOrg/TSB-AD): 250 thresholds by rank, weight sqrt(1 - distance / tolerance),
    the period as the highest peak of the autocorrelation.
"""

from __future__ import annotations

import numpy as np

from telltale.batch import BoolArray, FloatArray

THRESHOLDS = 250
SHORTEST, LONGEST, USUAL = 3, 300, 125  # periods; the last where none is found
MOST_LAGS, MOST_ROWS = 400, 20_000

Segments = list[tuple[int, int]]


def segments(is_anomaly: BoolArray) -> Segments:
    """Return first and last row of each run of True, both within it."""
    edges = np.flatnonzero(np.diff(is_anomaly.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop) - 1) for start, stop in edges.reshape(-1, 2)]


def period(signal: FloatArray) -> int:
    """Return after how many rows a signal is most like itself again; 125 if it never is."""
    x = signal[:MOST_ROWS] - signal[:MOST_ROWS].mean()
    spectrum = np.fft.rfft(x, 2 * len(x))
    likeness = np.fft.irfft(spectrum * np.conj(spectrum))[: min(len(x), MOST_LAGS + 1)]
    likeness = likeness[SHORTEST:]
    inner = likeness[1:-1]
    peaks = np.flatnonzero((inner > likeness[:-2]) & (inner > likeness[2:])) + 1
    if not len(peaks):
        return USUAL
    highest = int(peaks[np.argmax(likeness[peaks])])
    return highest + SHORTEST if SHORTEST <= highest <= LONGEST else USUAL


def vus_pr(is_anomaly: BoolArray, score: FloatArray, longest: int) -> float:
    """Return the volume under the surface of precision and recall, 0 to 1.

    Args:
        is_anomaly: Labels, shape (n,), at least one True.
        score: Shape (n,), finite; only its order counts.
        longest: The greatest tolerance in rows.
    """
    labelled = segments(is_anomaly)
    order = np.argsort(-score, kind="stable")
    ranks = np.linspace(0, len(score) - 1, THRESHOLDS).astype(np.int64)
    thresholds = score[order][ranks]
    n_alarms = np.searchsorted(-score[order], -thresholds, side="right")
    areas = []
    for tolerance in range(longest + 1):
        weight = widened(is_anomaly, labelled, tolerance)
        hits = _up_to(weight[order], n_alarms)
        beside = _up_to(np.where(is_anomaly, 0.0, weight)[order], n_alarms)
        touched = joined(labelled, tolerance, len(score))
        highest = np.sort([score[start : end + 1].max() for start, end in touched])
        share = 1.0 - np.searchsorted(highest, thresholds, side="left") / len(touched)
        recall = np.minimum(hits / (is_anomaly.sum() + beside / 2.0), 1.0) * share
        areas.append(float(np.sum(np.diff(recall, prepend=0.0) * hits / n_alarms)))
    return float(np.mean(areas))


def widened(is_anomaly: BoolArray, labelled: Segments, tolerance: int) -> FloatArray:
    """Return each row's weight: 1 within a segment, less beside it, 0 elsewhere."""
    weight = is_anomaly.astype(np.float64)
    n, half = len(weight), tolerance // 2
    for start, end in labelled:
        after = np.arange(end + 1, min(end + half + 1, n))
        before = np.arange(max(start - half, 0), start)
        weight[after] += np.sqrt(1.0 - (after - end) / max(1, tolerance))
        weight[before] += np.sqrt(1.0 - (start - before) / max(1, tolerance))
    return np.minimum(weight, 1.0)


def joined(labelled: Segments, tolerance: int, n: int) -> Segments:
    """Return the widened segments, those that overlap as one."""
    half = tolerance // 2
    wide = [(max(start - half, 0), min(end + half, n - 1)) for start, end in labelled]
    found = wide[:1]
    for start, end in wide[1:]:
        if found[-1][1] < start:
            found.append((start, end))
        else:
            found[-1] = (found[-1][0], end)
    return found


def _up_to(values: FloatArray, n_first: np.ndarray) -> FloatArray:
    """Return the sum of the first so many values, for each of several numbers."""
    sums: FloatArray = np.concatenate(([0.0], np.cumsum(values)))[n_first]
    return sums
