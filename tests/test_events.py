"""What is known of a machine's events makes one word: the worst finding before its silence."""

from __future__ import annotations

import msgspec
import pytest

from telltale.events import (
    Event,
    EventKind,
    Freshness,
    Level,
    freshness_of,
    machine_state,
    value_states,
    worst_first,
)


def event(name: str, level: Level, kind: EventKind = EventKind.LIMIT, start_ns: int = 1) -> Event:
    return Event(f"m/{kind}/{name}", "m", kind, level, name, "any", start_ns)


SILENT = event("", Level.WARN, EventKind.STALE)
DEAD_SENSOR = event("flow", Level.WARN, EventKind.STALE)
HOT = event("temp", Level.CRITICAL, start_ns=9)
WARM = event("oil", Level.WARN, start_ns=5)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), "ok"),
        ((DEAD_SENSOR,), "ok"),
        ((SILENT,), "stale"),
        ((SILENT, WARM), "warn"),
        ((WARM, SILENT, HOT), "critical"),
    ],
)
def test_an_open_finding_outranks_silence(events: tuple[Event, ...], state: str) -> None:
    assert machine_state(events, freshness_of(events)) == state


def test_a_recording_raises_no_alarm() -> None:
    assert machine_state((HOT,), Freshness.RECORDED) == "recorded"
    assert value_states((HOT,), ("temp", "oil"), Freshness.RECORDED) == {
        "temp": "recorded",
        "oil": "recorded",
    }


def test_a_bad_value_of_a_silent_machine_stays_bad_and_the_others_are_stale() -> None:
    names = ("temp", "oil", "flow", "speed")
    events = (SILENT, HOT, WARM, DEAD_SENSOR)
    assert value_states(events, names, Freshness.STALE) == {
        "temp": "critical",
        "oil": "warn",
        "flow": "stale",
        "speed": "stale",
    }
    assert "speed" not in value_states(events, names, Freshness.LIVE)


def test_the_worst_event_is_the_gravest_then_a_finding_then_the_oldest() -> None:
    later = msgspec.structs.replace(WARM, key="later", start_ns=7)
    assert sorted((DEAD_SENSOR, later, WARM, HOT), key=worst_first) == [
        HOT,
        WARM,
        later,
        DEAD_SENSOR,
    ]
