"""The envelope of a pre-whitened waveform and its spectrum, by FFT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from telltale.batch import FloatArray

FLOOR_SHARE = 1e-3  # of the mean power, so that the logarithm of a silent instant stays finite
BACKGROUND_HZ = 60.0  # width over which the local background is taken
TINY = 1e-30
EDGE_SHARE = 0.05  # of a window at either end: the FFT takes it as a ring, and the joint is a jump


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Power over frequency.

    Attributes:
        step_hz: Between two bins; bin 0 is 0 Hz.
        power: Shape (bins,).
    """

    step_hz: float
    power: FloatArray


def prewhitened(
    waveform: FloatArray, rate_hz: float, top_hz: float, *, strength: float = 1.0
) -> tuple[FloatArray, float]:
    """Return a waveform whose frequencies are evened out, and its sampling rate in Hz.

    Cepstrum pre-whitening: the spectrum is divided by its own size, so that neither resonances
    nor gear tones hide what repeats. At full strength every frequency is equally strong, also
    those that hold nothing but noise; half strength keeps part of the differences. Frequencies
    above `top_hz` are dropped, and with them the samples that carried them.

    Args:
        waveform: Shape (n,), any unit.
        rate_hz: Its sampling rate.
        top_hz: Highest frequency that is kept.
        strength: 0 leaves the spectrum's sizes, 1 makes them equal.

    Source:
        Borghesani, Pennacchi, Randall, Sawalhi, Ricci, Application of cepstrum pre-whitening for
        the diagnosis of bearing faults under variable speed conditions, MSSP 36 (2013).
    """
    spectrum = np.fft.rfft(waveform - waveform.mean())
    n_kept = min(len(spectrum), int(top_hz / rate_hz * len(waveform)) + 1)
    white = spectrum[:n_kept] / (np.abs(spectrum[:n_kept]) + TINY) ** strength
    white[0] = 0.0
    n = 2 * (n_kept - 1)
    flat: FloatArray = np.fft.irfft(white, n)
    return flat, rate_hz * n / len(waveform)


def envelope_power(waveform: FloatArray) -> FloatArray:
    """Return the squared size of the analytic signal (Hilbert, by FFT), shape (n,)."""
    n = len(waveform)
    half = np.fft.rfft(waveform)
    analytic = np.zeros(n, dtype=np.complex128)
    analytic[: len(half)] = 2.0 * half
    analytic[0] = 0.0
    squared: FloatArray = np.abs(np.fft.ifft(analytic)) ** 2
    return squared


def log_envelope_spectrum(waveform: FloatArray, rate_hz: float) -> Spectrum:
    """Return the spectrum of the envelope's logarithm: one strong knock does not cover the rest.

    Source:
        Borghesani and Shahriar, Cyclostationary analysis with logarithmic variance stabilisation,
        Mechanical Systems and Signal Processing 70 (2016).
    """
    squared = envelope_power(waveform)
    return power_spectrum(np.log(squared + FLOOR_SHARE * squared.mean()), rate_hz)


def squared_envelope_spectrum(waveform: FloatArray, rate_hz: float) -> Spectrum:
    """Return the spectrum of the squared envelope: weak knocks stand out of noise the most.

    Source:
        Randall and Antoni, Rolling element bearing diagnostics - a tutorial, Mechanical Systems
        and Signal Processing 25 (2011), section 5.
    """
    return power_spectrum(envelope_power(waveform), rate_hz)


def power_spectrum(signal: FloatArray, rate_hz: float) -> Spectrum:
    """Return the power of a signal of shape (n,), without its mean, in bins of rate_hz / n."""
    tapered = (signal - signal.mean()) * np.hanning(len(signal))
    return Spectrum(rate_hz / len(signal), np.abs(np.fft.rfft(tapered)) ** 2)


def background(spectrum: Spectrum, width_hz: float = BACKGROUND_HZ) -> FloatArray:
    """Return the mean power of the noise around each bin, from medians that lines do not lift."""
    power = spectrum.power
    width = min(len(power), max(5, round(width_hz / spectrum.step_hz)))
    step = max(1, width // 4)
    medians = np.median(sliding_window_view(power, width)[::step], axis=1)
    centres = np.arange(len(medians)) * step + width / 2.0
    noise: FloatArray = np.interp(np.arange(len(power)), centres, medians) / np.log(2.0)
    return noise


def kurtosis(waveform: FloatArray) -> float:
    """Return the fourth moment over the squared second, without the window's ends; noise has 3."""
    edge = int(EDGE_SHARE * len(waveform))
    inner = waveform[edge : len(waveform) - edge]
    inner = inner - inner.mean()
    squared = inner**2
    power = float(np.mean(squared))
    return float(np.mean(squared**2)) / power**2 if power > 0.0 else float("nan")
