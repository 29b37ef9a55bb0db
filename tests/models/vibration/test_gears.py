"""A broken tooth is found by a model that has seen the healthy gear only."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.vibration.envelope import Spectrum
from telltale.models.vibration.gear_model import (
    distances,
    fit_normal,
    learnt_gear,
    window_levels,
    windows_of,
)
from telltale.models.vibration.gears import BandKind, Bands, band_levels, sideband_ratio
from tests.models.vibration.signals import gear_waveform

RATE_HZ = 4000.0
MADE = ((1, 0.0), (2, 0.0), (3, 6.0))  # seed and how much a broken tooth knocks


def levels_of(seed: int, knock: float, bands: Bands) -> FloatArray:
    rng = np.random.default_rng(seed)
    waveform = gear_waveform(rng, seconds=30.0, rate_hz=RATE_HZ, broken=knock)
    return window_levels(windows_of(waveform, 800), bands)


@pytest.mark.parametrize("kind", BandKind)
def test_nine_in_ten_windows_of_a_broken_tooth_are_farther_than_any_healthy_one(
    kind: BandKind,
) -> None:
    bands = Bands(RATE_HZ, kind, RATE_HZ / 4.0)
    healthy, fresh, broken = (levels_of(seed, knock, bands) for seed, knock in MADE)
    normal = fit_normal(healthy)
    assert distances(healthy, normal).mean() == pytest.approx(1.0, abs=0.1)
    farthest = distances(fresh, normal).max()
    assert (distances(broken, normal) > farthest).mean() > 0.9


def test_the_distance_of_a_row_is_the_same_bits_among_any_others() -> None:
    levels = np.random.default_rng(4).normal(size=(300, 20))
    normal = fit_normal(levels)
    whole = distances(levels, normal)
    alone = np.concatenate([distances(levels[at : at + 1], normal) for at in range(300)])
    np.testing.assert_array_equal(whole, alone)


def test_band_levels_follow_the_scale_of_the_signal_and_the_envelope_does_not() -> None:
    window = np.random.default_rng(5).normal(size=(1000, 1))
    bands = Bands(RATE_HZ, BandKind.ALL, RATE_HZ / 4.0)
    once, louder = band_levels(window, bands), band_levels(10.0 * window, bands)
    np.testing.assert_allclose(louder[:16] - once[:16], np.log(100.0), rtol=1e-9)
    np.testing.assert_allclose(louder[16:], once[16:], rtol=1e-9)


def test_modulation_of_the_mesh_shows_as_sidebands() -> None:
    time_s = np.arange(8000) / RATE_HZ
    ratios = []
    for depth in (0.0, 0.4):
        mesh = (1.0 + depth * np.cos(2.0 * np.pi * 10.0 * time_s)) * np.cos(
            2.0 * np.pi * 400.0 * time_s
        )
        spectrum = Spectrum(0.5, np.abs(np.fft.rfft(mesh * np.hanning(8000))) ** 2)
        ratios.append(sideband_ratio(spectrum, 400.0, 10.0, n_harmonics=1))
    assert ratios[0] < 1e-6
    assert ratios[1] == pytest.approx(2 * 0.2**2, rel=0.02)  # two sidebands of half the depth


def test_too_short_a_recording_is_refused_with_the_length_that_is_needed() -> None:
    bands = Bands(RATE_HZ, BandKind.ALL, RATE_HZ / 4.0)
    with pytest.raises(ModelError, match="Record at least 11 s"):
        learnt_gear([np.zeros((4000, 2))], ("a1", "a2"), bands, 400, data="short")
