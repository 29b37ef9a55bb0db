"""Remaining life learnt from many lives, served as it was trained, the same in any cut."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.base import Model
from telltale.models.card import Training
from telltale.models.estimates.boosted import Boosting
from telltale.models.estimates.train import Trained
from telltale.models.folder import made_model, read_folder, write_folder
from telltale.models.life.remaining_life import (
    LifeSettings,
    fused_directions,
    trained_remaining_life,
    varying_channels,
)
from tests.models.life.engines import engine, engines

SETTINGS = LifeSettings(
    step_s=1.0,
    unit="count",
    age="cycle",
    cap=80.0,
    within=(20.0,),
    how=Boosting(trees=40, depth=4, rate=0.1, least_rows=10),
)
VALUE, LOW, HIGH = SETTINGS.outputs
(FAILURE,) = SETTINGS.chances


@pytest.fixture(scope="module")
def trained() -> Trained:
    training = Training("Made-up engines.", is_simulated=True)
    rng = np.random.default_rng(0)
    return trained_remaining_life("engine", engines(30), SETTINGS, rng, training=training)


@pytest.fixture(scope="module")
def model(trained: Trained) -> Model:
    return made_model(trained.card, trained.files)


def fresh() -> list[Batch]:
    return engines(20, seed=99)


def test_engines_that_were_never_seen_are_told_well_and_mostly_within_bounds(model: Model) -> None:
    late, covered = [], []
    for unit in fresh():
        found = model.run(unit, model.start())[0].columns
        left = unit.columns["cycle"][-1] - unit.columns["cycle"]
        rows = (left < 60.0) & np.isfinite(found[VALUE])
        late.append(np.abs(found[VALUE] - left)[rows].mean())
        covered.append(((left >= found[LOW]) & (left <= found[HIGH]))[rows].mean())
    assert np.mean(late) < 8.0  # 60 cycles told blindly would be 15 off
    assert 0.8 < np.mean(covered) <= 1.0


def test_bounds_enclose_the_value_and_life_is_never_negative(model: Model) -> None:
    for unit in fresh():
        found = model.run(unit, model.start())[0].columns
        rows = np.isfinite(found[VALUE])
        assert rows.sum() > 80
        assert (found[LOW][rows] >= 0.0).all()
        assert (found[LOW][rows] <= found[VALUE][rows]).all()
        assert (found[VALUE][rows] <= found[HIGH][rows]).all()


def test_failure_becomes_more_likely_towards_the_end(model: Model) -> None:
    chance = np.array([model.run(u, model.start())[0].columns[FAILURE][[30, -2]] for u in fresh()])
    assert (chance[:, 0] < 0.2).mean() > 0.8
    assert (chance[:, 1] > 0.8).all()


@pytest.mark.parametrize("edges", [range(1000), (0, 1, 2, 60, 61, 1000), (0, 500, 500, 1000)])
def test_cutting_the_stream_anywhere_changes_no_bit(model: Model, edges: range) -> None:
    unit = fresh()[0]
    whole = model.run(unit, model.start())[0].columns
    state, found = model.start(), []
    for start, stop in pairwise(min(edge, len(unit)) for edge in edges):
        prediction, state = model.run(unit.rows(start, stop), state)
        state = model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))
        found.append(prediction.columns)
    for name in model.card.outputs:
        assert np.concatenate([part[name] for part in found]).tobytes() == whole[name].tobytes()


def test_what_comes_later_changes_nothing_before_it(model: Model) -> None:
    unit = engine(0, np.random.default_rng(5), 120)
    order = np.concatenate([np.arange(70), 70 + np.random.default_rng(6).permutation(50)])
    shuffled = {name: column[order] for name, column in unit.columns.items()}
    one = model.run(unit, model.start())[0].columns[VALUE]
    other = model.run(Batch("m", unit.time_ns, shuffled), model.start())[0].columns[VALUE]
    assert one[:70].tobytes() == other[:70].tobytes()
    assert not np.array_equal(one[70:], other[70:])


def test_a_missing_channel_gives_no_number(model: Model) -> None:
    unit = fresh()[0]
    columns = {name: column.copy() for name, column in unit.columns.items()}
    columns["hot_c"][50:] = np.nan
    found = model.run(Batch("m", unit.time_ns, columns), model.start())[0].columns[VALUE]
    assert np.isfinite(found[40])
    assert np.isnan(found[50:]).all()


def test_the_folder_answers_at_the_next_load_as_it_did(trained: Trained, tmp_path: Path) -> None:
    write_folder(tmp_path / "engine-1", trained.card, trained.files)
    loaded = read_folder(tmp_path / "engine-1")
    assert loaded.card.training.is_simulated
    assert loaded.card.training.rows == sum(len(life) - 1 for life in engines(30))
    assert {measured.name for measured in loaded.card.quality} == {
        "mean absolute error",
        "share within the 90% bounds",
    }


def test_evidence_names_the_channels_that_wear_moves_and_not_the_noise(
    trained: Trained, model: Model
) -> None:
    unit = fresh()[1]
    prediction = model.run(unit, model.start())[0]
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([len(unit) - 3]))
    share = dict(zip(trained.card.inputs, np.abs(evidence.share[0]), strict=True))
    assert sum(share.values()) == pytest.approx(1.0)
    assert np.isfinite(evidence.value).all()


def test_a_channel_that_never_changes_is_left_out(trained: Trained) -> None:
    assert "fixed_ratio" not in trained.card.inputs
    assert varying_channels(engines(3), "cycle") == (
        "hot_c",
        "press_bar",
        "speed_rpm",
        "noise_ratio",
    )


def test_fused_directions_have_length_1_and_the_first_tells_life() -> None:
    rng = np.random.default_rng(0)
    life = rng.uniform(0.0, 100.0, 5000)
    values = np.column_stack([life, -life, rng.normal(0, 30, 5000)]) + rng.normal(0, 30, (5000, 3))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    directions = fused_directions(values, life)
    assert directions.shape == (3, 3)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    fused = np.corrcoef(values @ directions[0], life)[0, 1]
    assert fused > np.abs(np.corrcoef(values[:, 0], life)[0, 1])


def test_too_few_lives_are_refused_with_the_reason() -> None:
    training = Training("", is_simulated=True)
    with pytest.raises(ModelError, match="few: 9 runs, 10 are needed"):
        trained_remaining_life(
            "few", engines(9), SETTINGS, np.random.default_rng(0), training=training
        )
    with pytest.raises(ModelError, match="channel 'hours' that counts age"):
        varying_channels(engines(2), "hours")
