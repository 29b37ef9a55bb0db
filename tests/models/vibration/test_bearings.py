"""Fault frequencies follow from the geometry."""

from __future__ import annotations

import pytest

from telltale.errors import ModelError
from telltale.models.vibration.bearings import SKF_6205, Bearing, Part


def test_the_6205_has_the_fault_frequencies_that_its_users_publish() -> None:
    orders = SKF_6205.orders()
    # Case Western Reserve University: 5.4152, 3.5848, 4.7135 (twice the ball's spin), 0.39828
    assert orders.inner_race == pytest.approx(5.4152, abs=2e-4)
    assert orders.outer_race == pytest.approx(3.5848, abs=2e-4)
    assert orders.of(Part.BALL) == pytest.approx(4.7135, abs=2e-4)
    assert orders.cage == pytest.approx(0.39828, abs=5e-5)


def test_inner_and_outer_race_together_are_struck_once_per_ball_and_turn() -> None:
    for angle_deg in (0.0, 15.0, 40.0):
        orders = Bearing("any", 12, 8.0, 46.0, angle_deg).orders()
        assert orders.inner_race + orders.outer_race == pytest.approx(12.0)
        assert orders.outer_race == pytest.approx(12.0 * orders.cage)


@pytest.mark.parametrize(("n_balls", "ball_mm", "pitch_mm"), [(2, 8, 40), (9, 0, 40), (9, 41, 40)])
def test_a_geometry_that_no_bearing_has_is_refused(
    n_balls: int, ball_mm: float, pitch_mm: float
) -> None:
    with pytest.raises(ModelError, match="at least 3 balls"):
        Bearing("wrong", n_balls, ball_mm, pitch_mm)
