"""Limits from a budget of false alarms: what they cost is counted on data that was not seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.detectors.calibration import (
    S_PER_WEEK,
    Budget,
    alarms_beyond,
    largest_multiple,
    lognormal_limit,
)


def test_the_limit_of_log_normal_scores_is_passed_about_as_often_as_allowed() -> None:
    rng = np.random.default_rng(3)
    seen, fresh = (np.exp(rng.normal(0.5, 0.5, n)) for n in (2_000, 6_000_000))
    limit = lognormal_limit(seen, Budget(alarms_per_week=20.0, look_s=1.0), 1.0, "of a test")
    weeks = len(fresh) / S_PER_WEEK
    assert (fresh > limit.value).sum() / weeks == pytest.approx(20.0, rel=0.6)
    assert limit.alarms_per_week == pytest.approx(20.0, rel=0.4)  # or 1.1 times the largest


def test_limits_from_few_samples_cost_no_more_than_twice_the_budget_over_many_machines() -> None:
    """Student's t makes up for middle and spread that few samples tell badly, if not wholly."""
    rng = np.random.default_rng(7)
    budget = Budget(alarms_per_week=604.8, look_s=1.0)  # one look in a thousand
    passed = [
        (rng.normal(size=2_000) > math.log(lognormal_limit(np.exp(seen), budget, 1.0, "").value))
        for seen in rng.normal(size=(400, 40))
    ]
    assert 0.0005 < np.mean(passed) < 0.002


def test_a_smaller_budget_gives_a_higher_limit_and_fewer_expected_alarms() -> None:
    scores = np.exp(np.random.default_rng(4).normal(0.0, 0.3, 5000))
    limits = [lognormal_limit(scores, Budget(alarms, 15.0), 1.0, "") for alarms in (10, 1, 0.1)]
    assert limits[0].value < limits[1].value < limits[2].value
    assert limits[2].alarms_per_week == pytest.approx(0.1, rel=0.05)


def test_the_largest_score_seen_is_always_below_the_limit() -> None:
    scores = np.append(np.full(200, 1.0) + np.arange(200) * 1e-6, 50.0)
    limit = lognormal_limit(scores, Budget(1.0, 15.0), 1.0, "")
    assert limit.value >= 55.0
    assert limit.method.startswith("1.1 times the largest")


def test_the_sentence_says_from_how_much_data_a_week_is_extrapolated() -> None:
    scores = np.exp(np.random.default_rng(5).normal(0.0, 0.3, 400))
    method = lognormal_limit(scores, Budget(1.0, 15.0), 1.0, "that were learnt from too").method
    assert "7 min or about 27 independent windows" in method
    assert "rough extrapolation" in method


def test_scores_that_say_nothing_are_refused() -> None:
    with pytest.raises(ModelError, match="no limit can be set"):
        lognormal_limit(np.array([1.0]), Budget(1.0, 15.0), 1.0, "")


def test_alarms_beyond_the_middle_are_half_of_the_looks() -> None:
    scores = np.exp(np.array([-1.0, 0.0, 1.0]))
    budget = Budget(1.0, S_PER_WEEK / 100)
    assert alarms_beyond(1.0, scores, budget, 1.0) == pytest.approx(50.0)


def test_bounds_lie_farther_out_the_less_was_seen() -> None:
    budget = Budget(1.0, 10.0)
    minutes, hours, weeks = (
        largest_multiple(round(s / 0.5), 0.5, budget, 1).value
        for s in (600.0, 36_000.0, 10 * S_PER_WEEK)
    )
    assert minutes == pytest.approx(math.log(60_480) / math.log(60))
    assert minutes > hours > weeks == 1.1


def test_bounds_of_an_exponential_tail_cost_about_what_the_budget_allows() -> None:
    rng = np.random.default_rng(6)
    budget = Budget(alarms_per_week=0.5, look_s=60.0)
    largest = rng.exponential(size=(500, 400)).max(axis=0)  # of 500 looks, 400 times
    multiple = largest_multiple(500, 60.0, budget, 1).value
    per_week = np.exp(-multiple * largest) * budget.looks_per_week  # the tail in closed form
    assert 0.5 / 3 < np.median(per_week) < 0.5 * 3
