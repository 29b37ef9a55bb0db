"""`Labels`: what people know about machines is kept, and their detectors learn from it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from telltale.labels import Label, LabelKind, fault_title
from telltale.models.card import Card
from telltale.models.faults.catalogue import catalogues
from telltale.models.trainers import DEFAULT, TRAINERS, USUAL_BUDGET, LearnsFrom
from telltale.registry import nearest
from telltale.runtime.fleet import Fleet
from telltale.runtime.life.present_life import catch_up, life_models
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.deploying import BY_ITSELF, TRAINED, UPDATED
from telltale.runtime.models.shelf import Deployed, card_of, in_role
from telltale.runtime.training.job import JobState, Stretch, TrainingJob, Wish
from telltale.runtime.training.material import alike
from telltale.runtime.training.queue import Trainings, TrainingsFullError
from telltale.store.base import KeptModel, Role

log = structlog.get_logger(__name__)

OWN = frozenset({TRAINED, BY_ITSELF, UPDATED})  # origins of models that telltale can learn anew
NO_UPDATE = "No model of this machine learns from it by itself."
FULL = "Too many trainings wait. Models learn from it as soon as there is room."
NO_LIFE = "Nothing is recorded before it, so no life ends there. Check the time."
NEW_LIFE = "A new life of the machine begins there."


class KnownFault(msgspec.Struct, frozen=True):
    """A fault that has a name: of the profile's catalogue, or labelled before."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a new label.

    Attributes:
        label: As it is kept.
        hint: The known fault that may have been meant; "".
        jobs: Updates that learn from it, one per model.
        told: What is being done about it, one sentence.
    """

    label: Label
    hint: str
    jobs: tuple[TrainingJob, ...]
    told: str


class Labels:
    """Keeps labels of all machines. All methods belong to one event loop."""

    def __init__(self, fleet: Fleet, trainings: Trainings) -> None:
        self._fleet = fleet
        self._trainings = trainings
        self._refused: set[str] = set()  # machines whose update found the queue full
        self._making_up: asyncio.Task[None] | None = None
        trainings.on_over = self._room

    async def add(self, wish: Label) -> Added:
        """Keep a label, and let the machine's own detectors learn from it if it teaches.

        Raises:
            UnknownMachineError: There is no such machine.
            LabelError: It cannot be kept; one that contradicts it is named.
        """
        live = self._fleet.get(wish.machine)
        hint = await self._hint(live, wish.fault) if wish.fault else ""
        label = await self._fleet.store.save_label(
            msgspec.structs.replace(wish, created_ns=self._fleet.clock())
        )
        log.info("label_kept", machine=label.machine, label=label.id, kind=label.kind.value)
        if label.kind is LabelKind.FAILURE:
            await self._lives_begin_anew(live)
            return Added(label, hint, (), await self._life_told(label))
        jobs, told = (
            await self._update(live, await self._wishes(live)) if label.teaches else ((), NO_UPDATE)
        )
        return Added(label, hint, jobs, told)

    async def of_machine(self, machine: str) -> list[Label]:
        """Return a machine's labels, the newest stretch first. Raises UnknownMachineError."""
        self._fleet.get(machine)
        return list(reversed(await self._fleet.store.labels(machine)))

    async def remove(self, label: int) -> None:
        """Remove a label; models that learnt from it stay. Raises UnknownLabelError."""
        found = await self._fleet.store.remove_label(label)
        log.info("label_removed", machine=found.machine, label=label)
        live = self._fleet.find(found.machine)
        if live is not None and found.kind is LabelKind.FAILURE:
            await self._lives_begin_anew(live)

    async def _hint(self, live: LiveMachine, fault: str) -> str:
        known = {one.name for one in await self.known_faults(live)}
        return "" if fault in known else nearest(fault, known)

    async def _life_told(self, label: Label) -> str:
        """Return what a failure means: no life ends where nothing was recorded before."""
        sessions = await self._fleet.store.sessions(label.machine)
        is_after_some = any(one.start_ns < label.start_ns for one in sessions)
        return NEW_LIFE if is_after_some else NO_LIFE

    async def _lives_begin_anew(self, live: LiveMachine) -> None:
        """Let models of remaining life know of a failure that was labelled, or is not any more."""
        if life_models(live):
            await self._fleet.equip(live.machine.id)
            await catch_up(self._fleet, live.machine.id)

    async def known_faults(self, live: LiveMachine) -> list[KnownFault]:
        """Return the faults that have a name on machines of this profile."""
        found: dict[str, str] = {}
        catalogue = catalogues().get(live.tools.base.id)
        if catalogue is not None:
            found = {name: one.title for name, one in catalogue.categories.items()}
        machines = {one.machine.id for one in alike(self._fleet, live)}
        for label in await self._fleet.store.labels():
            if label.fault and label.machine in machines:
                found.setdefault(label.fault, fault_title(label.fault))
        return [KnownFault(name, title) for name, title in found.items()]

    async def resume(self) -> None:
        """Begin the updates that a stop kept from being made."""
        for live in self._fleet.all():
            await catch_up(self._fleet, live.machine.id)
            await self._update(live, await self._unlearnt(live))

    async def _unlearnt(self, live: LiveMachine) -> list[Wish]:
        """Return the updates of which no version of the model has all labels."""
        kept = [
            one
            for one in await self._fleet.store.models(live.machine.id)
            if one.machine == live.machine.id
        ]
        labels = await self._fleet.store.labels(live.machine.id)
        return [
            wish
            for wish in await self._wishes(live)
            if not set(wish.labels) <= seen_by((k for k in kept if k.name == wish.name), labels)
        ]

    async def _wishes(self, live: LiveMachine) -> list[Wish]:
        """Return how each of a machine's own detectors is learnt anew."""
        labels = await self._fleet.store.labels(live.machine.id)
        active = in_role(live.tools.deployed, Role.ACTIVE).values()
        return [wish for one in active if (wish := update_wish(live, one, labels)) is not None]

    async def _update(
        self, live: LiveMachine, wishes: Sequence[Wish]
    ) -> tuple[tuple[TrainingJob, ...], str]:
        """Begin updates, or join what has not begun yet; in a full queue, when there is room."""
        self._refused.discard(live.machine.id)
        try:
            jobs = tuple(self._join(live, wish) for wish in wishes)
        except TrainingsFullError:
            self._refused.add(live.machine.id)
            return (), FULL
        names = ", ".join(wish.name for wish in wishes)
        return jobs, f"Learns {names} anew with it." if jobs else NO_UPDATE

    def _room(self) -> None:
        """Begin the updates that found the queue full, now that a training is over."""
        is_busy = self._making_up is not None and not self._making_up.done()
        if self._refused and not is_busy:
            self._making_up = asyncio.create_task(self._make_up(), name="telltale-label-updates")

    async def _make_up(self) -> None:
        for machine in sorted(self._refused):
            live = self._fleet.find(machine)
            if live is None:
                self._refused.discard(machine)
            else:
                await self._update(live, await self._unlearnt(live))

    def _join(self, live: LiveMachine, wish: Wish) -> TrainingJob:
        for job in self._trainings.all():
            is_alike = job.machine == live.machine.id and job.wish.name == wish.name
            if is_alike and job.wish.origin == UPDATED and job.state is JobState.WAITING:
                job.wish = wish
                return job
        return self._trainings.start(live.machine.id, wish)


def update_wish(live: LiveMachine, active: Deployed, labels: Sequence[Label]) -> Wish | None:
    """Return how a machine's active detector is learnt anew with labels; None if it is not."""
    kept, card = active.kept, active.card
    is_own = kept.machine == live.machine.id and kept.origin in OWN
    if not is_own or card.task != "anomaly":
        return None
    asked = _asked(card)
    if asked is None:
        return None
    taught = (one.id for one in labels if one.teaches and one.kind is not LabelKind.FAILURE)
    return msgspec.structs.replace(asked, name=kept.name, origin=UPDATED, labels=tuple(taught))


def seen_by(versions: Iterable[KeptModel], labels: Sequence[Label]) -> set[int]:
    """Return the labels that some version of a model knew when it was learnt.

    A card that does not say so is an old one: it knew what was labelled before it was kept.
    """
    found: set[int] = set()
    for kept in versions:
        before = [one.id for one in labels if one.created_ns <= kept.created_ns]
        found.update({*before} & {*card_of(kept).training.asked.get("seen", before)})
    return found


def _asked(card: Card) -> Wish | None:
    """Return what a model's training was asked for; by its card alone where it is older."""
    training, asked = card.training, dict(card.training.asked)
    if not asked:
        kind: Any = card.settings.get("detector", DEFAULT)
        stretch = Stretch(training.start_ns, training.end_ns + 1)
        asked = {"kind": kind, "stretches": [[stretch.start_ns, stretch.end_ns]]}
        asked["inputs"] = list(card.inputs)
    try:
        wish = Wish(
            stretches=tuple(Stretch(*ends) for ends in asked["stretches"]),
            kind=asked["kind"],
            inputs=tuple(asked.get("inputs", ())),
            alarms_per_week=asked.get("alarms_per_week", USUAL_BUDGET),
            settings=asked.get("settings", {}),
        )
    except (KeyError, TypeError):
        return None  # a card that somebody wrote
    is_known = wish.kind in TRAINERS and TRAINERS[wish.kind].learns_from is LearnsFrom.NORMAL
    return wish if is_known else None
