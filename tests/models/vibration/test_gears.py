"""A broken tooth is found by a model that has seen the healthy gear only."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.vibration.envelope import Spectrum
from telltale.models.vibration.gear_model import (
    GearCore,
    GearWindow,
    distances,
    fit_normal,
    learnt_gear,
    recording_score,
    whole_windows,
    window_levels,
)
from telltale.models.vibration.gears import BandKind, Bands, band_levels, mesh_of, sideband_ratio
from tests.models.vibration.signals import gear_waveform

RATE_HZ = 4000.0
MADE = ((1, 0.0), (2, 0.0), (3, 6.0))  # seed and how much a broken tooth knocks


def levels_of(seed: int, knock: float, bands: Bands) -> FloatArray:
    rng = np.random.default_rng(seed)
    waveform = gear_waveform(rng, seconds=30.0, rate_hz=RATE_HZ, broken=knock)
    return window_levels(whole_windows(waveform, 800), bands)


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
    window = GearWindow(("a1", "a2"), bands, 400)
    levels = window.levels(np.zeros((4000, 2)))
    with pytest.raises(ModelError, match="Record at least 11 s"):
        learnt_gear([levels], window, data="short")


def test_a_whole_recording_is_told_more_surely_than_its_windows() -> None:
    window = GearWindow(("a1", "a2"), Bands(RATE_HZ, BandKind.ALL, RATE_HZ / 4.0), 800)
    made = [
        gear_waveform(np.random.default_rng(seed), seconds=30.0, rate_hz=RATE_HZ, broken=knock)
        for seed, knock in ((1, 0.0), (2, 0.0), (3, 0.0), (4, 0.0), (5, 1.5))
    ]
    *healthy, fresh, broken = made
    card, files = learnt_gear([window.levels(each) for each in healthy], window, data="made")
    core = GearCore(card, files)
    assert recording_score(card, core, fresh) < 1.0 < recording_score(card, core, broken)
    assert (core.run(whole_windows(broken, 800)) > 1.0).mean() < 0.5
    with pytest.raises(ModelError, match="less than a window of 800"):
        recording_score(card, core, fresh[:799])


def test_the_mesh_is_found_where_the_speed_is_not_quite_what_was_said() -> None:
    time_s = np.arange(round(8 * RATE_HZ)) / RATE_HZ
    mesh_hz, shaft_hz = 29 * 30.2, 30.2
    modulated = 1.0 + 0.5 * np.cos(2.0 * np.pi * shaft_hz * time_s)
    waveform = modulated * np.cos(2.0 * np.pi * mesh_hz * time_s)
    waveform += np.random.default_rng(6).normal(0.0, 0.1, len(waveform))
    found = mesh_of(waveform, RATE_HZ, 30.0, 29)
    assert found.mesh_hz == pytest.approx(mesh_hz, abs=0.1)
    assert found.sideband_ratio == pytest.approx(2 * 0.25**2, rel=0.25)
    beside = [line for line in found.lines if line.harmonic == 1 and abs(line.sideband) == 1]
    assert all(line.ratio > 1000.0 for line in beside)
    with pytest.raises(ModelError, match=r"Record at least 0\.3 s"):
        mesh_of(waveform[:800], RATE_HZ, 30.0, 29)
    assert {line.harmonic for line in mesh_of(waveform, RATE_HZ, 30.0, 44).lines} == {1}
    with pytest.raises(ModelError, match="4443 Hz or more"):
        mesh_of(waveform, RATE_HZ, 30.0, 70)
