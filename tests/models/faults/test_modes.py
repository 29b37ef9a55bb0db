"""One forest per mode: what ONNX answers is what scikit-learn answers, row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Feature, Input
from telltale.models.faults.modes import (
    FAILURE,
    SEED,
    TREES,
    Table,
    best_threshold,
    learnt_modes,
    mode_of,
    rows_of,
)
from telltale.models.folder import complete, read_folder, write_folder

TABLE = Table(
    name="press",
    title="Press",
    inputs={"torque_nm": Input("N*m"), "speed_rpm": Input("rpm")},
    features={"power_w": Feature("product", ("torque_nm", "speed_rpm"), {"scale": 0.1})},
    columns=("torque_nm", "speed_rpm", "power_w"),
    data="made by a test",
    is_simulated=True,
)


def made_batch(n: int, seed: int) -> tuple[Batch, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    torque, speed = rng.uniform(10.0, 70.0, n), rng.uniform(1000.0, 3000.0, n)
    time_ns = np.arange(n, dtype=np.int64) * NS_PER_S
    batch = Batch("press", time_ns, {"torque_nm": torque, "speed_rpm": speed})
    return batch, {"power": torque * speed * 0.1 > 14_000.0, "torque": torque > 65.0}


BATCH, MODES = made_batch(800, 1)
CARD, FILES = learnt_modes(BATCH, MODES, TABLE)
FRESH, TRUTH = made_batch(400, 2)


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FloatArray]:
    folder: Path = tmp_path_factory.mktemp("models") / "press"
    write_folder(folder, *complete(CARD, FILES, FRESH.rows(0, 50)))
    model = read_folder(folder).model
    prediction, _ = model.run(FRESH, model.start())
    return dict(prediction.columns)


def test_the_shares_are_those_of_scikit_learns_forest(shares: dict[str, FloatArray]) -> None:
    for mode, is_failed in MODES.items():
        forest = RandomForestRegressor(TREES, random_state=SEED)
        forest.fit(rows_of(BATCH, TABLE), is_failed.astype(float))
        expected = forest.predict(rows_of(FRESH, TABLE))
        np.testing.assert_allclose(shares[f"{mode}_share"], expected, atol=1e-6)


def test_failing_is_one_less_the_chance_of_every_mode_staying_away(
    shares: dict[str, FloatArray],
) -> None:
    expected = 1.0 - (1.0 - shares["power_share"]) * (1.0 - shares["torque_share"])
    np.testing.assert_allclose(shares[FAILURE], expected, atol=1e-6)
    is_failed = TRUTH["power"] | TRUTH["torque"]
    assert np.mean((shares[FAILURE] > 0.5) == is_failed) > 0.97


def test_of_several_modes_the_first_is_told(shares: dict[str, FloatArray]) -> None:
    told = np.array(mode_of(shares, CARD), dtype=object)
    is_both = TRUTH["power"] & TRUTH["torque"]
    assert np.mean(told[is_both] == "power") > 0.8
    assert np.mean(told[~TRUTH["power"] & ~TRUTH["torque"]] == None) > 0.97  # noqa: E711  an array


def test_the_threshold_of_a_mode_that_chance_decides_is_below_one_half() -> None:
    rng = np.random.default_rng(3)
    certain = rng.uniform(size=4000) < 0.1
    assert best_threshold(np.where(certain, 0.9, 0.0), certain) == pytest.approx(0.5)
    share = np.where(rng.uniform(size=4000) < 0.2, 0.3, 0.02)
    assert best_threshold(share, rng.uniform(size=4000) < share) < 0.3


def test_a_mode_of_too_few_rows_is_refused() -> None:
    few = np.zeros(800, dtype=np.bool_)
    few[:3] = True
    with pytest.raises(ModelError, match="3 rows of mode 'rare'"):
        learnt_modes(BATCH, {"rare": few}, TABLE)
