"""`Sink`: the seam where values and events go out to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from telltale.sources.base import SourceStatus


class ValueOut(NamedTuple):
    """The newest value of one channel or metric. `state` is "ok" or what is known of it."""

    value: float
    time_ns: int
    state: str


class SignalOut(NamedTuple):
    """What a channel or metric is."""

    title: str
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class MachineOut:
    """One machine as sinks see it.

    Attributes:
        state: The worst that is known of it: ok, warn, critical, stale, recorded, failed.
        stale_after_s: Without a reading for so long it is stale.
        signals: By name, all of its profile.
        values: By name, those that were measured.
    """

    id: str
    title: str
    profile_title: str
    place: str
    state: str
    stale_after_s: float
    signals: Mapping[str, SignalOut]
    values: Mapping[str, ValueOut]


class EventOut(NamedTuple):
    """One event as JSON, as the API tells it."""

    machine: str
    encoded: bytes


class Sink(Protocol):
    """One way out. The constructor checks settings and opens nothing.

    Attributes:
        name: Unique among the running sinks.
        every_s: How often it is given what there is.
        status: Kept up to date by the sink; `rows` counts what was given out.
    """

    name: str
    every_s: float
    status: SourceStatus

    async def open(self) -> None:
        """Connect. Raises SourceUnavailableError, which is safe to retry."""

    async def publish(self, machines: Sequence[MachineOut], events: Sequence[EventOut]) -> None:
        """Give out what is new. Raises SourceUnavailableError when the way out is lost."""

    async def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
