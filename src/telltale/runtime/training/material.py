"""What a training learns from: stretches of kept readings, less or more what is labelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from telltale.batch import FOREVER_NS, Batch
from telltale.errors import ModelError
from telltale.labels import Label, LabelKind, of_kind
from telltale.models.card import Input
from telltale.models.trainers import LearnsFrom, trainer_of
from telltale.models.training_set import Run, TrainingSet
from telltale.pipeline.run import Pipeline
from telltale.profiles.point_channels import fed_channels
from telltale.registry import suggest
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.deploying import UPDATED
from telltale.runtime.training.job import MAX_STRETCHES, Stretch, Wish
from telltale.store.base import RangeQuery, Store

MOST_ROWS = 1_000_000  # of all stretches: a day at 10 Hz


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stretch that is to be read, and what it is said to be."""

    live: LiveMachine
    stretch: Stretch
    kind: LabelKind
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a training learns from.

    Attributes:
        training_set: The readings.
        learnt: The stretches that were read, each with its machine.
        told: What labels have to do with it, for the card; "" if nothing.
        seen: Labels of the machine that were known; of an update those that it is about.
    """

    training_set: TrainingSet
    learnt: tuple[tuple[str, int, int], ...]
    told: str = ""
    seen: tuple[int, ...] = ()


async def material(fleet: Fleet, live: LiveMachine, wish: Wish) -> Material:
    """Return what a training learns from.

    Raises:
        ModelError: A stretch or a channel is none, or there is too much or too little.
    """
    labels = list(await fleet.store.labels(live.machine.id))
    match trainer_of(wish.kind).learns_from:
        case LearnsFrom.NORMAL:
            wanted, told = _normal(live, wish, labels)
        case LearnsFrom.FAULTS:
            wanted, told = await _faults(fleet, live, wish)
        case _:
            wanted, told = await _lives(fleet, live)
    runs = [run async for run in _read(fleet.store, wanted)]
    names = wish.inputs or fed_channels(live.profile)
    is_of_normal = trainer_of(wish.kind).learns_from is LearnsFrom.NORMAL
    inputs = _inputs(live, [run.batch for run in runs], names) if runs or is_of_normal else {}
    training_set = TrainingSet(
        tuple(runs),
        inputs,
        is_simulated=live.machine.simulated,
        titles={name: live.profile.signal(name).title for name in inputs},
    )
    learnt = tuple((w.live.machine.id, w.stretch.start_ns, w.stretch.end_ns) for w in wanted)
    seen = wish.labels if wish.origin == UPDATED else tuple(one.id for one in labels)
    return Material(training_set, learnt, told, seen)


def _normal(live: LiveMachine, wish: Wish, labels: Sequence[Label]) -> tuple[list[Wanted], str]:
    """Return the wished stretches, with what is labelled normal if wished, without faults."""
    normal = [one for one in of_kind(labels, LabelKind.NORMAL) if one.id in wish.labels]
    stretches = checked(wish.stretches) + [Stretch(one.start_ns, one.end_ns) for one in normal]
    if not stretches:
        raise ModelError("A stretch of normal operation is missing: 'from' and 'to'.")
    faults = of_kind(labels, LabelKind.FAULT)
    left = without(merged(stretches), faults)
    if not left:
        raise ModelError(
            f"All of the stretch is labelled as a fault of {live.machine.id}. Choose another one, "
            "or remove the label."
        )
    cut = [f for f in faults if any(_overlaps(one, f) for one in stretches)]
    told = []
    if normal:
        told.append(f"Labelled normal, too: {_named(normal)}.")
    if cut:
        told.append(f"Left out as labelled faults: {_named(cut)}.")
    return [Wanted(live, one, LabelKind.NORMAL) for one in left], " ".join(told)


async def _faults(fleet: Fleet, live: LiveMachine, wish: Wish) -> tuple[list[Wanted], str]:
    """Return what is labelled normal or a fault on all machines of the same profile."""
    wanted: list[Wanted] = []
    used: list[Label] = []
    for one in alike(fleet, live):
        labels = list(await fleet.store.labels(one.machine.id))
        faults = of_kind(labels, LabelKind.FAULT)
        stretches = [(Stretch(f.start_ns, f.end_ns), LabelKind.FAULT, f.fault) for f in faults]
        normal = [Stretch(n.start_ns, n.end_ns) for n in of_kind(labels, LabelKind.NORMAL)]
        if one is live:
            normal += checked(wish.stretches)
        stretches += [(n, LabelKind.NORMAL, "") for n in without(merged(normal), faults)]
        wanted += [Wanted(one, *each) for each in stretches]
        used += [label for label in labels if label.kind is not LabelKind.FAILURE]
    return wanted, f"From labels of all machines of {live.tools.base.title}: {_named(used)}."


async def _lives(fleet: Fleet, live: LiveMachine) -> tuple[list[Wanted], str]:
    """Return each life that ended in a labelled failure, of all machines of the same profile."""
    wanted: list[Wanted] = []
    used: list[Label] = []
    for one in alike(fleet, live):
        failures = of_kind(await fleet.store.labels(one.machine.id), LabelKind.FAILURE)
        faults = {failure.start_ns: failure.fault for failure in failures}
        for begin_ns, end_ns in pairwise((-FOREVER_NS, *sorted(faults))):
            stretch = Stretch(begin_ns + 1, end_ns + 1)
            wanted.append(Wanted(one, stretch, LabelKind.FAILURE, faults[end_ns]))
        used += failures
    return wanted, f"Lives that ended in a labelled failure: {_named(used)}."


def alike(fleet: Fleet, live: LiveMachine) -> list[LiveMachine]:
    """Return all machines of the same profile and kind: real ones, or simulated ones."""
    return [
        one
        for one in fleet.all()
        if one.tools.base.id == live.tools.base.id
        and one.machine.simulated == live.machine.simulated
    ]


def checked(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Return the stretches if they are some. Raises ModelError."""
    if len(stretches) > MAX_STRETCHES:
        raise ModelError(f"{len(stretches)} stretches; at most {MAX_STRETCHES} are taken.")
    for one in stretches:
        if one.start_ns >= one.end_ns:
            raise ModelError("The stretch ends before it begins. Exchange 'from' and 'to'.")
    return list(stretches)


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the same time as stretches that do not overlap, in order."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda stretch: stretch.start_ns):
        if found and one.start_ns <= found[-1].end_ns:
            found[-1] = Stretch(found[-1].start_ns, max(found[-1].end_ns, one.end_ns))
        else:
            found.append(one)
    return found


def without(stretches: Sequence[Stretch], faults: Iterable[Label]) -> list[Stretch]:
    """Return the stretches less what is labelled as a fault."""
    left = list(stretches)
    for fault in faults:
        parts = [
            (Stretch(one.start_ns, min(one.end_ns, fault.start_ns)),
             Stretch(max(one.start_ns, fault.end_ns), one.end_ns))
            if _overlaps(one, fault) else (one,)
            for one in left
        ]  # fmt: skip
        left = [part for pair in parts for part in pair if part.start_ns < part.end_ns]
    return left


def worked_out(live: LiveMachine, batch: Batch) -> Batch:
    """Return readings as the models see them: with metrics, gaps filled."""
    pipeline = Pipeline(live.tools.base, also=tuple(live.tools.base.channels))
    result, _ = pipeline.run(batch, pipeline.start())
    return result.batch.adding(result.aligned)


async def _read(store: Store, wanted: Sequence[Wanted]) -> AsyncIterator[Run]:
    """Yield the stretches in which there are readings. Raises ModelError beyond `MOST_ROWS`."""
    room = MOST_ROWS
    for one in wanted:
        query = RangeQuery(
            one.live.machine.id,
            one.stretch.start_ns,
            one.stretch.end_ns,
            names=tuple(one.live.tools.base.channels),
            limit=room + 1,
        )
        batch = await store.read(query)
        room -= len(batch)
        if room < 0:
            raise ModelError(
                f"There are more than {MOST_ROWS} samples to learn from. Choose shorter stretches: "
                "an hour of normal operation in each way that the machine runs is often enough."
            )
        if len(batch):
            yield Run(await asyncio.to_thread(worked_out, one.live, batch), one.kind, one.fault)


def _inputs(
    live: LiveMachine, batches: Sequence[Batch], names: tuple[str, ...]
) -> dict[str, Input]:
    """Return the columns to learn from, with units: those of which a reading came.

    Raises:
        ModelError: A name is no channel or metric, or nothing was measured.
    """
    known = (*live.profile.channels, *live.profile.metrics)
    for name in names:
        if name not in known:
            raise ModelError(f"{live.machine.id} has no channel {name!r}. {suggest(name, known)}")
    inputs = {
        name: Input(live.profile.signal(name).unit)
        for name in names
        if any(name in b.columns and np.isfinite(b.columns[name]).any() for b in batches)
    }
    if not inputs:
        raise ModelError(
            f"{live.machine.id} has no reading of these channels to learn from. Choose another "
            "stretch, one in which they were measured."
        )
    return inputs


def _overlaps(stretch: Stretch, label: Label) -> bool:
    return stretch.start_ns < label.end_ns and label.start_ns < stretch.end_ns


def _named(labels: Sequence[Label]) -> str:
    """Return labels in a few words, not more than some."""
    shown = [f"{label.id} ({label.fault or label.kind.value})" for label in labels[:10]]
    more = f" and {len(labels) - 10} more" if len(labels) > 10 else ""
    return f"label{'s' if len(labels) != 1 else ''} {', '.join(shown) or 'none'}{more}"
