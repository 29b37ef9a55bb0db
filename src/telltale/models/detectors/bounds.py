"""Learns bounds for each channel by itself: of its level, its drift, its noise and its course.

Source:
    EWMA: Roberts, "Control chart tests based on geometric moving averages", Technometrics 1 (1959)
    239. CUSUM: Page, "Continuous inspection schemes", Biometrika 41 (1954) 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.models.card import Feature, Window
from telltale.models.detectors.calibration import Budget, largest_multiple
from telltale.models.detectors.healthy import Healthy, Learnt
from telltale.models.detectors.statistics import Statistic
from telltale.models.setting_types import Seconds

LEAST_WINDOWS_IN_STRETCH = 10  # independent ones; with fewer, the levels beside count too
CUSUM_STEPS = 10.0  # samples after which a cumulative sum is taken for a new one
ONE = Window(1)
Spreads = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]
Bins = Annotated[int, msgspec.Meta(ge=1, le=256)]


class NoiseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How sensor noise is looked for: path and jumps within a window of this length."""

    window_s: Seconds = 10.0


class CourseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the course of a channel is learnt.

    Attributes:
        window_s: The way within this time is looked at.
        stretches: Into which the channel's levels are cut.
    """

    window_s: Seconds = 60.0
    stretches: Bins = 16


class EwmaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Over which time a channel is smoothed."""

    time_constant_s: Seconds = 30.0


class CusumSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a cumulative sum overlooks, in spreads: half of the shift that is to be found."""

    slack: Spreads = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What statistics of normal operation were, of s statistics, k columns and b stretches.

    Attributes:
        names: The statistics.
        n_rows: Samples that they were seen in.
        middle: Usual value, shape (s, k, b).
        below, above: How far from it at most, shape (s, k, b); infinite where there is no bound.
        edges: Levels between the stretches, shape (k, b - 1).
    """

    names: tuple[Statistic, ...]
    n_rows: int
    middle: FloatArray
    below: FloatArray
    above: FloatArray
    edges: FloatArray


def learn_noise(healthy: Healthy, settings: NoiseSettings) -> Learnt:
    """Learn how far each channel goes to and fro, and how it jumps."""
    window = healthy.window(settings.window_s)
    names: tuple[Statistic, ...] = ("path_excess", "largest_jump")
    found = np.stack([healthy.statistics(window, name) for name in names])
    step = _resolution(healthy)
    high = np.maximum(found.max(axis=1), step) + step / 2.0  # what was seen is rounded
    middle = found.mean(axis=1)
    seen = _without_levels(
        names, found.shape[1], middle, np.full_like(middle, np.inf), high - middle
    )
    return _learnt("Noise of a sensor", healthy, window, seen)


def learn_course(healthy: Healthy, settings: CourseSettings) -> Learnt:
    """Learn how far each channel goes in a minute, at each of its levels.

    It is the way that has bounds, whichever direction it goes: a sensor that sticks goes none. The
    change has none, and tells where the channel would usually have gone.
    """
    window = healthy.window(settings.window_s)
    levels = healthy.statistics(window, "value")
    names: tuple[Statistic, ...] = ("path", "change")
    found = [healthy.statistics(window, name) for name in names]
    ends, places = [], range(levels.shape[1])
    for values in found:
        cut = [_ends(levels[:, k], values[:, k], settings, window.samples) for k in places]
        ends.append(np.stack(cut, axis=1))
    low, middle, high = np.stack(ends, axis=1)  # each of shape (statistics, columns, stretches)
    rounding = _resolution(healthy)[:, None] / 2.0
    below, above = np.maximum(middle - low, rounding), np.maximum(high - middle, rounding)
    below[1], above[1] = np.inf, np.inf
    edges = np.stack([_edges(levels[:, k], settings.stretches) for k in places])
    seen = _Seen(names, len(levels), middle, below, above, edges)
    return _learnt("Course of a channel", healthy, window, seen)


def learn_ewma(healthy: Healthy, settings: EwmaSettings) -> Learnt:
    """Learn between which levels each channel stays when it is smoothed."""
    chosen = {"time_constant_s": settings.time_constant_s}
    features = {f"{name}__ewma": Feature("ewma", (name,), chosen) for name in healthy.names}
    found = healthy.statistics(ONE, "value", features, tuple(features))[None]
    middle = found.mean(axis=1)
    far = np.maximum(np.abs(found - middle[:, None]).max(axis=1), _tiny(found))
    seen = _without_levels(("value",), found.shape[1], middle, far, far)
    look_s = settings.time_constant_s
    return _learnt("Level of a channel", healthy, ONE, seen, features=features, look_s=look_s)


def learn_cusum(healthy: Healthy, settings: CusumSettings) -> Learnt:
    """Learn how far the cumulative sum of each channel gets: small shifts that stay."""
    features = {
        f"{name}__cusum": Feature("cusum", (name,), _standard(column, settings.slack))
        for name, column in healthy.batch.columns.items()
    }
    found = healthy.statistics(ONE, "value", features, tuple(features))[None]
    middle = np.zeros((1, len(features)))
    far = np.maximum(found.max(axis=1), _tiny(found))
    seen = _without_levels(("value",), found.shape[1], middle, np.full_like(far, np.inf), far)
    look_s = CUSUM_STEPS * healthy.step_s
    return _learnt("Shift of a channel", healthy, ONE, seen, features=features, look_s=look_s)


def _without_levels(
    names: tuple[Statistic, ...],
    n_rows: int,
    middle: FloatArray,
    below: FloatArray,
    above: FloatArray,
) -> _Seen:
    """Return what was seen of statistics that do not depend on the level, each shape (s, k)."""
    edges = np.zeros((middle.shape[1], 0))
    return _Seen(names, n_rows, middle[..., None], below[..., None], above[..., None], edges)


def _learnt(
    title: str,
    healthy: Healthy,
    window: Window,
    seen: _Seen,
    *,
    features: Mapping[str, Feature] | None = None,
    look_s: float | None = None,
) -> Learnt:
    """Set the bounds by the budget: so many times as far as the farthest seen."""
    step_s = healthy.sample_s(window)
    budget = Budget(healthy.alarms_per_week, look_s or window.samples * step_s)
    is_bound = np.isfinite(seen.below) | np.isfinite(seen.above)
    n_bounds = int(is_bound.any(axis=2).sum())
    threshold = largest_multiple(seen.n_rows, step_s, budget, n_bounds)
    return Learnt(
        healthy=healthy,
        title=title,
        runtime="bounds",
        window=window,
        columns=tuple(features) if features else healthy.names,
        arrays={
            "edges": seen.edges,
            "low": seen.middle - threshold.value * seen.below,
            "middle": seen.middle,
            "high": seen.middle + threshold.value * seen.above,
        },
        threshold=threshold,
        features=dict(features or {}),
        settings={"statistics": list(seen.names)},
    )


def _edges(levels: FloatArray, n: int) -> FloatArray:
    """Return the levels between n equal stretches, shape (n - 1,)."""
    return np.linspace(levels.min(), levels.max(), n + 1)[1:-1]


def _ends(
    levels: FloatArray, values: FloatArray, settings: CourseSettings, samples: int
) -> FloatArray:
    """Return least, mean and greatest value in each stretch of levels, shape (3, stretches)."""
    n, enough = settings.stretches, LEAST_WINDOWS_IN_STRETCH * samples
    at = np.searchsorted(_edges(levels, n), levels, side="right")
    counts, found = np.bincount(at, minlength=n), np.empty((3, n))
    for place in range(n):
        reach = 1  # the next levels too: another day passes an edge sooner or later
        while counts[max(0, place - reach) : place + reach + 1].sum() < enough and reach < n:
            reach += 1
        here = values[np.abs(at - place) <= reach]
        found[:, place] = here.min(), here.mean(), here.max()
    return found


def _resolution(healthy: Healthy) -> FloatArray:
    """Return the smallest step that each channel makes, shape (k,)."""
    found = []
    for column in healthy.batch.columns.values():
        values = np.unique(column[np.isfinite(column)])
        steps = np.diff(values)
        steps = steps[steps > 1e-9 * np.abs(values).max()]
        found.append(float(steps.min()) if len(steps) else 1e-9)
    return np.array(found)


def _standard(column: FloatArray, slack: float) -> dict[str, float]:
    """Return the settings of the cumulative sum that takes this channel as usual."""
    values = column[np.isfinite(column)]
    return {"target": float(values.mean()), "spread": float(values.std()), "slack": slack}


def _tiny(found: FloatArray) -> FloatArray:
    least: FloatArray = np.maximum(1e-9 * np.abs(found).max(axis=1), 1e-12)
    return least
