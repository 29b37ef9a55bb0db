"""How models do on what is labelled: faults found, and alarms where all was normal.

A model is asked as live: causally, after what was kept before the stretch, through the pipeline
with its limits. What counts is the alarm that somebody would have seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from enum import StrEnum

import msgspec

from telltale.batch import FOREVER_NS, concat
from telltale.events import Event, EventKind
from telltale.labels import Label, LabelKind
from telltale.models.base import Model
from telltale.models.faults.labelled_core import fault_output
from telltale.pipeline.run import Pipeline
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery, Store

MOST_LABELS = 100  # the newest stretches; each is read and asked about
WARM_ROWS = 5_000  # kept before a stretch: more than a model's window
MOST_ROWS = 50_000  # of one stretch, the first
PIECE_ROWS = 10_000


class LabelScore(msgspec.Struct, frozen=True):
    """How one model does on labels.

    Attributes:
        faults, found: Labelled faults, and how many of them it told.
        missed: The labels of the others.
        normal, false_alarms: Labelled normal stretches, and in how many it raised an alarm.
        alarmed: The labels of those.
    """

    faults: int
    found: int
    missed: tuple[int, ...]
    normal: int
    false_alarms: int
    alarmed: tuple[int, ...]

    @property
    def wrong(self) -> frozenset[int]:
        """Labels that it contradicts."""
        return frozenset((*self.missed, *self.alarmed))


class Verdict(StrEnum):
    """How the new model does on labels, beside the active one."""

    FIRST = "first"  # none is active
    BETTER = "better"  # on some label, and worse on none
    WORSE = "worse"
    MIXED = "mixed"
    SAME = "same"


class LabelScores(msgspec.Struct, frozen=True):
    """Two models on the same labels, with all of it in sentences."""

    active: LabelScore | None
    new: LabelScore
    verdict: Verdict
    told: str


async def score_labels(
    store: Store, live: LiveMachine, labels: Sequence[Label], active: Model | None, new: Model
) -> LabelScores | None:
    """Return how a new model and the active one do on a machine's labels.

    None without labels, and for a model that raises no alarm.
    """
    asked = newest_stretches(labels)
    if not asked or all(output.limits is None for output in new.card.outputs.values()):
        return None
    models = [new] if active is None or active is new else [new, active]
    pipelines = [Pipeline(live.tools.base, {model.card.name: model}) for model in models]
    wrong: list[set[int]] = [set() for _ in models]
    read: list[Label] = []  # of the others nothing is kept
    for label in asked:
        events = await _events(store, live, label, pipelines)
        if events is None:
            continue
        read.append(label)
        for at, (model, found) in enumerate(zip(models, events, strict=True)):
            if not _agrees(label, model, found):
                wrong[at].add(label.id)
    if not read:
        return None
    scores = [_score(read, frozenset(one)) for one in wrong]
    before = None if active is None else scores[-1]
    verdict = verdict_of(before, scores[0])
    return LabelScores(before, scores[0], verdict, _told(read, before, scores[0]))


def newest_stretches(labels: Sequence[Label]) -> list[Label]:
    """Return the labels that a model can be measured by, at most `MOST_LABELS`, in order."""
    stretches = [label for label in labels if label.kind is not LabelKind.FAILURE]
    return sorted(stretches, key=lambda label: label.start_ns)[-MOST_LABELS:]


def verdict_of(active: LabelScore | None, new: LabelScore) -> Verdict:
    """Return how the new model does beside the active one."""
    if active is None:
        return Verdict.FIRST
    is_better, is_worse = bool(active.wrong - new.wrong), bool(new.wrong - active.wrong)
    if is_better and is_worse:
        return Verdict.MIXED
    if is_better:
        return Verdict.BETTER
    return Verdict.WORSE if is_worse else Verdict.SAME


async def _events(
    store: Store, live: LiveMachine, label: Label, pipelines: Sequence[Pipeline]
) -> list[list[Event]] | None:
    """Return what each pipeline finds before and in a stretch; None if nothing was measured."""
    names = tuple(live.tools.base.channels)
    machine = live.machine.id
    stretch = await store.read(
        RangeQuery(machine, label.start_ns, label.end_ns, names=names, limit=MOST_ROWS)
    )
    if not len(stretch):
        return None
    before = await store.read(
        RangeQuery(machine, -FOREVER_NS, label.start_ns, names=names, limit=WARM_ROWS, newest=True)
    )
    batch = concat([before, stretch]) if len(before) else stretch

    def run(pipeline: Pipeline) -> list[Event]:
        state = pipeline.start()
        found: dict[str, Event] = {}
        for at in range(0, len(batch), PIECE_ROWS):
            result, state = pipeline.run(batch.rows(at, at + PIECE_ROWS), state)
            found |= {event.key: event for event in result.events}
        return list(found.values())

    return [await asyncio.to_thread(run, pipeline) for pipeline in pipelines]


def _agrees(label: Label, model: Model, events: Sequence[Event]) -> bool:
    """Tell whether a model says what a label says.

    A fault is found by an alarm within it; a model that has an output for this very fault must
    give it there. A normal stretch is spoilt by an alarm that begins in it, or lasts through it:
    one that was there before and ends in it came from what was before.
    """
    outputs = _outputs_for(label, model)
    alarms = [e for e in events if e.kind is EventKind.LIMIT and e.name in outputs]
    if label.kind is LabelKind.FAULT:
        return any(e.start_ns < label.end_ns and _end_ns(e) > label.start_ns for e in alarms)
    return not any(
        label.start_ns <= e.start_ns < label.end_ns
        or (e.start_ns < label.start_ns and _end_ns(e) >= label.end_ns)
        for e in alarms
    )


def _outputs_for(label: Label, model: Model) -> Collection[str]:
    """Return the outputs that can say what a label says."""
    outputs = model.card.outputs.keys()
    own = fault_output(label.fault)
    return {own} if label.fault and own in outputs else outputs


def _end_ns(event: Event) -> int:
    return FOREVER_NS if event.end_ns is None else event.end_ns


def _score(labels: Sequence[Label], wrong: frozenset[int]) -> LabelScore:
    faults = [label.id for label in labels if label.kind is LabelKind.FAULT]
    normal = [label.id for label in labels if label.kind is LabelKind.NORMAL]
    missed = tuple(one for one in faults if one in wrong)
    alarmed = tuple(one for one in normal if one in wrong)
    return LabelScore(
        len(faults), len(faults) - len(missed), missed, len(normal), len(alarmed), alarmed
    )


def _told(labels: Sequence[Label], active: LabelScore | None, new: LabelScore) -> str:
    """Return the scores in sentences, with what is not found said plainly."""
    said = []
    who = "The new version" if active is not new else "The active version"
    active = None if active is new else active
    if new.faults:
        beside = f"; the active one finds {active.found}" if active else ""
        said.append(f"{who} finds {new.found} of {new.faults} labelled faults{beside}.")
    if new.normal:
        beside = f"; the active one in {active.false_alarms}" if active else ""
        said.append(
            f"It raises an alarm in {new.false_alarms} of {new.normal} labelled normal "
            f"stretches{beside}."
        )
    faults = {label.id: label.fault for label in labels}
    for missed in new.missed:
        others = " Nor does the active one." if active and missed in active.missed else ""
        said.append(
            f"It does not find {faults[missed].replace('_', ' ')!r} of label {missed}.{others}"
        )
    if new.missed:
        said.append("A model of the kind 'faults' learns from labelled faults how they look.")
    return " ".join(said)
