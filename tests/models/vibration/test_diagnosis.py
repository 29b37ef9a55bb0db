"""The diagnosis names the part whose damage made the waveform, or says that it is not clear."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.vibration.bearings import PARTS, SKF_6205, Bearing, FaultOrders, Part
from telltale.models.vibration.diagnosis import (
    LEAST_WEIGHT,
    Answer,
    answered,
    diagnose,
    joined,
    shares,
)
from telltale.models.vibration.envelope import log_envelope_spectrum, prewhitened
from telltale.models.vibration.lines import MOST_DECOYS, decoy_orders, line_spectrum, weights
from tests.models.vibration.signals import RATE_HZ, SHAFT_RPM, bearing_waveform

ORDERS = SKF_6205.orders()
OTHER = Bearing("6308", 8, 15.08, 65.0).orders()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("orders", [ORDERS, OTHER], ids=["6205", "6308"])
def test_each_part_is_named_by_its_lines(part: Part, orders: object) -> None:
    rng = np.random.default_rng(7)
    geometry = ORDERS if orders is ORDERS else OTHER
    found = diagnose(bearing_waveform(part, geometry, rng), RATE_HZ, SHAFT_RPM, geometry, 6000.0)
    assert found.answer.value == part.value
    assert part.value.replace("_", " ") in found.sentence
    assert found.lines[0].frequency_hz == pytest.approx(
        geometry.of(part) * SHAFT_RPM / 60.0, rel=0.016
    )
    assert found.lines[0].chance < 1e-3
    assert found.share.sum() == pytest.approx(1.0)


def test_the_part_is_named_when_the_speed_is_known_to_one_percent_only() -> None:
    waveform = bearing_waveform(Part.OUTER_RACE, ORDERS, np.random.default_rng(8))
    for wrong in (0.99, 1.01):
        found = diagnose(waveform, RATE_HZ, SHAFT_RPM * wrong, ORDERS, 6000.0)
        assert found.answer is Answer.OUTER_RACE


def test_the_second_view_sees_weak_knocks_that_full_whitening_buries() -> None:
    first, both = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        waveform = bearing_waveform(Part.INNER_RACE, ORDERS, rng, strength=0.5)
        white, rate_hz = prewhitened(waveform, RATE_HZ, 6000.0)
        spectrum = line_spectrum(log_envelope_spectrum(white, rate_hz), SHAFT_RPM / 60.0, ORDERS)
        first.append(weights(spectrum, ORDERS)[1])
        both.append(diagnose(waveform, RATE_HZ, SHAFT_RPM, ORDERS, 6000.0).weight[1])
    assert np.mean(first) < LEAST_WEIGHT < np.mean(both)


def test_a_sound_bearing_is_given_no_fault_in_any_of_forty_windows() -> None:
    rng = np.random.default_rng(9)
    found = [
        diagnose(bearing_waveform(None, ORDERS, rng), RATE_HZ, SHAFT_RPM, ORDERS, 6000.0)
        for _ in range(40)
    ]
    answers = [each.answer for each in found]
    assert answers.count(Answer.NONE) >= 39
    assert joined(found) is Answer.NONE
    assert "nothing knocks" in found[0].sentence


def test_knocks_without_a_pattern_are_unclear() -> None:
    rng = np.random.default_rng(10)
    waveform = bearing_waveform(None, ORDERS, rng)
    waveform[rng.choice(len(waveform), 200, replace=False)] += rng.normal(0.0, 5.0, 200)
    found = diagnose(waveform, RATE_HZ, SHAFT_RPM, ORDERS, 6000.0)
    assert found.answer is Answer.UNCLEAR
    assert found.sentence.startswith("Unclear")


def test_two_parts_that_fit_equally_are_unclear() -> None:
    assert answered(np.array([8.0, 7.5, 0.0]), 5.0) is Answer.UNCLEAR
    assert answered(np.array([8.0, 4.0, 0.0]), 5.0) is Answer.OUTER_RACE


def test_shares_add_up_to_one_for_any_evidence() -> None:
    weight = np.random.default_rng(11).normal(0.0, 300.0, (50, 3))
    np.testing.assert_allclose(shares(weight).sum(axis=1), 1.0)


def test_noise_gives_as_much_evidence_where_faults_lie_as_elsewhere() -> None:
    rng = np.random.default_rng(12)
    found = []
    for _ in range(60):
        white, rate_hz = prewhitened(rng.normal(size=24_000), RATE_HZ, 6000.0)
        spectrum = line_spectrum(log_envelope_spectrum(white, rate_hz), SHAFT_RPM / 60.0, ORDERS)
        found.append(weights(spectrum, ORDERS))
    assert np.abs(np.mean(found, axis=0)).max() < 0.6
    assert np.quantile(found, 0.99) < 3.0


def test_nothing_is_looked_for_beside_a_fault_order() -> None:
    for orders in (ORDERS, OTHER):
        decoys = decoy_orders(orders)
        assert len(decoys) > 20
        for part in PARTS:
            assert np.abs(decoys / orders.of(part) - 1.0).min() > 0.03


def test_a_window_of_too_few_turns_is_refused() -> None:
    with pytest.raises(
        ModelError, match=r"3.0 turns of the shaft .* Record at least 0.51 s: 15 turns"
    ):
        diagnose(np.zeros(1200), RATE_HZ, SHAFT_RPM, ORDERS, 6000.0)


@pytest.mark.parametrize(
    ("shaft_rpm", "orders", "top_hz"),
    [
        (1e6, ORDERS, 6000.0),
        (1e9, ORDERS, 6000.0),
        (SHAFT_RPM, FaultOrders(3e8, 5e8, 2e8, 0.398), 6000.0),
        (SHAFT_RPM, ORDERS, 50.0),
    ],
)
def test_lines_above_what_is_sampled_are_refused_before_anything_is_searched(
    shaft_rpm: float, orders: FaultOrders, top_hz: float
) -> None:
    waveform = bearing_waveform(None, ORDERS, np.random.default_rng(13))
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"lines lie at up to .* Check the shaft speed"):
        diagnose(waveform, RATE_HZ, shaft_rpm, orders, top_hz)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 100_000


def test_a_bearing_of_many_balls_on_a_fast_shaft_is_searched_in_bounded_memory() -> None:
    many = Bearing("ring", 500, 0.24, 39.04).orders()
    assert len(decoy_orders(many)) == MOST_DECOYS
    waveform = np.random.default_rng(14).normal(size=24_000)
    tracemalloc.start()
    found = diagnose(waveform, RATE_HZ, 1300.0, many, 6000.0)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.isfinite(found.weight).all()
    assert peak_bytes < 100_000_000
