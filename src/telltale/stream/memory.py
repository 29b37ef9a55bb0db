"""`MemoryStream`: what is happening now, within one process."""

from __future__ import annotations

import time
from collections.abc import Callable

from telltale.events import Event
from telltale.pipeline.base import Result
from telltale.stream.hub import MAX_VIEWERS, Hub
from telltale.stream.ring import RING_EVENTS


class MemoryStream:
    """A `Stream` that hands everything to its own `hub`. All calls belong to one event loop.

    Args:
        clock: UTC nanoseconds now.
        ring: How many recent events are held for viewers that come back.
        max_viewers: More are refused.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], int] = time.time_ns,
        ring: int = RING_EVENTS,
        max_viewers: int = MAX_VIEWERS,
    ) -> None:
        self.hub = Hub(clock=clock, ring=ring, max_viewers=max_viewers)

    def publish(self, result: Result) -> None:
        """Make one machine's newest values and events visible to viewers."""
        self.hub.publish(result)

    def publish_event(self, event: Event) -> None:
        """Make one event visible that no batch caused, e.g. a stale machine."""
        self.hub.publish_event(event)
