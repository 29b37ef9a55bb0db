"""Weibull lives against a published worked example and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.life.weibull import Weibull, fit_weibull

FAILED_H = (54, 187, 216, 240, 244, 335, 361, 373, 375, 386)


def test_the_worked_example_of_the_nist_handbook_has_its_numbers() -> None:
    """20 units, 10 failed, 10 taken out at 500 h: section 8.4.1.3 of the NIST/SEMATECH handbook."""
    age = np.array([*FAILED_H, *[500] * 10], dtype=np.float64)
    found = fit_weibull(age, age < 500)
    assert found.scale == pytest.approx(606.5280, abs=1e-3)
    assert found.shape == pytest.approx(1.7208, abs=5e-5)
    assert found.log_likelihood == pytest.approx(-75.135, abs=5e-4)


def test_no_neighbour_is_more_likely() -> None:
    age = np.random.default_rng(0).weibull(2.5, 60) * 1000.0
    has_failed = age < 1100.0
    age = np.minimum(age, 1100.0)
    found = fit_weibull(age, has_failed)

    def log_likelihood(shape: float, scale: float) -> float:
        density = np.log(shape / scale) + (shape - 1) * np.log(age[has_failed] / scale)
        return float(density.sum() - ((age / scale) ** shape).sum())

    best = log_likelihood(found.shape, found.scale)
    assert best == pytest.approx(found.log_likelihood)
    for shape, scale in ((1.001, 1.0), (0.999, 1.0), (1.0, 1.001), (1.0, 0.999)):
        assert log_likelihood(found.shape * shape, found.scale * scale) < best


@pytest.mark.parametrize("factor", [1e-9, 3600.0, 1e12])
def test_the_unit_of_the_ages_does_not_matter(factor: float) -> None:
    age = np.array(FAILED_H, dtype=np.float64)
    has_failed = np.ones(10, dtype=np.bool_)
    one, other = fit_weibull(age, has_failed), fit_weibull(age * factor, has_failed)
    assert other.shape == pytest.approx(one.shape)
    assert other.scale == pytest.approx(one.scale * factor)


def test_parts_that_still_run_lengthen_the_life_expected() -> None:
    age = np.array([*FAILED_H, *[500] * 10], dtype=np.float64)
    only_failed = fit_weibull(age[:10], np.ones(10, dtype=np.bool_))
    assert fit_weibull(age, age < 500).scale > 1.5 * only_failed.scale


def test_without_ageing_the_past_does_not_matter() -> None:
    """Shape 1 is the exponential distribution: the median life left is scale times ln 2."""
    lives = Weibull(1.0, 300.0)
    ages = np.array([0.0, 10.0, 5000.0])
    np.testing.assert_allclose(lives.remaining(ages, 0.5), 300.0 * np.log(2.0))
    np.testing.assert_allclose(lives.failure_within(ages, 300.0), 1.0 - np.exp(-1.0))


def test_remaining_life_and_chance_of_failure_are_each_others_inverse() -> None:
    lives = Weibull(2.2, 1000.0)
    for age in (0.0, 400.0, 3000.0):
        left = float(lives.remaining(np.array([age]), 0.3)[0])
        assert lives.failure_within(np.array([age]), left)[0] == pytest.approx(0.3)
        share = lives.survival(np.array([age + left])) / lives.survival(np.array([age]))
        assert share[0] == pytest.approx(0.7)


def test_what_cannot_be_fitted_is_refused_with_the_reason() -> None:
    age = np.array([100.0, 100.0, 200.0])
    with pytest.raises(ModelError, match="1 different ages at failure; two are needed"):
        fit_weibull(age, np.array([True, True, False]))
    with pytest.raises(ModelError, match="above 0"):
        fit_weibull(np.array([0.0, 5.0]), np.array([True, True]))
