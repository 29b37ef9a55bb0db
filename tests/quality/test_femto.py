"""The judge of the FEMTO bearings: the challenge's score, and no snapshot after the cut."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.quality.judging import JUDGES, judged, write_parquet

LIVES = {"Bearing1_1": 900, "Bearing1_2": 400, "Bearing2_1": 500, "Bearing2_2": 300}
CUT = {"Bearing1_3": (700, 560), "Bearing1_4": (600, 330)}


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(JUDGES))
    return importlib.import_module("femto")


def vibration(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 0.4 * 6.0 ** (np.arange(n) / n) * np.exp(rng.normal(0.0, 0.05, n))


def write(folder: Path, full: dict[str, tuple[int, int]]) -> Path:
    """Write bearings: snapshots in the full life, and how many are given."""
    (folder / "features").mkdir(parents=True)
    lines = ["bearing,set,rpm,load_n,snapshots_full,snapshots_given_at_test,rul_at_cut_s,raw"]
    for seed, (name, (n, given)) in enumerate(full.items()):
        lines.append(f"{name},s,1800,4000,{n},{given},{(n - given) * 10},False")
        write_bearing(folder / "features" / f"{name}.parquet", vibration(n, seed))
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_bearing(path: Path, h_rms: np.ndarray) -> None:
    columns = {"snapshot": np.arange(1, len(h_rms) + 1), "h_rms": h_rms}
    write_parquet(path, columns)


def train_folder(folder: Path) -> Path:
    return write(folder, {name: (n, n) for name, n in LIVES.items()})


def test_the_score_is_that_of_the_challenge(judge: Any) -> None:
    """Half a point each at 5 % late and at 20 % early; 1 when right."""
    true_s = np.full(5, 1000.0)
    said_s = np.array([1000.0, 1050.0, 800.0, 1100.0, 0.0])
    np.testing.assert_allclose(judge.score_of(true_s, said_s), [1.0, 0.5, 0.5, 0.25, 1 / 32])


def test_the_quantile_is_careful_because_late_costs_more(judge: Any) -> None:
    for spread in (0.1, 0.8):
        assert 0.05 < judge.best_quantile(spread) < 0.45


def test_bearings_that_were_cut_are_judged_by_their_index(tmp_path: Path) -> None:
    found = judged("femto", write(tmp_path / "data", CUT), train_folder(tmp_path / "train"))
    assert set(found["errors"]) == set(CUT)
    left_s = 1400.0
    error = 100.0 * (left_s - found["remaining_life_s"]["Bearing1_3"]) / left_s
    assert found["errors"]["Bearing1_3"] == pytest.approx(error, abs=0.1)
    assert 0.0 < found["score"] <= 1.0
    assert found["score_organisers_table"] != found["score"]


def test_complete_lives_are_left_out_in_turn(tmp_path: Path) -> None:
    train = train_folder(tmp_path / "train")
    found = judged("femto", train, train)
    assert set(found["errors"]) == set(LIVES)
    assert "leave one bearing out" in found["protocol"]


def test_what_comes_after_the_cut_changes_nothing(tmp_path: Path) -> None:
    train, data = train_folder(tmp_path / "train"), write(tmp_path / "data", CUT)
    before = judged("femto", data, train)
    for seed, (name, (n, given)) in enumerate(CUT.items()):
        other = vibration(n, seed)
        other[given:] = np.random.default_rng(9).permutation(other[given:]) * 7.0
        write_bearing(data / "features" / f"{name}.parquet", other)
    after = judged("femto", data, train)
    del before["seconds"], after["seconds"]
    assert after == before


def test_nothing_is_learnt_from_a_bearing_that_is_left_out(judge: Any, tmp_path: Path) -> None:
    """The last part of a life, shuffled, changes no answer about that life before it."""
    lives = judge.complete_lives(train_folder(tmp_path / "train"))
    model = judge.trained(lives[1:])
    whole = lives[0]
    order = np.concatenate([np.arange(600), np.random.default_rng(0).permutation(300) + 600])
    columns = {"age_s": whole.columns["age_s"], "h_rms": whole.columns["h_rms"][order]}
    shuffled = judge.Batch(whole.machine, whole.time_ns, columns)
    one, other = (judge.answers(model, b, 50)["remaining_life_s"] for b in (whole, shuffled))
    assert one[:600].tobytes() == other[:600].tobytes()
    assert not np.array_equal(one[600:], other[600:])
