"""Bounds hold by counting: on fresh errors, by bins, and with runs whose errors are alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.estimates.intervals import (
    LEVELS,
    ErrorTable,
    bin_of,
    bound,
    chance_below,
    error_table,
    independent_errors,
    lower_bound,
    upper_bound,
)


def one(value: float) -> FloatArray:
    return np.array([value])


@pytest.mark.parametrize(
    ("n", "miss", "expected"), [(9, 0.1, 9), (19, 0.1, 18), (99, 0.05, 95), (10, 0.5, 6)]
)
def test_the_bound_is_the_error_of_the_rank_that_the_theorem_names(
    n: int, miss: float, expected: int
) -> None:
    errors = np.random.default_rng(0).permutation(np.arange(1.0, n + 1.0))
    assert upper_bound(errors, miss) == expected
    assert lower_bound(-errors, miss) == -expected


def test_too_few_errors_bound_nothing() -> None:
    assert upper_bound(np.arange(8.0), 0.1) == math.inf
    assert lower_bound(np.arange(8.0), 0.1) == -math.inf
    assert upper_bound(np.empty(0), 0.5) == math.inf


def test_fresh_errors_miss_as_often_as_the_theorem_says() -> None:
    """Of 19 errors the 18th is exceeded with a chance of exactly 2 / 20, whatever they are."""
    draws = np.random.default_rng(1).standard_cauchy((20_000, 20))
    bounds = np.array([upper_bound(row[:19], 0.1) for row in draws])
    assert np.mean(draws[:, 19] > bounds) == pytest.approx(0.1, abs=0.007)


def test_errors_that_are_alike_within_a_run_count_as_one_a_run() -> None:
    rng = np.random.default_rng(2)
    run = np.repeat(np.arange(40), 25)
    assert independent_errors(rng.normal(size=40)[run], run) == 40
    assert independent_errors(rng.normal(size=1000), run) > 800
    assert independent_errors(rng.normal(size=1000), np.arange(1000)) == 1000


def test_bounds_hold_on_runs_that_were_not_seen_though_errors_are_alike_within_one() -> None:
    rng = np.random.default_rng(3)
    run = np.repeat(np.arange(30), 20)
    covered = []
    for _ in range(300):
        errors = rng.normal(size=31).repeat(20) + rng.normal(0.0, 0.3, 620)
        table = error_table(np.zeros(600), errors[:600], np.ones(600), run, bins=1)
        low, high = (bound(table, one(0.0), one(1.0), level)[0] for level in (0.1, 0.9))
        covered.append(np.mean((errors[600:] >= low) & (errors[600:] <= high)))
    assert 0.8 < np.mean(covered) < 0.88  # every error by itself would give less than 0.8


def test_bins_and_scale_make_bounds_as_wide_as_errors_are_there() -> None:
    rng = np.random.default_rng(4)
    predicted = rng.uniform(0.0, 100.0, 4_000)
    scale = np.where(rng.random(4_000) < 0.5, 1.0, 3.0)
    actual = predicted + scale * rng.normal(0.0, np.where(predicted > 80.0, 10.0, 1.0))
    table = error_table(predicted, actual, scale, bins=5)
    width = [
        bound(table, one(p), one(s), 0.95)[0] - bound(table, one(p), one(s), 0.05)[0]
        for p, s in ((10.0, 1.0), (10.0, 3.0), (95.0, 1.0))
    ]
    assert width[0] == pytest.approx(2 * 1.645, rel=0.1)
    assert width[1] == pytest.approx(3 * width[0])
    assert width[2] == pytest.approx(10 * width[0], rel=0.15)


def test_the_chance_of_a_failure_is_the_share_of_such_errors() -> None:
    rng = np.random.default_rng(5)
    table = error_table(np.zeros(9_999), rng.normal(size=9_999), np.ones(9_999), bins=1)
    life, scale = np.array([100.0, 100.0, 100.0, np.nan]), np.full(4, 10.0)
    assert chance_below(table, life, scale, 100.0)[0] == pytest.approx(0.5, abs=0.02)
    assert chance_below(table, life, scale, 110.0)[1] == pytest.approx(0.841, abs=0.02)
    assert chance_below(table, life, scale, 0.0)[2] == LEVELS[0]
    assert np.isnan(chance_below(table, life, scale, 100.0)[3])


def test_a_level_in_between_takes_the_outer_one() -> None:
    table = error_table(np.zeros(999), np.linspace(-1, 1, 999), np.ones(999), bins=1)
    at = {level: bound(table, one(0.0), one(1.0), level)[0] for level in (0.03, 0.025, 0.93, 0.95)}
    assert at[0.03] == at[0.025]
    assert at[0.93] == at[0.95]
    with pytest.raises(ModelError, match=r"not within 0\.025 to 0\.975"):
        bound(table, one(0.0), one(1.0), 0.99)


def test_few_errors_make_one_bin_and_fewer_levels_then_none_at_all() -> None:
    few = np.linspace(-1.0, 1.0, 25)
    table = error_table(few, few * 2.0, np.ones(25), bins=5)
    assert (table.edges, table.levels[0], table.levels[-1]) == ((), 0.05, 0.95)
    with pytest.raises(ModelError, match="count as 18 independent, 19 are needed"):
        error_table(few[:18], few[:18], np.ones(18))


def test_predictions_that_are_all_alike_make_one_bin() -> None:
    table = error_table(np.full(500, 7.0), np.linspace(0, 14, 500), np.ones(500), bins=5)
    assert np.isfinite(bound(table, one(7.0), one(1.0), 0.95)).all()


def test_an_edge_belongs_to_the_bin_above() -> None:
    assert bin_of([1.0, 2.0], np.array([0.9, 1.0, 2.5])).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "errors", [((0.0, 1.0),), ((0.0, 1.0), (1.0, 0.0)), ((0.0, math.nan), (0.0, 1.0)), ()]
)
def test_a_table_that_is_none_is_refused(errors: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ModelError, match="one rising row of numbers per bin"):
        ErrorTable((0.05, 0.95), (3.0,), errors)
