"""Bounds of a forecast follow what comes, as late as it becomes known."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.pipeline.metrics.bounds import WAITING, Adapted, adaptive_bound
from tests.pipeline.streams import START_NS

HORIZON_S = 60.0


def upper(now: FloatArray, miss: float = 0.1, width: float = 1.0) -> tuple[FloatArray, Adapted]:
    """Forecast 0 with an upper bound, once a second."""
    time_ns = START_NS + np.arange(len(now)) * 10**9
    forecast, bound = np.zeros(len(now)), np.full(len(now), width)
    return adaptive_bound(
        time_ns, now, forecast, bound, Adapted(), horizon_s=HORIZON_S, miss=miss, rate=0.05
    )


@pytest.mark.parametrize("width", [0.3, 1.3, 4.0])
def test_in_the_long_run_the_share_that_was_asked_for_misses(width: float) -> None:
    now = np.random.default_rng(0).normal(size=100_000)
    adapted, state = upper(now, width=width)
    missed = now[20_060:] > adapted[20_000:-60]
    assert missed.mean() == pytest.approx(0.1, abs=0.015)
    assert len(state.waiting) <= WAITING


def test_nothing_is_learnt_before_the_time_that_was_forecast() -> None:
    wild = np.full(61, 50.0)
    adapted, _ = upper(wild)
    assert (adapted[:60] == 1.0).all()
    assert adapted[60] > 1.0


def test_what_comes_later_changes_nothing_before_it() -> None:
    now = np.random.default_rng(1).normal(size=2_000)
    other = now.copy()
    other[1_000:] = np.random.default_rng(2).permutation(other[1_000:]) + 5.0
    assert upper(now)[0][:1_000].tobytes() == upper(other)[0][:1_000].tobytes()


def test_a_lower_bound_widens_downwards() -> None:
    adapted, _ = upper(np.full(200, -50.0), width=-1.0)
    assert adapted[-1] < -1.0


def test_width_stays_within_a_tenth_and_ten_times() -> None:
    assert upper(np.full(20_000, 1e9))[0].max() == pytest.approx(10.0)
    assert upper(np.full(200_000, 0.0), miss=0.5)[0].min() == pytest.approx(0.1)


def test_an_outcome_after_a_pause_teaches_nothing() -> None:
    time_ns = START_NS + np.array([0, 3_600]) * 10**9
    adapted, _ = adaptive_bound(
        time_ns, np.array([0.0, 50.0]), np.zeros(2), np.ones(2), Adapted(), horizon_s=HORIZON_S
    )
    assert adapted.tolist() == [1.0, 1.0]
