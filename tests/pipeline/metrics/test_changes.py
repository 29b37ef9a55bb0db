"""Differences and rates against closed forms and plain least squares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch
from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import START_NS, batches, column, seconds


def test_a_difference_is_taken_to_the_last_measured_value() -> None:
    given_values = column(14.7, np.nan, 14.2, 14.2)
    change = values_of("difference", seconds(0, 1, 2, 3), given_values)
    np.testing.assert_allclose(change, [np.nan, np.nan, -0.5, 0.0])


@pytest.mark.parametrize("window_s", [0.0, 0.05, 2.0, 100.0])
def test_the_rate_of_a_ramp_is_its_slope_at_irregular_times(window_s: float) -> None:
    rng = np.random.default_rng(1)
    t_s = np.cumsum(rng.uniform(0.001, 0.02, 500))
    time_ns = START_NS + (t_s * 1e9).astype(np.int64)
    rate = values_of("rate", time_ns, 20.0 + 0.35 * t_s, window_s=window_s)
    assert np.isnan(rate[0])
    np.testing.assert_allclose(rate[5:], 0.35, rtol=1e-5)


def test_a_rate_over_a_window_sees_through_the_steps_of_a_coarse_sensor() -> None:
    t_s = np.arange(0, 120, 0.1)
    coarse = np.round(40 + 0.25 * t_s)  # a whole-degree sensor on a ramp of 0.25 degC/s
    time_ns = START_NS + np.round(t_s * 1e9).astype(np.int64)
    windowed = values_of("rate", time_ns, coarse, window_s=20)[250:]
    stepwise = values_of("rate", time_ns, coarse)[250:]
    assert np.abs(windowed - 0.25).max() < 0.03
    assert np.abs(stepwise - 0.25).max() > 9.0


@given(batch=batches("x"), window_s=st.sampled_from([0.05, 0.35, 3.0, 1000.0]))
def test_a_windowed_rate_is_the_least_squares_slope_of_its_samples(
    batch: Batch, window_s: float
) -> None:
    x = batch.columns["x"]
    rate = values_of("rate", batch.time_ns, x, window_s=window_s)
    for row in range(len(batch)):
        age_s = (batch.time_ns[row] - batch.time_ns[: row + 1]) / 1e9
        held = (age_s < window_s - 1e-12) & np.isfinite(x[: row + 1])
        t, y = -age_s[held], x[: row + 1][held]
        spread = ((t - t.mean()) ** 2).sum() if len(t) else 0.0
        if np.isnan(x[row]) or spread == 0.0:
            assert np.isnan(rate[row])
        elif np.ptp(t) > 1e-6:  # nanoseconds apart, the slope is right to fewer digits
            expected = ((t - t.mean()) * (y - y.mean())).sum() / spread
            scale = np.abs(y).max() / np.sqrt(spread)
            assert rate[row] == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale)


def test_a_gap_longer_than_the_window_leaves_no_rate() -> None:
    rate = values_of("rate", seconds(0, 1, 100, 101), column(0, 1, 5, 6), window_s=10)
    np.testing.assert_allclose(rate, [np.nan, 1.0, np.nan, 1.0])


def test_samples_of_one_time_have_no_rate() -> None:
    rate = values_of("rate", seconds(0, 0, 1), column(0, 5, 7))
    np.testing.assert_allclose(rate, [np.nan, np.nan, 2.0])


def test_the_rate_keeps_its_precision_after_years() -> None:
    day_ns = 86_400_000_000_000
    t_ns = START_NS + np.concatenate([[0], 1000 * day_ns + np.arange(50) * 1_000_000])
    x = np.concatenate([[0.0], 3.0 * np.arange(50) * 1e-3])
    rate = values_of("rate", t_ns, x, window_s=0.02)
    np.testing.assert_allclose(rate[25:], 3.0, rtol=1e-4)


def test_turbo_response_is_change_of_boost_over_change_of_speed() -> None:
    boost, speed = column(0.0, 0.2, 0.5, 0.6), column(2.0, 2.5, 2.51, 3.0)
    response = values_of("ratio_of_changes", seconds(0, 1, 2, 3), boost, speed, min_change=0.05)
    np.testing.assert_allclose(response, [np.nan, 0.4, np.nan, 0.1 / 0.49])


def test_a_ratio_of_changes_over_a_window_is_taken_from_its_oldest_sample() -> None:
    y, x = column(0, 1, 4, 9), column(0, 2, 4, 6)
    ratio = values_of("ratio_of_changes", seconds(0, 1, 2, 3), y, x, window_s=2.5)
    np.testing.assert_allclose(ratio, [np.nan, 0.5, 1.0, 2.0])


def test_no_change_of_the_denominator_gives_no_number_even_without_a_minimum() -> None:
    ratio = values_of("ratio_of_changes", seconds(0, 1), column(0, 5), column(3, 3))
    assert np.isnan(ratio).all()
