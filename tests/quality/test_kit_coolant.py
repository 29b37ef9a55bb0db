"""The judge of the coolant forecast: trips as they were recorded, and no later row."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from tests.quality.judging import JUDGES, judged, write_parquet

NAMES = ("rpm", "speed_kmh", "maf_gps", "map_kpa", "throttle_pct", "pedal_d_pct")


@pytest.fixture(scope="module")
def judge() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(JUDGES))
        yield importlib.import_module("kit_coolant")


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trips(tmp_path_factory.mktemp("kit") / "train", range(14))


@pytest.fixture(scope="module")
def learnt(judge: Any, train: Path) -> Any:
    return judge.trained(judge.trips(train))


def trip(seed: int, n: int = 900) -> dict[str, np.ndarray]:
    """Return a made-up trip of two readings a second: the coolant follows the pedal."""
    rng = np.random.default_rng(seed)
    pedal = np.repeat(rng.uniform(5.0, 60.0, n // 60), 60)
    coolant = np.empty(n)
    now = float(rng.uniform(0.0, 60.0))
    for i in range(n):
        now += 0.5 * (0.004 * pedal[i] - 0.002 * (now - 10.0))
        coolant[i] = now
    columns = {name: pedal * k + rng.normal(0.0, 1.0, n) for k, name in enumerate(NAMES, start=1)}
    return {
        "t_s": 0.5 * np.arange(n),
        "coolant_c": np.round(coolant),
        "ambient_c": np.full(n, 10.0),
        **columns,
    }


def write(folder: Path, name: str, columns: dict[str, np.ndarray]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.parquet"
    write_parquet(path, {k: v.astype(np.float32) for k, v in columns.items()})
    return path


def write_trips(folder: Path, seeds: range) -> Path:
    for seed in seeds:
        write(folder, f"trip_{seed:03d}", trip(seed))
    return folder


def test_the_script_judges_other_trips_than_it_learnt_from(train: Path, tmp_path: Path) -> None:
    data = write_trips(tmp_path / "data", range(100, 104))
    found = judged("kit_coolant", data, train)
    assert (found["trips"], found["protocol"]) == (4, "learnt from the trips of --train")
    assert found["mae"] < 0.7 * found["mae_persistence"]


def test_one_folder_is_judged_by_trees_that_have_not_seen_the_trip(
    judge: Any, learnt: Any, train: Path
) -> None:
    found = judge.held_out(learnt)
    assert len(found) == 14
    model_itself = judge.judged(learnt, judge.trips(train)[3])
    np.testing.assert_array_equal(found[3][:2], model_itself[:2])  # the same questions
    rows = np.concatenate(found, axis=1)
    seen = np.concatenate([judge.judged(learnt, t) for t in judge.trips(train)], axis=1)
    errors = [np.abs(x[2] - x[0]).mean() for x in (seen, rows)]
    assert errors[0] < 0.8 * errors[1]
    assert errors[1] < 0.8 * np.abs(rows[1] - rows[0]).mean()


def test_shuffling_the_future_changes_nothing_before_it(
    judge: Any, learnt: Any, tmp_path: Path
) -> None:
    whole, later = trip(200), trip(200)
    order = np.random.default_rng(0).permutation(np.arange(500, 900))
    for name in set(later) - {"t_s"}:
        later[name][500:] = later[name][order]
    one, other = (
        judge.judged(learnt, judge.trip(write(tmp_path / "data", name, columns)))
        for name, columns in (("a", whole), ("b", later))
    )
    n_before = 500 // 2 - 60  # forecasts whose outcome is known before the shuffled part
    assert one.shape == other.shape
    assert one[:, : n_before - 2].tobytes() == other[:, : n_before - 2].tobytes()
    assert one[2:, : n_before + 58].tobytes() == other[2:, : n_before + 58].tobytes()
    assert not np.array_equal(one[2], other[2])


def test_late_rows_and_signals_not_asked_yet_are_left_out(judge: Any, tmp_path: Path) -> None:
    columns = {name: values[:40].copy() for name, values in trip(1).items()}
    columns["t_s"][20] = columns["t_s"][19] - 0.4
    columns["coolant_c"][:3] = 0.0
    batch = judge.trip(write(tmp_path / "odd", "odd", columns))
    assert isinstance(batch, Batch)
    assert len(batch) == 39
    assert np.isnan(batch.columns["coolant_c"][:3]).all()
    assert np.isfinite(batch.columns["coolant_c"][3:]).all()
    assert (np.diff(batch.time_ns) >= 0).all()
    assert batch.time_ns[-1] == round(19.5 * NS_PER_S)


def test_the_worst_trip_is_the_one_most_behind_persistence(judge: Any) -> None:
    good = np.array([[10.0, 20.0], [8.0, 18.0], [9.0, 19.0], [0.0, 0.0], [50.0, 50.0]])
    bad = np.array([[10.0], [9.5], [7.0], [9.0], [9.5]])
    found = judge.result([good, bad, np.empty((5, 0))])
    assert found["mae"] == pytest.approx((1.0 + 3.0) / 2)
    assert found["mae_persistence"] == pytest.approx((2.0 + 0.5) / 2)
    assert found["worst_trip_excess"] == pytest.approx(2.5)
    assert found["coverage_90"] == pytest.approx(2 / 3, abs=1e-3)
    assert (found["trips"], found["trips_without_forecast"]) == (2, 1)
