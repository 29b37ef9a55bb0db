"""What vibration says of gears: energy per band, of the envelope too, and sidebands of the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.vibration.envelope import (
    TINY,
    Spectrum,
    background,
    envelope_power,
    power_spectrum,
)

N_BANDS = 16  # of the waveform, from above 0 Hz to half the sampling rate
N_ENVELOPE_BANDS = 12  # of the envelope
SIDEBANDS = 3  # on each side of a mesh harmonic
MESH_HARMONICS = 2
SPEED_ERROR = 0.015  # a mesh is looked for so far beside where the speed puts it
MESH_SAMPLES = 2**20  # of a long waveform: finer lines would only follow the speed's changes
LEAST_TURNS = 8.0  # of the shaft: fewer, and a sideband runs into its mesh


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


@dataclass(frozen=True, slots=True)
class MeshLine:
    """One line of a gear mesh.

    Attributes:
        harmonic: Of the mesh.
        sideband: How many turns of the shaft beside it; 0 is the mesh itself.
        expected_hz: Where the given speed puts it.
        frequency_hz: Where it was found.
        ratio: Its power over the background's.
    """

    harmonic: int
    sideband: int
    expected_hz: float
    frequency_hz: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Mesh:
    """The mesh of a gear in a waveform: its frequency as found, its sidebands, its lines."""

    mesh_hz: float
    sideband_ratio: float
    lines: tuple[MeshLine, ...]


def mesh_of(waveform: FloatArray, rate_hz: float, shaft_hz: float, teeth: int) -> Mesh:
    """Return the mesh of a gear with its sidebands, each over its background.

    Args:
        waveform: Acceleration, shape (n,).
        rate_hz: Sampling rate.
        shaft_hz: Turns per second, known to about 1 %; the mesh itself tells it better.
        teeth: Of the wheel on the shaft.

    Raises:
        ModelError: The waveform is too short, or its rate too low for this mesh.
    """
    waveform = waveform[:MESH_SAMPLES]
    expected_hz, turns = teeth * shaft_hz, len(waveform) / rate_hz * shaft_hz
    beside_hz = SIDEBANDS * shaft_hz
    n_harmonics = min(MESH_HARMONICS, int((rate_hz / 2.0 - beside_hz) / _latest(expected_hz)))
    if turns < LEAST_TURNS or n_harmonics < 1:
        raise ModelError(
            f"gear: {turns:.1f} turns of the shaft at {rate_hz:g} Hz do not show the sidebands of "
            f"a mesh at {expected_hz:.0f} Hz. Record at least {LEAST_TURNS / shaft_hz:.1f} s at "
            f"{2.0 * (_latest(expected_hz) + beside_hz):.0f} Hz or more."
        )
    spectrum = power_spectrum(waveform, rate_hz)
    mesh_hz = _strongest_hz(spectrum, expected_hz)
    turn_hz = mesh_hz / teeth
    ratio = spectrum.power / np.maximum(background(spectrum), TINY)
    lines = tuple(
        _mesh_line(Spectrum(spectrum.step_hz, ratio), (harmonic, side), teeth, shaft_hz, turn_hz)
        for harmonic in range(1, n_harmonics + 1)
        for side in range(-SIDEBANDS, SIDEBANDS + 1)
    )
    return Mesh(mesh_hz, sideband_ratio(spectrum, mesh_hz, turn_hz, n_harmonics), lines)


def _mesh_line(
    ratio: Spectrum, line: tuple[int, int], teeth: int, shaft_hz: float, turn_hz: float
) -> MeshLine:
    order = line[0] * teeth + line[1]
    found_hz = order * turn_hz
    return MeshLine(*line, order * shaft_hz, found_hz, _peak(ratio, found_hz))


def _latest(expected_hz: float) -> float:
    """Return the highest frequency at which a mesh may be found."""
    return expected_hz * (1.0 + SPEED_ERROR)


def _strongest_hz(spectrum: Spectrum, expected_hz: float) -> float:
    """Return where the strongest line lies near a frequency."""
    start = int((1.0 - SPEED_ERROR) * expected_hz / spectrum.step_hz)
    stop = int(np.ceil(_latest(expected_hz) / spectrum.step_hz)) + 1
    return float(start + spectrum.power[start:stop].argmax()) * spectrum.step_hz


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
