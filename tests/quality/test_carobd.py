"""The judge of noise on the coolant sensor: faults as the protocol has them, no later row seen."""

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
from tests.quality.carobd_folder import ROWS, write_folder

JUDGES = Path(__file__).parents[2] / "benchmarks" / "quality"


@pytest.fixture
def carobd(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("carobd")


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("carobd_trips")


def folders(carobd: Any, data: Path, train: Path) -> Any:
    return carobd.Folders(data, train, argparse.Namespace())


def test_noise_is_found_and_healthy_trips_give_no_alarm(carobd: Any, tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    found = carobd.run(folders(carobd, folder, folder))
    assert found["trips"] == 12
    assert found["alarms_per_hour"] == 0.0
    assert found["hours"] == pytest.approx(12 * ROWS * 0.49 / 3600, rel=0.01)
    assert len(found["f2_idle"]) == len(found["f2_motion"]) == len(found["snr_db"]) == 3
    assert min(found["f2_idle"] + found["f2_motion"]) > 0.95
    assert found["f2_motion_trip_range"][0] <= found["f2_motion_trip_range"][2]


def test_no_trip_is_judged_by_what_was_learnt_from_it(
    carobd: Any, trips: Any, tmp_path: Path
) -> None:
    folder, other = write_folder(tmp_path / "a"), write_folder(tmp_path / "b", 5, first=100)
    same = trips.learnt_and_judged(folders(carobd, folder, folder))
    for learnt, judged in same:
        assert not {t.name for t in learnt} & {t.name for t in judged}
    assert sorted(t.name for _, judged in same for t in judged) == [
        t.name for t in trips.read_trips(folder)
    ]
    ((learnt, judged),) = trips.learnt_and_judged(folders(carobd, other, folder))
    assert len(learnt) == 12
    assert {t.name for t in judged} == {t.name for t in trips.read_trips(other)}


def test_a_trips_faults_do_not_depend_on_the_other_trips(
    carobd: Any, trips: Any, tmp_path: Path
) -> None:
    few, many = write_folder(tmp_path / "few", 2), write_folder(tmp_path / "many", 6)
    one = next(t for t in trips.read_trips(few) if t.name == "live1")
    same = next(t for t in trips.read_trips(many) if t.name == "live1")
    np.testing.assert_array_equal(
        carobd.noisy(one, 50.0, 8, 1)[0], carobd.noisy(same, 50.0, 8, 1)[0]
    )
    assert (carobd.noisy(one, 50.0, 8, 0)[0] != carobd.noisy(one, 50.0, 8, 1)[0]).any()


def test_noise_has_the_asked_level_its_rows_and_whole_degrees(
    carobd: Any, trips: Any, tmp_path: Path
) -> None:
    (one,) = [t for t in trips.read_trips(write_folder(tmp_path, 2)) if t.name == "live1"]
    for snr_db in carobd.SNR_DB:
        found, where = carobd.noisy(one, 60.0, snr_db, 0)
        apart = found - one.coolant_c
        assert where.stop - where.start == carobd.NOISY_ROWS
        assert not apart[: where.start].any()
        assert not apart[where.stop :].any()
        assert apart[where].std() == pytest.approx(60.0 * 10 ** (-snr_db / 20), rel=0.05)
        np.testing.assert_array_equal(found, np.round(found))


def test_flicker_noise_has_twice_the_power_an_octave_lower(carobd: Any) -> None:
    rng = np.random.default_rng(1)
    power = np.mean(
        [np.abs(np.fft.rfft(carobd.flicker(1024, rng))) ** 2 for _ in range(400)], axis=0
    )
    octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(3, 9)]
    assert np.divide(octaves[:-1], octaves[1:]) == pytest.approx(2.0, rel=0.15)


def test_shuffling_what_comes_later_changes_nothing_before_it(
    carobd: Any, trips: Any, tmp_path: Path
) -> None:
    learnt = trips.read_trips(write_folder(tmp_path))
    model = made_model(
        *train("noise", "coolant", TrainingSet.of_normal(trips.joined(learnt), trips.INPUTS))
    )
    found, where = carobd.noisy(learnt[0], 60.0, 8, 0)
    cut = where.start + 150
    shuffled = found.copy()
    np.random.default_rng(2).shuffle(shuffled[cut:])
    before = carobd.alarms(model, learnt[0], found)
    after = carobd.alarms(model, learnt[0], shuffled)
    assert before[where.start : cut].any()
    np.testing.assert_array_equal(before[:cut], after[:cut])
    assert (before[cut:] != after[cut:]).any()


def test_missing_cells_are_filled_with_what_was_before(trips: Any) -> None:
    column = np.array([np.nan, 5.0, np.nan, np.nan, 7.0])
    assert trips.filled(column).tolist() == [5.0, 5.0, 5.0, 5.0, 7.0]
