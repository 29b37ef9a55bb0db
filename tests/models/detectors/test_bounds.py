"""Bounds of single channels: noise, course, level and shift, and where each must be quiet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.models.card import Input
from telltale.models.composed import ComposedModel
from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet
from tests.models.detectors.machines import batch_of, detector, scores
from tests.models.detectors.test_distances import evidence_of

RNG = np.random.default_rng(0)


def learnt(kind: str, batch: Batch, **settings: Any) -> ComposedModel:
    """Return a detector of one temperature."""
    card, files = train(
        kind, "it", TrainingSet.of_normal(batch, {"t_c": Input("degC")}), settings=settings
    )
    model = made_model(card, files)
    assert isinstance(model, ComposedModel)
    return model


def heat(column: FloatArray) -> Batch:
    return batch_of({"t_c": column})


def warm_up(rng: np.random.Generator) -> FloatArray:
    """Return a temperature in whole degrees: warms up to 90, then small ups and downs."""
    t = np.arange(900)
    start, tau = rng.uniform(18.0, 30.0), rng.uniform(150.0, 200.0)
    return np.round(90.0 - (90.0 - start) * np.exp(-t / tau) + 2.0 * np.sin(t / 40.0) * (t > 600))


def warm_ups(seed: int, n: int = 12) -> Batch:
    """Return several, with an hour between them."""
    rng = np.random.default_rng(seed)
    whole = heat(np.concatenate([warm_up(rng) for _ in range(n)]))
    pauses_ns = np.arange(len(whole)) // 900 * 3_600_000_000_000
    return Batch(whole.machine, whole.time_ns + pauses_ns, whole.columns)


def test_noise_of_a_sensor_is_found_and_a_steep_course_is_not() -> None:
    slow = np.round(20.0 * np.sin(np.arange(3000) / 200.0), 1)
    model = learnt("noise", heat(slow))
    fresh = np.round(20.0 * np.sin(np.arange(1000) / 200.0 + 1.0), 1)
    assert np.nanmax(scores(model, heat(fresh))) < 1.0
    noisy = fresh.copy()
    noisy[500:] += np.round(0.5 * RNG.normal(size=500), 1)
    found = scores(model, heat(noisy))
    assert (found[520:] > 1.0).mean() > 0.99
    assert np.nanmax(found[:500]) < 1.0


def test_a_jump_is_found_on_the_very_sample() -> None:
    model = learnt("noise", warm_ups(1))
    fresh = warm_up(np.random.default_rng(2))
    fresh[700:] += 10.0
    found = scores(model, heat(fresh))
    assert found[699] < 1.0 < found[700]


def test_a_sensor_that_sticks_while_it_is_cold_is_found_and_one_when_warm_is_not() -> None:
    model = learnt("course", warm_ups(3))
    cold, warm = (warm_up(np.random.default_rng(4)) for _ in range(2))
    assert np.nanmax(scores(model, heat(cold))) < 1.0
    cold[120:] = cold[120]
    warm[640:700] = warm[640]
    found = scores(model, heat(cold))
    assert found[119] < 1.0
    assert np.nanmax(found[120:240]) > 1.0
    assert np.nanmax(scores(model, heat(warm))[600:700]) < 1.0


def test_the_evidence_of_a_stuck_sensor_says_what_it_should_have_read() -> None:
    model = learnt("course", warm_ups(5))
    true_c = warm_up(np.random.default_rng(6))
    stuck = true_c.copy()
    stuck[120:] = stuck[120]
    row = 179
    evidence = evidence_of(model, heat(stuck), row)
    assert evidence.value.item() == stuck[120]
    assert evidence.expected.item() == pytest.approx(true_c[row], abs=6.0)
    assert evidence.expected.item() > stuck[120]
    assert np.isnan(evidence.bound.item())  # no one reading would mend a minute without any way


def test_the_bound_of_a_level_is_where_the_score_is_one() -> None:
    usual = 50.0 + RNG.normal(size=900)
    model = learnt("ewma", heat(usual), time_constant_s=1e-3)  # smooths nothing
    high = np.append(usual, 80.0)
    evidence = evidence_of(model, heat(high), 900)
    at_bound = np.append(usual, evidence.bound.item())
    assert scores(model, heat(at_bound))[900] == pytest.approx(1.0, abs=1e-9)
    assert evidence.expected.item() == pytest.approx(50.0, abs=0.2)


def test_a_small_shift_that_stays_is_found_by_the_cumulative_sum_first() -> None:
    model = learnt("cusum", heat(50.0 + RNG.normal(size=5000)))
    shifted = 50.0 + np.random.default_rng(9).normal(size=600)
    assert np.nanmax(scores(model, heat(shifted))) < 1.0
    shifted[300:] += 1.5
    found = scores(model, heat(shifted))
    assert np.nanmax(found[300:400]) > 1.0
    assert np.abs(shifted[300:400] - 50.0).max() < 5.0  # no single reading is far off


def test_each_channel_has_its_own_bounds_and_the_greatest_counts() -> None:
    model = detector("ewma")
    assert model.card.columns == tuple(f"{name}__ewma" for name in model.card.inputs)
    assert model.card.features["flow_lpm__ewma"].function == "ewma"


@pytest.mark.parametrize("kind", ["noise", "course"])
def test_a_sensor_of_whole_numbers_may_show_one_step_less_or_more(kind: str) -> None:
    usual = np.round(5.0 + 0.3 * RNG.normal(size=2000))
    usual[::97] = 6.0  # single steps are usual
    fresh = np.full(300, 5.0)
    fresh[100] = 6.0
    assert np.nanmax(scores(learnt(kind, heat(usual)), heat(fresh))) < 1.0
