"""`Source`: the seam where readings come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from telltale.formats.base import Decoded, Rejection
from telltale.rate import RateMeter

REASONS_SHOWN = 5


class SourceState(StrEnum):
    """Where a feed stands."""

    CLOSED = "closed"
    OPENING = "opening"
    LIVE = "live"
    WAITING = "waiting"  # lost or refused; tries again by itself
    PAUSED = "paused"
    ENDED = "ended"  # set by who runs it, once all that it gave is committed


@dataclass(slots=True)
class SourceStatus:
    """What a feed tells about itself. Counters only grow.

    Attributes:
        state: Where it stands.
        rows, rejected, dropped: Samples given, refused with a reason, lost for lack of room.
        last_time_ns: UTC time of the newest sample; 0 before the first.
        rate: Achieved samples per second.
        detail: One sentence for people: what it reads, or why not and what comes next.
        reasons: The newest refusals, explained, the last first.
        details: What only this kind of source can tell, for people and scripts: plain values,
            lists and tables of them. It is bounded, and replaced as a whole.
    """

    state: SourceState = SourceState.CLOSED
    rows: int = 0
    rejected: int = 0
    dropped: int = 0
    last_time_ns: int = 0
    rate: RateMeter = field(default_factory=RateMeter)
    detail: str = ""
    reasons: tuple[Rejection, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)  # Any: what JSON can hold

    def count(self, decoded: Decoded, now_ns: int) -> None:
        """Note what the source is about to yield."""
        self.rows += decoded.rows
        self.rejected += decoded.rejected_rows
        for batch in decoded.batches:
            if len(batch):
                self.last_time_ns = max(self.last_time_ns, int(batch.time_ns[-1]))
        self.rate.add(decoded.rows, now_ns)

    def refuse(self, reasons: Iterable[Rejection]) -> None:
        """Remember the newest reasons."""
        newest = dict.fromkeys((*reversed(tuple(reasons)), *self.reasons))
        self.reasons = tuple(newest)[:REASONS_SHOWN]


class Source(Protocol):
    """One feed, of one machine or of many. The constructor checks settings and opens nothing.

    Attributes:
        name: Unique among the running sources: "udp:20777", "simulator:pump-3".
        simulated: True when the readings are not measurements.
        is_live: False when its times lie in the past: then it says nothing about silence.
        status: Kept up to date by the source itself.
    """

    name: str
    simulated: bool
    is_live: bool
    status: SourceStatus

    async def open(self) -> None:
        """Connect. Raises SourceUnavailableError, which is safe to retry."""

    def batches(self) -> AsyncIterator[Decoded]:
        """Yield decoded input, each machine's samples in time order, until the feed ends."""

    async def close(self) -> None:
        """Let go of the connection. Safe to call twice."""


@runtime_checkable
class Acknowledging(Protocol):
    """A source whose other end keeps a reading until it is told that telltale has it."""

    def settle(self, decoded: Decoded, *, is_kept: bool) -> None:
        """Take note of what became of one input that was yielded, in any order.

        Args:
            decoded: The very object that was yielded.
            is_kept: True once all of it is committed, or refused for good; False if it could not
                be kept, and is to be sent again.
        """


@runtime_checkable
class Probing(Protocol):
    """A source that can be looked at without taking anything from it."""

    def probe(self) -> Source:
        """Return one that reads the same, and leaves everything as it is."""


@runtime_checkable
class Forgetting(Protocol):
    """A source for which the other end keeps something while it is away."""

    async def forget(self) -> None:
        """Have that thrown away: it will not come back. Raises SourceUnavailableError."""
