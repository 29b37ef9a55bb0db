"""Pre-whitening, envelope and background, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.vibration.envelope import (
    Spectrum,
    background,
    envelope_power,
    kurtosis,
    log_envelope_spectrum,
    prewhitened,
    squared_envelope_spectrum,
)

RATE_HZ = 8000.0


def test_the_envelope_of_a_modulated_tone_is_its_modulation() -> None:
    time_s = np.arange(8000) / RATE_HZ
    modulation = 1.0 + 0.5 * np.cos(2.0 * np.pi * 25.0 * time_s)
    tone = modulation * np.cos(2.0 * np.pi * 1500.0 * time_s)
    np.testing.assert_allclose(envelope_power(tone), modulation**2, atol=1e-9)


def test_whitening_leaves_every_frequency_equally_strong() -> None:
    rng = np.random.default_rng(1)
    coloured = np.convolve(rng.normal(size=8000), np.ones(20) / 20.0, mode="same")
    white, rate_hz = prewhitened(coloured, RATE_HZ, RATE_HZ / 2.0)
    size = np.abs(np.fft.rfft(white))[1:-1]
    assert rate_hz == RATE_HZ
    np.testing.assert_allclose(size, size[0], rtol=1e-9)


def test_half_whitening_leaves_the_square_root_of_each_size() -> None:
    coloured = np.convolve(np.random.default_rng(6).normal(size=8000), np.ones(20), mode="same")
    half, _ = prewhitened(coloured, RATE_HZ, RATE_HZ / 2.0, strength=0.5)
    size = np.abs(np.fft.rfft(coloured - coloured.mean()))
    np.testing.assert_allclose(np.abs(np.fft.rfft(half))[1:-1], np.sqrt(size)[1:-1], rtol=1e-6)


def test_the_squared_envelope_of_a_modulated_tone_has_its_line_and_the_second_harmonic() -> None:
    time_s = np.arange(8000) / RATE_HZ
    modulation = 1.0 + 0.5 * np.cos(2.0 * np.pi * 25.0 * time_s)
    tone = modulation * np.cos(2.0 * np.pi * 1500.0 * time_s)
    power = squared_envelope_spectrum(tone, RATE_HZ).power
    # (1 + a cos)^2 = 1 + a^2/2 + 2 a cos + a^2/2 cos 2: amplitudes 1 and 1/8 for a = 1/2
    assert power[25] / power[50] == pytest.approx(64.0, rel=1e-3)


def test_frequencies_beyond_the_top_are_dropped_with_the_samples_that_carried_them() -> None:
    waveform = np.random.default_rng(2).normal(size=8000)
    white, rate_hz = prewhitened(waveform, RATE_HZ, 1000.0)
    assert rate_hz == pytest.approx(2000.0)
    assert len(white) == 2000


def test_the_log_envelope_has_its_line_where_the_modulation_is() -> None:
    time_s = np.arange(8000) / RATE_HZ
    noise = np.random.default_rng(3).normal(size=8000)
    spectrum = log_envelope_spectrum((1.2 + np.cos(2.0 * np.pi * 40.0 * time_s)) * noise, RATE_HZ)
    strongest_hz = spectrum.step_hz * float(spectrum.power[5:].argmax() + 5)
    assert strongest_hz == pytest.approx(40.0, abs=1.0)


def test_the_background_of_noise_is_its_mean_power_and_lines_do_not_lift_it() -> None:
    power = np.random.default_rng(4).exponential(3.0, 4000)
    power[::50] = 1e4
    assert background(Spectrum(0.5, power))[200:-200].mean() == pytest.approx(3.0, rel=0.1)


def test_noise_has_a_kurtosis_of_three_and_silence_has_none() -> None:
    assert kurtosis(np.random.default_rng(5).normal(size=100_000)) == pytest.approx(3.0, abs=0.1)
    assert np.isnan(kurtosis(np.zeros(1000)))
