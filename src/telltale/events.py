"""`Event`: something that began or ended on one machine, found by the pipeline or a timer."""

from __future__ import annotations

from collections.abc import Iterable
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
        rule: Which bound, e.g. "critical_above"; of a note, what was done.
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


def note(machine: str, what: str, message: str, now_ns: int) -> Event:
    """Return the event that something was done to a machine; `what` is that in one word."""
    return Event(
        key=f"{machine}/{EventKind.NOTE}//{what}/{now_ns}",
        machine=machine,
        kind=EventKind.NOTE,
        level=Level.INFO,
        name="",
        rule=what,
        start_ns=now_ns,
        end_ns=now_ns,
        message=message,
    )


def value_states(events: Iterable[Event]) -> dict[str, str]:
    """Return the worst state per channel or metric, of those that have an open event."""
    worst: dict[str, str] = {}
    for event in events:
        if not event.name or event.level is Level.INFO:
            continue
        word = "stale" if event.kind is EventKind.STALE else event.level.value
        if worst.get(event.name) != "critical":
            worst[event.name] = word
    return worst


def machine_state(events: Iterable[Event]) -> str:
    """Return stale if the whole machine is silent, else the worst open level, else ok."""
    word = "ok"
    for event in events:
        if event.kind is EventKind.STALE:
            if not event.name:
                return "stale"
        elif event.level is Level.CRITICAL:
            word = "critical"
        elif event.level is Level.WARN and word == "ok":
            word = "warn"
    return word
