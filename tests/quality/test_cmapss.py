"""The judge of C-MAPSS: the published scores, every unit by itself, and no later row."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.batch import Batch
from tests.models.life.engines import engines
from tests.quality.judging import JUDGES, judged


@pytest.fixture(scope="module")
def judge() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(JUDGES))
        yield importlib.import_module("cmapss")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cmapss") / "data"
    write_set(folder, "FD009")
    return folder


@pytest.fixture(scope="module")
def learnt(judge: Any, data: Path) -> Any:
    return judge.trained(judge.units(data / "train_FD009.txt"), "FD009")


def rows_of(units: list[Batch]) -> np.ndarray:
    """Return lives in the set's 26 columns; what made-up engines lack is constant."""
    parts = []
    for number, unit in enumerate(units, start=1):
        rows = np.zeros((len(unit), 26))
        rows[:, 0], rows[:, 1] = number, unit.columns["cycle"]
        for place, name in (
            (7, "hot_c"),
            (11, "press_bar"),
            (13, "speed_rpm"),
            (20, "noise_ratio"),
        ):
            rows[:, place] = unit.columns[name]
        parts.append(rows)
    return np.concatenate(parts)


def write_set(folder: Path, name: str) -> None:
    """Write a set whose test units are cut 30 cycles before failure."""
    folder.mkdir()
    tests = [unit.rows(0, len(unit) - 30) for unit in engines(10, seed=7)]
    np.savetxt(folder / f"train_{name}.txt", rows_of(engines(30)), fmt="%.4f")
    np.savetxt(folder / f"test_{name}.txt", rows_of(tests), fmt="%.4f")
    np.savetxt(folder / f"RUL_{name}.txt", np.full(10, 30.0), fmt="%d")


def test_scores_are_those_of_the_protocol(judge: Any) -> None:
    found = judge.scores(np.array([110.0, 130.0, 20.0]), np.array([100.0, 143.0, 20.0]))
    assert found["rmse"] == pytest.approx(np.sqrt((100 + 169) / 3), abs=1e-3)
    assert found["rmse_capped"] == pytest.approx(np.sqrt(100 / 3), abs=1e-3)
    assert found["score"] == pytest.approx(2 * (np.e - 1.0), abs=0.1)


def test_the_script_judges_a_folder_that_holds_one_set_of_another_name(data: Path) -> None:
    found = judged("cmapss", data)
    assert (found["set"], found["units"]) == ("FD009", 10)
    assert found["rmse"] < 15.0
    assert 0.6 <= found["coverage_90"] <= 1.0


def test_shuffling_the_future_changes_nothing_before_it(
    judge: Any, learnt: Any, data: Path, tmp_path: Path
) -> None:
    rows = np.loadtxt(data / "test_FD009.txt")
    seen = 50
    order = np.arange(len(rows))
    for number in np.unique(rows[:, 0]):
        mine = np.flatnonzero(rows[:, 0] == number)
        order[mine[seen:]] = np.random.default_rng(1).permutation(mine[seen:])
    shuffled = rows[order]
    shuffled[:, :2] = rows[:, :2]
    found = []
    for number, table in enumerate((rows, shuffled)):
        path = tmp_path / f"test_{number}.txt"
        np.savetxt(path, table, fmt="%.4f")
        units = judge.units(path)
        cut = [unit.rows(0, seen) for unit in units]
        found.append((judge.last_answers(learnt, cut), judge.last_answers(learnt, units)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert not np.array_equal(found[0][1], found[1][1])


def test_a_unit_is_judged_by_itself(judge: Any, learnt: Any, data: Path) -> None:
    units = judge.units(data / "test_FD009.txt")
    together = judge.last_answers(learnt, units)
    alone = np.concatenate([judge.last_answers(learnt, [unit]) for unit in units])
    assert together.tobytes() == alone.tobytes()
