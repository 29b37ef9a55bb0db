"""Integrals and energies against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pipeline.metrics.calls import values_of
from tests.pipeline.streams import START_NS, column, seconds


def test_the_integral_of_a_sine_is_its_closed_form() -> None:
    t_s = np.linspace(0, 20, 20_001)
    time_ns = START_NS + np.round(t_s * 1e9).astype(np.int64)
    total = values_of("integral", time_ns, np.sin(t_s))
    np.testing.assert_allclose(total, 1 - np.cos(t_s), atol=1e-6)


def test_one_hour_at_six_kilowatts_is_six_kilowatt_hours() -> None:
    time_ns = seconds(*range(0, 3601, 5))
    energy = values_of("running_energy_kwh", time_ns, np.full(len(time_ns), 6.0))
    assert energy[0] == 0.0
    assert energy[-1] == pytest.approx(6.0, rel=1e-12)


def test_work_is_the_integral_of_force_times_speed() -> None:
    t_s = np.linspace(0, 4, 4001)
    time_ns = START_NS + np.round(t_s * 1e9).astype(np.int64)
    work = values_of("energy_of_product", time_ns, 3 * t_s, 2 * t_s, scale=1e-3)
    assert work[-1] == pytest.approx(2 * 4**3 * 1e-3, rel=1e-6)


def test_nothing_is_integrated_across_a_long_gap() -> None:
    total = values_of("integral", seconds(0, 1, 100, 101), column(2, 2, 2, 2), max_gap_s=10)
    assert total.tolist() == [0.0, 2.0, 2.0, 4.0]


def test_a_missing_sample_is_bridged_within_the_gap_and_has_no_total_itself() -> None:
    total = values_of("integral", seconds(0, 1, 2), column(2, np.nan, 4))
    np.testing.assert_allclose(total, [0.0, np.nan, 6.0])


def test_samples_of_one_time_add_nothing() -> None:
    assert values_of("integral", seconds(0, 0, 1), column(1, 9, 9)).tolist() == [0.0, 0.0, 9.0]
