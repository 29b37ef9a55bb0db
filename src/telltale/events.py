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


class Freshness(StrEnum):
    """Whether a machine is heard: a fact beside what was found on it."""

    LIVE = "live"
    STALE = "stale"  # was live, and is silent
    RECORDED = "recorded"  # only recordings of it are known: nothing is awaited
    NO_DATA = "no_data"  # registered, never heard of


class Cause(msgspec.Struct, frozen=True):
    """One input's part in what a model found. None where a thing is not known.

    Attributes:
        name: Channel or metric.
        share: Part of the finding, -1 to 1; a negative one speaks against it.
        value, expected: What it was, and what it would have been in normal operation, in its unit.
        bound: Where it alone would have to come back to for the finding to end.
    """

    name: str
    share: float
    value: float | None = None
    expected: float | None = None
    bound: float | None = None


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
        value: Most extreme value so far, in the channel's unit; not the value now.
        limit: The bound that was crossed.
        message: One plain sentence with numbers and units.
        advice: What to do, if the profile says.
        causes: Of a model's finding, the inputs that explain most of it when it was told first.
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
    causes: tuple[Cause, ...] = ()

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


def worst_first(event: Event) -> tuple[int, bool, int, str]:
    """Sort key: critical before warn before info, a silence last among its equals, then by age."""
    return -list(Level).index(event.level), event.kind is EventKind.STALE, event.start_ns, event.key


def follow_open(open_events: dict[str, Event], events: Iterable[Event]) -> None:
    """Put what is open among the others, by key; take out what has ended."""
    for event in events:
        if event.is_open:
            open_events[event.key] = event
        else:
            open_events.pop(event.key, None)


def freshness_of(events: Iterable[Event]) -> Freshness:
    """Return whether a machine that is listened to is heard, by its open events."""
    is_silent = any(event.kind is EventKind.STALE and not event.name for event in events)
    return Freshness.STALE if is_silent else Freshness.LIVE


def value_states(
    events: Iterable[Event], names: Iterable[str], freshness: Freshness
) -> dict[str, str]:
    """Return the state of each channel or metric that is not simply ok.

    Args:
        events: The open ones.
        names: Of all values.
        freshness: Of the machine. What is not live cannot be ok; a recording is not judged.
    """
    if freshness is Freshness.RECORDED:
        return dict.fromkeys(names, freshness.value)
    states = dict.fromkeys(names, freshness.value) if freshness is Freshness.STALE else {}
    for event in sorted(events, key=worst_first, reverse=True):  # the worst has the last word
        if event.name and event.level is not Level.INFO:
            states[event.name] = _word(event)
    return states


def machine_state(events: Iterable[Event], freshness: Freshness) -> str:
    """Return the worst open level; without one, stale or recorded if it is not live, else ok."""
    if freshness is not Freshness.RECORDED:
        for event in sorted(events, key=worst_first):
            if event.level is not Level.INFO and event.kind is not EventKind.STALE:
                return event.level.value
    return "ok" if freshness is Freshness.LIVE else freshness.value


def _word(event: Event) -> str:
    return "stale" if event.kind is EventKind.STALE else event.level.value
