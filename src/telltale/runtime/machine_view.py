"""How one live machine is shown: its values with their states, and one sentence about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from telltale.batch import NS_PER_S, age_s
from telltale.events import Event, Level
from telltale.pipeline.sentences import duration_text
from telltale.runtime.machine import LiveMachine
from telltale.runtime.notes import inferred_sentence


class ValueView(msgspec.Struct, frozen=True):
    """The newest value of one channel or metric; `state` as in `STATE_ORDER`."""

    value: float | None
    age_s: float | None
    state: str
    filled: bool = False


class MachineView(msgspec.Struct, frozen=True):
    """One machine as the API shows it. Times are UTC nanoseconds, ages seconds."""

    id: str
    title: str
    profile: str
    profile_title: str
    place: str
    simulated: bool
    inferred: bool
    state: str
    headline: str
    last_time_ns: int | None
    last_arrival_ns: int | None
    age_s: float | None
    rate_hz: float
    rows: int
    rejected: int
    late: int
    values: dict[str, ValueView]
    open_events: tuple[Event, ...]
    source: str


def machine_view(live: LiveMachine, now_ns: int) -> MachineView:
    """Return everything the API shows of a machine."""
    heard_ns = live.last_arrival_ns or live.last_time_ns
    return MachineView(
        id=live.machine.id,
        title=live.machine.title,
        profile=live.profile.id,
        profile_title=live.profile.title,
        place=live.machine.place,
        simulated=live.machine.simulated,
        inferred=live.profile.inferred,
        state=live.state_word(),
        headline=headline(live, now_ns),
        last_time_ns=live.last_time_ns or None,
        last_arrival_ns=live.last_arrival_ns or None,
        age_s=age_s(heard_ns, now_ns) if heard_ns else None,
        rate_hz=round(live.rate.per_second(now_ns), 2),
        rows=live.rows,
        rejected=live.rejected,
        late=live.late,
        values=dict(_values(live, now_ns)),
        open_events=tuple(
            sorted(live.open_events.values(), key=lambda e: e.start_ns, reverse=True)
        ),
        source=live.source,
    )


def headline(live: LiveMachine, now_ns: int) -> str:
    """Return a machine's one sentence: the worst finding, or that there is none."""
    word = live.state_word()
    if word == "no_data":
        return "No reading yet. Send one and it appears here."
    if word == "failed":
        return live.problem or "The newest readings could not be kept. The store says why."
    if word == "stale":
        return _silent_sentence(live, now_ns)
    worst = max(live.open_events.values(), key=_weight, default=None)
    if worst is None:
        return _quiet_sentence(live)
    lasting = duration_text(age_s(worst.start_ns, now_ns))
    return f"{worst.message.rstrip('.')}, for {lasting}."


def _weight(event: Event) -> tuple[int, int]:
    """Critical before warn before info, then the newest."""
    return list(Level).index(event.level), event.start_ns


def _values(live: LiveMachine, now_ns: int) -> Iterator[tuple[str, ValueView]]:
    is_stale, states = live.state_word() == "stale", live.value_states()
    for name in live.profile.names:
        if name not in live.values:
            yield name, ValueView(None, None, "no_data")
            continue
        state = "stale" if is_stale else states.get(name, "ok")
        yield name, ValueView(live.values[name], age_s(live.times_ns[name], now_ns), state)


def _quiet_sentence(live: LiveMachine) -> str:
    profile = live.profile
    if profile.inferred:
        return inferred_sentence(profile)
    n_watched = sum(1 for name in profile.names if profile.signal(name).limits)
    if not n_watched:
        return "Readings are kept. The profile sets no limits."
    return f"All {n_watched} watched values are within their limits."


def _silent_sentence(live: LiveMachine, now_ns: int) -> str:
    if live.last_arrival_ns:
        return f"No readings for {duration_text(age_s(live.last_arrival_ns, now_ns))}."
    until = datetime.fromtimestamp(live.last_time_ns / NS_PER_S, UTC)
    return f"Readings until {until:%Y-%m-%d %H:%M:%S} UTC, none since telltale started."
