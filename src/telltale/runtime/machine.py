"""`LiveMachine`: one machine while telltale runs, with its newest values and open events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.events import Event, EventKind, Level
from telltale.pipeline.base import Result
from telltale.pipeline.run import Pipeline, PipelineState
from telltale.pipeline.sentences import duration_text
from telltale.pipeline.stale import Silence
from telltale.profiles.conform import Conformer
from telltale.profiles.schema import Profile
from telltale.rate import RateMeter
from telltale.store.base import Machine

STATE_ORDER = ("critical", "warn", "failed", "stale", "learning", "no_model", "ok", "no_data")


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


@dataclass(slots=True)
class LiveMachine:
    """What the runtime knows about one machine. Changed only on the event loop.

    Attributes:
        machine, profile: What it is.
        problem: Why it cannot be watched, one sentence; None when it can.
        pipeline, conformer: Compiled from the profile.
        state: Pipeline state after the newest submitted batch.
        committed: Pipeline state after the newest batch that is known to be kept.
        silence: Listens for it once live readings have come; a recording is never late.
        write_failed: The newest write could not be kept.
        values, times_ns: Newest finite value per name, and when it was measured.
        open_events: By key.
    """

    machine: Machine
    profile: Profile
    problem: str | None = None
    pipeline: Pipeline = field(init=False)
    conformer: Conformer = field(init=False)
    state: PipelineState = field(init=False)
    committed: PipelineState = field(init=False)
    silence: Silence | None = None
    write_failed: bool = False
    values: dict[str, float] = field(default_factory=dict)
    times_ns: dict[str, int] = field(default_factory=dict)
    open_events: dict[str, Event] = field(default_factory=dict)
    last_time_ns: int = 0
    last_arrival_ns: int = 0
    rows: int = 0
    rejected: int = 0
    late: int = 0
    source: str = ""
    rate: RateMeter = field(default_factory=RateMeter)

    def __post_init__(self) -> None:
        """Compile what the profile declares."""
        self._compile()
        self.state = self.committed = self.pipeline.start()

    def _compile(self) -> None:
        self.pipeline = Pipeline(self.profile)
        self.conformer = Conformer(self.profile)

    def become(self, profile: Profile) -> None:
        """Follow a changed profile; what the pipeline computes as before goes on as it was."""
        state = self.pipeline.encode(self.state)
        self.profile = profile
        self._compile()
        self.state = self.pipeline.decode(state)

    def take(self, result: Result, arrival_ns: int, *, is_live: bool) -> None:
        """Note the newest values and events of one result.

        Args:
            result: From the pipeline.
            arrival_ns: Now.
            is_live: False for a recording: it says nothing about when the machine spoke last.
        """
        n_late = len(result.late) if result.late is not None else 0
        n_taken = len(result.batch) + n_late
        self.rows += n_taken
        self.late += n_late
        if is_live:
            self.last_arrival_ns = arrival_ns
            self.rate.add(n_taken, arrival_ns)
            self.listen(arrival_ns).heard(result.batch, arrival_ns)
        if len(result.batch):
            self.last_time_ns = max(self.last_time_ns, int(result.batch.time_ns[-1]))
            self.note_newest(result.batch)
        self.note_events(result.events)

    def listen(self, since_ns: int) -> Silence:
        """Return what listens for this machine's silence; it starts when first asked for."""
        if self.silence is None:
            self.silence = Silence(
                self.machine.id,
                self.profile,
                last_arrival_ns=since_ns,
                open_events=[e for e in self.open_events.values() if e.kind is EventKind.STALE],
            )
        return self.silence

    def note_newest(self, batch: Batch) -> None:
        """Remember the last finite value of each column."""
        newest_ns = int(batch.time_ns[-1])
        for name, column in batch.columns.items():
            value = float(column[-1])
            time_ns = newest_ns
            if not math.isfinite(value):
                finite = np.flatnonzero(np.isfinite(column))
                if len(finite) == 0:
                    continue
                value, time_ns = float(column[finite[-1]]), int(batch.time_ns[finite[-1]])
            self.values[name] = value
            self.times_ns[name] = time_ns

    def note_events(self, events: tuple[Event, ...]) -> None:
        """Keep those that are open; forget those that ended."""
        for event in events:
            if event.is_open:
                self.open_events[event.key] = event
            else:
                self.open_events.pop(event.key, None)

    def orphans(self, kept_open: Sequence[Event]) -> tuple[Event, ...]:
        """Return, ended, the limit events that the profile's present rules no longer know."""
        known = {event.key for event in self.pipeline.open_events(self.machine.id, self.state)}
        return tuple(
            msgspec.structs.replace(event, end_ns=self.last_time_ns)
            for event in kept_open
            if event.kind is EventKind.LIMIT and event.key not in known
        )

    def worst(self) -> Event | None:
        """Return the open event that matters most: critical, then warn, then the newest."""
        order = {Level.CRITICAL: 2, Level.WARN: 1, Level.INFO: 0}
        return max(
            self.open_events.values(),
            key=lambda event: (order[event.level], event.start_ns),
            default=None,
        )

    def state_word(self) -> str:
        """Return the machine's state, one of `STATE_ORDER`."""
        if self.problem is not None:
            return "failed"
        if not self.last_time_ns:
            return "no_data"
        if self.write_failed:
            return "failed"
        events = self.open_events.values()
        if self.silence is None or any(e.kind is EventKind.STALE and not e.name for e in events):
            return "stale"
        levels = {event.level for event in events if event.kind is EventKind.LIMIT}
        if Level.CRITICAL in levels:
            return "critical"
        return "warn" if Level.WARN in levels else "ok"

    def value_states(self) -> dict[str, str]:
        """Return the state of each channel and metric that is not simply ok."""
        states: dict[str, str] = {}
        for event in self.open_events.values():
            if not event.name:
                continue
            word = "stale" if event.kind is EventKind.STALE else str(event.level.value)
            if states.get(event.name) != "critical":
                states[event.name] = word
        return states

    def age_s(self, time_ns: int, now_ns: int) -> float:
        """Return how old a sample is; never negative, clocks differ."""
        return max(0.0, (now_ns - time_ns) / NS_PER_S)

    def headline(self, now_ns: int) -> str:
        """Return the machine's one sentence: the worst finding, or that there is none."""
        word = self.state_word()
        if word == "no_data":
            return "No reading yet. Send one and it appears here."
        if word == "failed":
            return self.problem or "The newest readings could not be kept. The store says why."
        if word == "stale":
            return self._silent_sentence(now_ns)
        worst = self.worst()
        if worst is None:
            return self._quiet_sentence()
        lasting = duration_text(self.age_s(worst.start_ns, now_ns))
        return f"{worst.message.rstrip('.')}, for {lasting}."

    def _quiet_sentence(self) -> str:
        if self.profile.inferred:
            return f"Profile inferred from {len(self.profile.channels)} channels; check its units."
        watched = sum(1 for name in self.profile.names if self.profile.signal(name).limits)
        if not watched:
            return "Readings are kept. The profile sets no limits."
        return f"All {watched} watched values are within their limits."

    def _silent_sentence(self, now_ns: int) -> str:
        if self.last_arrival_ns:
            return f"No readings for {duration_text(self.age_s(self.last_arrival_ns, now_ns))}."
        until = datetime.fromtimestamp(self.last_time_ns / NS_PER_S, UTC)
        return f"Readings until {until:%Y-%m-%d %H:%M:%S} UTC, none since telltale started."

    def view(self, now_ns: int) -> MachineView:
        """Return everything the API shows of this machine."""
        word = self.state_word()
        states = self.value_states()
        values = {}
        for name in self.profile.names:
            if name not in self.values:
                values[name] = ValueView(None, None, "no_data")
                continue
            state = "stale" if word == "stale" else states.get(name, "ok")
            age_s = round(self.age_s(self.times_ns[name], now_ns), 3)
            values[name] = ValueView(self.values[name], age_s, state)
        heard_ns = self.last_arrival_ns or self.last_time_ns
        return MachineView(
            id=self.machine.id,
            title=self.machine.title,
            profile=self.profile.id,
            profile_title=self.profile.title,
            place=self.machine.place,
            simulated=self.machine.simulated,
            inferred=self.profile.inferred,
            state=word,
            headline=self.headline(now_ns),
            last_time_ns=self.last_time_ns or None,
            last_arrival_ns=self.last_arrival_ns or None,
            age_s=round(self.age_s(heard_ns, now_ns), 3) if heard_ns else None,
            rate_hz=round(self.rate.per_second(now_ns), 2),
            rows=self.rows,
            rejected=self.rejected,
            late=self.late,
            values=values,
            open_events=tuple(
                sorted(self.open_events.values(), key=lambda event: event.start_ns, reverse=True)
            ),
            source=self.source,
        )
