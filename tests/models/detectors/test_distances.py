"""Distances: their closed forms, what they find, and evidence that keeps its word."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Input
from telltale.models.composed import ComposedModel
from telltale.models.detectors.maps import (
    component_maps,
    covariance_map,
    regression_map,
    shrunk_covariance,
)
from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet
from tests.models.detectors.machines import (
    UNITS,
    batch_of,
    changed,
    detector,
    readings,
    scores,
)

KINDS = ["mahalanobis", "residual", "normal", "t2q"]
ROW = 250


def evidence_of(model: ComposedModel, batch: Batch, *rows: int) -> Evidence:
    prediction, _ = model.run(batch, model.start())
    assert prediction.evidence is not None
    return prediction.evidence(np.array(rows))


def step(batch: Batch, name: str, size: float, start: int = 200) -> Batch:
    column = batch.columns[name].copy()
    column[start:] += size
    return changed(batch, name, column)


def test_the_distance_of_independent_columns_is_that_in_spreads() -> None:
    rows = np.random.default_rng(1).normal([5.0, -3.0], [2.0, 0.1], size=(100_000, 2))
    apart = np.array([[2.0, 0.0], [0.0, 0.1], [2.0, 0.1]])
    along = apart @ covariance_map(rows, 1)
    assert np.square(along).sum(axis=1) * 2 == pytest.approx([1.0, 1.0, 2.0], rel=0.02)


def test_the_shrunk_covariance_of_few_rows_can_always_be_inverted() -> None:
    rows = np.random.default_rng(2).normal(size=(5, 30))
    covariance = shrunk_covariance(rows - rows.mean(axis=0), 1)
    assert np.linalg.eigvalsh(covariance).min() > 1e-3
    many = np.random.default_rng(2).normal(size=(200_000, 3))
    np.testing.assert_allclose(shrunk_covariance(many, 1), np.eye(3), atol=0.02)


def test_a_residual_is_what_the_other_columns_do_not_say() -> None:
    rng = np.random.default_rng(3)
    a, c, noise = rng.normal(size=(3, 50_000))
    rows = np.stack([a, a + 0.1 * noise, c], axis=1)
    away = regression_map(rows, 1e-6, 1) * np.sqrt(3)
    both, one = np.array([[3.0, 3.0, 0.0]]) @ away, np.array([[3.0, 0.0, 0.0]]) @ away
    assert np.abs(both[0, :2]).max() < 1.0
    assert np.abs(one[0, :2]).min() > 25.0


def test_components_split_a_distance_into_one_within_and_one_away() -> None:
    rng = np.random.default_rng(4)
    a, noise = rng.normal(size=(2, 20_000))
    within, away = component_maps(np.stack([a, a + 0.05 * noise], axis=1), 1)
    assert within.shape == away.shape == (2, 1)
    along, across = np.array([1.0, 1.0]), np.array([1.0, -1.0])
    assert abs(float((along @ within).item())) > 20 * abs(float((across @ within).item()))
    assert abs(float((across @ away).item())) > 20 * abs(float((along @ away).item()))


@pytest.mark.parametrize("kind", ["residual", "normal", "t2q"])
def test_a_stuck_sensor_is_found_though_each_of_its_values_is_usual(kind: str) -> None:
    batch = readings(400, seed=20)
    current = batch.columns["current_a"].copy()
    current[200:] = current[200]
    assert current.min() >= batch.columns["current_a"].min()
    score = scores(detector(kind), changed(batch, "current_a", current))
    assert np.nanmax(score[:200]) < 1.0
    assert np.nanmax(score[200:240]) > 1.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["current_a", "vibration_mm_s"])
def test_moving_one_input_to_its_bound_brings_the_score_back_to_one(kind: str, name: str) -> None:
    model = detector(kind)
    batch = step(readings(300, seed=21), name, 8.0)
    evidence = evidence_of(model, batch, ROW)
    at = list(UNITS).index(name)
    bound = evidence.bound[0, at]
    assert scores(model, batch)[ROW] > 1.0
    window = model.card.window.samples
    mean = batch.columns[name][ROW - window + 1 : ROW + 1].mean()
    moved = step(batch, name, bound - mean, ROW - window + 1)
    assert scores(model, moved)[ROW] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_near_the_expected_one_would_give_a_lower_score(kind: str) -> None:
    model = detector(kind)
    batch = step(readings(300, seed=22), "current_a", 3.0)
    at, window = list(UNITS).index("current_a"), model.card.window.samples
    expected = evidence_of(model, batch, ROW).expected[0, at]
    mean = batch.columns["current_a"][ROW - window + 1 : ROW + 1].mean()

    def score(level: float) -> float:
        moved = step(batch, "current_a", level - mean, ROW - window + 1)
        return float(scores(model, moved)[ROW])

    usual = 1.0 + 0.1 * batch.columns["flow_lpm"][ROW - window + 1 : ROW + 1].mean()
    assert expected == pytest.approx(usual, abs=0.15)
    if kind in ("mahalanobis", "residual"):
        assert score(expected) <= min(score(expected - 0.01), score(expected + 0.01))


def test_an_input_that_alone_cannot_make_it_normal_has_no_bound() -> None:
    batch = step(step(readings(300, seed=23), "vibration_mm_s", 30.0), "current_a", 30.0)
    evidence = evidence_of(detector("normal"), batch, ROW)
    assert np.isnan(evidence.bound).all()
    assert np.isfinite(evidence.expected).all()


def test_a_normal_sample_has_no_bound_to_come_back_to() -> None:
    evidence = evidence_of(detector("normal"), readings(300, seed=24), ROW)
    assert np.isnan(evidence.bound).all()


def test_drifting_channels_are_left_out_of_the_covariance_and_the_card_says_so() -> None:
    batch = readings(900, seed=25)
    drift = batch.adding({"oil_c": 60.0 + np.linspace(0.0, 1.0, 900) ** 2 + 0.01 * noise(900)})
    inputs = {**UNITS, "oil_c": Input("degC")}
    card, _ = train("mahalanobis", "it", TrainingSet.of_normal(drift, inputs))
    assert "oil_c" not in card.inputs
    assert "oil_c: drifts slowly" in card.training.data


def test_the_residual_needs_other_channels() -> None:
    batch = readings(300).select(("flow_lpm",))
    with pytest.raises(ModelError, match="only 'flow_lpm' can be learnt from"):
        train("residual", "it", TrainingSet.of_normal(batch, {"flow_lpm": UNITS["flow_lpm"]}))


def test_one_channel_alone_has_a_distance_too() -> None:
    batch = readings(300).select(("vibration_mm_s",))
    card, files = train(
        "mahalanobis", "it", TrainingSet.of_normal(batch, {"vibration_mm_s": Input("mm/s")})
    )
    model = made_model(card, files)
    assert isinstance(model, ComposedModel)
    assert scores(model, step(batch, "vibration_mm_s", 5.0))[250] > 1.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_the_unit_of_a_channel_does_not_matter(kind: str, factor: float) -> None:
    def scaled(batch: Batch) -> Batch:
        return changed(batch, "current_a", batch.columns["current_a"] * factor)

    card, files = train(kind, "it", TrainingSet.of_normal(scaled(readings(900)), UNITS))
    model = made_model(card, files)
    assert isinstance(model, ComposedModel)
    batch = step(readings(300, seed=26), "current_a", 0.5)
    found, known = scores(model, scaled(batch)), scores(detector(kind), batch)
    np.testing.assert_allclose(found[20:], known[20:], rtol=1e-6)


def test_two_channels_that_always_agree_can_be_learnt() -> None:
    flow = readings(600).columns["flow_lpm"]
    batch = batch_of({"a": flow, "b": 2.0 * flow, "c": flow + 1.0})
    inputs = dict.fromkeys(("a", "b", "c"), Input("1"))
    for kind in KINDS:
        model = made_model(*train(kind, "it", TrainingSet.of_normal(batch, inputs)))
        assert isinstance(model, ComposedModel)
        assert np.isfinite(scores(model, batch)[20:]).all()
        assert scores(model, step(batch, "b", 20.0))[250] > 1.0


def noise(n: int) -> FloatArray:
    return np.random.default_rng(30).normal(size=n)
