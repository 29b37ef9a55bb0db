"""What both ways of reading samples ask for: names, times, and pieces of a long range."""

from __future__ import annotations

from collections.abc import AsyncIterator

from telltale.api.wire import names_of, time_ns_or
from telltale.batch import NS_PER_S, Batch
from telltale.errors import DecodeError, UnknownChannelError
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery, Store

DEFAULT_RANGE_NS = 3600 * NS_PER_S
PIECE_ROWS = 20_000


def checked_names(live: LiveMachine, channels: str | None) -> tuple[str, ...]:
    """Return the named channels and metrics, all if none is named.

    Raises:
        UnknownChannelError: The profile has none of this name; the nearest is named.
    """
    known = live.profile.names
    names = names_of(channels)
    for name in names:
        if name not in known:
            raise UnknownChannelError(
                f"{live.machine.id} has no channel or metric {name!r}. {suggest(name, known)}"
            )
    return names or known


def time_range(live: LiveMachine, start: str | None, to: str | None) -> tuple[int, int]:
    """Return start inclusive and end exclusive; by default the last hour of data.

    Raises:
        DecodeError: One of them is no time, or the range ends before it begins.
    """
    end_ns = time_ns_or(to, live.last_time_ns + 1)
    start_ns = time_ns_or(start, max(0, end_ns - DEFAULT_RANGE_NS))
    if end_ns < start_ns:
        raise DecodeError("The range ends before it begins: 'to' is earlier than 'from'.")
    return start_ns, end_ns


def units_of(profile: Profile, names: tuple[str, ...]) -> dict[str, str]:
    """Return the unit of each name."""
    return {name: profile.signal(name).unit for name in names}


async def pieces(
    store: Store, machine: str, names: tuple[str, ...], start_ns: int, end_ns: int
) -> AsyncIterator[Batch]:
    """Yield a range of any length in pieces of bounded size."""
    while start_ns < end_ns:
        query = RangeQuery(machine, start_ns, end_ns, names=names, limit=PIECE_ROWS)
        batch = await store.read(query)
        if len(batch):
            yield batch.select(names)
        if len(batch) < PIECE_ROWS:
            return
        start_ns = int(batch.time_ns[-1]) + 1
