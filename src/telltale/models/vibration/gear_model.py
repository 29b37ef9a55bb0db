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
RECORDING_THRESHOLD = "recording_threshold"  # a setting: the limit of a recording's mean distance


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


@dataclass(frozen=True, slots=True)
class GearWindow:
    """What one window of a gear's vibration is.

    Attributes:
        channels: Names of the accelerometers, in the order of the columns.
        bands: Which bands describe it.
        samples: Its length.
    """

    channels: tuple[str, ...]
    bands: Bands
    samples: int

    @property
    def width(self) -> int:
        """How many numbers describe it."""
        return len(self.channels) * self.bands.per_channel

    def levels(self, recording: FloatArray) -> FloatArray:
        """Return the band levels of a recording of shape (n, channels), shape (windows, width)."""
        return window_levels(whole_windows(recording, self.samples), self.bands)


def learnt_gear(
    levels: Sequence[FloatArray], window: GearWindow, *, data: str
) -> tuple[Card, dict[str, bytes]]:
    """Learn what a healthy gear is like. No broken one is needed.

    Args:
        levels: Of healthy recordings, e.g. one per load, each of shape (windows, width) as
            `GearWindow.levels` gives them. With two or more, the thresholds come from recordings
            that were left out in turn.
        window: What a window is.
        data: What the recordings are, one sentence.

    Raises:
        ModelError: Too few windows to learn from.
    """
    n_windows = sum(map(len, levels))
    if n_windows < 2 * window.width:
        seconds = 2 * window.width * window.samples / window.bands.rate_hz
        raise ModelError(
            f"gear: {n_windows} windows of {window.samples} samples are too few for "
            f"{window.width} bands. Record at least {seconds:.0f} s."
        )
    normal = fit_normal(np.concatenate(levels))
    left_out = _left_out(levels) or [distances(levels[0], normal)]
    card = _card(window, left_out, n_windows, data)
    return card, {FILE: packed_arrays({"mean": normal.mean, "whitening": normal.whitening})}


def _card(window: GearWindow, left_out: Sequence[FloatArray], n_windows: int, data: str) -> Card:
    """Return the card; the distances are those of recordings left out of the fit."""
    bands = window.bands
    largest = max(float(each.max()) for each in left_out)
    largest_mean = max(float(each.mean()) for each in left_out)
    limits = Limits(warn_above=1.0, hysteresis=0.1, advice="Look at the teeth of the gear.")
    return Card(
        name="gear",
        title="Gear vibration against its healthy state",
        task="anomaly",
        runtime="gear",
        inputs={name: Input("1") for name in window.channels},
        columns=window.channels,
        window=Window(samples=window.samples),
        core_outputs=(SCORE,),
        outputs={SCORE: Output(title="Gear score", unit="1", scale=(0.0, 4.0), limits=limits)},
        settings={
            "rate_hz": bands.rate_hz,
            "envelope_top_hz": bands.envelope_top_hz,
            "bands": bands.kind.value,
            RECORDING_THRESHOLD: MARGIN * largest_mean,
        },
        threshold=Threshold(
            MARGIN * largest,
            f"{MARGIN:g} x the largest distance of a healthy recording left out of the fit",
        ),
        training=Training(data=data, is_simulated=False, rows=n_windows * window.samples),
    )


def recording_score(card: Card, core: GearCore, recording: FloatArray) -> float:
    """Return a recording's mean distance in multiples of its limit; it is 1 at the limit.

    The mean of many windows is steadier than one window, and has a tighter limit of its own.

    Raises:
        ModelError: It is shorter than one window.
    """
    windows = whole_windows(recording, card.window.samples)
    if not len(windows):
        raise ModelError(
            f"gear: {len(recording)} samples are less than a window of {card.window.samples}."
        )
    distance = float(core.run(windows).mean()) * threshold_of(card)
    return distance / setting(card, RECORDING_THRESHOLD)


def whole_windows(recording: FloatArray, samples: int) -> FloatArray:
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


def _left_out(levels: Sequence[FloatArray]) -> list[FloatArray]:
    """Return the distances of each recording from a fit of the others; none for a single one."""
    if len(levels) < 2:
        return []
    found = []
    for at, left_out in enumerate(levels):
        others = [each for place, each in enumerate(levels) if place != at]
        found.append(distances(left_out, fit_normal(np.concatenate(others))))
    return found
