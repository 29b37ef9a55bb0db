"""The judge of SKAB: reads the set's layout, counts as the protocol says, looks at no later row."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.batch import FloatArray

JUDGES = Path(__file__).parents[2] / "benchmarks" / "quality"
N, ANOMALY = 700, slice(500, 620)
HEADER = (
    "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;"
    "Voltage;Volume Flow RateRMS;anomaly;changepoint"
)


@pytest.fixture
def skab(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("skab")


def experiment(seed: int) -> FloatArray:
    """Return 8 channels of a pump, shape (N, 8); the flow and the current break down at the end."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(N, 8))
    flow = 76.0 + np.sin(np.arange(N) / 9.0) + 0.3 * noise[:, 7]
    flow[ANOMALY] -= 12.0
    spread = np.array([0.001, 0.001, 0.1, 0.1, 0.1, 0.01, 5.0, 0.0])
    level = np.array([0.08, 0.13, 1.2, 0.05, 92.0, 22.0, 230.0, 0.0])
    found = level + spread * noise
    found[:, 7] = flow
    found[:, 2] += 0.02 * flow
    return found


def write(path: Path, rows: FloatArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [HEADER]
    for at, row in enumerate(rows):
        label = float(ANOMALY.start <= at < ANOMALY.stop)
        clock = f"2020-03-01 {15 + at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}"
        lines.append(";".join([clock, *(f"{x:.6f}" for x in row), str(label), "0.0"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "valve1" / "0.csv", experiment(0))
    write(tmp_path / "other" / "3.csv", experiment(1))
    write(tmp_path / "anomaly-free" / "anomaly-free.csv", experiment(2))
    (tmp_path / "published.csv").write_text("method,tp\nx,1\n", encoding="utf-8")
    return tmp_path


def test_a_clear_fault_is_found_in_every_labelled_experiment(skab: Any, folder: Path) -> None:
    found = skab.run(skab.Folders(folder, folder, argparse.Namespace()))
    assert set(found["per_file"]) == {"valve1/0.csv", "other/3.csv"}
    assert found["f1"] > 0.85
    assert found["far"] < 15.0
    assert found["mar"] < 10.0
    assert (found["events_found"], found["events"]) == (2, 2)


def test_counts_are_those_of_a_worked_example(skab: Any) -> None:
    alarm = np.array([1, 1, 0, 0, 1, 0, 0, 0], dtype=np.bool_)
    truth = np.array([1, 0, 1, 0, 1, 0, 0, 0], dtype=np.bool_)
    counts = skab.Judged(alarm, truth).counts()
    assert counts.tolist() == [2, 1, 1, 4]
    assert skab.rates(counts) == {"f1": 0.6667, "far": 20.0, "mar": 33.33}


def test_shuffling_what_comes_later_changes_nothing_before_it(skab: Any, folder: Path) -> None:
    batch = skab.experiments(folder)["valve1/0.csv"]
    cut = 540
    order = np.arange(N)
    np.random.default_rng(5).shuffle(order[cut:])
    shuffled = batch.adding({name: column[order] for name, column in batch.columns.items()})
    before, after = skab.alarms(batch), skab.alarms(shuffled)
    assert before[ANOMALY.start : cut].any()
    np.testing.assert_array_equal(before[:cut], after[:cut])
    assert (before[cut:] != after[cut:]).any()


def test_labels_are_not_looked_at(skab: Any, folder: Path) -> None:
    batch = skab.experiments(folder)["valve1/0.csv"]
    lied = batch.adding({"anomaly": 1.0 - batch.columns["anomaly"]})
    np.testing.assert_array_equal(skab.alarms(batch), skab.alarms(lied))
