"""The gear detector: how far a window's bands are from those of the healthy gear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, Input, Threshold, Training, Window, threshold_of
from telltale.models.folder import packed_arrays
from telltale.models.numeric import product, row_sums
from telltale.models.parameters import FILE, Parameters
from telltale.models.shares import shares_of
from telltale.models.vibration.gears import BandKind, Bands, band_levels
from telltale.models.vibration.waveform_model import WaveformModel, setting
from telltale.profiles.schema import Limits, Output

SHRINKAGE = 0.05  # of the correlations towards none
MARGIN = 1.2  # over the largest distance of a healthy recording that was not learnt from
TINY = 1e-9
SCORE = "gear_score"


@dataclass(frozen=True, slots=True, eq=False)
class Normal:
    """What the healthy gear is like.

    Attributes:
        mean: Of each band level, shape (b,).
        whitening: Takes deviations to independent ones of spread 1, shape (b, b).
    """

    mean: FloatArray
    whitening: FloatArray


def fit_normal(levels: FloatArray) -> Normal:
    """Return what band levels of a healthy gear, shape (m, b), have in common."""
    mean, spread = levels.mean(axis=0), levels.std(axis=0) + TINY
    standard = (levels - mean) / spread
    correlation = standard.T @ standard / max(1, len(levels) - 1)
    shrunk = (1.0 - SHRINKAGE) * correlation + SHRINKAGE * np.eye(levels.shape[1])
    lower = np.linalg.cholesky(np.linalg.inv(shrunk))
    return Normal(mean, lower / spread[:, None])


def distances(levels: FloatArray, normal: Normal) -> FloatArray:
    """Return the mean squared independent deviation of each row, shape (m,); about 1 is normal."""
    deviations = product(levels - normal.mean, normal.whitening)
    mean_squares: FloatArray = row_sums(deviations**2) / levels.shape[1]
    return mean_squares


def window_levels(windows: FloatArray, bands: Bands) -> FloatArray:
    """Return the band levels of windows of shape (m, samples, channels), shape (m, b)."""
    width = windows.shape[2] * bands.per_channel
    found = np.empty((len(windows), width))
    for at, window in enumerate(windows):
        found[at] = band_levels(window, bands)
    return found


class GearCore:
    """Gives each window's distance from normal, in multiples of the threshold."""

    def __init__(self, card: Card, files: Mapping[str, bytes]) -> None:
        read = Parameters(card, files)
        self._bands = _bands_of(card)
        self._threshold = threshold_of(card)
        width = len(card.columns) * self._bands.per_channel
        self._normal = Normal(read.take("mean", width), read.take("whitening", width, width))

    def run(self, windows: FloatArray) -> FloatArray:
        """Return the score, shape (m, 1)."""
        levels = window_levels(windows, self._bands)
        return distances(levels, self._normal)[:, None] / self._threshold

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return which accelerometer the distance comes from: terms of the quadratic form."""
        deviations = window_levels(windows, self._bands) - self._normal.mean
        weighted = product(deviations, self._normal.whitening)
        terms = deviations * product(weighted, np.ascontiguousarray(self._normal.whitening.T))
        by_channel = terms.reshape(len(windows), -1, self._bands.per_channel).sum(axis=2)
        unknown = np.full(by_channel.shape, np.nan)
        return Evidence(shares_of(by_channel), unknown, unknown.copy(), unknown.copy())


def gear_model(card: Card, files: Mapping[str, bytes]) -> WaveformModel:
    """Return the model of a card whose runtime is `gear`."""
    return WaveformModel(card, GearCore(card, files))


def learnt_gear(
    healthy: Sequence[FloatArray],
    channels: Sequence[str],
    bands: Bands,
    samples: int,
    *,
    data: str,
) -> tuple[Card, dict[str, bytes]]:
    """Learn what a healthy gear is like. No broken one is needed.

    Args:
        healthy: Recordings, e.g. one per load, each of shape (n, channels). With two or more,
            the threshold comes from recordings that were left out in turn.
        channels: Names of the accelerometers, in the order of the columns.
        bands: Which bands describe a window.
        samples: Of one window.
        data: What the recordings are, one sentence.

    Raises:
        ModelError: Too few windows to learn from.
    """
    levels = [window_levels(windows_of(recording, samples), bands) for recording in healthy]
    n_windows, width = sum(map(len, levels)), len(channels) * bands.per_channel
    if n_windows < 2 * width:
        raise ModelError(
            f"gear: {n_windows} windows of {samples} samples are too few for {width} bands. "
            f"Record at least {2 * width * samples / bands.rate_hz:.0f} s."
        )
    normal = fit_normal(np.concatenate(levels))
    largest = max(_left_out(levels), default=float(distances(levels[0], normal).max()))
    arrays = {"mean": normal.mean, "whitening": normal.whitening}
    limits = Limits(warn_above=1.0, hysteresis=0.1, advice="Look at the teeth of the gear.")
    card = Card(
        name="gear",
        title="Gear vibration against its healthy state",
        task="anomaly",
        runtime="gear",
        inputs={name: Input("1") for name in channels},
        columns=tuple(channels),
        window=Window(samples=samples),
        core_outputs=(SCORE,),
        outputs={SCORE: Output(title="Gear score", unit="1", scale=(0.0, 4.0), limits=limits)},
        settings={
            "rate_hz": bands.rate_hz,
            "envelope_top_hz": bands.envelope_top_hz,
            "bands": bands.kind.value,
        },
        threshold=Threshold(
            MARGIN * largest,
            f"{MARGIN:g} x the largest distance of a healthy recording left out of the fit",
        ),
        training=Training(
            data=data, is_simulated=False, rows=sum(len(recording) for recording in healthy)
        ),
    )
    return card, {FILE: packed_arrays(arrays)}


def windows_of(recording: FloatArray, samples: int) -> FloatArray:
    """Return the whole windows of a recording of shape (n, channels), without overlap."""
    n = len(recording) // samples
    return recording[: n * samples].reshape(n, samples, recording.shape[1])


def _bands_of(card: Card) -> Bands:
    kind = card.settings.get("bands")
    if kind not in tuple(BandKind):
        raise ModelError(
            f"{card.name}/card.json: settings.bands is {kind!r}. Known: {', '.join(BandKind)}."
        )
    return Bands(setting(card, "rate_hz"), BandKind(kind), setting(card, "envelope_top_hz"))


def _left_out(levels: Sequence[FloatArray]) -> list[float]:
    """Return the largest distance in each recording from a fit of the others."""
    if len(levels) < 2:
        return []
    found = []
    for at, left_out in enumerate(levels):
        others = [each for place, each in enumerate(levels) if place != at]
        found.append(float(distances(left_out, fit_normal(np.concatenate(others))).max()))
    return found
