"""Metrics without memory, by worked examples."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import column, seconds

NOW = seconds(0, 1)


def test_engine_load_of_the_focus_st_is_a_weighted_sum() -> None:
    throttle_pct, speed_rpm = column(0, 50), column(0, 3250)
    load = values_of("linear", NOW, throttle_pct, speed_rpm, weights=[0.7, 30 / 6500])
    np.testing.assert_allclose(load, [0.0, 50.0])


def test_manifold_pressure_is_boost_plus_the_air() -> None:
    np.testing.assert_allclose(values_of("linear", NOW, column(0, 20), offset=14.7), [14.7, 34.7])


def test_tyre_stress_is_the_sum_of_squares_of_weighted_inputs() -> None:
    inputs = column(1, 0), column(-2, 0), column(180, 360)
    stress = values_of("sum_of_squares", NOW, *inputs, weights=[1, 1, 1 / 360])
    np.testing.assert_allclose(stress, [5.25, 1.0])


def test_a_magnitude_is_the_length_of_the_vector() -> None:
    assert values_of("magnitude", NOW, column(3, 0), column(4, 0)).tolist() == [5.0, 0.0]


def test_a_product_is_scaled() -> None:
    product = values_of("product", NOW, column(3, 1), column(4, np.nan), scale=0.5)
    np.testing.assert_array_equal(product, [6.0, np.nan])


@pytest.mark.parametrize(("smallest", "expected"), [(0.0, [np.nan, 4.0]), (1.0, [np.nan, np.nan])])
def test_a_ratio_by_nothing_or_next_to_nothing_is_no_number(
    smallest: float, expected: list[float]
) -> None:
    ratio = values_of("ratio", NOW, column(2, 2), column(0, 0.5), min_denominator=smallest)
    np.testing.assert_array_equal(ratio, expected)


def test_a_product_that_overflows_is_missing_rather_than_infinite() -> None:
    assert np.isnan(values_of("product", NOW, column(1e300, 1), column(1e300, 1))[0])
