"""Windows of normal readings in order of time: what a detector learns from, and its limit.

Three parts follow one another: the oldest trains, a later one gives the limit, the newest tells
what that limit costs in false alarms. No window lies in two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray, IntArray
from telltale.models.card import Card, Measured, Threshold
from telltale.models.windows import asked_windows

Rule = Literal["later_maximum", "training_quantile_99"]

TRAIN_SHARE, LIMIT_SHARE = 0.6, 0.2  # of the windows; the rest checks
QUANTILE = 0.99  # a rule that is often taken; why it is not the default: `deep.learning`
S_PER_WEEK = 7 * 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of successive readings.

    Attributes:
        values: Shape (m, samples, columns); views on the readings.
        time_ns: Of each one's newest sample, shape (m,).
    """

    values: FloatArray
    time_ns: IntArray

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def duration_s(self) -> float:
        """How long they took, pauses left out: the usual step times their number."""
        steps_s = np.diff(self.time_ns) / NS_PER_S
        return float(np.median(steps_s)) * len(self) if len(steps_s) else 0.0

    def between(self, start: int, stop: int) -> Windows:
        """Return windows start to stop (exclusive)."""
        return Windows(self.values[start:stop], self.time_ns[start:stop])

    def parts(self) -> tuple[Windows, Windows, Windows]:
        """Return those to train, those for the limit and those to check, with gaps between."""
        samples, m = self.values.shape[1], len(self)
        apart = min(samples, m // 20)  # in short stretches some overlap is better than nothing
        first, second = round(TRAIN_SHARE * m), round((TRAIN_SHARE + LIMIT_SHARE) * m)
        return (
            self.between(0, first - apart),
            self.between(first, second - apart),
            self.between(second, m),
        )


def windows_of(card: Card, batch: Batch, is_normal: BoolArray | None) -> Windows:
    """Return the windows that a model of this card would be asked about, of normal samples only.

    Args:
        card: Gives columns and window; the same code cuts windows here and live.
        batch: Readings in order.
        is_normal: Which to use, shape (n,); a window never reaches across the others.
    """
    collected: list[Windows] = []
    for start, stop in _stretches(is_normal, len(batch)):
        stretch = batch.rows(start, stop)
        rows, values = asked_windows(card, stretch)
        if len(rows):
            collected.append(Windows(values, stretch.time_ns[rows]))
    if len(collected) == 1:
        return collected[0]  # still views
    if not collected:
        nothing = np.zeros((0, card.window.samples, len(card.columns)))
        return Windows(nothing, np.zeros(0, dtype=np.int64))
    return Windows(
        np.concatenate([part.values for part in collected]),
        np.concatenate([part.time_ns for part in collected]),
    )


def limit_of(
    trained: FloatArray,
    later: FloatArray,
    checked: tuple[FloatArray, Windows],
    rule: tuple[Rule, float],
) -> tuple[Threshold, tuple[Measured, ...]]:
    """Return the limit, and what both rules cost on the stretch that neither has seen.

    Args:
        trained: Errors of the training windows.
        later: Errors on the stretch for the limit.
        checked: Errors on the newest stretch, and its windows.
        rule: Its name, and the factor of "later_maximum".
    """
    errors, windows = checked
    name, factor = rule
    by_rule = {
        "later_maximum": factor * float(later.max()),
        "training_quantile_99": float(np.quantile(trained, QUANTILE)),
    }
    how = {
        "later_maximum": f"{factor:g} times the largest error of {len(later)} later windows of "
        "normal operation",
        "training_quantile_99": "99th percentile of the errors in training",
    }
    quality = tuple(
        Measured(
            f"false_alarm_share.{each}",
            float((errors > limit).mean()),
            f"Share of {len(errors)} windows of normal operation, later than those that the limit "
            f"{limit:.4g} was made from.",
        )
        for each, limit in by_rule.items()
    )
    alarms = _episodes(errors > by_rule[name])
    weeks = windows.duration_s / S_PER_WEEK
    method = f"{how[name]}; then {alarms} alarms in {windows.duration_s / 3600:.3g} h later still."
    is_known = alarms > 0 or weeks >= 1.0
    per_week = alarms / weeks if is_known and weeks > 0.0 else None
    return Threshold(by_rule[name], method, per_week), quality


def _stretches(is_normal: BoolArray | None, n: int) -> Sequence[tuple[int, int]]:
    """Return where each run of normal samples starts and stops."""
    if is_normal is None:
        return [(0, n)] if n else []
    edges = np.flatnonzero(np.diff(is_normal.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _episodes(is_above: BoolArray) -> int:
    """Return how many runs of True there are."""
    return int(np.count_nonzero(np.diff(is_above.astype(np.int8), prepend=0) > 0))
