"""Path, jumps and cumulative sums against the plain answer for each window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import batches, column, seconds


def path(x: FloatArray) -> float:
    return float(np.abs(np.diff(x)).sum())


PLAIN: list[tuple[str, dict[str, Any], Callable[[FloatArray], float]]] = [
    ("path_length", {}, path),
    ("path_length", {"excess": True}, lambda x: path(x) - abs(float(x[-1] - x[0]))),
    ("largest_jump", {}, lambda x: float(np.abs(np.diff(x)).max(initial=0.0))),
]


@pytest.mark.parametrize(("function", "settings", "plain"), PLAIN)
@given(batch=batches("x"), window_s=st.sampled_from([1e-9, 0.05, 0.35, 3.0, 1000.0]))
def test_a_metric_of_steps_is_the_plain_one_of_each_window(
    function: str,
    settings: dict[str, Any],
    plain: Callable[[FloatArray], float],
    batch: Batch,
    window_s: float,
) -> None:
    keep = np.isfinite(batch.columns["x"])
    time_ns, x = batch.time_ns[keep], batch.columns["x"][keep]
    if not len(x):
        return
    found = values_of(function, time_ns, x, window_s=window_s, **settings)
    oldest = time_ns.searchsorted(time_ns - round(window_s * 1e9), "right")
    expected = [plain(x[start : stop + 1]) for stop, start in enumerate(oldest)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_value_that_only_rises_has_a_path_and_no_excess() -> None:
    times, rising = seconds(0, 1, 2, 3), column(1, 2, 4, 8)
    assert values_of("path_length", times, rising, window_s=10).tolist() == [0, 1, 3, 7]
    excess = values_of("path_length", times, rising, window_s=10, excess=True)
    assert excess.tolist() == [0, 0, 0, 0]


def test_the_cumulative_sum_of_a_worked_example() -> None:
    """By hand: target 10, spread 2, slack 0.5; sums of +1.5, +0.5, -1.5, then 0 and below."""
    x = column(14, 12, 8, 2, 10)
    found = values_of("cusum", seconds(0, 1, 2, 3, 4), x, target=10.0, spread=2.0)
    assert found.tolist() == [1.5, 2.0, 0.5, 4.0, 3.5]


def test_a_shift_of_twice_the_slack_grows_by_the_slack_each_sample() -> None:
    x = np.full(100, 1.0)
    found = values_of("cusum", seconds(*range(100)), x, target=0.0, slack=0.5)
    np.testing.assert_allclose(found, 0.5 * np.arange(1, 101))
