"""Windows of normal readings in order of time, as a model would be asked about them live."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.card import Card
from telltale.models.detectors.healthy import Healthy
from telltale.models.windows import asked_pieces

MOST_WINDOWS = 65_536  # kept: a longer stretch is thinned out evenly
MOST_VALUES = 2**25  # in all windows together, 256 MB
PIECE_ROWS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of successive readings.

    Attributes:
        values: Shape (m, samples, columns).
        time_ns: Of each one's newest sample, shape (m,).
    """

    values: FloatArray
    time_ns: IntArray

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def step_s(self) -> float:
        """Usual time between two of them."""
        return float(np.median(np.diff(self.time_ns))) / NS_PER_S if len(self) > 1 else 0.0

    @property
    def duration_s(self) -> float:
        """How long they took, pauses left out: the usual step times their number."""
        return self.step_s * len(self)

    def between(self, start: int, stop: int) -> Windows:
        """Return windows start to stop (exclusive)."""
        return Windows(self.values[start:stop], self.time_ns[start:stop])


def windows_of(card: Card, healthy: Healthy, least: int) -> Windows:
    """Return the windows that a model of this card would be asked about; none bridges two runs.

    Args:
        card: Gives columns and window; the same code cuts windows here and live.
        healthy: Of more than `MOST_WINDOWS` every so-manieth is taken.
        least: So many are needed.

    Raises:
        ModelError: There are fewer, or so many do not fit in `MOST_VALUES`.
    """
    size = card.window.samples * len(card.columns)
    most = min(MOST_WINDOWS, MOST_VALUES // size)
    if most < least:
        raise ModelError(
            f"{card.name}: windows of {card.window.samples} samples of {len(card.columns)} "
            f"channels are too large. Take at most {MOST_VALUES // least // len(card.columns)} "
            "samples, or fewer channels."
        )
    found = _thinned(card, healthy, most)
    if len(found) < least:
        raise ModelError(
            f"{card.name}: {len(found)} windows of {card.window.samples} successive samples; at "
            f"least {least} are needed. Give a longer stretch of normal operation."
        )
    return found


def _thinned(card: Card, healthy: Healthy, most: int) -> Windows:
    every, n = -(-len(healthy.batch) // most), 0
    values, times_ns = [], []
    for run in healthy.runs:
        for rows, windows in asked_pieces(card, run, min(PIECE_ROWS, most)):
            taken = np.arange(-n % every, len(rows), every)
            values.append(windows[taken])
            times_ns.append(run.time_ns[rows[taken]])
            n += len(rows)
    return Windows(np.concatenate(values), np.concatenate(times_ns))
