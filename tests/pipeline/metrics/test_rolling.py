"""Rolling metrics against the plain numpy answer for each window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from telltale.pipeline.metrics.window import MAX_WINDOW_SAMPLES
from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import START_NS, batches, column, seconds

PLAIN: dict[str, Callable[[FloatArray], float]] = {
    "rolling_mean": np.mean,
    "rolling_std": lambda x: float(np.std(x, ddof=1)) if len(x) > 1 else np.nan,
    "rolling_min": np.min,
    "rolling_max": np.max,
}


@pytest.mark.parametrize("function", PLAIN)
@given(batch=batches("x"), window_s=st.sampled_from([1e-9, 0.05, 0.35, 3.0, 1000.0]))
def test_a_rolling_metric_is_the_plain_one_of_each_window(
    function: str, batch: Batch, window_s: float
) -> None:
    x = batch.columns["x"]
    rolled = values_of(function, batch.time_ns, x, window_s=window_s)
    for row in range(len(batch)):
        age_ns = batch.time_ns[row] - batch.time_ns[: row + 1]
        held = x[: row + 1][(age_ns < round(window_s * 1e9)) & np.isfinite(x[: row + 1])]
        expected = np.nan if np.isnan(x[row]) else PLAIN[function](held)
        assert rolled[row] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def test_a_constant_has_exactly_itself_as_mean_and_no_deviation() -> None:
    time_ns = START_NS + np.arange(400) * 100_000_000
    x = np.full(400, 0.1)
    assert set(values_of("rolling_mean", time_ns, x, window_s=7)) == {0.1}
    assert np.nanmax(values_of("rolling_std", time_ns, x, window_s=7)) == 0.0


def test_a_spike_leaves_no_trace_after_the_window_has_passed_it() -> None:
    time_ns = START_NS + np.arange(100) * 100_000_000
    x = np.full(100, 0.25)
    x[10] = 1e15
    assert set(values_of("rolling_mean", time_ns, x, window_s=2)[30:]) == {0.25}
    assert set(values_of("rolling_std", time_ns, x, window_s=2)[30:]) == {0.0}


def test_a_small_deviation_on_a_large_level_is_not_lost() -> None:
    time_ns = START_NS + np.arange(1000) * 100_000_000
    x = 1e6 + np.where(np.arange(1000) % 2, 1e-3, -1e-3)
    deviation = values_of("rolling_std", time_ns, x, window_s=10)[200:]
    np.testing.assert_allclose(deviation, 1e-3 * np.sqrt(100 / 99), rtol=1e-6)


def test_a_window_holds_at_most_so_many_samples_and_then_the_newest() -> None:
    n = MAX_WINDOW_SAMPLES + 500
    x = np.arange(n, dtype=np.float64)
    lowest = values_of("rolling_min", START_NS + np.arange(n), x, window_s=1)
    assert lowest[MAX_WINDOW_SAMPLES - 1] == 0.0
    assert lowest[-1] == n - MAX_WINDOW_SAMPLES


def test_a_wave_of_ten_per_cent_noise_has_the_deviation_of_a_sine() -> None:
    t_s = np.arange(0, 100, 0.01)
    x = 3.0 * np.sin(2 * np.pi * t_s)
    time_ns = START_NS + np.round(t_s * 1e9).astype(np.int64)
    deviation = values_of("rolling_std", time_ns, x, window_s=10)[2000:]
    np.testing.assert_allclose(deviation, 3.0 / np.sqrt(2), rtol=1e-3)


def test_an_ewma_answers_a_step_as_a_first_order_filter_at_any_sampling() -> None:
    rng = np.random.default_rng(3)
    t_s = np.concatenate([[0.0], np.cumsum(rng.uniform(0.001, 2.0, 50))])
    x = np.where(t_s > 0, 1.0, 0.0)
    time_ns = START_NS + np.round(t_s * 1e9).astype(np.int64)
    smooth = values_of("ewma", time_ns, x, time_constant_s=5)
    np.testing.assert_allclose(smooth, 1 - np.exp(-t_s / 5), atol=1e-8)


def test_an_ewma_starts_at_the_first_value_and_passes_over_missing_ones() -> None:
    smooth = values_of("ewma", seconds(0, 1, 2), column(8, np.nan, 8), time_constant_s=1)
    np.testing.assert_allclose(smooth, [8, np.nan, 8])
