"""Sizes and shapes of a waveform agree with what a sine and noise have by definition."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.vibration.statistics import (
    STANDARD_GRAVITY_M_S2,
    check_sensor,
    clipped_share,
    statistics,
)

RATE_HZ = 12_000.0
TIME_S = np.arange(48_000) / RATE_HZ
NOISE = np.random.default_rng(1).normal(size=48_000)


@pytest.mark.parametrize(("unit", "to_m_s2"), [("g", STANDARD_GRAVITY_M_S2), ("m/s2", 1.0)])
def test_a_sine_has_the_sizes_of_a_sine(unit: str, to_m_s2: float) -> None:
    found = statistics(5.0 + 2.0 * np.sin(2.0 * np.pi * 150.0 * TIME_S), RATE_HZ, unit)
    assert found.rms == pytest.approx(2.0 / np.sqrt(2.0))
    assert found.peak == pytest.approx(2.0)
    assert found.crest == pytest.approx(np.sqrt(2.0))
    assert found.kurtosis == pytest.approx(1.5)
    velocity = 2.0 * to_m_s2 / (2.0 * np.pi * 150.0) / np.sqrt(2.0) * 1000.0
    assert found.velocity_rms_mm_s == pytest.approx(velocity, rel=1e-3)


def test_bands_hold_together_what_the_whole_holds() -> None:
    found = statistics(NOISE, RATE_HZ, "g")
    assert sum(band.rms**2 for band in found.bands) == pytest.approx(found.rms**2, rel=0.02)
    assert found.bands[-1].to_hz == RATE_HZ / 2.0
    assert found.kurtosis == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize(("rate_hz", "n"), [(1500.0, 48_000), (12_000.0, 3000)])
def test_velocity_is_not_told_where_its_band_is_not_held(rate_hz: float, n: int) -> None:
    assert statistics(NOISE[:n], rate_hz, "g").velocity_rms_mm_s is None


def test_a_clipped_signal_is_told_and_others_are_not() -> None:
    assert clipped_share(np.clip(np.sin(2 * np.pi * 3.0 * TIME_S), -0.8, 0.8)) > 0.3
    assert clipped_share(np.clip(NOISE, -1.0, 1.0)) > 0.001
    assert clipped_share(NOISE) == 0.0
    assert clipped_share(np.round(50.0 * np.sin(2 * np.pi * 3.0 * TIME_S))) == 0.0  # coarse steps


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (np.full(5000, 2.5), "All 5000 samples are 2.5: the sensor is dead"),
        (np.zeros(5000), "the sensor is dead"),
        (NOISE[:100], "A waveform of 100 samples says nothing. Send at least 256"),
        (np.where((TIME_S >= 1) & (TIME_S < 3), 0.0, NOISE), r"silent from 1\.000 s to 3\.000 s"),
        (np.where(TIME_S < 2.5, NOISE, NOISE[30_000]), r"silent from 2\.500 s to 4\.000 s"),
        (np.where(TIME_S == 1.0, 5.0, 0.0), r"silent from 1\.000 s to 4\.000 s"),
        (np.where(NOISE > 0.0, 1e308, -1e308), r"larger than 1e\+12"),
        (1e-13 * NOISE, "the sensor is dead"),
    ],
)
def test_what_is_no_waveform_is_refused(samples: np.ndarray, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        check_sensor(samples, RATE_HZ)


def test_a_signal_that_clips_for_a_while_or_has_coarse_steps_is_not_stuck() -> None:
    check_sensor(np.clip(np.sin(2 * np.pi * 3.0 * TIME_S), -0.8, 0.8), RATE_HZ)
    check_sensor(np.round(0.5 * NOISE), RATE_HZ)
