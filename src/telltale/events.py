"""`Event`: something that began or ended on one machine, found by the pipeline or a timer."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class EventKind(StrEnum):
    """What was found."""

    LIMIT = "limit"  # a channel or metric beyond a limit of its profile
    STALE = "stale"  # no reading, of the machine or of one channel
    NOTE = "note"  # said by telltale or a person: registered, renamed, fault switched on


class Level(StrEnum):
    """How bad it is, in the page's order."""

    INFO = "info"
    WARN = "warn"
    CRITICAL = "critical"


class Event(msgspec.Struct, frozen=True):
    """One episode. The same episode always has the same key, so repeats are dropped by key.

    Attributes:
        key: "<machine>/<kind>/<name>/<rule>/<start_ns>".
        machine: Whose.
        kind, level: What and how bad; level is the worst reached so far.
        name: Channel or metric, "" for the machine as a whole.
        rule: Which bound, e.g. "critical_above".
        start_ns: When the condition began (not when it was reported).
        end_ns: When it ended; None while it is open.
        value: Most extreme value so far, in the channel's unit.
        limit: The bound that was crossed.
        message: One plain sentence with numbers and units.
        advice: What to do, if the profile says.
    """

    key: str
    machine: str
    kind: EventKind
    level: Level
    name: str
    rule: str
    start_ns: int
    end_ns: int | None = None
    value: float | None = None
    limit: float | None = None
    message: str = ""
    advice: str | None = None

    @property
    def is_open(self) -> bool:
        """True until the end is known."""
        return self.end_ns is None
