"""Learns for how long each channel stays the same in normal operation: a stuck sensor stays longer.

A healthy coolant temperature on a warm engine reads the same for up to ten minutes, so no window
of a minute can tell. The time since the last change can, and it knows how long is usual.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.card import Feature, Threshold, Window
from telltale.models.detectors.calibration import S_PER_WEEK, Budget, largest_multiple
from telltale.models.detectors.healthy import GAP_STEPS, Healthy, Learnt
from telltale.models.setting_types import Seconds
from telltale.pipeline.metrics.totals import MAX_GAP_S

ONE = Window(1)
LEAST_PAUSES = 30  # with fewer nothing is known of how long they get


class StuckSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is never called stuck: a channel that has been the same for less than this."""

    least_s: Seconds = 60.0


def learn_stuck(healthy: Healthy, settings: StuckSettings) -> Learnt:
    """Learn the longest time that each channel may stay the same while another one moves."""
    chosen = _without_seldom(healthy)
    features = _features(chosen)
    pauses = {name: _pauses(chosen, feature) for name, feature in features.items()}
    multiples = {name: _multiple(chosen, found) for name, found in pauses.items()}
    limits_s = {
        name: max(settings.least_s, multiples[name].value * float(found.max()))
        for name, found in pauses.items()
    }
    expected = sum(_expected(found, limits_s[name]) for name, found in pauses.items())
    told = _told(limits_s, settings, multiples[chosen.names[0]])
    return Learnt(
        healthy=chosen,
        title="Channel that is stuck",
        runtime="bounds",
        window=ONE,
        columns=tuple(map(_column, features)),
        arrays=_bounds(limits_s),
        threshold=Threshold(1.0, told, float(f"{expected:.2g}")),
        features={_column(name): feature for name, feature in features.items()},
        settings={"statistics": ["value"]},
    )


def _without_seldom(healthy: Healthy) -> Healthy:
    """Return the channels of whose pauses there are enough. Raises ModelError if there is none."""
    counts = {name: len(_pauses(healthy, one)) for name, one in _features(healthy).items()}
    few = {
        name: f"it changes too seldom (changes: {count - 1})"
        for name, count in counts.items()
        if count < LEAST_PAUSES
    }
    kept = tuple(name for name in healthy.names if name not in few)
    if not kept:
        told = "; ".join(f"{name}: {why}" for name, why in few.items())
        raise ModelError(
            f"stuck needs a channel that changes at least {LEAST_PAUSES} times ({told}). Give a "
            "longer stretch of normal operation."
        )
    return healthy.only(kept, few)


def _bounds(limits_s: Mapping[str, float]) -> dict[str, FloatArray]:
    """Return the parameters of a core of bounds: no time is too short."""
    high = np.array(list(limits_s.values()))[None, :, None]
    return {
        "edges": np.zeros((len(limits_s), 0)),
        "low": np.full_like(high, -np.inf),
        "middle": np.zeros_like(high),
        "high": high,
    }


def _column(name: str) -> str:
    return f"{name}__unchanged"


def _features(healthy: Healthy) -> dict[str, Feature]:
    """Return how long each channel has been the same while the liveliest other one moved."""
    changes = {name: int((np.diff(column) != 0.0).sum()) for name, column in _columns(healthy)}
    liveliest = sorted(healthy.names, key=lambda name: -changes[name])
    gap_s = max(MAX_GAP_S, GAP_STEPS * healthy.step_s)
    found = {}
    for name in healthy.names:
        others = [other for other in liveliest if other != name]
        found[name] = Feature("time_unchanged", (name, *others[:1]), {"max_gap_s": gap_s})
    return found


def _columns(healthy: Healthy) -> list[tuple[str, FloatArray]]:
    """Return the channels on the rows that have them all."""
    rows = np.isfinite(np.stack(list(healthy.batch.columns.values()))).all(axis=0)
    return [(name, column[rows]) for name, column in healthy.batch.columns.items()]


def _pauses(healthy: Healthy, feature: Feature) -> FloatArray:
    """Return how long each time was from one change to the next, in seconds."""
    column = _column(feature.inputs[0])
    found = healthy.statistics(ONE, "value", {column: feature}, (column,))[:, 0]
    starts = np.flatnonzero(found == 0.0)
    pauses: FloatArray = np.maximum.reduceat(found, starts) + healthy.step_s
    return pauses


def _multiple(healthy: Healthy, pauses: FloatArray) -> Threshold:
    """Return by how much longer than the longest pause of a channel a stuck one is."""
    usual_s = float(pauses.mean())
    budget = Budget(healthy.alarms_per_week, usual_s)
    return largest_multiple(len(pauses), usual_s, budget, len(healthy.names))


def _expected(pauses: FloatArray, limit_s: float) -> float:
    """Return how many pauses a week are longer, with an exponential tail as `largest_multiple`."""
    per_week = S_PER_WEEK / float(pauses.mean())
    return float(per_week * float(len(pauses)) ** -(limit_s / float(pauses.max())))


def _told(limits_s: Mapping[str, float], settings: StuckSettings, first: Threshold) -> str:
    """Return after how long each channel is stuck, and where that comes from."""
    each = ", ".join(f"{name} {limit_s:.0f} s" for name, limit_s in limits_s.items())
    return (
        f"stuck after {each}: at least {settings.least_s:g} s, and by the times from one change to "
        f"the next, for the first {first.method}"
    )
