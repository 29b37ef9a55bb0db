"""`LiveMachine`: one machine while telltale runs, with its newest values and open events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from telltale.batch import NS_PER_S, Batch, age_s, newest_values
from telltale.events import (
    Event,
    EventKind,
    Freshness,
    follow_open,
    freshness_of,
    machine_state,
    value_states,
)
from telltale.models.base import Model
from telltale.pipeline.base import Result
from telltale.pipeline.outputs import with_outputs
from telltale.pipeline.run import Pipeline, PipelineState
from telltale.pipeline.sentences import duration_text
from telltale.pipeline.stale import Silence
from telltale.profiles.conform import Conformer
from telltale.profiles.schema import Profile
from telltale.rate import RateMeter
from telltale.runtime.former import Former
from telltale.runtime.models.shelf import Deployed, running
from telltale.store.base import Machine, Role

STATE_EVERY_NS = 5 * NS_PER_S  # what came since is worked out again at the start
STATE_EVERY_ROWS = 20_000
# Of machines, those that need somebody first.
STATE_ORDER = (
    "critical",
    "warn",
    "failed",
    "stale",
    "learning",
    "no_model",
    "no_data",
    "ok",
    "recorded",
)


@dataclass(slots=True)
class Run:
    """Writes whose states follow from one another: when one fails, those after it must too.

    Attributes:
        has_failed: One of them could not be kept.
        rows: Samples submitted so far.
        needed: As many samples the newest kept state must know: those that could not be worked
            out again from what is kept, because a sample replaced another or came late.
        kept, kept_ns: Samples known to the newest kept state, and when that was kept.
    """

    has_failed: bool = False
    rows: int = 0
    needed: int = 0
    kept: int = -1
    kept_ns: int = 0

    def is_state_due(self, rows: int, now_ns: int) -> bool:
        """Tell whether the state after so many samples must be kept with them."""
        is_old = now_ns - self.kept_ns >= STATE_EVERY_NS or now_ns < self.kept_ns
        return self.needed > self.kept or rows - self.kept >= STATE_EVERY_ROWS or is_old


@dataclass(frozen=True, slots=True)
class Tools:
    """What a profile compiles to. Holds no state of any machine, so one serves them all.

    Attributes:
        base: The profile as its file says it.
        pipeline: Its metrics, models and limits.
        conformer: Brings feeds into its terms.
        deployed: The models, and those that cannot run.
    """

    base: Profile
    pipeline: Pipeline
    conformer: Conformer
    deployed: tuple[Deployed, ...] = ()

    @property
    def profile(self) -> Profile:
        """The profile with the outputs of the models that run."""
        return self.pipeline.profile


@dataclass(slots=True)
class LiveMachine:
    """What the runtime knows about one machine. Changed only on the event loop.

    Attributes:
        machine: What it is.
        tools: Its profile, and what that compiles to.
        problem: Why it cannot be watched, one sentence; None when it can.
        state: Pipeline state after the newest submitted batch.
        committed: Pipeline state after the newest batch that is known to be kept.
        run: What the writes since the last failure share.
        silence: Listens for it once live readings have come; a recording is never late.
        was_live: Live readings came before this start, so that it ought to be heard.
        write_failed: The newest write could not be kept.
        values, times_ns: Newest finite value per name, and when it was measured.
        open_events: By key.
        is_guessed: Whether telltale chose its profile by itself, and may choose another.
        former: Columns that are kept under profiles it had before.
    """

    machine: Machine
    tools: Tools
    problem: str | None = None
    state: PipelineState = field(init=False)
    committed: PipelineState = field(init=False)
    run: Run = field(default_factory=Run)
    silence: Silence | None = None
    was_live: bool = False
    write_failed: bool = False
    values: dict[str, float] = field(default_factory=dict)
    times_ns: dict[str, int] = field(default_factory=dict)
    open_events: dict[str, Event] = field(default_factory=dict)
    is_guessed: bool = False
    former: tuple[Former, ...] = ()
    last_time_ns: int = 0
    last_arrival_ns: int = 0
    rows: int = 0
    rejected: int = 0
    late: int = 0
    source: str = ""
    rate: RateMeter = field(default_factory=RateMeter)

    def __post_init__(self) -> None:
        """Begin with nothing seen."""
        self.state = self.committed = self.pipeline.start()

    @property
    def profile(self) -> Profile:
        """What it is measured by."""
        return self.tools.profile

    @property
    def pipeline(self) -> Pipeline:
        """Works out its metrics and limits."""
        return self.tools.pipeline

    @property
    def conformer(self) -> Conformer:
        """Brings its feeds into its profile's terms."""
        return self.tools.conformer

    def become(self, tools: Tools) -> None:
        """Follow a changed profile; what the pipeline computes as before goes on as it was."""
        state, committed = self.pipeline.encode(self.state), self.pipeline.encode(self.committed)
        outputs = self.profile.outputs
        self.tools = tools
        self.state, self.committed = self.pipeline.decode(state), self.pipeline.decode(committed)
        for name in outputs.keys() - set(self.profile.names):  # of a model that went
            self.values.pop(name, None)
            self.times_ns.pop(name, None)
        if (silence := self.silence) is not None:  # new channels may fall silent too
            self.silence = None
            self.listen(self.last_arrival_ns).follow(silence)

    def check_fit(self, name: str, model: Model, role: Role) -> Profile:
        """Return the profile with this model's outputs too. Raises ModelError if it cannot run."""
        beside = running(self.tools.deployed, role) if role is Role.ACTIVE else {}
        return with_outputs(self.tools.base, {**beside, name: model})

    def take(self, result: Result, arrival_ns: int, *, is_live: bool) -> None:
        """Note the newest values and events of one result.

        Args:
            result: From the pipeline.
            arrival_ns: Now.
            is_live: False for a recording: it says nothing about when the machine spoke last.
        """
        n_late = len(result.late) if result.late is not None else 0
        n_taken = len(result.batch) + n_late
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
        for name, value, time_ns in newest_values(batch):
            self.values[name], self.times_ns[name] = value, time_ns

    def note_events(self, events: tuple[Event, ...]) -> None:
        """Keep those that are open; forget those that ended."""
        follow_open(self.open_events, events)

    def orphans(self, kept_open: Sequence[Event]) -> tuple[Event, ...]:
        """Return, ended, the limit events that the profile's present rules no longer know."""
        known = {event.key for event in self.pipeline.open_events(self.machine.id, self.state)}
        return tuple(
            msgspec.structs.replace(event, end_ns=self.last_time_ns)
            for event in kept_open
            if event.kind is EventKind.LIMIT and event.key not in known
        )

    def freshness(self) -> Freshness:
        """Return whether it is heard, by the clock of arrival."""
        if not self.last_time_ns:
            return Freshness.NO_DATA
        if self.silence is not None:
            return freshness_of(self.open_events.values())
        return Freshness.STALE if self.was_live else Freshness.RECORDED

    def state_word(self) -> str:
        """Return the worst that is known of the machine, one of `STATE_ORDER`."""
        state = machine_state(self.open_events.values(), self.freshness())
        has_failed = self.problem is not None or (self.write_failed and self.last_time_ns)
        return min(state, "failed", key=STATE_ORDER.index) if has_failed else state

    def value_states(self) -> dict[str, str]:
        """Return the state of each channel and metric that is not simply ok."""
        return value_states(self.open_events.values(), self.values, self.freshness())

    def finding(self, event: Event) -> str:
        """Return how an open event of this machine stands after its newest reading."""
        if event.kind is EventKind.STALE:
            silent_s = age_s(event.start_ns, self.last_arrival_ns)
            return f"{event.message.removesuffix('.')} for {duration_text(silent_s)}."
        if event.kind is not EventKind.LIMIT or event.name not in self.values:
            return event.message
        value, time_ns = self.values[event.name], self.times_ns[event.name]
        return self.pipeline.sentence(event, self.state, value, time_ns)
