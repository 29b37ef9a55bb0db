"""What one waveform says: sizes, bearing and gear by physics, and the answer in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from telltale.batch import FloatArray
from telltale.models.vibration.diagnosis import Answer, check_length, check_lines
from telltale.models.vibration.examination import examine
from telltale.models.vibration.heard import HEARD_SHARE, heard_share
from telltale.models.vibration.lines import highest_order
from telltale.models.vibration.statistics import check_sensor, clipped_share, statistics
from telltale.profiles.points import Point
from telltale.runtime.vibration.asked import orders_of
from telltale.runtime.vibration.gear_finding import GearFound, LearntGear, gear_found
from telltale.runtime.vibration.views import (
    GEAR,
    NORMAL,
    NOT_DIAGNOSED,
    BearingView,
    Finding,
    GearView,
    SpectrumView,
    bearing_view,
    spectrum_view,
    statistics_view,
)

RESTING_RPM = 1.0
LEAST_BEARING_HZ = 4000.0  # sampling rate that holds some of the resonances that knocks ring
UNHEARD = (
    "Nothing but slow movement is in this waveform, so that nothing can be told of the bearing. "
    "Check that it is vibration, and its sampling rate."
)
DEAF = "So few frequencies do not show that it is sound."


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one waveform says, and what is kept beside it.

    Attributes:
        finding: For people.
        spectrum: Of the envelope; None without a bearing.
        gear: What can be learnt of the gear; None without one.
    """

    finding: Finding
    spectrum: SpectrumView | None = None
    gear: GearFound | None = None


def found_in(
    samples: FloatArray,
    point: Point,
    shaft_rpm: float | None,
    *,
    warnings: tuple[str, ...] = (),
    gear: LearntGear | None = None,
    gear_samples: int = 0,
) -> Found:
    """Return what a waveform says.

    Args:
        samples: In the point's unit, shape (n,).
        point: Sampling rate, bearing and gear.
        shaft_rpm: Shaft speed while it was recorded; None where nothing that turns is asked about.
        warnings: What is known to be doubtful already.
        gear: What is known of the healthy gear.
        gear_samples: Window length of the point's earlier waveforms, to be kept if it still fits.

    Raises:
        ModelError: The sensor is dead or stuck, the waveform too short, or the speed beyond what
            its sampling rate shows; it says how long or how fast it must be.
    """
    check_sensor(samples, point.rate_hz)
    turning_rpm = shaft_rpm if shaft_rpm is not None and shaft_rpm >= RESTING_RPM else None
    bearing, spectrum = _bearing_found(samples, point, turning_rpm)
    seen = gear_found(samples, point, turning_rpm, gear, gear_samples)
    gear_view = seen.view if seen is not None else None
    doubts = _doubts(samples, point)
    if bearing is None and point.has_bearing and turning_rpm is not None:
        doubts = (*doubts, UNHEARD)
    answer, sentence = _answer(bearing, gear_view, point, is_turning=turning_rpm is not None)
    finding = Finding(
        samples=len(samples),
        seconds=round(len(samples) / point.rate_hz, 6),
        rate_hz=point.rate_hz,
        unit=point.unit,
        shaft_rpm=shaft_rpm,
        answer=answer,
        sentence=sentence,
        warnings=(*warnings, *doubts),
        statistics=statistics_view(statistics(samples, point.rate_hz, point.unit)),
        bearing=bearing,
        gear=gear_view,
    )
    return Found(finding, spectrum, seen)


def _bearing_found(
    samples: FloatArray, point: Point, turning_rpm: float | None
) -> tuple[BearingView | None, SpectrumView | None]:
    orders = orders_of(point)
    if orders is None or turning_rpm is None:
        return None, None
    rate_hz, top_hz = point.rate_hz, _top_hz(point)
    check_length(len(samples), rate_hz, turning_rpm)
    check_lines(turning_rpm, orders, top_hz)
    from_hz = highest_order(orders) * turning_rpm / 60.0
    if heard_share(samples, rate_hz, from_hz, top_hz) < HEARD_SHARE:
        return None, None
    seen = examine(samples, rate_hz, turning_rpm, orders, top_hz)
    return bearing_view(seen, orders), spectrum_view(seen.envelope)


def _doubts(samples: FloatArray, point: Point) -> tuple[str, ...]:
    """Return what makes the samples less sure."""
    doubts = []
    if (share := clipped_share(samples)) > 0.0:
        low, high = float(samples.min()), float(samples.max())
        doubts.append(
            f"The signal is clipped at {low:.3g} to {high:.3g} {point.unit} ({share:.1%} of the "
            "samples): its peaks are cut, and kurtosis and crest factor are too small. Use a "
            "larger range."
        )
    if point.has_bearing and _is_deaf(point):
        seen = f"{point.rate_hz:g} Hz is slow"
        if point.rate_hz >= LEAST_BEARING_HZ:
            seen = f"top_hz = {_top_hz(point):g} is low"
        doubts.append(
            f"{seen} for a bearing: its knocks ring at some thousand Hz. Sample at "
            f"{LEAST_BEARING_HZ:g} Hz or more, and use {LEAST_BEARING_HZ / 2.0:g} Hz or more of it."
        )
    return tuple(doubts)


def _top_hz(point: Point) -> float:
    return point.top_hz or point.rate_hz / 2.0


def _is_deaf(point: Point) -> bool:
    """Return whether the frequencies that knocks ring are cut off."""
    return _top_hz(point) < LEAST_BEARING_HZ / 2.0


def _answer(
    bearing: BearingView | None, gear: GearView | None, point: Point, *, is_turning: bool
) -> tuple[str, str]:
    """Return the answer of all together: a named part of the bearing first, then the gear."""
    if bearing is None and gear is None:
        return NOT_DIAGNOSED, _why_not(point, is_turning=is_turning)
    is_silent = bearing is not None and bearing.answer == Answer.NONE and _is_deaf(point)
    told = (
        bearing.sentence if bearing else "",
        DEAF if is_silent else "",
        UNHEARD if bearing is None and point.has_bearing else "",
        gear.note if gear else "",
    )
    said = " ".join(text for text in told if text)
    is_far = gear is not None and gear.score is not None and gear.score > 1.0
    if bearing is not None and bearing.answer not in (Answer.NONE, Answer.UNCLEAR):
        return bearing.answer, said
    if is_far:
        return GEAR, said
    if is_silent or (bearing is None and point.has_bearing):
        return NOT_DIAGNOSED, said
    if bearing is not None:
        return (NORMAL if bearing.answer == Answer.NONE else bearing.answer), said
    is_known = gear is not None and gear.score is not None
    return (NORMAL if is_known else NOT_DIAGNOSED), said


def _why_not(point: Point, *, is_turning: bool) -> str:
    if point.has_bearing and is_turning:
        return UNHEARD
    if point.has_bearing or point.gear is not None:
        return "The shaft stands still: nothing can be told of what it turns."
    return "Nothing that turns is known of this point: its sizes are all that can be told."
