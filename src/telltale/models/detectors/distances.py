"""Learns distances from normal operation: covariance, regressions, principal components, or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

import msgspec
import numpy as np

from telltale.batch import BoolArray, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Threshold, Window
from telltale.models.detectors.calibration import (
    TINY,
    Budget,
    alarms_beyond,
    lognormal_limit,
)
from telltale.models.detectors.distance_core import Distances
from telltale.models.detectors.healthy import Healthy, Learnt
from telltale.models.detectors.maps import component_maps, covariance_map, regression_map
from telltale.models.setting_types import Seconds

LEAST_LATER_WINDOWS = 100  # independent ones in the last third: fewer cannot set a limit
LATER_SHARE = 1 / 3

Penalty = Annotated[float, msgspec.Meta(ge=1e-9, le=1e9)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Maps: TypeAlias = "Callable[[FloatArray, Window], tuple[FloatArray, ...]]"


class DistanceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How distances are learnt.

    Attributes:
        window_s: Readings are averaged over it before anything else.
        slow_share: Columns with more of their variance between long blocks of the training stretch
            drift: their level is no evidence for the covariance.
        ridge: Penalty of the regressions, per sample, on standardised columns.
    """

    window_s: Seconds = 15.0
    slow_share: Share = 0.6
    ridge: Penalty = 0.3


def learn_mahalanobis(healthy: Healthy, settings: DistanceSettings) -> Learnt:
    """Learn the distance from the usual level of the steady channels, and their covariance."""
    window = healthy.window(settings.window_s)
    steady = _steady(healthy, settings.slow_share)
    kept = tuple(n for n, is_steady in zip(healthy.names, steady, strict=True) if is_steady)
    drifting = {
        name: "drifts slowly through the training stretch"
        for name in healthy.names
        if name not in kept
    }
    chosen = healthy.only(kept, drifting)

    def maps(rows: FloatArray, window: Window) -> tuple[FloatArray, ...]:
        return (covariance_map(rows, window.samples),)

    return _learnt("Distance from normal", chosen, window, maps)


def learn_residual(healthy: Healthy, settings: DistanceSettings) -> Learnt:
    """Learn what each channel should be by all others: stuck and offset sensors break that."""
    _check_several(healthy, "residual")
    window = healthy.window(settings.window_s)

    def maps(rows: FloatArray, window: Window) -> tuple[FloatArray, ...]:
        return (regression_map(rows, settings.ridge, window.samples),)

    return _learnt("Distance from what the other channels say", healthy, window, maps)


def learn_normal(healthy: Healthy, settings: DistanceSettings) -> Learnt:
    """Learn both: the level of the steady channels, and what all channels say of one another.

    The score is the weighted geometric mean of both distances, the steadier one weighing more: it
    is high where they agree, and each alone gives false alarms at other times.
    """
    _check_several(healthy, "normal")
    window = healthy.window(settings.window_s)
    steady = _steady(healthy, settings.slow_share)

    def maps(rows: FloatArray, window: Window) -> tuple[FloatArray, ...]:
        level = np.zeros((len(steady), int(steady.sum())))
        level[steady] = covariance_map(rows[:, steady], window.samples)
        return level, regression_map(rows, settings.ridge, window.samples)

    return _learnt("Distance from normal", healthy, window, maps)


def learn_t2q(healthy: Healthy, settings: DistanceSettings) -> Learnt:
    """Learn principal components: T2 is the distance within them, Q the one away from them."""
    _check_several(healthy, "t2q")
    window = healthy.window(settings.window_s)

    def maps(rows: FloatArray, window: Window) -> tuple[FloatArray, ...]:
        return component_maps(rows, window.samples)

    return _learnt("Distance from normal (T2, Q)", healthy, window, maps, is_greatest=True)


def _learnt(
    title: str, healthy: Healthy, window: Window, maps: Maps, *, is_greatest: bool = False
) -> Learnt:
    """Learn on the older part, set the limit on the newer, or on all if there is little."""
    rows = healthy.statistics(window, "mean")
    later = round((1.0 - LATER_SHARE) * len(rows))
    is_long = len(rows) - later >= LEAST_LATER_WINDOWS * window.samples
    older, newer = (rows[:later], rows[later:]) if is_long else (rows, rows)
    distances = Distances.of(older.mean(axis=0), maps(older, window))
    where = "later than those learnt from" if is_long else "that were learnt from too"
    limit = _Limit(healthy, window, where)
    distances, threshold = (limit.each if is_greatest else limit.mean)(distances, newer)
    return Learnt(
        healthy=healthy,
        title=title,
        runtime="distance",
        window=window,
        columns=healthy.names,
        arrays=_arrays(distances),
        threshold=threshold,
        features={},
        settings={"combined": "greatest" if is_greatest else "geometric"},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Limit:
    """Sets the limits of distances by the budget."""

    healthy: Healthy
    window: Window
    where: str

    def mean(self, distances: Distances, rows: FloatArray) -> tuple[Distances, Threshold]:
        """Set a limit for each distance, and weigh them by how steady they are."""
        lengths = np.maximum(distances.lengths(rows), TINY)
        each = [self._of(lengths[:, g], 1) for g in range(len(distances.limits))]
        steadiness = 1.0 / np.maximum(np.log(lengths).std(axis=0), TINY)
        limits, powers = np.array([t.value for t in each]), steadiness / steadiness.sum()
        found = replace(distances, limits=limits, powers=powers)
        if len(each) == 1:
            return found, each[0]
        step_s = self.healthy.sample_s(self.window)
        scores = found.combined(lengths / limits)
        expected = alarms_beyond(1.0, scores, self._budget(1), step_s)
        return found, Threshold(1.0, f"each distance by {each[0].method}", expected)

    def each(self, distances: Distances, rows: FloatArray) -> tuple[Distances, Threshold]:
        """Set a limit for each distance; the score is the greatest."""
        lengths = distances.lengths(rows)
        each = [
            self._of(lengths[:, g], len(distances.limits)) for g in range(len(distances.limits))
        ]
        total = sum(t.alarms_per_week or 0.0 for t in each)
        threshold = Threshold(1.0, f"each distance by {each[0].method}", float(f"{total:.2g}"))
        return replace(distances, limits=np.array([t.value for t in each])), threshold

    def _of(self, scores: FloatArray, n_limits: int) -> Threshold:
        step_s = self.healthy.sample_s(self.window)
        return lognormal_limit(scores, self._budget(n_limits), step_s, self.where)

    def _budget(self, n_limits: int) -> Budget:
        look_s = self.window.samples * self.healthy.sample_s(self.window)
        return Budget(self.healthy.alarms_per_week / n_limits, look_s)


def _arrays(distances: Distances) -> dict[str, np.ndarray]:
    arrays = {name: getattr(distances, name) for name in ("centre", "matrix", "adds", "limits")}
    return arrays if distances.powers is None else {**arrays, "powers": distances.powers}


def _steady(healthy: Healthy, most: float) -> BoolArray:
    """Return which channels do not drift; at least the two that drift least."""
    slow = healthy.slow_shares()
    steady: BoolArray = slow <= max(most, float(np.sort(slow)[: min(2, len(slow))][-1]))
    return steady


def _check_several(healthy: Healthy, kind: str) -> None:
    if len(healthy.names) < 2:
        told = "; ".join(f"{name}: {why}" for name, why in healthy.left_out.items())
        raise ModelError(
            f"{kind} compares channels, and only {healthy.names[0]!r} can be learnt from"
            + (f" ({told})" if told else "")
            + ". Choose more channels, or 'ewma' for one."
        )
