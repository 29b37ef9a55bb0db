"""The judge of NAB: scores as the benchmark's own worked example, and looks at no later row."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.quality.judging import judged

JUDGES = Path(__file__).parents[2] / "benchmarks" / "quality"


@pytest.fixture
def nab(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("nab")


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("nab_score")


def alarm_at(n: int, *rows: int) -> np.ndarray:
    is_alarm = np.zeros(n, dtype=np.bool_)
    is_alarm[list(rows)] = True
    return is_alarm


def test_the_benchmarks_worked_example_has_its_score(scorer: Any) -> None:
    """Two windows of 5 rows; a hit at a start, one more, one false alarm 3 rows behind: -0.9540."""
    same = scorer.Profile(false_alarm=1.0, missed=1.0)
    score = scorer.file_score(alarm_at(100, 40, 41, 47), [(40, 44), (80, 84)], same)
    assert score.raw == pytest.approx(-0.9540, abs=5e-5)
    assert (score.windows, score.found, score.false_alarms) == (2, 1, 1)


def test_only_false_alarms_cost_as_published(scorer: Any) -> None:
    """A published result: a file without a window, three false alarms: -0.33, and -0.66 low FP."""
    is_alarm = alarm_at(4032, 800, 2000, 4000)
    for name, raw in (("standard", -0.33), ("low_fp", -0.66)):
        assert scorer.file_score(is_alarm, [], scorer.PROFILES[name]).raw == pytest.approx(raw)


def test_nothing_said_scores_0_and_all_said_at_once_100(scorer: Any) -> None:
    windows = [(300, 340), (700, 740)]
    for profile in scorer.PROFILES.values():
        silent = scorer.file_score(alarm_at(1000), windows, profile)
        perfect = scorer.file_score(alarm_at(1000, 300, 700), windows, profile)
        assert scorer.normalised([silent], profile) == pytest.approx(0.0)
        assert scorer.normalised([perfect], profile) == pytest.approx(100.0)


def test_the_start_of_a_file_is_not_scored(scorer: Any) -> None:
    profile = scorer.PROFILES["standard"]
    assert scorer.probation_rows(1000) == 150
    assert scorer.probation_rows(22_695) == 750
    score = scorer.file_score(alarm_at(1000, 10, 149), [(20, 60)], profile)
    assert (score.raw, score.windows) == (0.0, 0)


def test_an_earlier_alarm_earns_more(scorer: Any) -> None:
    profile = scorer.PROFILES["standard"]
    raws = [
        scorer.file_score(alarm_at(1000, row), [(300, 399)], profile).raw for row in range(300, 400)
    ]
    assert raws == sorted(raws, reverse=True)
    assert raws[0] == pytest.approx(1.0)
    assert 0.0 < raws[-1] < 0.05


def write_folder(folder: Path, values: np.ndarray) -> None:
    start = np.datetime64("2014-01-01T00:00:00")
    times = [
        str(start + np.timedelta64(300 * i, "s")).replace("T", " ") for i in range(len(values))
    ]
    (folder / "some").mkdir(parents=True)
    lines = [f"{t},{v!r}" for t, v in zip(times, values.tolist(), strict=True)]
    (folder / "some" / "one.csv").write_text("\n".join(["timestamp,value", *lines]))
    windows = {"some/one.csv": [[f"{times[1500]}.000000", f"{times[1600]}.000000"]]}
    (folder / "windows.json").write_text(json.dumps(windows | {"not/here.csv": []}))


def test_shuffling_the_future_changes_nothing_before_it(nab: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    values = 50.0 + 9.0 * np.sin(0.7 * np.arange(2000))
    values[1510], values[1800] = 120.0, -40.0
    shuffled = values.copy()
    rng.shuffle(shuffled[1700:])
    write_folder(tmp_path / "a", values)
    write_folder(tmp_path / "b", shuffled)
    (a,) = nab.read_series(tmp_path / "a").values()
    (b,) = nab.read_series(tmp_path / "b").values()
    first, second = (nab.alarms(one.batch, 6.0) for one in (a, b))
    assert a.windows == [(1500, 1600)]
    assert np.flatnonzero(first[:1700]).tolist() == [1510]
    np.testing.assert_array_equal(first[:1700], second[:1700])
    assert first[1700:].any()
    assert not np.array_equal(first[1700:], second[1700:])


def test_the_script_prints_its_scores_as_the_last_line(tmp_path: Path) -> None:
    values = 50.0 + 9.0 * np.sin(0.7 * np.arange(2000))
    values[1510] = 120.0
    write_folder(tmp_path / "judged", values)
    write_folder(tmp_path / "other", values)
    result = judged("nab", tmp_path / "judged", tmp_path / "other")
    assert (result["windows"], result["found"], result["false_alarms"]) == (1, 1, 0)
    assert 90.0 < result["standard"] == result["low_fp"] < 100.0
    assert list(result["per_file"]) == ["some/one.csv"]
