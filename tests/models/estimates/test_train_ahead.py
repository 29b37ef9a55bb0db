"""A forecast learnt from one machine's long stretch: cut into blocks that are held out honestly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.estimates.ahead import ForecastSettings
from telltale.models.estimates.train_ahead import AheadSettings, train_ahead
from telltale.models.estimates.what_came import known_run
from telltale.models.folder import check_parity, made_model
from telltale.models.training_set import TrainingSet
from tests.pipeline.streams import START_NS

INPUTS = {"coolant_c": Input("degC"), "power_kw": Input("kW"), "fan_state": Input("1")}
TITLES = {"coolant_c": "Coolant temperature"}


def drive(hours: float, seed: int = 0, start_ns: int = START_NS) -> Batch:
    """Return a coolant at 1 Hz that follows the power of ever new minutes."""
    rng, n = np.random.default_rng(seed), round(hours * 3600)
    power = np.repeat(rng.uniform(2.0, 40.0, n // 90 + 1), 90)[:n]
    coolant = np.empty(n)
    now = 20.0
    for i in range(n):
        now += 0.02 * power[i] - 0.01 * (now - 20.0)
        coolant[i] = now
    columns = {
        "coolant_c": coolant + rng.normal(0.0, 0.1, n),
        "power_kw": power + rng.normal(0.0, 0.5, n),
        "fan_state": np.ones(n),
    }
    return Batch("car", start_ns + np.arange(n) * NS_PER_S, columns)


def learnt(*batches: Batch, **settings: object) -> tuple[Card, dict[str, bytes]]:
    training_set = TrainingSet.of_normal(batches, INPUTS, titles=TITLES, is_simulated=True)
    chosen = AheadSettings("coolant_c", **settings)  # type: ignore[arg-type]
    return train_ahead("ahead", training_set, chosen, alarms_per_week=1.0)


@pytest.fixture(scope="module")
def made() -> tuple[Card, dict[str, bytes]]:
    return learnt(drive(4.0))


def test_one_long_stretch_gives_a_forecast_that_beats_what_is_now(
    made: tuple[Card, dict[str, bytes]],
) -> None:
    card, files = made
    model = made_model(card, files)
    check_parity(model, files)
    later = drive(0.5, seed=7)
    found = model.run(later, model.start())[0].columns
    truth = np.append(later.columns["coolant_c"][60:], np.full(60, np.nan))
    rows = np.isfinite(truth) & np.isfinite(found["coolant_in_60_s_c"])
    assert rows.sum() > 1500
    error = np.abs(found["coolant_in_60_s_c"] - truth)[rows].mean()
    stays = np.abs(later.columns["coolant_c"] - truth)[rows].mean()
    assert error < 0.85 * stays
    low, high = found["coolant_in_60_s_low_c"], found["coolant_in_60_s_high_c"]
    assert 0.8 < ((truth >= low) & (truth <= high))[rows].mean() < 0.99


def test_the_card_speaks_in_peoples_words_and_says_what_was_held_out(
    made: tuple[Card, dict[str, bytes]],
) -> None:
    card, _ = made
    assert card.title == "Coolant temperature in 60 s"
    assert [output.title for output in card.outputs.values()] == [
        "Coolant temperature in 60 s",
        "Coolant temperature in 60 s, at least",
        "Coolant temperature in 60 s, at most",
    ]
    assert tuple(card.inputs) == ("coolant_c", "power_kw")
    assert card.training.data == (
        "4.0 h of normal operation in one stretch, cut into blocks that were held out in turn, "
        "360 s apart; left out: fan_state: constant."
    )
    measured = {one.name: one.value for one in card.quality}
    assert measured["mean absolute error"] < measured["mean absolute error of 'it stays as it is'"]
    assert measured["share within the 90% bounds"] > 0.85
    assert card.normal["coolant_c"][0] == pytest.approx(60.0, abs=15.0)


def test_no_reading_that_is_held_out_was_seen_through_a_forecast_of_another_block() -> None:
    settings = ForecastSettings("coolant_c", "degC", 60.0, {"power_kw": "kW"})
    known = known_run(drive(2.0), settings, block_s=720.0)
    assert known.part is not None
    assert known.part.max() == 9
    rows = np.flatnonzero(np.isfinite(known.truth))
    for block in range(9):
        last = rows[known.part[rows] == block].max()
        first = rows[known.part[rows] == block + 1].min()
        assert first - last >= 360  # 60 s ahead of the one, 300 s back from the other
        assert first - last < 370
    whole = known_run(drive(2.0), settings, block_s=math.inf)
    assert np.isfinite(whole.truth).sum() == 7200 - 60


def test_pauses_cut_a_stretch_into_runs() -> None:
    two = (drive(1.5), drive(1.5, seed=1, start_ns=START_NS + 10**13))
    whole = Batch(
        "car",
        np.concatenate([part.time_ns for part in two]),
        {name: np.concatenate([part.columns[name] for part in two]) for name in INPUTS},
    )
    card, _ = learnt(whole)
    assert "3.0 h of normal operation in 2 stretches" in card.training.data


@pytest.mark.parametrize(
    ("hours", "settings", "says"),
    [
        (1.9, {}, r"1\.9 h of normal operation; to tell 60 s ahead .* at least 2\.0 h"),
        (2.5, {"horizon_s": 600}, r"at least 5\.0 h are needed"),
        (
            2.5,
            {"drivers": ("power",)},
            r"is not among what is read\. Did you mean 'power_kw'",
        ),
        (2.5, {"drivers": ("fan_state",)}, "'fan_state' cannot be learnt from: constant"),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_what_to_do(
    hours: float, settings: dict[str, object], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        learnt(drive(hours), **settings)


def test_outputs_end_in_the_unit_that_the_channels_name_says() -> None:
    names = {
        ("flow_l_min", "l/min"): "flow_in_60_s_l_min",
        ("vibration", "mm/s"): "vibration_in_60_s_mm_s",
        ("speed_rpm", "rpm"): "speed_in_60_s_rpm",
        ("fan_state", "1"): "fan_state_in_60_s_ratio",
    }
    for (channel, unit), expected in names.items():
        assert ForecastSettings(channel, unit, 60.0, {}).outputs[0] == expected
