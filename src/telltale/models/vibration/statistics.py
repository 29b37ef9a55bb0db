"""What a waveform is worth without knowing what turns: sizes, shape, velocity and bands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.vibration.envelope import TINY

STANDARD_GRAVITY_M_S2 = 9.80665
VELOCITY_HZ = (10.0, 1000.0)  # ISO 20816-1, 4.3: broad-band velocity
EDGES_HZ = (2.0, 10.0, 100.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 20_000.0, 40_000.0)
LEAST_SAMPLES = 256
BLOCK_SAMPLES = 2**18  # of a spectrum; of a longer waveform the mean of several
LEAST_VELOCITY_S = 0.5  # five periods of the lowest frequency
CLIPPED_RUN = 4  # samples in a row at the very top or bottom
CLIPPED_SHARE = 2e-4  # of all samples; below, it is one knock
LEAST_STEPS = 500  # of the recorder between bottom and top; fewer lie flat by themselves
DEAD_SHARE = 1e-9  # spread over the size of the mean: what rounding gives
SIZES = (1e-12, 1e12)  # smallest spread and largest size of an acceleration, in any unit or counts
STUCK_S = 0.1  # the same value for so long, and
STUCK_SAMPLES = 256  # for so many samples, is no vibration


@dataclass(frozen=True, slots=True)
class BandLevel:
    """RMS of one band, in the waveform's unit."""

    from_hz: float
    to_hz: float
    rms: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a waveform is worth by itself; the mean is taken off first.

    Attributes:
        rms, peak: In the waveform's unit.
        crest: Peak over RMS; 3 to 5 is noise.
        kurtosis: 3 is noise, 1.5 a sine, more is knocking.
        velocity_rms_mm_s: From 10 to 1,000 Hz; None where rate or length do not hold that band.
        bands: RMS by band.
    """

    rms: float
    peak: float
    crest: float
    kurtosis: float
    velocity_rms_mm_s: float | None
    bands: tuple[BandLevel, ...]


def statistics(waveform: FloatArray, rate_hz: float, unit: str) -> Statistics:
    """Return what a waveform of shape (n,) in "g" or "m/s2" is worth by itself."""
    centred = waveform - waveform.mean()
    squared = centred**2
    rms, peak = float(np.sqrt(squared.mean())), float(np.abs(centred).max())
    power, n_block = _power(centred)
    step_hz = rate_hz / n_block
    return Statistics(
        rms=rms,
        peak=peak,
        crest=peak / max(rms, TINY),
        kurtosis=float((squared**2).mean()) / max(rms**4, TINY),
        velocity_rms_mm_s=_velocity_mm_s(power, step_hz, rate_hz, unit),
        bands=_bands(power, step_hz, rate_hz),
    )


def check_sensor(waveform: FloatArray, rate_hz: float) -> None:
    """Refuse what is no waveform: too short, too large, dead or stuck. Raises ModelError."""
    if len(waveform) < LEAST_SAMPLES:
        raise ModelError(
            f"A waveform of {len(waveform)} samples says nothing. Send at least {LEAST_SAMPLES}; "
            "a bearing needs some seconds."
        )
    least, most = SIZES
    if not float(np.abs(waveform).max()) <= most:
        raise ModelError(
            f"Sample {int(np.abs(waveform).argmax()) + 1} is larger than {most:g}: no acceleration "
            "is. Check the file's number format and the scale."
        )
    mean = float(waveform.mean())
    if float(np.ptp(waveform)) <= max(DEAD_SHARE * abs(mean), least):
        raise ModelError(
            f"All {len(waveform)} samples are {mean:g}: the sensor is dead, or not connected. "
            "Check its cable and supply."
        )
    _check_moves(waveform, rate_hz)


def _check_moves(waveform: FloatArray, rate_hz: float) -> None:
    """Refuse a stretch of one value: a dropout's edges look like knocks. Raises ModelError."""
    changes = np.flatnonzero(np.diff(waveform)) + 1
    edges = np.concatenate(([0], changes, [len(waveform)]))
    longest = int(np.diff(edges).argmax())
    start, stop = int(edges[longest]), int(edges[longest + 1])
    if stop - start >= max(STUCK_SAMPLES, STUCK_S * rate_hz):
        raise ModelError(
            f"The signal is stuck or silent from {start / rate_hz:.3f} s to {stop / rate_hz:.3f} s:"
            f" all samples are {float(waveform[start]):g}. Check the sensor's cable, and record "
            "again or cut that part off."
        )


def clipped_share(waveform: FloatArray) -> float:
    """Return which share of the samples lies flat at the top or bottom; 0 if it is not clipped."""
    is_flat = np.zeros(len(waveform), dtype=np.bool_)
    for end in (waveform.max(), waveform.min()):
        at_end = (waveform == end).astype(np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], at_end, [0]))))
        for start, stop in edges.reshape(-1, 2):
            is_flat[start:stop] |= stop - start >= CLIPPED_RUN
    share = float(is_flat.mean())
    if share < CLIPPED_SHARE or float(np.ptp(waveform)) < LEAST_STEPS * _step(waveform):
        return 0.0
    return share


def _step(waveform: FloatArray) -> float:
    """Return the smallest difference between two values: the recorder's step."""
    return float(np.diff(np.unique(waveform)).min(initial=np.inf))


def _power(centred: FloatArray) -> tuple[FloatArray, int]:
    """Return the mean square that each frequency holds, and the samples of one spectrum.

    Source:
        Welch, The use of fast Fourier transform for the estimation of power spectra, IEEE
        Transactions on Audio and Electroacoustics 15 (1967); blocks without overlap.
    """
    n_block = min(len(centred), BLOCK_SAMPLES)
    window = np.hanning(n_block)
    starts = range(0, len(centred) - n_block + 1, n_block)
    size = np.zeros(n_block // 2 + 1)
    for start in starts:
        size += np.abs(np.fft.rfft(centred[start : start + n_block] * window)) ** 2
    size[1:-1] *= 2.0  # the negative frequencies
    power: FloatArray = size / (len(starts) * n_block * float((window**2).sum()))
    return power, n_block


def _velocity_mm_s(power: FloatArray, step_hz: float, rate_hz: float, unit: str) -> float | None:
    low, high = VELOCITY_HZ
    if rate_hz < 2.0 * high or step_hz * LEAST_VELOCITY_S > 1.0:
        return None
    frequency = np.arange(len(power)) * step_hz
    is_in = (frequency >= low) & (frequency <= high)
    squared = power[is_in] / (2.0 * np.pi * frequency[is_in]) ** 2
    to_m_s2 = STANDARD_GRAVITY_M_S2 if unit == "g" else 1.0
    return float(np.sqrt(squared.sum())) * to_m_s2 * 1000.0


def _bands(power: FloatArray, step_hz: float, rate_hz: float) -> tuple[BandLevel, ...]:
    top_hz = rate_hz / 2.0
    edges = [edge for edge in EDGES_HZ if edge < top_hz] + [top_hz]
    found = []
    for low, high in pairwise(edges):
        start, stop = (int(np.ceil(edge / step_hz)) for edge in (low, high))
        found.append(BandLevel(low, high, float(np.sqrt(power[start:stop].sum()))))
    return tuple(found)
