"""Which part of a bearing is damaged, with the evidence; or that it is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from telltale.batch import FloatArray
from telltale.errors import ModelError
from telltale.models.vibration.bearings import CAGE_NAME, FREQUENCY_NAMES, PARTS, FaultOrders
from telltale.models.vibration.envelope import (
    kurtosis,
    log_envelope_spectrum,
    prewhitened,
    squared_envelope_spectrum,
)
from telltale.models.vibration.lines import (
    HARMONICS,
    SLIP,
    Comb,
    Line,
    LineSpectrum,
    cage_comb,
    cage_weight,
    comb_of,
    highest_order,
    line_spectrum,
    lines,
    weights,
)

LEAST_WEIGHT = 4.0  # nats over what is found where nothing should be; below, no part is named
LEAST_SHARE = 0.75  # of the three parts' evidence; below, two parts fit
IMPULSIVE = 3.5  # kurtosis of a whitened waveform; noise has 3.0 to 3.2
HALF = 0.5  # strength of whitening in the second view: full strength lifts noise over weak knocks
MIN_TURNS = 15.0  # of the shaft in a window: fewer, and the parts' lines run into each other


class Answer(StrEnum):
    """What can be said of a bearing from one window. `NONE` does not prove that it is sound."""

    OUTER_RACE = "outer_race"
    INNER_RACE = "inner_race"
    BALL = "ball"
    CAGE = "cage"
    NONE = "none"  # no line stands out, and nothing knocks
    UNCLEAR = "unclear"  # something knocks without a clear pattern, or two parts fit


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """What one window says.

    Attributes:
        answer: The part, none or unclear.
        weight: Evidence for each of `PARTS` in nats, shape (3,); below about 1 is noise.
        cage_weight: Evidence for a damaged cage in nats.
        share: How it is divided if one of the parts is damaged, shape (3,), adds up to 1.
        kurtosis: Of the whitened waveform; 3 is noise, more is knocking.
        lines: The lines of the part with the most evidence.
        envelope: The spectrum in which they were found.
        sentence: The answer for people.
    """

    answer: Answer
    weight: FloatArray
    cage_weight: float
    share: FloatArray
    kurtosis: float
    lines: tuple[Line, ...]
    envelope: LineSpectrum
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
        ModelError: The window is too short for this speed, or its lines lie above `top_hz`.
    """
    check_length(len(waveform), rate_hz, shaft_rpm)
    check_lines(shaft_rpm, orders, top_hz)
    white, white_hz = prewhitened(waveform, rate_hz, top_hz)
    even, _ = prewhitened(waveform, rate_hz, top_hz, strength=HALF)
    views = (log_envelope_spectrum(white, white_hz), squared_envelope_spectrum(even, white_hz))
    spectra = [line_spectrum(view, shaft_rpm / 60.0, orders) for view in views]
    of_views = np.stack([weights(spectrum, orders) for spectrum in spectra])
    of_cage = [cage_weight(spectrum, orders) for spectrum in spectra]
    weight, cage, knocking = of_views.mean(axis=0), float(np.mean(of_cage)), kurtosis(white)
    answer = answered(weight, knocking, cage)
    of_best = of_cage if answer is Answer.CAGE else of_views[:, int(weight.argmax())]
    envelope = spectra[int(np.argmax(of_best))]
    found = lines(envelope, orders, _closest(answer, weight, orders))
    told = sentence(answer, weight, found, shaft_rpm)
    return Diagnosis(answer, weight, cage, shares(weight), knocking, found, envelope, told)


def check_length(n: int, rate_hz: float, shaft_rpm: float) -> None:
    """Refuse a window in which the lines of the parts run into each other. Raises ModelError."""
    turns = n / rate_hz * shaft_rpm / 60.0
    if turns < MIN_TURNS:
        raise ModelError(
            f"bearing diagnosis: {n / rate_hz:.2f} s ({n} samples at {rate_hz:g} Hz) are "
            f"{turns:.1f} turns of the shaft at {shaft_rpm:.0f} rpm, too few to part the lines of "
            f"a bearing. Record at least {needed_s(shaft_rpm):.2f} s: {MIN_TURNS:g} turns; "
            "three times as long is better."
        )


def check_lines(shaft_rpm: float, orders: FaultOrders, top_hz: float) -> None:
    """Refuse a speed at which a part is struck faster than can be seen. Raises ModelError."""
    highest_hz = highest_order(orders) * shaft_rpm / 60.0
    needed_hz = highest_hz * (1.0 + 2.0 * SLIP)  # slipped, and with the line's own width
    if needed_hz > top_hz:
        raise ModelError(
            f"bearing diagnosis: at {shaft_rpm:g} rpm this bearing's lines lie at up to "
            f"{highest_hz:.6g} Hz, and this waveform shows {top_hz:g} Hz at most. Check the shaft "
            f"speed; if it is right, sample at {2.0 * needed_hz:.6g} Hz or more, with top_hz at "
            "half of that, or left out."
        )


def needed_s(shaft_rpm: float) -> float:
    """Return how long a recording must be at this shaft speed, seconds."""
    return MIN_TURNS / (shaft_rpm / 60.0)


def shares(weight: FloatArray) -> FloatArray:
    """Return how the evidence is divided between the parts, shape (..., 3), adding up to 1."""
    odds = np.exp(weight - weight.max(axis=-1, keepdims=True))
    divided: FloatArray = odds / odds.sum(axis=-1, keepdims=True)
    return divided


def answered(weight: FloatArray, knocking: float, cage: float = 0.0) -> Answer:
    """Return the answer that evidence of shape (3,), a kurtosis and a cage's evidence allow.

    A damaged ball goes through the load zone once per turn of the cage and draws its line too, so
    that a cage is named only where no part is.
    """
    best = int(weight.argmax())
    if weight[best] >= LEAST_WEIGHT:
        is_clear = shares(weight)[best] >= LEAST_SHARE
        return Answer(PARTS[best].value) if is_clear else Answer.UNCLEAR
    if cage >= LEAST_WEIGHT:
        return Answer.CAGE
    return Answer.NONE if knocking < IMPULSIVE else Answer.UNCLEAR


def joined(diagnoses: Sequence[Diagnosis]) -> Answer:
    """Return the answer of several windows of one recording together: their mean evidence."""
    weight = np.mean([each.weight for each in diagnoses], axis=0)
    cage = float(np.mean([each.cage_weight for each in diagnoses]))
    return answered(weight, float(np.median([each.kurtosis for each in diagnoses])), cage)


def sentence(answer: Answer, weight: FloatArray, found: Sequence[Line], shaft_rpm: float) -> str:
    """Return an answer for people.

    Args:
        answer: Of a window or a recording.
        weight: Its evidence, shape (3,).
        found: The lines of the part that it names, or comes closest to.
        shaft_rpm: Shaft speed.
    """
    best = PARTS[int(weight.argmax())]
    is_cage = answer is Answer.CAGE
    part = "cage" if is_cage else best.value.replace("_", " ")
    told = _stand_out(found, CAGE_NAME if is_cage else FREQUENCY_NAMES[best], shaft_rpm)
    if answer is Answer.NONE:
        return f"No line of this bearing stands out and nothing knocks: {told}."
    if answer is Answer.UNCLEAR:
        return f"Unclear: closest to damage of the {part}, but {told}."
    sides = [line for line in found if line.sideband and line.is_clear]
    beside = f", with {len(sides)} sidebands" if sides else ""
    return f"Damage of the {part}: {told}{beside}."


def _stand_out(found: Sequence[Line], name: str, shaft_rpm: float) -> str:
    harmonics = [line for line in found if line.sideband == 0]
    clear = [line for line in harmonics if line.is_clear]
    strongest = max(harmonics, key=lambda line: line.ratio)
    return (
        f"{len(clear)} of {HARMONICS} harmonics of {name} ({harmonics[0].frequency_hz:.1f} Hz at "
        f"{shaft_rpm:.0f} rpm) stand out, the strongest {strongest.ratio:.0f} times over the "
        "background"
    )


def _closest(answer: Answer, weight: FloatArray, orders: FaultOrders) -> Comb:
    """Return the lines of the part that an answer names, or comes closest to."""
    if answer is Answer.CAGE:
        return cage_comb(orders)
    return comb_of(orders, PARTS[int(weight.argmax())])
