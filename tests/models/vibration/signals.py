"""Waveforms of damaged bearings and gears, made from what damage does."""

from __future__ import annotations

import numpy as np

from telltale.batch import FloatArray
from telltale.models.vibration.bearings import FaultOrders, Part
from telltale.models.vibration.lines import Comb, comb_of

RATE_HZ = 12_000.0
SHAFT_RPM = 1772.0
RESONANCE_HZ, DAMPING_PER_S = 3100.0, 900.0
JITTER = 0.01  # of the time between two strikes


def bearing_waveform(
    part: Part | None,
    orders: FaultOrders,
    rng: np.random.Generator,
    *,
    seconds: float = 2.0,
    strength: float = 1.0,
    shaft_rpm: float = SHAFT_RPM,
    rate_hz: float = RATE_HZ,
) -> FloatArray:
    """Return noise, a little imbalance, and the ringing that each strike of the damage causes."""
    n, shaft_hz = round(seconds * rate_hz), shaft_rpm / 60.0
    time_s = np.arange(n) / rate_hz
    waveform = rng.normal(0.0, 0.2, n) + 0.3 * np.sin(2.0 * np.pi * shaft_hz * time_s)
    if part is None:
        return waveform
    comb = comb_of(orders, part)
    return waveform + strength * struck(comb, rng, n, shaft_hz=shaft_hz, rate_hz=rate_hz)


def struck(
    comb: Comb, rng: np.random.Generator, n: int, *, shaft_hz: float, rate_hz: float = RATE_HZ
) -> FloatArray:
    """Return n samples of the ringing that strikes of one damage cause."""
    seconds, period_s = n / rate_hz, 1.0 / (comb.order * shaft_hz)
    gaps_s = period_s * (1.0 + JITTER * rng.normal(size=int(seconds / period_s) + 2))
    strikes_s = np.cumsum(gaps_s)
    strikes_s = strikes_s[strikes_s < seconds]
    load = np.ones(len(strikes_s))
    if comb.sideband is not None:
        load = 0.6 + 0.4 * np.cos(2.0 * np.pi * comb.sideband * shaft_hz * strikes_s)
    impulses = np.zeros(n)
    np.add.at(impulses, (strikes_s * rate_hz).astype(np.int64), load)
    ring_s = np.arange(round(0.006 * rate_hz)) / rate_hz
    ring = np.exp(-DAMPING_PER_S * ring_s) * np.sin(2.0 * np.pi * RESONANCE_HZ * ring_s)
    return np.convolve(impulses, ring)[:n]


def gear_waveform(
    rng: np.random.Generator, *, seconds: float, rate_hz: float, broken: float = 0.0
) -> FloatArray:
    """Return two channels of a gear mesh, shape (n, 2); a broken tooth knocks once per turn."""
    n = round(seconds * rate_hz)
    turn = np.arange(n) / rate_hz * 30.0
    knock = broken * np.exp(-40.0 * (turn % 1.0))
    mesh = np.sin(2.0 * np.pi * 29.0 * turn) * (1.0 + knock)
    noise = rng.normal(0.0, 0.5, (n, 2))
    noise[:, 0] += mesh + knock * rng.normal(0.0, 2.0, n)
    noise[:, 1] += 0.5 * mesh
    return noise
