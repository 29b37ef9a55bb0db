"""`examine`: what a whole recording says of a bearing, with every line that was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray
from telltale.models.vibration.bearings import CAGE_NAME, FREQUENCY_NAMES, PARTS, FaultOrders
from telltale.models.vibration.diagnosis import (
    LEAST_WEIGHT,
    Answer,
    Diagnosis,
    check_length,
    diagnose,
    joined,
    sentence,
    shares,
)
from telltale.models.vibration.lines import Line, LineSpectrum, cage_comb, comb_of, lines

WINDOW_S = 2.0  # 60 turns at 1,800 rpm: lines 0.5 Hz wide
WINDOW_TURNS = 50.0  # of a slower shaft, whose windows are longer
MOST_WINDOWS = 64  # spread over a longer recording


@dataclass(frozen=True, slots=True)
class PartLine:
    """One line, and whose it is: a part or "cage", with its frequency's usual name."""

    part: str
    name: str
    line: Line


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What a recording says of a bearing.

    Attributes:
        answer: The part, none or unclear.
        weight: Mean evidence of its windows for each of `PARTS` in nats, shape (3,).
        cage_weight: That for a damaged cage.
        share: How the evidence is divided between the parts, shape (3,), adding up to 1.
        kurtosis: Median of the whitened windows; 3 is noise.
        sentence: The answer for people.
        lines: All lines of all parts, in the window that is most like the whole.
        envelope: The spectrum of that window.
        start_s: Where that window begins in the recording.
        n_windows: Looked at.
    """

    answer: Answer
    weight: FloatArray
    cage_weight: float
    share: FloatArray
    kurtosis: float
    sentence: str
    lines: tuple[PartLine, ...]
    envelope: LineSpectrum
    start_s: float
    n_windows: int

    @property
    def certain_shares(self) -> dict[str, float]:
        """Share per part and cage, smaller the more is missing of the evidence that is needed."""
        found = dict(zip((*PARTS, "cage"), (0.0,) * 4, strict=True))
        if self.answer is Answer.CAGE:
            return found | {"cage": 1.0}
        reached = min(1.0, max(0.0, float(self.weight.max()) / LEAST_WEIGHT))
        for part, share in zip(PARTS, self.share.tolist(), strict=True):
            found[part] = share * reached
        return found


def examine(
    waveform: FloatArray, rate_hz: float, shaft_rpm: float, orders: FaultOrders, top_hz: float
) -> Examination:
    """Diagnose a bearing from a recording: its windows' evidence together.

    Args:
        waveform: Acceleration, any unit, shape (n,).
        rate_hz: Sampling rate.
        shaft_rpm: Shaft speed, known to about 1 %.
        orders: The bearing's fault frequencies.
        top_hz: Highest frequency that is used.

    Raises:
        ModelError: It is too short for this speed, or the lines lie above `top_hz`; the message
            says how long it must be, or how fast it must be sampled.
    """
    check_length(len(waveform), rate_hz, shaft_rpm)
    length_s = max(WINDOW_S, WINDOW_TURNS / (shaft_rpm / 60.0))
    samples = min(round(length_s * rate_hz), len(waveform))
    starts = _starts(len(waveform), samples)
    seen = [
        diagnose(waveform[at : at + samples], rate_hz, shaft_rpm, orders, top_hz) for at in starts
    ]
    weight = np.mean([each.weight for each in seen], axis=0)
    answer, typical = joined(seen), _most_like(seen, weight)
    envelope = seen[typical].envelope
    told = _all_lines(envelope, orders)
    named = "cage" if answer is Answer.CAGE else PARTS[int(weight.argmax())]
    of_named = [each.line for each in told if each.part == named]
    return Examination(
        answer=answer,
        weight=weight,
        cage_weight=float(np.mean([each.cage_weight for each in seen])),
        share=shares(weight),
        kurtosis=float(np.median([each.kurtosis for each in seen])),
        sentence=sentence(answer, weight, of_named, shaft_rpm),
        lines=told,
        envelope=envelope,
        start_s=starts[typical] / rate_hz,
        n_windows=len(seen),
    )


def _starts(n: int, samples: int) -> list[int]:
    """Return where windows without overlap begin: all of them, or some spread evenly."""
    n_whole = n // samples
    chosen = np.unique(np.linspace(0, n_whole - 1, min(n_whole, MOST_WINDOWS)).round())
    return [int(at) * samples for at in chosen]


def _most_like(seen: Sequence[Diagnosis], weight: FloatArray) -> int:
    """Return the window whose evidence is nearest to that of all."""
    apart = [float(np.abs(each.weight - weight).sum()) for each in seen]
    return int(np.argmin(apart))


def _all_lines(envelope: LineSpectrum, orders: FaultOrders) -> tuple[PartLine, ...]:
    combs = [(part.value, FREQUENCY_NAMES[part], comb_of(orders, part)) for part in PARTS]
    combs.append(("cage", CAGE_NAME, cage_comb(orders)))
    return tuple(
        PartLine(part, name, line)
        for part, name, comb in combs
        for line in lines(envelope, orders, comb)
    )
