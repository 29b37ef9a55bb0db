"""How one live machine is shown: its values with their states, and one sentence about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from telltale.batch import NS_PER_S, age_s
from telltale.events import Event, Freshness, worst_first
from telltale.pipeline.sentences import duration_text
from telltale.profiles.schema import Limits, Output
from telltale.runtime.machine import LiveMachine
from telltale.runtime.notes import inferred_sentence
from telltale.units import symbol

OLD_S = 300.0  # a reading that was measured so long before it came is not about now


class ValueView(msgspec.Struct, frozen=True):
    """The newest value of one channel or metric; `state` as in `STATE_ORDER`."""

    value: float | None
    age_s: float | None
    state: str
    filled: bool = False


class OutputView(msgspec.Struct, frozen=True):
    """One output of a model: as a metric of a profile is shown."""

    title: str
    unit: str
    unit_symbol: str
    model: str
    scale: tuple[float, float] | None
    normal: tuple[float, float] | None
    decimals: int
    limits: Limits | None


class MachineView(msgspec.Struct, frozen=True):
    """One machine as the API shows it. Times are UTC nanoseconds, ages seconds.

    Attributes:
        state: The worst that is known of it, one of `STATE_ORDER`.
        freshness: Whether it is heard, by the clock of arrival.
        last_time_ns, age_s: Of its newest reading, by that reading's own clock.
        last_arrival_ns: When live readings came last, since this start.
        outputs: What its models give, by name, beside the channels and metrics of its profile.
        open_events: The worst first; the headline is about the first.
    """

    id: str
    title: str
    profile: str
    profile_title: str
    place: str
    simulated: bool
    inferred: bool
    state: str
    freshness: Freshness
    headline: str
    last_time_ns: int | None
    last_arrival_ns: int | None
    age_s: float | None
    rate_hz: float
    rows: int
    rejected: int
    late: int
    values: dict[str, ValueView]
    outputs: dict[str, OutputView]
    open_events: tuple[Event, ...]
    source: str


def machine_view(live: LiveMachine, now_ns: int) -> MachineView:
    """Return everything the API shows of a machine."""
    return MachineView(
        id=live.machine.id,
        title=live.machine.title,
        profile=live.profile.id,
        profile_title=live.profile.title,
        place=live.machine.place,
        simulated=live.machine.simulated,
        inferred=live.profile.inferred,
        state=live.state_word(),
        freshness=live.freshness(),
        headline=headline(live, now_ns),
        last_time_ns=live.last_time_ns or None,
        last_arrival_ns=live.last_arrival_ns or None,
        age_s=age_s(live.last_time_ns, now_ns) if live.last_time_ns else None,
        rate_hz=round(live.rate.per_second(now_ns), 2),
        rows=live.rows,
        rejected=live.rejected,
        late=live.late,
        values=dict(_values(live, now_ns)),
        outputs={name: output_view(output) for name, output in live.profile.outputs.items()},
        open_events=tuple(sorted(live.open_events.values(), key=worst_first)),
        source=live.source,
    )


def output_view(output: Output) -> OutputView:
    """Return how an output is shown."""
    return OutputView(
        title=output.title,
        unit=output.unit,
        unit_symbol=symbol(output.unit),
        model=output.model,
        scale=output.scale,
        normal=output.normal,
        decimals=output.decimals,
        limits=output.limits,
    )


def headline(live: LiveMachine, now_ns: int) -> str:
    """Return what is to be known of a machine first: whether it is heard, and the worst finding."""
    if live.problem is not None:
        return live.problem
    if not live.last_time_ns:
        return "No reading yet. Send one and it appears here."
    findings = [event for event in live.open_events.values() if event.name]
    worst = min(findings, key=worst_first, default=None)
    found = live.finding(worst) if worst is not None else ""
    if live.write_failed:
        return f"{found} The newest readings could not be kept. The store says why.".lstrip()
    match live.freshness():
        case Freshness.STALE:
            return _joined(_silent_sentence(live, now_ns), "before that", found)
        case Freshness.RECORDED:
            return _joined(f"History until {_moment(live.last_time_ns)}.", "it ends with", found)
    return f"{found or _quiet_sentence(live)} {_late_sentence(live, now_ns)}".rstrip()


def _joined(first: str, link: str, found: str) -> str:
    """Return both as one sentence; only the first where nothing was found."""
    if found[1:2].islower():  # an abbreviation keeps its capitals
        found = found[0].lower() + found[1:]
    return f"{first.removesuffix('.')}; {link}: {found}" if found else first


def _values(live: LiveMachine, now_ns: int) -> Iterator[tuple[str, ValueView]]:
    states = live.value_states()
    for name in live.profile.names:
        if name not in live.values:
            is_learning = name in live.profile.outputs
            yield name, ValueView(None, None, "learning" if is_learning else "no_data")
            continue
        value, time_ns = live.values[name], live.times_ns[name]
        yield name, ValueView(value, age_s(time_ns, now_ns), states.get(name, "ok"))


def _quiet_sentence(live: LiveMachine) -> str:
    profile = live.profile
    if profile.inferred:
        return inferred_sentence(profile)
    watched = [name for name in profile.names if profile.signal(name).limits]
    if not watched:
        return "Readings are kept. The profile sets no limits."
    n_known = sum(name in live.values for name in watched)
    if n_known == len(watched):
        return f"All {n_known} watched values are within their limits."
    if not n_known:
        return f"None of its {len(watched)} watched values is known yet."
    are = "is known and within its limits" if n_known == 1 else "are known and within their limits"
    return f"{n_known} of its {len(watched)} watched values {are}."


def _silent_sentence(live: LiveMachine, now_ns: int) -> str:
    if live.last_arrival_ns:
        silent = f"Silent for {duration_text(age_s(live.last_arrival_ns, now_ns))}"
        return (
            f"{silent}, last reading {_moment(live.last_time_ns)}."
            if _is_old(live)
            else f"{silent}."
        )
    return f"Readings until {_moment(live.last_time_ns)}, none since telltale started."


def _late_sentence(live: LiveMachine, now_ns: int) -> str:
    """Return both clocks where they differ: what comes now may have been measured long ago."""
    if not _is_old(live):
        return ""
    received = duration_text(age_s(live.last_arrival_ns, now_ns))
    return f"Last reading {_moment(live.last_time_ns)}; received {received} ago."


def _is_old(live: LiveMachine) -> bool:
    return age_s(live.last_time_ns, live.last_arrival_ns) > OLD_S


def _moment(time_ns: int) -> str:
    at = datetime.fromtimestamp(time_ns / NS_PER_S, UTC)
    return f"{at.day} {at:%b %Y %H:%M} UTC"
