"""Which channels rose or fell through a whole stretch."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.models.detectors.one_way import one_way
from tests.models.detectors.machines import batch_of

N = 4500
ALONG = np.linspace(0.0, 1.0, N)


def went(column: FloatArray) -> float:
    """Return how far one channel went; 0.0 if not one way."""
    return one_way(batch_of({"x": column}), ["x", "nowhere"]).get("x", 0.0)


def wandering(seed: int, memory_s: float) -> FloatArray:
    """Return a value that wanders about its mean and comes back, spread about 1."""
    rng, keep, x = np.random.default_rng(seed), float(np.exp(-1.0 / memory_s)), 0.0
    found = []
    for kick in rng.normal(0.0, np.sqrt(1.0 - keep**2), N).tolist():
        x = keep * x + kick
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("change", [3.0, -3.0])
def test_a_channel_that_rises_or_falls_all_the_time_is_told_with_how_far(change: float) -> None:
    noise = np.random.default_rng(0).normal(size=N)
    assert went(change * ALONG + noise) == pytest.approx(change, rel=0.1)
    assert went(1e6 + change * ALONG + noise) == pytest.approx(change, rel=0.1)


def test_a_channel_that_grows_ever_faster_goes_one_way_too() -> None:
    assert went(np.exp(3.0 * ALONG) + np.random.default_rng(0).normal(0.0, 0.5, N)) > 10.0


def test_a_warm_up_within_the_stretch_does_not() -> None:
    assert went(-60.0 * np.exp(-12.0 * ALONG)) == 0.0


def test_noise_cycles_and_less_than_the_noise_do_not() -> None:
    noise = np.random.default_rng(0).normal(size=N)
    assert went(noise) == 0.0
    assert went(np.sin(30.0 * ALONG)) == 0.0
    assert went(0.5 * ALONG + noise) == 0.0


def test_a_value_that_wanders_and_comes_back_seldom_does() -> None:
    found = [went(wandering(seed, 300.0)) != 0.0 for seed in range(40)]
    assert sum(found) <= 1


def test_missing_and_constant_channels_do_not() -> None:
    assert went(np.full(N, np.nan)) == 0.0
    assert went(np.full(N, 7.0)) == 0.0
    assert went(np.where(ALONG < 0.3, np.nan, ALONG)) == 0.0
    assert went(np.where(np.arange(N) % 2, np.nan, ALONG)) > 0.9
