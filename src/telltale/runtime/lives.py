"""How long until each channel of a machine drifts over its limit, by the readings that are kept."""

from __future__ import annotations

import asyncio

import msgspec

from telltale.batch import NS_PER_S
from telltale.models.life.per_channel import ChannelLife, channel_lives
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
    """

    name: str
    title: str
    limit: float | None
    hours: float | None
    low_hours: float | None
    high_hours: float | None
    reason: str | None


class LivesView(msgspec.Struct, frozen=True):
    """Remaining lives, the shortest first, from the readings of this stretch."""

    machine: str
    start_ns: int
    end_ns: int
    rows: int
    lives: tuple[ChannelLifeView, ...]


async def lives_of(live: LiveMachine, store: Store, start_ns: int, end_ns: int) -> LivesView:
    """Return the remaining life of every channel and metric that has limits."""
    base = live.tools.base
    limits = {name: found for name in base.names if (found := base.signal(name).limits)}
    query = RangeQuery(live.machine.id, start_ns, end_ns, names=tuple(limits), points=POINTS)
    batch = await store.read(query)
    lives = await asyncio.to_thread(channel_lives, batch, limits, CONFIDENCE)
    return LivesView(
        live.machine.id,
        start_ns,
        end_ns,
        len(batch),
        tuple(_view(live, one) for one in lives),
    )


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
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and value < float("inf") else None
