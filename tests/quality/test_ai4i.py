"""The judge of failure modes: flags are labels only, and a row is judged by itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.quality.judging import judged, script

HEADER = (
    "UDI,Product ID,Type,Air temperature [K],Process temperature [K],Rotational speed [rpm],"
    "Torque [Nm],Tool wear [min],Machine failure,TWF,HDF,PWF,OSF,RNF"
)


def made_table(path: Path, n: int, seed: int) -> None:
    """Write a table by rules of the kind that the real set follows."""
    rng = np.random.default_rng(seed)
    lines = [HEADER]
    for at in range(n):
        air_k, torque_nm = rng.normal(300.0, 2.0), rng.uniform(10.0, 75.0)
        process_k = air_k + rng.uniform(7.5, 12.0)
        speed_rpm, wear_min = rng.uniform(1200.0, 2600.0), rng.uniform(0.0, 250.0)
        power_w = torque_nm * speed_rpm * 2.0 * np.pi / 60.0
        heat = process_k - air_k < 8.6 and speed_rpm < 1500.0
        power = not 3000.0 < power_w < 12_000.0
        strain = wear_min * torque_nm > 13_000.0
        tool = wear_min > 200.0 and rng.uniform() < 0.2
        flags = [int(flag) for flag in (tool, heat, power, strain, rng.uniform() < 0.002)]
        readings = f"{air_k:.1f},{process_k:.1f},{speed_rpm:.0f},{torque_nm:.1f},{wear_min:.0f}"
        lines.append(f"{at},L{at},{'LMH'[at % 3]},{readings},{int(any(flags[:4]))},{flags}")
    text = "\n".join(lines) + "\n"
    path.write_text(
        text.replace("[1", "1").replace("[0", "0").replace("]\n", "\n").replace(", ", ",")
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    train, data = tmp_path_factory.mktemp("train"), tmp_path_factory.mktemp("data")
    made_table(train / "dev.csv", 900, 1)
    made_table(data / "other.csv", 300, 2)
    return train, data


def test_modes_that_follow_rules_are_found_in_rows_not_learnt_from(
    folders: tuple[Path, Path],
) -> None:
    train, data = folders
    result = judged("ai4i", data, train)
    assert result["rows"] == 300
    assert result["f1"] > 0.85
    assert result["f1_PWF"] > 0.9
    assert result["f1_RNF"] == 0.0
    assert result["protocol"] == "learnt on --train, judged on --data"


def test_the_flags_of_judged_rows_change_no_answer(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("ai4i", monkeypatch)
    train, data = (judge.read(folder) for folder in folders)
    share, classes = judge.judged(train, data)
    flipped = dataclasses.replace(
        data,
        is_failed=~data.is_failed,
        modes={mode: ~flags for mode, flags in data.modes.items()},
    )
    other_share, other_classes = judge.judged(train, flipped)
    np.testing.assert_array_equal(other_share, share)
    np.testing.assert_array_equal(other_classes, classes)


def test_shuffling_later_rows_changes_no_answer_before_them(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("ai4i", monkeypatch)
    train, data = (judge.read(folder) for folder in folders)
    later = np.random.default_rng(3).permutation(np.arange(150, 300))
    order = np.concatenate([np.arange(150), later])
    columns = {name: column[order] for name, column in data.batch.columns.items()}
    batch = judge.Batch("ai4i", data.batch.time_ns, columns)
    share, _ = judge.judged(train, data)
    other, _ = judge.judged(train, dataclasses.replace(data, batch=batch))
    np.testing.assert_array_equal(other[:150], share[:150])
    np.testing.assert_array_equal(other, share[order])


def test_every_row_is_held_out_once_and_every_class_in_every_fold(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = script("ai4i", monkeypatch)
    rows = judge.read(folders[0])
    held_out = [fold for learnt, fold in judge.folds(rows, 0) if not np.isin(fold, learnt).any()]
    assert sorted(np.concatenate(held_out).tolist()) == list(range(900))
    for fold in held_out:
        assert set(rows.six[fold].tolist()) >= {0, 1, 2, 3, 4}


def test_average_precision_is_that_of_a_worked_example(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = script("ai4i", monkeypatch)
    truth = np.array([False, False, True, True])
    # scikit-learn's documentation of average_precision_score: 0.83
    score = np.array([0.1, 0.4, 0.35, 0.8])
    assert judge.average_precision(truth, score) == pytest.approx(0.8333, abs=1e-4)
