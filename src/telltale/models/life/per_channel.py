"""Remaining life by channel: how long until each drifts over a limit of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.models.life.degradation_path import (
    Crossing,
    Path,
    chance_crossed,
    crossing,
    fit_path,
)
from telltale.profiles.schema import Limits

S_PER_H = 3600.0
MOST_AHEAD = 3.0  # times the span that was measured: beyond, a line is no forecast


class NoLife(StrEnum):
    """Why a channel has no remaining life."""

    NO_LIMIT = "no_limit"
    TOO_LITTLE = "too_little"  # too few readings
    NO_TREND = "no_trend"  # not clearly on its way to a limit
    FAR = "far"  # on its way, but beyond what the readings can tell
    BEYOND = "beyond"  # it is over the limit now


@dataclass(frozen=True, slots=True)
class ChannelLife:
    """One channel's way to its nearest limit. No trend, no number.

    Attributes:
        channel: Which.
        limit: That it reaches first, in its unit; None without an answer.
        hours: Until then, with bounds; None without an answer.
        reason: Why there is none; None if there is.
        chances: Of being over that limit within each horizon asked for; none without an answer.
    """

    channel: str
    limit: float | None = None
    hours: Crossing | None = None
    reason: NoLife | None = None
    chances: tuple[float, ...] = ()


def channel_lives(
    batch: Batch,
    limits: Mapping[str, Limits | None],
    confidence: float = 0.9,
    horizons_h: tuple[float, ...] = (),
) -> tuple[ChannelLife, ...]:
    """Return the remaining life of each channel, the shortest first, those without one last.

    Args:
        batch: Days to months of readings, or means of them, of one machine.
        limits: By channel; the outermost bound on each side is the end of life.
        confidence: Of the bounds.
        horizons_h: For each, the chance that the channel's line is over its limit by then.
    """
    lives = [_life(batch, name, limit, confidence, horizons_h) for name, limit in limits.items()]
    return tuple(sorted(lives, key=lambda life: life.hours.expected if life.hours else np.inf))


def _life(
    batch: Batch,
    name: str,
    limits: Limits | None,
    confidence: float,
    horizons_h: tuple[float, ...],
) -> ChannelLife:
    ends = _ends(limits)
    if not ends:
        return ChannelLife(name, reason=NoLife.NO_LIMIT)
    if name not in batch.columns or not len(batch):
        return ChannelLife(name, reason=NoLife.TOO_LITTLE)
    hours = (batch.time_ns - batch.time_ns[0]) / NS_PER_S / S_PER_H
    path = fit_path(hours, batch.columns[name])
    if path is None:
        return ChannelLife(name, reason=NoLife.TOO_LITTLE)
    life = _on_its_way(name, path, ends, confidence)
    if life.limit is None:
        return life
    chances = tuple(chance_crossed(path, life.limit, ahead) for ahead in horizons_h)
    return replace(life, chances=chances)


def _on_its_way(
    name: str, path: Path, ends: list[tuple[float, float]], confidence: float
) -> ChannelLife:
    """Return when the path reaches the first of the limits, or why that cannot be told."""
    now = path.level + path.slope * (path.last - path.centre)
    if any((now - end) * side >= 0.0 for end, side in ends):
        return ChannelLife(name, reason=NoLife.BEYOND)
    reached = [(found, end) for end, _ in ends if (found := crossing(path, end, confidence))]
    if not reached:
        return ChannelLife(name, reason=NoLife.NO_TREND)
    found, end = min(reached, key=lambda item: item[0].expected)
    if found.low > MOST_AHEAD * path.last:
        return ChannelLife(name, reason=NoLife.FAR)
    return ChannelLife(name, end, found)


def _ends(limits: Limits | None) -> list[tuple[float, float]]:
    """Return the outermost limits with the side on which they are: +1 above, -1 below."""
    if limits is None:
        return []
    sides = (
        (limits.critical_above, limits.warn_above, 1.0),
        (limits.critical_below, limits.warn_below, -1.0),
    )
    ends = ((critical if critical is not None else warn, side) for critical, warn, side in sides)
    return [(end, side) for end, side in ends if end is not None]
