"""`TrainingJob`: one training on its way, what was wished, where it stands and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from telltale.models.card import Threshold
from telltale.models.trainers import DEFAULT, USUAL_BUDGET
from telltale.pipeline.shadows import Difference
from telltale.runtime.models.deploying import TRAINED
from telltale.runtime.training.label_scores import LabelScores
from telltale.store.base import KeptModel, Role

NAME = "anomaly"  # of a model, unless another is wished
MAX_STRETCHES = 100


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of a machine's time, end exclusive."""

    start_ns: int
    end_ns: int


class JobState(StrEnum):
    """Where a training stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """What became of a trained model."""

    ACTIVE = "active"
    SHADOW = "shadow"
    KEPT = "kept"  # on the shelf only
    UNCHANGED = "unchanged"  # there was nothing new to learn


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be learnt.

    Attributes:
        stretches: Of normal operation; may be none for a kind that learns from labels.
        kind: See `models.trainers.TRAINERS`.
        name: Of the model; the next version of it if there is one.
        inputs: Channels and metrics to read; none means all channels of the profile.
        alarms_per_week: How many false alarms are allowed.
        settings: Of the kind.
        role: How it runs afterwards; None only keeps it.
        score_kept: Ask it about what was kept before it ran, too.
        origin: How it came about, for the list of models.
        told: Who says that the stretch is normal, for the card.
        labels: An update: of these labels the normal stretches are learnt from too.
    """

    stretches: tuple[Stretch, ...] = ()
    kind: str = DEFAULT
    name: str = NAME
    inputs: tuple[str, ...] = ()
    alarms_per_week: float = USUAL_BUDGET
    settings: dict[str, Any] = {}
    role: Role | None = Role.ACTIVE
    score_kept: bool = True
    origin: str = TRAINED
    told: str = ""
    labels: tuple[int, ...] = ()

    def asked(self, learnt: Sequence[tuple[str, int, int]], seen: Sequence[int]) -> dict[str, Any]:
        """Return what the card keeps of it, so that the model can be learnt anew.

        Args:
            learnt: The stretches that came of it, each with its machine.
            seen: Labels of the machine that were known then.
        """
        return {
            "kind": self.kind,
            "stretches": [[one.start_ns, one.end_ns] for one in self.stretches],
            "inputs": list(self.inputs),
            "alarms_per_week": self.alarms_per_week,
            "settings": self.settings,
            "labels": list(self.labels),
            "learnt": [list(one) for one in learnt],
            "seen": list(seen),
        }


class TrainingReport(msgspec.Struct, frozen=True):
    """What came of a training.

    Attributes:
        rows, seconds: Samples learnt from, and how long that took.
        data: What was used, and what was left out and why.
        threshold: How the limit was set, with the false alarms that are expected.
        compared: The active model against the new one on the same stretch; None without one.
        labels: How both do on what is labelled; None where nothing is.
    """

    rows: int
    seconds: float
    data: str
    threshold: Threshold | None
    compared: Difference | None
    labels: LabelScores | None = None


class TrainingView(msgspec.Struct, frozen=True):
    """Where a training stands.

    Attributes:
        start_ns, end_ns: Of all stretches together; 0 where labels say what is learnt from.
        state: waiting, running, done, failed or stopped.
        phase, detail: What is being done; why it failed.
        model, version: What was kept.
        outcome: What became of it: active, shadow, kept, unchanged; "" until then.
    """

    id: str
    machine: str
    kind: str
    name: str
    start_ns: int
    end_ns: int
    state: str
    phase: str
    detail: str
    model: int | None
    version: int | None
    report: TrainingReport | None
    stretches: tuple[Stretch, ...] = ()
    origin: str = TRAINED
    outcome: str = ""


@dataclass(slots=True)
class TrainingJob:
    """One training on its way."""

    id: str
    machine: str
    wish: Wish
    state: JobState = JobState.WAITING
    phase: str = "waiting for another training"
    detail: str = ""
    kept: KeptModel | None = None
    report: TrainingReport | None = None
    outcome: Outcome | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """True when nothing more will happen."""
        return self.state in {JobState.DONE, JobState.FAILED, JobState.STOPPED}

    def view(self) -> TrainingView:
        """Return where it stands."""
        stretches = self.wish.stretches
        return TrainingView(
            id=self.id,
            machine=self.machine,
            kind=self.wish.kind,
            name=self.wish.name,
            start_ns=min((one.start_ns for one in stretches), default=0),
            end_ns=max((one.end_ns for one in stretches), default=0),
            state=self.state.value,
            phase=self.phase,
            detail=self.detail,
            model=None if self.kept is None else self.kept.number,
            version=None if self.kept is None else self.kept.version,
            report=self.report,
            stretches=stretches,
            origin=self.wish.origin,
            outcome="" if self.outcome is None else self.outcome.value,
        )
