"""What vibration says of gears: energy per band, of the envelope too, and sidebands of the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from telltale.batch import FloatArray
from telltale.models.vibration.envelope import TINY, Spectrum, envelope_power

N_BANDS = 16  # of the waveform, from above 0 Hz to half the sampling rate
N_ENVELOPE_BANDS = 12  # of the envelope
SIDEBANDS = 3  # on each side of a mesh harmonic


class BandKind(StrEnum):
    """Which bands describe a window.

    Bands of the waveform show resonances of the assembly and so may tell one assembly from
    another; bands of the envelope show only how the vibration comes and goes.
    """

    ALL = "all"
    ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True)
class Bands:
    """Which bands are taken, for waveforms of one sampling rate.

    Attributes:
        rate_hz: Sampling rate.
        kind: All, or those of the envelope only.
        envelope_top_hz: Highest frequency of the envelope.
    """

    rate_hz: float
    kind: BandKind
    envelope_top_hz: float

    @property
    def per_channel(self) -> int:
        """How many numbers describe one channel of a window."""
        return N_ENVELOPE_BANDS + (N_BANDS if self.kind is BandKind.ALL else 0)


def band_levels(window: FloatArray, bands: Bands) -> FloatArray:
    """Return the logarithm of the power in each band, shape (channels * per_channel,).

    Args:
        window: Acceleration, shape (samples, channels).
        bands: Which.
    """
    found = []
    for channel in window.T:
        centred = channel - channel.mean()
        envelope = np.sqrt(envelope_power(centred))
        envelope = envelope / (envelope.mean() + TINY) - 1.0
        if bands.kind is BandKind.ALL:
            found.append(_levels(centred, bands.rate_hz, bands.rate_hz / 2.0, N_BANDS))
        found.append(_levels(envelope, bands.rate_hz, bands.envelope_top_hz, N_ENVELOPE_BANDS))
    return np.concatenate(found)


def _levels(signal: FloatArray, rate_hz: float, top_hz: float, n_bands: int) -> FloatArray:
    power = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    last = top_hz / rate_hz * len(signal)
    edges = np.rint(np.linspace(1.0, last + 1.0, n_bands + 1)).astype(np.int64)
    total = np.concatenate([[0.0], np.cumsum(power)])[np.minimum(edges, len(power))]
    levels: FloatArray = np.log(np.diff(total) + TINY)
    return levels


def sideband_ratio(
    spectrum: Spectrum, mesh_hz: float, shaft_hz: float, n_harmonics: int = 2
) -> float:
    """Return the power of the sidebands of the gear mesh over that of the mesh itself.

    A broken or worn tooth modulates the mesh once per turn of its shaft.

    Args:
        spectrum: Of acceleration, fine enough to part `mesh_hz` from `mesh_hz` + `shaft_hz`.
        mesh_hz: Teeth times shaft speed.
        shaft_hz: Of the wheel that is asked about.
        n_harmonics: Harmonics of the mesh that are summed.
    """
    orders = range(1, n_harmonics + 1)
    mesh = sum(_peak(spectrum, order * mesh_hz) for order in orders)
    sides = sum(
        _peak(spectrum, order * mesh_hz + side * shaft_hz)
        for order in orders
        for side in range(-SIDEBANDS, SIDEBANDS + 1)
        if side
    )
    return sides / mesh if mesh > 0.0 else float("nan")


def _peak(spectrum: Spectrum, frequency_hz: float) -> float:
    place = round(frequency_hz / spectrum.step_hz)
    near = spectrum.power[max(0, place - 1) : place + 2]
    return float(near.max()) if len(near) else 0.0
