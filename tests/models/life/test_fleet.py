"""How long machines live, with bounds that hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.life.fleet import fleet_weibull

SHAPE, SCALE_H = 2.0, 100.0


def test_the_bounds_hold_the_truth_about_nine_times_in_ten() -> None:
    rng = np.random.default_rng(1)
    holds_shape, holds_scale = [], []
    for _ in range(150):
        age = SCALE_H * rng.weibull(SHAPE, 20)
        seen = np.minimum(age, 130.0)  # the others still run
        found = fleet_weibull(seen, age <= 130.0)
        assert found.shape_low < found.weibull.shape < found.shape_high
        assert found.scale_low < found.weibull.scale < found.scale_high
        holds_shape.append(found.shape_low <= SHAPE <= found.shape_high)
        holds_scale.append(found.scale_low <= SCALE_H <= found.scale_high)
    assert 0.82 < np.mean(holds_shape) < 0.96
    assert 0.82 < np.mean(holds_scale) < 0.96


def test_few_failures_give_wide_bounds_and_fewer_none() -> None:
    age, has_failed = np.array([50.0, 80.0, 120.0, 60.0]), np.array([True, True, True, False])
    few = fleet_weibull(age, has_failed)
    many = fleet_weibull(np.tile(age, 10), np.tile(has_failed, 10))
    assert few.weibull.shape == pytest.approx(many.weibull.shape, rel=1e-6)
    assert few.shape_high - few.shape_low > 2.0 * (many.shape_high - many.shape_low)
    with pytest.raises(ModelError, match="2 labelled failures; 3 are needed"):
        fleet_weibull(age, np.array([True, True, False, False]))
    with pytest.raises(ModelError, match="1 different ages at failure"):
        fleet_weibull(np.full(4, 50.0), np.array([True, True, True, False]))
