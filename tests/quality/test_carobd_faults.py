"""The judge of stuck and offset coolant sensors: what a fault is, and that no later row is seen."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet
from tests.quality.carobd_folder import trip, write_folder

JUDGES = Path(__file__).parents[2] / "benchmarks" / "quality"


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("carobd_faults")


def test_faults_are_found_and_healthy_trips_give_hardly_any_alarm(
    judge: Any, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path, 24)
    found = judge.run(judge.Folders(folder, folder, argparse.Namespace()))
    assert found["offset_share"] == 1.0
    assert found["stuck_share"] > 0.6  # an hour of warm-ups to learn from; the real set has fifteen
    assert found["found_share"] > 0.8
    assert found["alarms_per_hour"] <= 1.0
    assert found["faults"]["offset"] == 24 * judge.DRAWS
    assert found["faults"]["stuck"] > 24


def test_a_fault_begins_at_its_row_and_not_before(judge: Any) -> None:
    one = judge.Trip("live1", trip(1))
    kinds = set()
    for fault in judge.faults(one):
        kinds.add(fault.kind)
        np.testing.assert_array_equal(fault.coolant_c[: fault.start], one.coolant_c[: fault.start])
        rest = fault.coolant_c[fault.start :]
        if fault.kind == "offset":
            np.testing.assert_array_equal(rest, one.coolant_c[fault.start :] + judge.OFFSET_C)
        else:
            assert set(rest) == {one.coolant_c[fault.start]}
        assert judge.FROM_ROW <= fault.start < len(one.coolant_c) - judge.WITHIN_ROWS
    assert kinds >= {"offset", "stuck", "stuck_anywhere"}


def test_a_sensor_that_is_said_to_stick_hides_a_change_while_it_is_cold(judge: Any) -> None:
    one = judge.Trip("live1", trip(1))
    stuck = [fault for fault in judge.faults(one) if fault.kind == "stuck"]
    assert stuck
    for fault in stuck:
        true_c = one.coolant_c[fault.start : fault.start + judge.WITHIN_ROWS]
        assert true_c[0] < judge.WARM_C
        assert np.abs(true_c - true_c[0]).max() >= judge.MOVES_C


def test_a_trip_without_a_warm_up_has_no_sensor_that_sticks_in_it(judge: Any) -> None:
    steady = judge.Trip("live1", np.full(1000, 90.0))
    assert {fault.kind for fault in judge.faults(steady)} == {"offset", "stuck_anywhere"}


def test_shuffling_what_comes_later_changes_nothing_before_it(judge: Any) -> None:
    learnt = [judge.Trip(f"live{n}", trip(n)) for n in range(8)]
    batch = judge.joined(learnt)
    learnt_from = TrainingSet.of_normal(batch, judge.INPUTS)
    models = [made_model(*train(k, k, learnt_from)) for k in judge.DETECTORS]
    fault = next(f for f in judge.faults(learnt[0]) if f.kind == "offset")
    cut = fault.start + 100
    shuffled = fault.coolant_c.copy()
    shuffled[cut:] = np.random.default_rng(3).normal(size=len(shuffled) - cut) * 20.0 + 60.0
    before = judge.alarms(models, learnt[0], fault.coolant_c)
    after = judge.alarms(models, learnt[0], shuffled)
    assert before[fault.start : cut].any()
    np.testing.assert_array_equal(before[:cut], after[:cut])
    assert after[cut:].mean() > 0.9
