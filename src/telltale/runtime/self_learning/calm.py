"""Calm stretches of a machine: what lies in its recordings after the last crossed limit."""

from __future__ import annotations

from collections.abc import Sequence

from telltale.batch import FOREVER_NS, NS_PER_S
from telltale.events import Event, EventKind, Level
from telltale.runtime.machine import LiveMachine
from telltale.runtime.training.job import MAX_STRETCHES, Stretch
from telltale.store.base import RangeQuery, Store

LEAST_ROWS = 300  # of a slow feed: its seconds alone would be too few readings


async def recordings(store: Store, live: LiveMachine, since_ns: int) -> list[Stretch]:
    """Return the recordings since then, the oldest first; of many, the newest."""
    found = [
        Stretch(max(one.start_ns, since_ns), one.end_ns + 1)
        for one in await store.sessions(live.machine.id)
        if one.end_ns >= since_ns
    ]
    return sorted(found, key=lambda one: one.start_ns)[-MAX_STRETCHES:]


def length_s(stretches: Sequence[Stretch]) -> float:
    """Return how long they are together, pauses between them left out."""
    return sum(one.end_ns - one.start_ns for one in stretches) / NS_PER_S


def beginning(stretches: Sequence[Stretch], seconds: float) -> list[Stretch]:
    """Return the first so many seconds of them."""
    left_ns, found = round(seconds * NS_PER_S), []
    for one in stretches:
        if left_ns > 0:
            found.append(Stretch(one.start_ns, min(one.end_ns, one.start_ns + left_ns)))
            left_ns -= one.end_ns - one.start_ns
    return found


def until(stretches: Sequence[Stretch], end_ns: int) -> tuple[Stretch, ...]:
    """Return what of them lies before a time."""
    return tuple(
        Stretch(one.start_ns, min(one.end_ns, end_ns)) for one in stretches if one.start_ns < end_ns
    )


async def disturbed(store: Store, live: LiveMachine, start_ns: int, end_ns: int) -> int | None:
    """Return when the last episode beyond a limit in a stretch was over; None if there was none."""
    kept = await store.events(live.machine.id, start_ns=0, end_ns=end_ns)
    ends = [
        FOREVER_NS if event.end_ns is None else event.end_ns
        for event in kept
        if _disturbs(live, event) and (event.end_ns is None or event.end_ns > start_ns)
    ]
    return min(max(ends), live.last_time_ns) if ends else None


async def enough_rows(store: Store, live: LiveMachine, start_ns: int) -> int | None:
    """Return when enough readings had come; None if they have not."""
    query = RangeQuery(
        live.machine.id, start_ns, FOREVER_NS, names=live.profile.names[:1], limit=LEAST_ROWS
    )
    batch = await store.read(query)
    return int(batch.time_ns[-1]) + 1 if len(batch) == LEAST_ROWS else None


def _disturbs(live: LiveMachine, event: Event) -> bool:
    is_of_profile = event.name in live.tools.base.names
    return event.kind is EventKind.LIMIT and event.level is not Level.INFO and is_of_profile
