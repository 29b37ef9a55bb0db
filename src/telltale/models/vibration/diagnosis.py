"""Which part of a bearing is damaged, with the evidence; or that it is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.vibration.bearings import FREQUENCY_NAMES, PARTS, FaultOrders
from telltale.models.vibration.envelope import (
    kurtosis,
    log_envelope_spectrum,
    prewhitened,
    squared_envelope_spectrum,
)
from telltale.models.vibration.lines import HARMONICS, Line, line_spectrum, lines, weights

LEAST_WEIGHT = 4.0  # nats over what is found where nothing should be; below, no part is named
LEAST_SHARE = 0.75  # of the three parts' evidence; below, two parts fit
IMPULSIVE = 3.5  # kurtosis of a whitened waveform; noise has 3.0 to 3.2
CLEAR_CHANCE = 0.01  # a line counts as standing out when noise gives it less often
HALF = 0.5  # strength of whitening in the second view: full strength lifts noise over weak knocks
MIN_TURNS = 15.0  # of the shaft in a window: fewer, and the parts' lines run into each other


class Answer(StrEnum):
    """What can be said of a bearing from one window. `NONE` does not prove that it is sound."""

    OUTER_RACE = "outer_race"
    INNER_RACE = "inner_race"
    BALL = "ball"
    NONE = "none"  # no line stands out, and nothing knocks
    UNCLEAR = "unclear"  # something knocks without a clear pattern, or two parts fit


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What one window says.

    Attributes:
        answer: The part, none or unclear.
        weight: Evidence for each of `PARTS` in nats, shape (3,); below about 1 is noise.
        share: How it is divided if one of the parts is damaged, shape (3,), adds up to 1.
        kurtosis: Of the whitened waveform; 3 is noise, more is knocking.
        lines: The lines of the part with the most evidence.
        sentence: The answer for people.
    """

    answer: Answer
    weight: FloatArray
    share: FloatArray
    kurtosis: float
    lines: tuple[Line, ...]
    sentence: str


def diagnose(
    waveform: FloatArray, rate_hz: float, shaft_rpm: float, orders: FaultOrders, top_hz: float
) -> Diagnosis:
    """Diagnose a bearing from one window of acceleration, by physics alone.

    Two views of the envelope are weighed and their evidence averaged: the logarithm after full
    whitening, which strong knocks and resonances cannot mislead, and the square after half
    whitening, which still sees weak knocks in noise.

    Args:
        waveform: Acceleration, any unit, shape (n,).
        rate_hz: Sampling rate.
        shaft_rpm: Shaft speed, known to about 1 %.
        orders: The bearing's fault frequencies.
        top_hz: Highest frequency that is used.

    Raises:
        ModelError: The window is too short for this speed.
    """
    shaft_hz = shaft_rpm / 60.0
    turns = len(waveform) / rate_hz * shaft_hz
    if turns < MIN_TURNS:
        raise ModelError(
            f"bearing diagnosis: a window of {len(waveform)} samples at {rate_hz:g} Hz is "
            f"{turns:.1f} turns of the shaft; give at least {MIN_TURNS:g}."
        )
    white, white_hz = prewhitened(waveform, rate_hz, top_hz)
    even, _ = prewhitened(waveform, rate_hz, top_hz, strength=HALF)
    views = (log_envelope_spectrum(white, white_hz), squared_envelope_spectrum(even, white_hz))
    spectra = [line_spectrum(view, shaft_hz, orders) for view in views]
    of_views = np.stack([weights(spectrum, orders) for spectrum in spectra])
    weight, knocking = of_views.mean(axis=0), kurtosis(white)
    best = int(weight.argmax())
    found = lines(spectra[int(of_views[:, best].argmax())], orders, PARTS[best])
    answer = answered(weight, knocking)
    sentence = _sentence(answer, weight, found, shaft_rpm)
    return Diagnosis(answer, weight, shares(weight), knocking, found, sentence)


def shares(weight: FloatArray) -> FloatArray:
    """Return how the evidence is divided between the parts, shape (..., 3), adding up to 1."""
    odds = np.exp(weight - weight.max(axis=-1, keepdims=True))
    divided: FloatArray = odds / odds.sum(axis=-1, keepdims=True)
    return divided


def answered(weight: FloatArray, knocking: float) -> Answer:
    """Return the answer that evidence of shape (3,) and a kurtosis allow."""
    best = int(weight.argmax())
    if weight[best] >= LEAST_WEIGHT:
        is_clear = shares(weight)[best] >= LEAST_SHARE
        return Answer(PARTS[best].value) if is_clear else Answer.UNCLEAR
    return Answer.NONE if knocking < IMPULSIVE else Answer.UNCLEAR


def joined(diagnoses: Sequence[Diagnosis]) -> Answer:
    """Return the answer of several windows of one recording together: their mean evidence."""
    weight = np.mean([each.weight for each in diagnoses], axis=0)
    return answered(weight, float(np.median([each.kurtosis for each in diagnoses])))


def _sentence(answer: Answer, weight: FloatArray, found: Sequence[Line], shaft_rpm: float) -> str:
    best = PARTS[int(weight.argmax())]
    harmonics = [line for line in found if line.sideband == 0]
    clear = [line for line in harmonics if line.chance < CLEAR_CHANCE]
    strongest = max(harmonics, key=lambda line: line.ratio)
    at = f"{FREQUENCY_NAMES[best]} ({harmonics[0].frequency_hz:.1f} Hz at {shaft_rpm:.0f} rpm)"
    told = (
        f"{len(clear)} of {HARMONICS} harmonics of {at} stand out, the strongest "
        f"{strongest.ratio:.0f} times over the background"
    )
    part = best.value.replace("_", " ")
    if answer is Answer.NONE:
        return f"No line of this bearing stands out and nothing knocks: {told}."
    if answer is Answer.UNCLEAR:
        return f"Unclear: closest to damage of the {part}, but {told}."
    sides = [line for line in found if line.sideband and line.chance < CLEAR_CHANCE]
    beside = f", with {len(sides)} sidebands" if sides else ""
    return f"Damage of the {part}: {told}{beside}."
