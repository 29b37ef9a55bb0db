"""A channel that stays the same for longer than it ever did, while the machine runs."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Input
from telltale.models.composed import ComposedModel
from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet
from tests.models.detectors.machines import batch_of, changed, scores
from tests.models.detectors.test_distances import evidence_of

N = 20_000
UNITS = {"coolant_c": Input("degC"), "engine_rpm": Input("rpm"), "fan": Input("1")}


def engine(seed: int) -> Batch:
    """Return a warm engine: a coolant in whole degrees that seldom moves, and a lively speed."""
    rng = np.random.default_rng(seed)
    t = np.arange(N)
    return batch_of(
        {
            "coolant_c": np.round(90.0 + 1.2 * np.sin(t / 60.0)),
            "engine_rpm": np.round(800.0 + rng.normal(0.0, 10.0, N)),
            "fan": (t > N // 2).astype(np.float64),
        }
    )


def learnt(batch: Batch, **settings: float) -> ComposedModel:
    runs = TrainingSet.of_normal(batch, {n: UNITS[n] for n in batch.columns})
    model = made_model(*train("stuck", "it", runs, settings=settings))
    assert isinstance(model, ComposedModel)
    return model


def longest_s(batch: Batch) -> float:
    """Return the longest that the coolant was the same."""
    changes = np.flatnonzero(np.diff(batch.columns["coolant_c"]) != 0.0)
    return float(np.diff(changes).max())


def frozen(column: FloatArray, start: int, stop: int = N) -> FloatArray:
    found = column.copy()
    found[start:stop] = found[start]
    return found


def limit_s(model: ComposedModel, batch: Batch) -> float:
    """Return how long after a change a coolant that freezes is told, in seconds."""
    coolant_c = batch.columns["coolant_c"]
    start = int(np.flatnonzero(np.diff(coolant_c[5_000:]) != 0.0)[0]) + 5_001
    stuck = changed(batch, "coolant_c", frozen(coolant_c, start))
    return float(np.flatnonzero(scores(model, stuck) > 1.0)[0] - start)


def test_a_sensor_that_freezes_is_told_once_it_is_longer_than_it_ever_was() -> None:
    model, fresh = learnt(engine(1)), engine(2)
    assert np.nanmax(scores(model, fresh)) < 1.0
    after_s = limit_s(model, fresh)
    assert longest_s(engine(1)) < after_s < 2.5 * longest_s(engine(1))
    stuck = changed(fresh, "coolant_c", frozen(fresh.columns["coolant_c"], 5_000, 6_000))
    assert (scores(model, stuck)[6_100:] < 1.0).all()


@pytest.mark.parametrize("least_s", [60.0, 200.0])
def test_a_lively_channel_is_told_after_the_least_time(least_s: float) -> None:
    fresh = engine(3).select(("engine_rpm",))
    model = learnt(engine(1).select(("engine_rpm",)), least_s=least_s)
    stuck = changed(fresh, "engine_rpm", frozen(fresh.columns["engine_rpm"], 5_000))
    first = int(np.flatnonzero(scores(model, stuck) > 1.0)[0])
    assert first == pytest.approx(5_000 + least_s, abs=2)


def test_the_evidence_names_the_channel_that_froze_and_not_the_one_that_moved() -> None:
    model, fresh = learnt(engine(1)), engine(2)
    stuck = changed(fresh, "coolant_c", frozen(fresh.columns["coolant_c"], 5_000))
    evidence = evidence_of(model, stuck, 6_000)
    names = list(model.card.inputs)
    assert evidence.share[0, names.index("coolant_c")] == pytest.approx(1.0, abs=0.01)


def test_nothing_is_stuck_while_the_machine_stands() -> None:
    model, fresh = learnt(engine(1)), engine(2)
    standing = batch_of({name: frozen(c, 5_000) for name, c in fresh.columns.items()})
    assert np.nanmax(scores(model, standing)) < 1.0


def test_nothing_is_counted_across_a_pause() -> None:
    model, fresh = learnt(engine(1)), engine(2)
    later_ns = fresh.time_ns + (np.arange(N) >= 5_000) * 3_600_000_000_000
    paused = Batch(fresh.machine, later_ns, fresh.columns)
    assert np.nanmax(scores(model, paused)) < 1.0


def test_a_channel_that_seldom_changes_is_left_out_with_the_reason() -> None:
    model = learnt(engine(1))
    assert set(model.card.inputs) == {"coolant_c", "engine_rpm"}
    assert "fan: it changes too seldom (changes: 1)" in model.card.training.data


def test_one_channel_is_enough_and_none_is_refused_with_the_reason() -> None:
    alone = engine(1).select(("coolant_c",))
    assert limit_s(learnt(alone), engine(2).select(("coolant_c",))) > longest_s(alone)
    with pytest.raises(ModelError, match=r"at least 30 times \(fan: it changes too seldom"):
        learnt(engine(1).select(("fan",)))


def test_a_larger_budget_of_false_alarms_tells_sooner() -> None:
    runs = TrainingSet.of_normal(engine(1), UNITS)
    limits = []
    for budget in (0.01, 1.0, 100.0):
        model = made_model(*train("stuck", "it", runs, alarms_per_week=budget))
        assert isinstance(model, ComposedModel)
        limits.append(limit_s(model, engine(2)))
        assert model.card.threshold is not None
        assert model.card.threshold.alarms_per_week is not None
        assert model.card.threshold.alarms_per_week <= budget * 1.05
    assert limits[0] > limits[1] > limits[2] > longest_s(engine(1))
