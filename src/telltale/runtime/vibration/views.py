"""How a waveform's findings are shown and kept: plain values, made from what the physics gave."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
import numpy as np

from telltale.models.vibration.bearings import PARTS, FaultOrders
from telltale.models.vibration.diagnosis import IMPULSIVE, LEAST_WEIGHT, Answer
from telltale.models.vibration.examination import Examination
from telltale.models.vibration.gears import Mesh
from telltale.models.vibration.lines import LineSpectrum
from telltale.models.vibration.statistics import Statistics

SPECTRUM_POINTS = 1000
MESH_STANDS_OUT = 10.0  # times over the background: noise gives 7 once in a thousand bins


class BandView(msgspec.Struct, frozen=True):
    """RMS of one band, in the waveform's unit."""

    from_hz: float
    to_hz: float
    rms: float


class StatisticsView(msgspec.Struct, frozen=True):
    """Sizes and shape; velocity is null where rate or length do not hold 10 to 1,000 Hz."""

    rms: float
    peak: float
    crest: float
    kurtosis: float
    velocity_rms_mm_s: float | None
    bands: tuple[BandView, ...]


class LineView(msgspec.Struct, frozen=True):
    """One line that damage would draw: where it should be, where it is, how far it stands out.

    Attributes:
        part: "outer_race", "inner_race", "ball", "cage" or "gear".
        name: Of its frequency: BPFO, BPFI, 2 x BSF, FTF or mesh.
        harmonic, sideband: Multiple, and how many modulations beside it.
        ratio: Power over the background's.
        stands_out: Noise gives as much less often than once in a hundred.
    """

    part: str
    name: str
    harmonic: int
    sideband: int
    expected_hz: float
    found_hz: float
    ratio: float | None
    stands_out: bool


class OrdersView(msgspec.Struct, frozen=True):
    """Fault orders in multiples of shaft speed."""

    bpfo: float
    bpfi: float
    bsf: float
    ftf: float


class BearingView(msgspec.Struct, frozen=True):
    """What a waveform says of a bearing.

    Attributes:
        answer: A part, "cage", "none" or "unclear".
        shares: Of the evidence, 0 to 1; small while evidence is missing.
        evidence: Per part, in multiples of what is needed to name it.
        knocking: 1 is knocking, less is noise.
        windows: So many were looked at; the lines are of the one that begins at window_start_s.
    """

    answer: str
    sentence: str
    shares: dict[str, float]
    evidence: dict[str, float]
    knocking: float
    windows: int
    window_start_s: float
    orders: OrdersView
    lines: tuple[LineView, ...]


class GearView(msgspec.Struct, frozen=True):
    """What a waveform says of a gear.

    Attributes:
        mesh_hz: Where its mesh was found.
        sideband_ratio: Power of the sidebands over that of the mesh.
        score: Distance from the healthy gear; 1 is the limit, null while that is not known.
        learnt_from: So many healthy waveforms; null while none was learnt.
        note: Why there is no score, or what the score says.
    """

    mesh_hz: float
    sideband_ratio: float | None
    score: float | None
    learnt_from: int | None
    note: str
    lines: tuple[LineView, ...]


NORMAL, GEAR, NOT_DIAGNOSED = "normal", "gear", "not_diagnosed"  # answers beside `Answer`


class Finding(msgspec.Struct, frozen=True):
    """What one waveform says.

    Attributes:
        answer: normal, outer_race, inner_race, ball, cage, gear, unclear or not_diagnosed.
        sentence: The answer for people.
        warnings: What makes it less sure, a sentence each.
    """

    samples: int
    seconds: float
    rate_hz: float
    unit: str
    shaft_rpm: float | None
    answer: str
    sentence: str
    warnings: tuple[str, ...]
    statistics: StatisticsView
    bearing: BearingView | None
    gear: GearView | None


class SpectrumView(msgspec.Struct, frozen=True):
    """Envelope spectrum over its background, 1 being background; maxima are kept."""

    step_hz: float
    hz: tuple[float, ...]
    ratio: tuple[float, ...]


def statistics_view(found: Statistics) -> StatisticsView:
    """Return sizes and shape as they are shown."""
    bands = tuple(BandView(**asdict(band)) for band in found.bands)
    velocity = found.velocity_rms_mm_s
    return StatisticsView(found.rms, found.peak, found.crest, found.kurtosis, velocity, bands)


def bearing_view(found: Examination, orders: FaultOrders) -> BearingView:
    """Return what was found of a bearing as it is shown."""
    weight = dict(zip(PARTS, found.weight.tolist(), strict=True))
    evidence = {part.value: weight[part] / LEAST_WEIGHT for part in PARTS}
    return BearingView(
        answer=found.answer.value,
        sentence=found.sentence,
        shares={str(part): share for part, share in found.certain_shares.items()},
        evidence={**evidence, Answer.CAGE.value: found.cage_weight / LEAST_WEIGHT},
        knocking=found.kurtosis / IMPULSIVE,
        windows=found.n_windows,
        window_start_s=found.start_s,
        orders=OrdersView(orders.outer_race, orders.inner_race, orders.ball_spin, orders.cage),
        lines=tuple(
            LineView(
                each.part,
                each.name,
                each.line.harmonic,
                each.line.sideband,
                each.line.expected_hz,
                each.line.frequency_hz,
                _known(each.line.ratio),
                each.line.is_clear,
            )
            for each in found.lines
        ),
    )


def mesh_lines(mesh: Mesh) -> tuple[LineView, ...]:
    """Return the lines of a gear mesh as they are shown."""
    return tuple(
        LineView(
            "gear",
            "mesh",
            line.harmonic,
            line.sideband,
            line.expected_hz,
            line.frequency_hz,
            _known(line.ratio),
            line.ratio >= MESH_STANDS_OUT,
        )
        for line in mesh.lines
    )


def spectrum_view(envelope: LineSpectrum, points: int = SPECTRUM_POINTS) -> SpectrumView:
    """Return a spectrum of at most so many points: of each stretch of bins the largest."""
    ratio = envelope.ratio
    starts = np.unique(np.linspace(0, len(ratio), points + 1).astype(np.int64)[:-1])
    stops = np.append(starts[1:], len(ratio))
    at = [int(a + ratio[a:b].argmax()) for a, b in zip(starts, stops, strict=True)]
    hz = tuple(round(place * envelope.step_hz, 4) for place in at)
    return SpectrumView(envelope.step_hz, hz, tuple(round(float(ratio[p]), 3) for p in at))


def _known(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None
