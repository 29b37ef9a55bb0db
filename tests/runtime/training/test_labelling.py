"""Labels: kept, told beside others, and learnt from at once by the machine's own detectors."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from telltale.errors import UnknownMachineError
from telltale.labels import ContradictionError, Label, LabelKind, UnknownLabelError
from telltale.models.card import Card
from telltale.runtime.core import Runtime
from telltale.runtime.models.shelf import card_of
from telltale.runtime.models.view import machine_models
from telltale.runtime.training import queue as trainings
from telltale.runtime.training.job import Outcome, Stretch, TrainingJob, Wish
from telltale.runtime.training.label_scores import LabelScores, Verdict
from telltale.runtime.training.labelling import FULL, NO_UPDATE, Added
from telltale.store.base import Role
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.runtime.training.test_queue import T0, N, S, learnt, pump
from tests.waiting import until


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, clock: HandClock) -> None:
    clock.jump(5_000.0)
    monkeypatch.setattr(trainings, "GATHER_S", 0.05)


def normal(start_s: int, end_s: int, machine: str = "pump-1") -> Label:
    return Label(machine, T0 + start_s * S, T0 + end_s * S, LabelKind.NORMAL)


def fault(start_s: int, end_s: int, name: str = "clogged", machine: str = "pump-1") -> Label:
    return Label(machine, T0 + start_s * S, T0 + end_s * S, LabelKind.FAULT, name)


async def updated(added: Added) -> TrainingJob:
    (job,) = added.jobs
    await until(lambda: job.is_over)
    assert job.state == "done", job.detail
    return job


def scores_of(job: TrainingJob) -> LabelScores:
    assert job.report is not None
    assert job.report.labels is not None
    return job.report.labels


async def newest_card(runtime: Runtime) -> Card:
    return card_of((await runtime.store.models())[0])


async def started(runtime: Runtime) -> None:
    """A pump whose detector learnt one way of running; then came another, and a fault."""
    await runtime.ingest(pump(N), profile="industrial_pump")
    await learnt(runtime)
    await runtime.ingest(pump(300, N, vibration_mm_s=1.0))
    await runtime.ingest(pump(300, 1_000))
    await runtime.ingest(pump(200, 1_300, flow_l_min=-40.0))
    await runtime.ingest(pump(100, 1_500))


async def test_a_stretch_that_is_labelled_normal_is_learnt_and_alarms_there_no_more(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        job = await updated(await runtime.labels.add(normal(620, 900)))
        scores = scores_of(job)
        assert scores.active is not None
        assert (scores.active.false_alarms, scores.new.false_alarms) == (1, 0)
        assert (scores.verdict, job.outcome) == (Verdict.BETTER, Outcome.ACTIVE)
        (model,) = machine_models(runtime.machine("pump-1"))
        assert (model.version, model.origin) == (2, "update")
        training = (await newest_card(runtime)).training
        assert "Labelled normal, too: label 1 (normal)." in training.data
        assert training.rows == N + 280
        notes = [e.message for e in await runtime.store.events("pump-1") if e.rule == "model"]
        assert "version 2 is active in place of version 1" in notes[0]


async def test_a_fault_that_was_learnt_as_normal_is_left_out_and_found(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(400), profile="industrial_pump")
        await runtime.ingest(pump(200, 400, flow_l_min=-40.0))
        await learnt(runtime)
        await runtime.ingest(pump(400, N))
        clock.jump(10.0)
        job = await updated(await runtime.labels.add(fault(400, 600)))
        scores = scores_of(job)
        assert scores.active is not None
        assert (scores.active.missed, scores.new.found) == ((1,), 1)
        assert job.outcome is Outcome.ACTIVE
        training = (await newest_card(runtime)).training
        assert "Left out as labelled faults: label 1 (clogged)." in training.data
        assert training.rows == 400


async def test_a_fault_outside_of_what_was_learnt_changes_nothing_and_is_told(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        found = await updated(await runtime.labels.add(fault(1_300, 1_500)))
        assert (found.outcome, found.kept) == (Outcome.UNCHANGED, None)
        assert scores_of(found).told == "The active version finds 1 of 1 labelled faults."
        missed = await updated(await runtime.labels.add(fault(1_050, 1_250, "loose_belt")))
        assert missed.outcome is Outcome.UNCHANGED
        assert "It does not find 'loose belt' of label 2." in scores_of(missed).told
        assert len(await runtime.store.models()) == 1


async def test_what_is_better_on_one_label_and_worse_on_another_only_shadows(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        await runtime.ingest(pump(200, 1_600, vibration_mm_s=1.0))
        clock.jump(10.0)
        await updated(await runtime.labels.add(fault(1_620, 1_780, "shaking")))
        job = await updated(await runtime.labels.add(normal(620, 900)))
        scores = scores_of(job)
        assert (scores.verdict, job.outcome) == (Verdict.MIXED, Outcome.SHADOW)
        (model,) = machine_models(runtime.machine("pump-1"))
        assert (model.version, model.shadow and model.shadow.version) == (1, 2)


async def test_labels_in_quick_succession_make_one_update(
    open_runtime: OpenRuntime, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainings, "GATHER_S", 2.0)
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        added = [
            await runtime.labels.add(normal(start, start + 20)) for start in range(620, 820, 20)
        ]
        job = await updated(added[-1])
        assert {one.id for each in added for one in each.jobs} == {job.id}
        assert (await newest_card(runtime)).training.asked["labels"] == list(range(1, 11))
        assert len(await runtime.store.models()) == 2


async def test_nothing_learns_where_it_is_not_wished_or_no_model_is_the_machines_own(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        label = Label("pump-1", T0, T0 + S, LabelKind.NORMAL, teaches=False)
        added = await runtime.labels.add(label)
        assert (added.jobs, added.told) == ((), NO_UPDATE)
        await runtime.ingest(pump(100, machine="pump-2"), profile="industrial_pump")
        added = await runtime.labels.add(normal(0, 100, "pump-2"))
        assert (added.jobs, added.told) == ((), NO_UPDATE)
        with pytest.raises(UnknownMachineError):
            await runtime.labels.add(normal(0, 100, "pump-3"))


async def test_a_shadow_that_knows_all_is_not_learnt_again_for_a_fault_elsewhere(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        first = await updated(await runtime.labels.add(normal(1_050, 1_250)))
        assert (scores_of(first).verdict, first.outcome) == (Verdict.SAME, Outcome.SHADOW)
        second = await updated(await runtime.labels.add(fault(1_300, 1_500)))
        assert (second.outcome, second.kept) == (Outcome.UNCHANGED, None)
        assert len(await runtime.store.models()) == 2


async def test_a_shadow_that_somebody_tries_is_not_displaced_by_an_update(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        await learnt(runtime, role=Role.SHADOW)
        clock.jump(10.0)
        job = await updated(await runtime.labels.add(normal(1_050, 1_250)))
        assert (scores_of(job).verdict, job.outcome) == (Verdict.SAME, Outcome.KEPT)
        (model,) = machine_models(runtime.machine("pump-1"))
        assert (model.version, model.shadow and model.shadow.version) == (1, 2)


async def test_an_update_that_a_stop_kept_from_being_made_is_made_after_the_start(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        await runtime.labels.add(normal(620, 900))  # and it stops at once
    async with open_runtime() as runtime:
        (job,) = runtime.trainings.all()
        await until(lambda: job.is_over)
        assert (job.wish.origin, job.outcome) == ("update", Outcome.ACTIVE)
    async with open_runtime() as runtime:
        assert runtime.trainings.all() == []


async def test_a_second_update_starts_from_what_was_learnt_first(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        await updated(await runtime.labels.add(normal(620, 900)))
        clock.jump(10.0)
        job = await updated(await runtime.labels.add(normal(1_020, 1_280)))
        assert (await newest_card(runtime)).training.rows == N + 280 + 260
        assert job.wish.stretches[0].end_ns == T0 + N * S


async def test_a_near_miss_of_a_known_fault_is_a_hint(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        assert (await runtime.labels.add(fault(1_300, 1_400))).hint == ""
        assert (await runtime.labels.add(fault(1_400, 1_450, "clogd"))).hint == (
            "Did you mean 'clogged'?"
        )
        known = await runtime.labels.known_faults(runtime.machine("pump-1"))
        assert [(one.name, one.title) for one in known] == [
            ("clogged", "Clogged"),
            ("clogd", "Clogd"),
        ]


async def test_a_removed_label_is_gone_and_one_that_contradicts_is_not_kept(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        await runtime.labels.add(fault(1_300, 1_400))
        with pytest.raises(ContradictionError, match="Label 1"):
            await runtime.labels.add(normal(1_350, 1_500))
        await runtime.labels.remove(1)
        assert await runtime.labels.of_machine("pump-1") == []
        with pytest.raises(UnknownLabelError):
            await runtime.labels.remove(1)


async def test_an_update_that_found_the_queue_full_is_made_when_there_is_room(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        whole = (Stretch(T0, T0 + N * S),)
        wish = Wish(whole, kind="mahalanobis", name="other", role=None)
        for _ in range(trainings.MAX_WAITING):
            runtime.trainings.start("pump-1", wish)
        added = await runtime.labels.add(normal(620, 900))
        assert (added.jobs, added.told) == ((), FULL)
        clock.jump(10.0)
        await until(lambda: runtime.trainings.all()[0].outcome == Outcome.ACTIVE)
        assert runtime.trainings.all()[0].wish.labels == (added.label.id,)


async def test_a_model_of_another_name_does_not_hide_an_update_that_is_missing(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        added = await runtime.labels.add(normal(620, 900))
        await runtime.trainings.stop_job(added.jobs[0].id)
        clock.jump(10.0)
        await learnt(runtime, name="other", role=None)
    async with open_runtime() as runtime:
        (job,) = runtime.trainings.all()
        assert (job.wish.name, job.wish.labels) == ("anomaly", (added.label.id,))


async def test_a_label_that_is_said_again_teaches_and_takes_a_new_note(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await started(runtime)
        clock.jump(10.0)
        silent = replace(normal(620, 900), teaches=False, note="first")
        assert (await runtime.labels.add(silent)).jobs == ()
        again = await runtime.labels.add(replace(normal(620, 900), note="second"))
        assert (again.label.id, again.label.note, again.label.teaches) == (1, "second", True)
        assert (await updated(again)).wish.labels == (1,)
        assert [one.note for one in await runtime.labels.of_machine("pump-1")] == ["second"]
