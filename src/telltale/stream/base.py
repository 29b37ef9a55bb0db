"""`Stream`: the seam of what is happening now."""

from __future__ import annotations

from typing import Protocol

from telltale.events import Event
from telltale.pipeline.base import Result
from telltale.stream.hub import Hub


class Stream(Protocol):
    """Takes results and events to whoever watches. Publishing never waits for a viewer.

    Attributes:
        hub: Where the viewers of this process join.
    """

    hub: Hub

    def publish(self, result: Result) -> None:
        """Make one machine's newest values and events visible to viewers."""

    def publish_event(self, event: Event) -> None:
        """Make one event visible that no batch caused, e.g. a stale machine."""
