"""`Pipeline`: all steps of one profile and its models, compiled once, run on each batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from telltale.batch import Batch
from telltale.events import Event
from telltale.models.base import Model
from telltale.pipeline.align import Align, AlignState
from telltale.pipeline.base import Result, Step
from telltale.pipeline.derive import Derive
from telltale.pipeline.limits import CheckLimits
from telltale.pipeline.masks import everywhere
from telltale.pipeline.outputs import check_inputs, with_outputs
from telltale.pipeline.predict import NONE, Predict, PredictState
from telltale.pipeline.repeats import without_repeats
from telltale.pipeline.run_times import RunTime
from telltale.pipeline.shadows import Difference
from telltale.profiles.schema import Profile

FORMAT = 1  # of an encoded state; another number means a clean start


@dataclass(frozen=True, slots=True)
class PipelineState:
    """Where one machine's stream stands: an immutable value, worth nothing to another profile.

    Attributes:
        steps: State of each step by its name.
    """

    steps: Mapping[str, Any]  # Any: each step has its own state type


class Pipeline:
    """The steps of one profile. Holds no state of any machine, so one serves them all.

    Attributes:
        profile: With the outputs of the models.
    """

    def __init__(
        self,
        profile: Profile,
        models: Mapping[str, Model] = NONE,
        shadows: Mapping[str, Model] = NONE,
        *,
        also: Collection[str] = (),
    ) -> None:
        """Compile the profile, with the models of one machine by name, and those beside them.

        Args:
            profile: What the machine is.
            models: Whose outputs become columns.
            shadows: Asked beside the model of the same name.
            also: Channels of which gaps are filled though nothing combines them with others.

        Raises:
            ProfileError: A metric or limit cannot be what the profile says it is.
            ModelError: A model does not fit the profile.
        """
        self.profile = with_outputs(profile, models)
        self._limits = CheckLimits(self.profile)
        for model in shadows.values():
            check_inputs(model.card, profile)
        asked = (*models.values(), *shadows.values())
        inputs = {name for model in asked for name in model.card.inputs}.union(also)
        self._predict = Predict(models, shadows)
        self.steps: tuple[Step, ...] = (
            Align(profile, inputs),
            Derive(profile),
            self._predict,
            self._limits,
        )

    def start(self) -> PipelineState:
        """Return the state before a machine's first sample."""
        return PipelineState({step.name: step.start() for step in self.steps})

    def fresh(self, batch: Batch, state: PipelineState) -> Batch:
        """Return a batch without samples that repeat, time and values, the one before them."""
        align: AlignState = state.steps[Align.name]
        return without_repeats(batch, align.newest_ns, align.newest)

    def newest_ns(self, state: PipelineState) -> int | None:
        """Return the time of the newest sample that this state knows."""
        align: AlignState = state.steps[Align.name]
        return align.newest_ns

    def is_plain(self, batch: Batch, state: PipelineState) -> bool:
        """Tell whether every sample has a time of its own, after all those before.

        Such samples can be worked out again from what the store keeps of them.
        """
        times_ns, newest_ns = batch.time_ns, self.newest_ns(state)
        if len(times_ns) and newest_ns is not None and int(times_ns[0]) <= newest_ns:
            return False
        return len(times_ns) < 2 or everywhere(times_ns[1:] > times_ns[:-1])

    def run(
        self, batch: Batch, state: PipelineState, because: Mapping[str, str] | None = None
    ) -> tuple[Result, PipelineState]:
        """Work out one batch: derived columns, events, late samples, and the next state.

        Args:
            batch: In the profile's terms.
            state: After the batch before it.
            because: By column, what explains it; said in the event of a limit it crosses.
        """
        result = Result(batch, because=because or {})
        states: dict[str, Any] = {}
        for step in self.steps:
            result, states[step.name] = step.run(result, state.steps[step.name])
        return result, PipelineState(states)

    def encode(self, state: PipelineState) -> bytes:
        """Return the state as bytes, marked with what each part was computed by."""
        packed = {step.name: step.pack(state.steps[step.name]) for step in self.steps}
        return msgspec.msgpack.encode({"format": FORMAT, "steps": packed}, order="deterministic")

    def decode(self, encoded: bytes) -> PipelineState:
        """Return the state that `encode` wrote.

        A part that the profile now computes otherwise starts afresh, and so does everything
        when the bytes cannot be read: an old state is never a reason to refuse readings.
        """
        try:
            read = msgspec.msgpack.decode(encoded, type=_Encoded)
        except msgspec.MsgspecError:
            return self.start()
        if read.format != FORMAT:
            return self.start()
        return PipelineState(
            {
                step.name: step.unpack(read.steps[step.name])
                if step.name in read.steps
                else step.start()
                for step in self.steps
            }
        )

    def open_events(self, machine: str, state: PipelineState) -> tuple[Event, ...]:
        """Return the episodes that are open in this state, oldest first."""
        return self._limits.open_events(machine, state.steps[self._limits.name])

    def progress(self, name: str, state: PipelineState) -> tuple[int, int]:
        """Return how many samples a model has seen of those it needs before its first answer."""
        model = self._predict.models[name]
        stands: PredictState = state.steps[Predict.name]
        known = stands.models
        return model.progress(known[name] if name in known else model.start())

    def failures(self, name: str, state: PipelineState) -> int:
        """Return how often a model could not be run."""
        stands: PredictState = state.steps[Predict.name]
        return stands.failures.get(name, 0)

    def run_time(self, name: str) -> RunTime:
        """Return how long a model has taken so far."""
        return self._predict.times[name]

    def difference(self, name: str, state: PipelineState) -> Difference | None:
        """Return what a model's shadow has shown; None if it has none."""
        stands: PredictState = state.steps[Predict.name]
        return stands.differences.get(name)

    def sentence(self, event: Event, state: PipelineState, value: float, time_ns: int) -> str:
        """Return how an open limit event stands; see `CheckLimits.sentence`."""
        return self._limits.sentence(event, state.steps[self._limits.name], value, time_ns)


class _Encoded(msgspec.Struct):
    """What `encode` writes."""

    format: int
    steps: dict[str, msgspec.Raw]
