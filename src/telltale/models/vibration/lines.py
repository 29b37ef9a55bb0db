"""How far the lines that a fault would draw stand out of an envelope spectrum.

The same search is made at places where no fault of the bearing draws lines. What it finds there is
what noise and other causes give, and is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.models.vibration.bearings import PARTS, FaultOrders, Part
from telltale.models.vibration.envelope import BACKGROUND_HZ, TINY, Spectrum, background

HARMONICS = 4
CLEAR_CHANCE = 0.01  # a line counts as standing out when noise gives it less often
SIDEBAND_HARMONICS = 2
SIDEBAND_WEIGHT = 0.5  # a sideband supports a harmonic; it does not count like one
SLIP = 0.015  # balls slip and speeds are known to about 1 %
LINE_HALF_WIDTH_HZ = 1.0  # speed drifts within a window
LINE_HALF_WIDTH = 0.035  # orders: of a slow shaft, whose lines lie closer together
BACKGROUND = 2.1  # orders: as far around a line its background is taken, at a slow shaft
CAGE_RANGE = (0.25, 0.95)  # orders in which nothing but a cage draws lines of its own
MOST_PER_LINE = 5.0  # nats: one huge line is not a comb
DECOY_STEP = 0.04  # between two places where nothing should be, in orders
DECOY_RANGE = (0.65, 1.22)  # of the lowest and highest fault order
SHAFT_HALF_WIDTH = 0.06  # orders around a multiple of shaft speed, where other causes draw lines
MOST_DECOYS = 400  # of a bearing with many balls: so many places spread evenly, and no more
MOST_SLIPS = 1000  # on either side; at a fast shaft a line's width hides the coarser steps
RELATED = (1.0, 0.5, 2.0, 1.5, 0.75, 1 / 3, 2 / 3)  # combs at these share lines with a fault's


@dataclass(frozen=True, slots=True)
class Comb:
    """The lines that one kind of damage draws.

    Attributes:
        order: Strikes per turn of the shaft.
        sideband: Order with which the damage goes in and out of the load zone; None if it stays.
    """

    order: float
    sideband: float | None

    def pattern(self) -> list[tuple[int, int, float]]:
        """Return harmonic, sideband and weight of each line."""
        harmonics = [(harmonic, 0, 1.0) for harmonic in range(1, HARMONICS + 1)]
        if self.sideband is None:
            return harmonics
        sidebands = [
            (harmonic, side, SIDEBAND_WEIGHT)
            for harmonic in range(1, SIDEBAND_HARMONICS + 1)
            for side in (-1, 1)
        ]
        return harmonics + sidebands


def comb_of(orders: FaultOrders, part: Part) -> Comb:
    """Return the lines of damage of a part."""
    return Comb(orders.of(part), orders.sideband(part))


def cage_comb(orders: FaultOrders) -> Comb:
    """Return the lines of a damaged cage."""
    return Comb(orders.cage, None)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a fault would draw.

    Attributes:
        harmonic: Multiple of the fault frequency.
        sideband: -1, 0 (the harmonic itself) or 1.
        expected_hz: Where it would be without slip.
        frequency_hz: Where it was found, slip included.
        ratio: Its power over the background's; noise alone gives about 1 to 3.
        chance: That noise alone gives as much there, 0 to 1.
    """

    harmonic: int
    sideband: int
    expected_hz: float
    frequency_hz: float
    ratio: float
    chance: float

    @property
    def is_clear(self) -> bool:
        """True when it stands out: noise gives as much only seldom."""
        return self.chance < CLEAR_CHANCE


@dataclass(frozen=True, slots=True, eq=False)
class LineSpectrum:
    """An envelope spectrum over its own background, at one shaft speed.

    Attributes:
        step_hz: Between bins.
        shaft_hz: Turns of the shaft per second.
        ratio: Largest power within a line's width over the background, shape (bins,).
        weight: Evidence of each bin in nats over what noise gives, shape (bins,).
        bins_per_line: Independent bins in a line's width.
    """

    step_hz: float
    shaft_hz: float
    ratio: FloatArray
    weight: FloatArray
    bins_per_line: int


def line_spectrum(spectrum: Spectrum, shaft_hz: float, orders: FaultOrders) -> LineSpectrum:
    """Return the part of an envelope spectrum in which the bearing's lines lie."""
    top_hz = (HARMONICS * highest_order(orders) * DECOY_RANGE[1] + 2.0) * shaft_hz * (1.0 + SLIP)
    n = min(len(spectrum.power), int(top_hz / spectrum.step_hz) + 2)
    shown = Spectrum(spectrum.step_hz, spectrum.power[:n])
    half_width_hz = min(LINE_HALF_WIDTH_HZ, LINE_HALF_WIDTH * shaft_hz)
    half_width = max(1, round(half_width_hz / spectrum.step_hz))
    noise = background(shown, min(BACKGROUND_HZ, BACKGROUND * shaft_hz))
    ratio = _running_max(shown.power / np.maximum(noise, TINY), half_width)
    weight = np.minimum(np.log1p(ratio), MOST_PER_LINE)
    order = np.arange(n) * spectrum.step_hz / shaft_hz
    weight = weight - np.median(weight)
    is_shaft = np.abs(order - np.rint(order)) * shaft_hz < 1.5 * spectrum.step_hz
    weight[is_shaft] = 0.0
    return LineSpectrum(spectrum.step_hz, shaft_hz, ratio, weight, 2 * half_width + 1)


def weights(spectrum: LineSpectrum, orders: FaultOrders) -> FloatArray:
    """Return each part's evidence in nats over that of places without a fault, shape (3,)."""
    decoys, slips = decoy_orders(orders), _slips(spectrum, orders)
    return np.array([_weight(spectrum, comb_of(orders, part), decoys, slips) for part in PARTS])


def cage_weight(spectrum: LineSpectrum, orders: FaultOrders) -> float:
    """Return the evidence for a damaged cage in nats over that of places without a fault."""
    comb = cage_comb(orders)
    return _weight(spectrum, comb, _cage_decoys(comb.order), _slips(spectrum, orders))


def lines(spectrum: LineSpectrum, orders: FaultOrders, comb: Comb) -> tuple[Line, ...]:
    """Return the lines of one fault, at the slip at which they stand out most together."""
    slips = _slips(spectrum, orders)
    best = int(_searched(spectrum, comb, np.array([comb.order]), slips)[0].argmax())
    strike = comb.order * (1.0 + float(slips[best]))
    side = comb.sideband or 0.0
    found = []
    for harmonic, sideband, _ in comb.pattern():
        expected_hz = (harmonic * comb.order + sideband * side) * spectrum.shaft_hz
        frequency_hz = (harmonic * strike + sideband * side) * spectrum.shaft_hz
        place = round(frequency_hz / spectrum.step_hz)
        ratio = float(spectrum.ratio[place]) if place < len(spectrum.ratio) else float("nan")
        chance = _chance(ratio, spectrum.bins_per_line)
        found.append(Line(harmonic, sideband, expected_hz, frequency_hz, ratio, chance))
    return tuple(found)


def highest_order(orders: FaultOrders) -> float:
    """Return strikes per turn of the part that is struck most often."""
    return max(orders.of(part) for part in PARTS)


def _chance(ratio: float, n_bins: int) -> float:
    """Return how likely noise alone reaches a ratio in so many bins; NaN for NaN."""
    return 1.0 if ratio <= 0.0 else float(-np.expm1(n_bins * np.log1p(-np.exp(-ratio))))


def decoy_orders(orders: FaultOrders) -> FloatArray:
    """Return places between and around the fault orders where no fault draws lines, shape (d,)."""
    known = np.array([orders.of(part) for part in PARTS])
    places = np.arange(DECOY_RANGE[0] * known.min(), DECOY_RANGE[1] * known.max(), DECOY_STEP)
    related = np.outer(RELATED, known).ravel()
    is_near = (np.abs(places[:, None] / related - 1.0) < 2.0 * SLIP).any(axis=1)
    is_near |= np.abs(places - np.rint(places)) < SHAFT_HALF_WIDTH
    clear: FloatArray = places[~is_near]
    few = np.linspace(0, len(clear) - 1, min(len(clear), MOST_DECOYS)).astype(np.int64)
    return clear[few]


def _cage_decoys(cage: float) -> FloatArray:
    """Return orders at which neither the cage nor a part of a turn draws lines, shape (d,)."""
    places = np.arange(*CAGE_RANGE, DECOY_STEP)
    related = np.append(np.array(RELATED) * cage, (1 / 3, 1 / 2, 2 / 3))
    is_near = (np.abs(places[:, None] - related) < 2.0 * LINE_HALF_WIDTH).any(axis=1)
    clear: FloatArray = places[~is_near]
    return clear


def _weight(spectrum: LineSpectrum, comb: Comb, decoys: FloatArray, slips: FloatArray) -> float:
    """Return how much more the comb gathers at its own order than elsewhere, each at its best."""
    best = _searched(spectrum, comb, np.append(decoys, comb.order), slips).max(axis=1)
    return float(best[-1] - np.median(best[:-1]))


def _slips(spectrum: LineSpectrum, orders: FaultOrders) -> FloatArray:
    """Return the slips that are tried: the highest harmonic moves by one bin between two."""
    highest_hz = HARMONICS * highest_order(orders) * spectrum.shaft_hz
    n = min(MOST_SLIPS, max(1, int(np.ceil(SLIP * highest_hz / spectrum.step_hz))))
    return np.linspace(-SLIP, SLIP, 2 * n + 1)


def _searched(
    spectrum: LineSpectrum, comb: Comb, strikes: FloatArray, slips: FloatArray
) -> FloatArray:
    """Return the summed weight of the comb at each order and slip, shape (orders, slips)."""
    slipped = strikes[:, None] * (1.0 + slips)
    side = comb.sideband or 0.0
    per_bin = spectrum.shaft_hz / spectrum.step_hz
    padded = np.append(spectrum.weight, 0.0)  # beyond the spectrum there is no evidence
    total = np.zeros_like(slipped)
    for harmonic, sideband, weight in comb.pattern():
        place: IntArray = np.rint((harmonic * slipped + sideband * side) * per_bin).astype(np.int64)
        total += weight * padded[np.clip(place, 0, len(spectrum.weight))]
    return total


def _running_max(values: FloatArray, half_width: int) -> FloatArray:
    """Return the largest value within so many bins on either side, shape (n,)."""
    padded = np.pad(values, half_width, mode="edge")
    stacked = [padded[i : i + len(values)] for i in range(2 * half_width + 1)]
    largest: FloatArray = np.max(stacked, axis=0)
    return largest
