"""The bearing diagnosis as a model: an acceleration waveform in, evidence for each part out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.base import Evidence
from telltale.models.card import Card, Input, Measured, Training, Window
from telltale.models.vibration.bearings import PARTS, Bearing
from telltale.models.vibration.diagnosis import IMPULSIVE, LEAST_WEIGHT, diagnose
from telltale.models.vibration.examination import WINDOW_S
from telltale.models.vibration.waveform_model import WaveformModel, setting
from telltale.profiles.schema import Limits, Output

WEIGHTS = tuple(f"{part}_evidence" for part in PARTS)
KNOCKING = "bearing_knocking"
TITLES = ("Outer race damage", "Inner race damage", "Ball damage")


class BearingCore:
    """Diagnoses each window by itself. Columns: acceleration, then shaft speed in rpm.

    Gives each part's evidence and the kurtosis, both in multiples of what is needed to speak
    of damage.
    """

    def __init__(self, card: Card) -> None:
        geometry = card.settings.get("bearing")
        try:
            self._orders = Bearing(**geometry).orders()  # type: ignore[arg-type]
        except TypeError:
            raise ModelError(
                f"{card.name}/card.json: settings.bearing is {geometry!r}. Give name, n_balls, "
                "ball_diameter_mm, pitch_diameter_mm and contact_angle_deg."
            ) from None
        self._rate_hz, self._top_hz = setting(card, "rate_hz"), setting(card, "top_hz")

    def run(self, windows: FloatArray) -> FloatArray:
        """Return evidence for outer race, inner race and ball, and knocking, shape (m, 4)."""
        found = np.full((len(windows), len(PARTS) + 1), np.nan)
        for at, window in enumerate(windows):
            shaft_rpm = float(window[:, 1].mean())
            if shaft_rpm > 0.0 and window[:, 0].any():
                found[at] = self._of(window[:, 0], shaft_rpm)
        return found

    def _of(self, waveform: FloatArray, shaft_rpm: float) -> FloatArray:
        """Return what one window says, shape (4,); NaN at a speed at which it cannot tell."""
        try:
            seen = diagnose(waveform, self._rate_hz, shaft_rpm, self._orders, self._top_hz)
        except ModelError:
            return np.full(len(PARTS) + 1, np.nan)
        return np.append(seen.weight / LEAST_WEIGHT, seen.kurtosis / IMPULSIVE)

    def evidence(self, windows: FloatArray) -> Evidence | None:
        """Return nothing: one channel is all the evidence; `diagnose` gives the lines."""
        return None


def bearing_model(card: Card, files: Mapping[str, bytes]) -> WaveformModel:
    """Return the model of a card whose runtime is `bearing`; it needs no files."""
    return WaveformModel(card, BearingCore(card))


def bearing_card(
    bearing: Bearing, rate_hz: float, *, top_hz: float, quality: tuple[Measured, ...] = ()
) -> Card:
    """Return the card that watches a bearing.

    Args:
        bearing: Its geometry: all that is needed, nothing is learnt.
        rate_hz: Sampling rate of `acceleration_g`.
        top_hz: Highest frequency used.
        quality: What was measured of it.
    """
    limits = Limits(
        warn_above=1.0,
        hysteresis=0.2,
        advice="Plan an inspection of the bearing; look at the lines of its diagnosis.",
        source=f"{LEAST_WEIGHT:g} nats over what is found where no fault draws lines",
    )
    outputs = {
        name: Output(title=title, unit="1", scale=(0.0, 4.0), limits=limits)
        for name, title in zip(WEIGHTS, TITLES, strict=True)
    }
    return Card(
        name="bearing",
        title=f"Bearing {bearing.name} by its fault frequencies",
        task="fault",
        runtime="bearing",
        inputs={"acceleration_g": Input("g"), "speed_rpm": Input("rpm")},
        columns=("acceleration_g", "speed_rpm"),
        window=Window(samples=round(WINDOW_S * rate_hz)),
        core_outputs=(*WEIGHTS, KNOCKING),
        outputs={**outputs, KNOCKING: Output(title="Knocking", unit="1", scale=(0.0, 4.0))},
        settings={"rate_hz": rate_hz, "top_hz": top_hz, "bearing": asdict(bearing)},
        training=Training(data="None: geometry and physics only.", is_simulated=False),
        quality=quality,
    )
