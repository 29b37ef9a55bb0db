"""A forecast learnt from runs: what came is looked up right, and it is the same in any cut."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from telltale.models.base import Model
from telltale.models.card import Training
from telltale.models.estimates.ahead import ForecastSettings, step_of, trained_forecast
from telltale.models.estimates.boosted import Boosting
from telltale.models.estimates.train import Trained
from telltale.models.estimates.what_came import value_ahead
from telltale.models.folder import made_model
from tests.pipeline.streams import START_NS

SETTINGS = ForecastSettings(
    channel="coolant_c",
    unit="degC",
    horizon_s=20.0,
    drivers={"power_kw": "kW"},
    conditions={"ambient_c": "degC"},
    how=Boosting(trees=40, depth=4, rate=0.15, least_rows=5, column_share=0.8),
    taught_every=2,
)
VALUE, LOW, HIGH = SETTINGS.outputs


def trip(seed: int, n: int = 600) -> Batch:
    """Return a made-up warm-up, read twice a second: heat in by power, out to the ambient air."""
    rng = np.random.default_rng(seed)
    ambient = float(rng.uniform(-5.0, 25.0))
    power = np.repeat(rng.uniform(2.0, 40.0, n // 50), 50)
    coolant = np.empty(n)
    now = ambient
    for i in range(n):
        now += 0.5 * (0.02 * power[i] - 0.003 * (now - ambient))
        coolant[i] = now
    columns = {
        "coolant_c": np.round(coolant),
        "power_kw": power + rng.normal(0.0, 0.5, n),
        "ambient_c": np.full(n, float(round(ambient))),
    }
    return Batch("car", START_NS + np.arange(n) * NS_PER_S // 2, columns)


@pytest.fixture(scope="module")
def trained() -> Trained:
    training = Training("Made-up trips.", is_simulated=True)
    runs = [trip(seed) for seed in range(24)]
    return trained_forecast("coolant", runs, SETTINGS, np.random.default_rng(0), training=training)


@pytest.fixture(scope="module")
def model(trained: Trained) -> Model:
    return made_model(trained.card, trained.files)


def test_names_carry_horizon_and_unit() -> None:
    assert SETTINGS.outputs == (
        "coolant_in_20_s_c",
        "coolant_in_20_s_low_c",
        "coolant_in_20_s_high_c",
    )


def test_trips_that_were_never_seen_are_told_better_than_by_what_is_now(model: Model) -> None:
    errors, covered = [], []
    for seed in range(100, 110):
        batch = trip(seed)
        found = model.run(batch, model.start())[0].columns
        truth = value_ahead(batch, "coolant_c", 20.0)
        rows = np.isfinite(truth) & np.isfinite(found[VALUE])
        assert rows.sum() > 250
        now = np.abs(batch.columns["coolant_c"] - truth)[rows].mean()
        errors.append((np.abs(found[VALUE] - truth)[rows].mean(), now))
        covered.append(((truth >= found[LOW]) & (truth <= found[HIGH]))[rows].mean())
    ours, persistence = np.mean(errors, axis=0)
    assert ours < 0.5 * persistence
    assert 0.8 < np.mean(covered) < 0.99


def test_a_forecast_is_made_once_in_every_step(model: Model) -> None:
    found = model.run(trip(5), model.start())[0].columns[VALUE]
    assert np.isfinite(found[10::2]).all()
    assert np.isnan(found[11::2]).all()


@pytest.mark.parametrize("edges", [range(601), (0, 1, 77, 77, 78, 600)])
def test_cutting_the_stream_anywhere_changes_no_bit(model: Model, edges: range) -> None:
    batch = trip(50)
    whole = model.run(batch, model.start())[0].columns
    state, found = model.start(), []
    for start, stop in pairwise(edges):
        prediction, state = model.run(batch.rows(start, stop), state)
        state = model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))
        found.append(prediction.columns)
    for name in SETTINGS.outputs:
        assert np.concatenate([part[name] for part in found]).tobytes() == whole[name].tobytes()


def test_what_comes_later_changes_nothing_before_it(model: Model) -> None:
    batch = trip(51)
    order = np.concatenate([np.arange(300), 300 + np.random.default_rng(0).permutation(300)])
    shuffled = Batch("car", batch.time_ns, {k: v[order] for k, v in batch.columns.items()})
    one, other = (model.run(b, model.start())[0].columns for b in (batch, shuffled))
    for name in SETTINGS.outputs:
        assert one[name][:300].tobytes() == other[name][:300].tobytes()
    assert not np.array_equal(one[VALUE][300:], other[VALUE][300:], equal_nan=True)


def test_what_came_is_the_last_reading_before_its_time() -> None:
    time_s = np.array([0.0, 10.0, 19.5, 20.5, 40.0, 60.2, 80.0])
    value = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, np.nan])
    batch = Batch("m", START_NS + (time_s * NS_PER_S).astype(np.int64), {"x": value})
    ahead = value_ahead(batch, "x", 20.0)
    # 20 s: read 0.5 s before; 30 s: 9.5 s before is too old; 39.5 s: likewise; 40.5 s: 0.5 s
    # before; 60.0 s: 20 s old; then the readings end.
    np.testing.assert_array_equal(ahead, [2.0, np.nan, np.nan, 4.0, np.nan, np.nan, np.nan])


def test_a_channel_that_was_never_read_never_came() -> None:
    batch = Batch("m", START_NS + np.arange(3) * NS_PER_S, {"x": np.full(3, np.nan)})
    assert np.isnan(value_ahead(batch, "x", 1.0)).all()


def test_a_sensor_of_whole_degrees_is_forecast_in_whole_degrees(model: Model) -> None:
    found = model.run(trip(60), model.start())[0].columns[VALUE]
    known = found[np.isfinite(found)]
    assert len(known) > 250
    np.testing.assert_array_equal(known, np.round(known))


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (np.array([20.0, 21.0, np.nan, 22.0, 25.0, 29.0]), 1.0),
        (np.arange(0.0, 100.0, 100.0 / 255.0).astype(np.float32).astype(np.float64), 100.0 / 255.0),
        (np.array([0.25, 0.75, 2.25, 2.75, 9.25]), 0.5),  # whole steps apart, not from 0
        (np.array([20.0, 21.0, 22.0, 22.4, 29.0]), 0.0),
        (np.random.default_rng(0).normal(90.0, 5.0, 1000), 0.0),
        (np.array([0.0, 1.0, 0.0, 1.0]), 0.0),  # a switch: too little to tell
        (np.array([np.nan]), 0.0),
    ],
)
def test_the_step_of_a_sensor_is_seen_from_its_readings(values: np.ndarray, step: float) -> None:
    assert step_of(values) == pytest.approx(step, rel=1e-5)
