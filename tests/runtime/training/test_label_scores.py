"""What counts as a fault found and as a false alarm, and which of two models is better."""

from __future__ import annotations

import pytest

from telltale.labels import Label, LabelKind
from telltale.runtime.core import Runtime
from telltale.runtime.models.shelf import running
from telltale.runtime.training.label_scores import (
    MOST_LABELS,
    LabelScore,
    LabelScores,
    Verdict,
    newest_stretches,
    score_labels,
    verdict_of,
)
from telltale.store.base import Role
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.runtime.training.test_labelling import fault, normal, started


def score(missed: tuple[int, ...] = (), alarmed: tuple[int, ...] = ()) -> LabelScore:
    return LabelScore(2, 2 - len(missed), missed, 2, len(alarmed), alarmed)


@pytest.mark.parametrize(
    ("active", "new", "verdict"),
    [
        (None, score(), Verdict.FIRST),
        (score((1,)), score(), Verdict.BETTER),
        (score((1,), (3,)), score((1,)), Verdict.BETTER),
        (score(), score(alarmed=(3,)), Verdict.WORSE),
        (score((1,)), score((2,)), Verdict.MIXED),
        (score((1,)), score(alarmed=(3,)), Verdict.MIXED),
        (score((1,)), score((1,)), Verdict.SAME),
    ],
)
def test_better_is_who_is_better_on_some_label_and_worse_on_none(
    active: LabelScore | None, new: LabelScore, verdict: Verdict
) -> None:
    assert verdict_of(active, new) is verdict


def test_only_the_newest_stretches_count_and_failures_are_none() -> None:
    labels = [Label("m", at, at + 1, LabelKind.NORMAL, id=at) for at in range(MOST_LABELS + 5)]
    failure = Label("m", 10**6, 10**6, LabelKind.FAILURE)
    found = newest_stretches([failure, *reversed(labels)])
    assert [one.id for one in found] == list(range(5, MOST_LABELS + 5))


async def scored(runtime: Runtime, *labels: Label) -> LabelScores | None:
    live = runtime.machine("pump-1")
    model = running(live.tools.deployed, Role.ACTIVE)["anomaly"]
    numbered = [
        Label(one.machine, one.start_ns, one.end_ns, one.kind, one.fault, id=at)
        for at, one in enumerate(labels, start=1)
    ]
    return await score_labels(runtime.store, live, numbered, None, model)


async def test_an_alarm_that_ends_in_a_normal_stretch_is_of_what_was_before(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(5_000.0)
    async with open_runtime() as runtime:
        await started(runtime)  # a fault from 1300 to 1500 s
        found = await scored(runtime, fault(1_300, 1_500), normal(1_500, 1_600), normal(640, 800))
        assert found is not None
        assert (found.new.found, found.new.missed) == (1, ())
        assert (found.new.false_alarms, found.new.alarmed) == (1, (3,))  # it lasts through that one
        assert found.verdict is Verdict.FIRST
        assert await scored(runtime, normal(50_000, 50_001)) is None  # nothing is kept there
        assert await scored(runtime) is None
