"""Remaining life by channel: hours to its nearest limit, or why there is no number."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.models.life.per_channel import NoLife, channel_lives
from telltale.profiles.schema import Limits
from tests.pipeline.streams import START_NS

DAY_H = 24.0


def batch(**columns: object) -> Batch:
    """Return 30 days of hourly readings."""
    hours = np.arange(30 * 24)
    values = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    return Batch("m", START_NS + hours * 3_600 * 10**9, values)


def test_channels_come_in_the_order_of_their_remaining_life() -> None:
    rng = np.random.default_rng(0)
    hours = np.arange(720.0)
    readings = batch(
        slow=50.0 + 0.01 * hours + rng.normal(0, 0.5, 720),
        fast=80.0 - 0.04 * hours + rng.normal(0, 0.5, 720),
        steady=rng.normal(20.0, 1.0, 720),
        over=np.full(720, 99.0) + rng.normal(0, 0.1, 720),
    )
    limits = {
        "steady": Limits(warn_above=30.0),
        "slow": Limits(warn_above=60.0, critical_above=65.0),
        "fast": Limits(critical_below=40.0, critical_above=120.0),
        "over": Limits(critical_above=90.0),
        "free": None,
        "absent": Limits(warn_above=1.0),
    }
    lives = channel_lives(readings, limits)
    assert [life.channel for life in lives[:2]] == ["fast", "slow"]
    assert [life.limit for life in lives[:2]] == [40.0, 65.0]
    for life, expected_h in zip(lives, (1000.0 - 719.0, 1500.0 - 719.0), strict=False):
        assert life.hours is not None
        assert life.hours.low - DAY_H < expected_h < life.hours.high + DAY_H
        assert abs(life.hours.expected - expected_h) < 2 * DAY_H
    reasons = {life.channel: life.reason for life in lives[2:]}
    assert reasons == {
        "steady": NoLife.NO_TREND,
        "over": NoLife.BEYOND,
        "free": NoLife.NO_LIMIT,
        "absent": NoLife.TOO_LITTLE,
    }


def test_what_lies_far_beyond_the_readings_is_not_told() -> None:
    (life,) = channel_lives(
        batch(temp_c=20.0 + 0.001 * np.arange(720.0)), {"temp_c": Limits(critical_above=90.0)}
    )
    assert (life.reason, life.hours) == (NoLife.FAR, None)


def test_an_empty_batch_has_no_lives() -> None:
    empty = batch(temp_c=np.zeros(720)).rows(0, 0)
    (life,) = channel_lives(empty, {"temp_c": Limits(critical_above=90.0)})
    assert life.reason is NoLife.TOO_LITTLE


def test_the_chance_to_be_over_the_limit_grows_with_the_time_ahead() -> None:
    hours = np.arange(720.0)
    readings = batch(
        temp_c=50.0 + 0.05 * hours + np.random.default_rng(1).normal(0, 0.5, 720),
        steady=np.random.default_rng(2).normal(20.0, 1.0, 720),
    )
    limits = {"temp_c": Limits(critical_above=95.0), "steady": Limits(warn_above=30.0)}
    worn, steady = channel_lives(readings, limits, horizons_h=(24.0, 168.0, 720.0))
    assert worn.hours is not None
    assert worn.hours.expected == pytest.approx(181.0, abs=5.0)
    soon, within_a_week, within_a_month = worn.chances
    assert soon < 1e-6
    assert within_a_week < 0.5
    assert within_a_month > 0.999
    assert steady.chances == ()
