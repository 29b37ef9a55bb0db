"""How long until each channel of a machine drifts over its limit, by the readings that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from telltale.batch import NS_PER_S
from telltale.errors import ModelError
from telltale.models.life.per_channel import ChannelLife, NoLife, channel_lives
from telltale.profiles.schema import Limits
from telltale.runtime.life.fleet import HORIZONS_H, ChanceView
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery, Store

STRETCH_S = 30 * 86_400.0
POINTS = 2_000  # least and greatest of so many parts of the stretch: their middle is its course
CONFIDENCE = 0.9


class ChannelLifeView(msgspec.Struct, frozen=True):
    """One channel's remaining life in hours, with 90 % bounds.

    Attributes:
        name, title: Of the channel or metric.
        limit: That it reaches first, in its unit.
        hours, low_hours, high_hours: Until then; null where there is no trend, and a high bound
            of null means that it may never be reached.
        reason: Why there is no number: no_limit, too_little, no_trend, far or beyond.
        chances: Of its trend being over the limit within a day, a week and 30 days.
    """

    name: str
    title: str
    limit: float | None
    hours: float | None
    low_hours: float | None
    high_hours: float | None
    reason: str | None
    chances: tuple[ChanceView, ...] = ()


class LivesView(msgspec.Struct, frozen=True):
    """Remaining lives, the shortest first, from the readings of this stretch."""

    machine: str
    start_ns: int
    end_ns: int
    rows: int
    lives: tuple[ChannelLifeView, ...]


async def lives_of(live: LiveMachine, store: Store, start_ns: int, end_ns: int) -> LivesView:
    """Return the remaining life of every channel and metric that has limits.

    Raises:
        ModelError: The stretch ends before it begins.
    """
    if start_ns >= end_ns:
        raise ModelError("The stretch ends before it begins. Exchange 'from' and 'to'.")
    base = live.tools.base
    limits = {name: found for name in base.names if (found := base.signal(name).limits)}
    query = RangeQuery(live.machine.id, start_ns, end_ns, names=tuple(limits), points=POINTS)
    batch = await store.read(query)
    lives = await asyncio.to_thread(channel_lives, batch, limits, CONFIDENCE, HORIZONS_H)
    return LivesView(
        live.machine.id,
        start_ns,
        end_ns,
        len(batch),
        tuple(_view(live, one) for one in lives if not _is_events_matter(one, limits)),
    )


def _is_events_matter(one: ChannelLife, limits: Mapping[str, Limits]) -> bool:
    """True where a trend cannot tell: beyond a limit that holds only under a condition."""
    return one.reason is NoLife.BEYOND and limits[one.channel].when is not None


def default_start_ns(end_ns: int) -> int:
    """Return where the stretch begins unless it is told."""
    return end_ns - round(STRETCH_S * NS_PER_S)


def _view(live: LiveMachine, one: ChannelLife) -> ChannelLifeView:
    hours = one.hours
    return ChannelLifeView(
        name=one.channel,
        title=live.tools.base.signal(one.channel).title,
        limit=one.limit,
        hours=None if hours is None else hours.expected,
        low_hours=None if hours is None else hours.low,
        high_hours=None if hours is None else _finite(hours.high),
        reason=None if one.reason is None else one.reason.value,
        chances=tuple(map(ChanceView, HORIZONS_H, one.chances)),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and value < float("inf") else None
