"""What is found in a stretch before a machine is learnt anew from it, and how it is told."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.models.card import Input
from telltale.models.training_set import Run, TrainingSet
from telltale.runtime.self_learning.stretch_check import StretchCheck, check_stretch
from tests.models.detectors.machines import changed, detector, normal, readings

N = 3000
UNITS = {"speed_rpm": Input("rpm"), "oil_bar": Input("bar")}


def of(batch: Batch) -> StretchCheck:
    return check_stretch(normal(batch), detector("normal"))


def shaken(start: int, stop: int) -> Batch:
    """Return usual readings with much more vibration in these rows."""
    found = readings(N, 1).columns["vibration_mm_s"].copy()
    found[start:stop] += 3.0
    return changed(readings(N, 1), "vibration_mm_s", found)


def test_a_stretch_like_the_one_before_is_not_disputed() -> None:
    found = of(readings(N, 1))
    assert (found.went, found.is_disputed, found.problem(is_learnt=True)) == ("", False, "")
    assert found.told(2) == "Version 2 was beyond its limit in 0.0% of its last third."
    assert found.told(None) == ""


def test_only_what_the_version_that_runs_finds_at_the_end_counts() -> None:
    still, over = of(shaken(N - 500, N)), of(shaken(0, N - 1050))
    assert still.is_disputed
    assert still.beyond == pytest.approx(0.5, abs=0.02)
    assert "beyond its limit in 51% of the newest" in still.problem(is_learnt=True)
    assert over.beyond == 0.0


def test_without_a_version_that_runs_nothing_is_disputed() -> None:
    found = check_stretch(normal(readings(N, 1)), None)
    assert found.beyond == 0.0


def test_what_went_one_way_is_told_with_title_size_and_unit() -> None:
    along = np.linspace(0.0, 1.0, N)
    batch = readings(N).adding({"speed_rpm": 1500.0 * along, "oil_bar": 4.0 - 0.25 * along})
    titles = {"speed_rpm": "Motor speed"}
    runs = (Run(batch.rows(0, 1000)), Run(batch.rows(1000, N)))
    found = check_stretch(TrainingSet(runs, UNITS, titles=titles), None)
    told = "Motor speed rose by 1500 rpm, oil_bar fell by 0.25 bar all the time"
    assert found.went == told
    assert found.told(None) == f"{told}, which may not be normal."
    assert found.problem(is_learnt=True).startswith(f"{told}: not taken as normal.")
    assert found.second_ns == batch.time_ns[1000]
