"""What both ways of reading samples ask for: names, times, and pieces of a long range."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from telltale.api.wire import names_of, time_ns_or
from telltale.batch import NS_PER_S, Batch
from telltale.errors import DecodeError, UnknownChannelError
from telltale.registry import suggest
from telltale.runtime.former import joined, with_former_names
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery, Store

DEFAULT_RANGE_NS = 3600 * NS_PER_S
PIECE_ROWS = 20_000


def checked_names(live: LiveMachine, channels: str | None) -> tuple[str, ...]:
    """Return the named channels and metrics, all if none is named. An alias means its channel.

    Raises:
        UnknownChannelError: Nothing is kept under this name; the nearest is named.
    """
    names = dict.fromkeys(_resolved(live, name) for name in names_of(channels))
    return tuple(names) or live.profile.names


def _resolved(live: LiveMachine, name: str) -> str:
    known = live.profile.names
    if name in known:
        return name
    if found := live.conformer.names.find(name):
        return found.channel
    if any(former.name == name for former in live.former):
        return name
    raise UnknownChannelError(
        f"{live.machine.id} has no channel or metric {name!r}. {suggest(name, known)}"
    )


def time_range(live: LiveMachine, start: str | None, to: str | None) -> tuple[int, int]:
    """Return start inclusive and end exclusive; by default the last hour of data.

    Raises:
        DecodeError: One of them is no time, or the range ends before it begins.
    """
    end_ns = time_ns_or(to, live.last_time_ns + 1)
    start_ns = time_ns_or(start, max(0, end_ns - DEFAULT_RANGE_NS))
    check_order(start_ns, end_ns)
    return start_ns, end_ns


def check_order(start_ns: int, end_ns: int) -> None:
    """Raise DecodeError if a range ends before it begins."""
    if end_ns < start_ns:
        raise DecodeError("The range ends before it begins: 'to' is earlier than 'from'.")


def units_of(live: LiveMachine, names: Sequence[str]) -> dict[str, str]:
    """Return the unit of each name."""
    before = {former.name: former.unit for former in live.former}
    known = frozenset(live.profile.names)
    return {n: live.profile.signal(n).unit if n in known else before[n] for n in names}


async def read_range(store: Store, live: LiveMachine, query: RangeQuery) -> Batch:
    """Return the query's names, with what the machine called otherwise under earlier profiles."""
    wanted = with_former_names(query.names, live.former)
    batch = await store.read(msgspec.structs.replace(query, names=wanted))
    return joined(batch, query.names, live.former)


async def pieces(
    store: Store, live: LiveMachine, names: tuple[str, ...], start_ns: int, end_ns: int
) -> AsyncIterator[Batch]:
    """Yield a range of any length in pieces of bounded size."""
    while start_ns < end_ns:
        query = RangeQuery(live.machine.id, start_ns, end_ns, names=names, limit=PIECE_ROWS)
        batch = await read_range(store, live, query)
        if len(batch):
            yield batch
        if len(batch) < PIECE_ROWS:
            return
        start_ns = int(batch.time_ns[-1]) + 1
