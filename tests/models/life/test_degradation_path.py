"""Wear drawn out to a limit: exact without noise, honest with it, silent without a trend."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.life.degradation_path import (
    MOST_BUCKETS,
    chance_crossed,
    crossing,
    fit_path,
    student_quantile,
    student_share,
)


def test_a_line_without_noise_reaches_the_limit_when_it_does() -> None:
    time = np.arange(50.0)
    found = crossing(fit_path(time, 20.0 + 0.5 * time), 60.0)
    assert found is not None
    assert (found.expected, found.low, found.high) == pytest.approx((31.0, 31.0, 31.0))


def test_an_exponential_without_noise_reaches_the_limit_when_it_does() -> None:
    time = np.arange(0.0, 100.0, 2.5)
    found = crossing(fit_path(time, 0.2 * np.exp(0.03 * time), "exponential"), 20.0)
    assert found is not None
    assert found.expected == pytest.approx(math.log(100.0) / 0.03 - time[-1])


def test_a_falling_line_reaches_a_lower_limit() -> None:
    time = np.arange(30.0)
    found = crossing(fit_path(time, 100.0 - 2.0 * time), 10.0)
    assert found is not None
    assert found.expected == pytest.approx(45.0 - 29.0)


def test_bounds_hold_the_truth_as_often_as_they_say() -> None:
    rng, time = np.random.default_rng(0), np.arange(60.0)
    held = []
    for _ in range(1_000):
        found = crossing(fit_path(time, 0.1 * time + rng.normal(0.0, 1.0, 60)), 10.0)
        assert found is not None
        held.append(found.low <= 41.0 <= found.high)
    assert 0.86 < np.mean(held) < 0.95


def test_noise_that_follows_itself_widens_the_bounds() -> None:
    rng, time = np.random.default_rng(1), np.arange(400.0)
    white = rng.normal(0.0, 1.0, 400)
    slow = np.convolve(rng.normal(0.0, 1.0, 420), np.ones(21) / math.sqrt(21.0), "valid")
    narrow, wide = (crossing(fit_path(time, 0.1 * time + n), 60.0) for n in (white, slow))
    assert narrow is not None
    assert wide is not None
    assert wide.high - wide.low > 2.0 * (narrow.high - narrow.low)


def test_no_trend_no_number() -> None:
    rng, time = np.random.default_rng(2), np.arange(200.0)
    answers = [crossing(fit_path(time, rng.normal(50.0, 1.0, 200)), 80.0) for _ in range(200)]
    assert sum(answer is not None for answer in answers) < 25  # 5 % each side, limit on one side


@pytest.mark.parametrize("limit", [-10.0, 3.0])
def test_a_line_that_moves_away_or_is_there_already_has_no_answer(limit: float) -> None:
    time = np.arange(50.0)
    assert crossing(fit_path(time, 0.2 * time), limit) is None


def test_too_few_values_have_no_answer() -> None:
    time = np.arange(20.0)
    value = np.where(time < 7, time, np.nan)
    assert fit_path(time, value) is None
    assert crossing(None, 5.0) is None


def test_missing_values_are_left_out() -> None:
    time = np.arange(60.0)
    value = np.where(time % 3 == 0, np.nan, 0.5 * time)
    found = crossing(fit_path(time, value), 100.0)
    assert found is not None
    assert found.expected == pytest.approx(141.0)


def test_many_samples_are_told_by_their_means() -> None:
    time = np.arange(100_000.0)
    path = fit_path(time, 3.0 + 0.001 * time)
    assert path is not None
    assert path.freedom <= MOST_BUCKETS
    assert path.slope == pytest.approx(0.001)


def test_the_chance_to_be_over_the_limit_grows_with_time_and_is_half_at_the_crossing() -> None:
    rng, time = np.random.default_rng(3), np.arange(80.0)
    path = fit_path(time, 0.1 * time + rng.normal(0.0, 0.5, 80))
    assert path is not None
    found = crossing(path, 12.0)
    assert found is not None
    chances = [chance_crossed(path, 12.0, ahead) for ahead in (0.0, found.expected, 200.0)]
    assert chances[0] < 1e-6
    assert chances[1] == pytest.approx(0.5)
    assert chances[2] > 0.999


def test_an_exponential_takes_only_values_above_0() -> None:
    with pytest.raises(ModelError, match="above 0"):
        fit_path(np.arange(20.0), np.arange(20.0), "exponential")


@pytest.mark.parametrize(
    ("share", "freedom", "published"),
    [(0.95, 5, 2.015), (0.975, 10, 2.228), (0.95, 30, 1.697), (0.975, 120, 1.980)],
)
def test_quantiles_are_those_of_the_printed_table(
    share: float, freedom: float, published: float
) -> None:
    assert student_quantile(share, freedom) == pytest.approx(published, abs=2e-3)
    assert student_share(published, freedom) == pytest.approx(share, abs=1e-3)


def test_a_chance_is_kept_as_often_as_it_says_also_from_few_values() -> None:
    """Of lines whose chance to be over the limit is told as about 0.2, about a fifth are over."""
    rng, time, told, came = np.random.default_rng(4), np.arange(12.0), [], []
    for _ in range(3_000):
        slope = rng.normal(0.1, 0.05)
        path = fit_path(time, slope * time + rng.normal(0.0, 0.3, 12))
        assert path is not None
        chance = chance_crossed(path, 3.0, 12.0)
        if path.slope > 0.0 and 0.15 < chance < 0.25:
            told.append(chance)
            came.append(slope * 23.0 > 3.0)
    assert len(came) > 100
    assert np.mean(came) == pytest.approx(np.mean(told), abs=0.12)
