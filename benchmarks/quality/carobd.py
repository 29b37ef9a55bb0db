"""Judges the detector "noise" on carOBD: flicker noise on the coolant sensor, put into real trips.

Protocol: the detector learns from healthy trips and judges others, trip by trip. Into each judged
trip flicker (1/f) noise is put for 300 rows at a random place, at 18, 8 and 0 dB below the signal's
dynamic range, and rounded to the sensor's whole degrees. Positive are those 300 rows, from the
first; negative all rows of the trip as it was. F2 over all trips of a mode and all draws.

The dynamic range is that of the coolant signal over the trips learnt from. `*_trip_range` is the
harder reading of the protocol: the range of the judged trip itself, which in a trip that is warm
from the start makes noise that the sensor's rounding hides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from carobd_trips import COOLANT, INPUTS, Trip, chance, joined, learnt_and_judged, rounded
from common import Folders, answers, arguments, report

from telltale.batch import BoolArray, FloatArray
from telltale.models.base import Model
from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet

SNR_DB = (18, 8, 0)
NOISY_ROWS = 300
DRAWS = 3
PIECE_ROWS = 120
FROM_ROW = 20  # a window's length: before it there is no answer, and no noise is put in


@dataclass(slots=True)
class Counts:
    """Rows judged so far."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    @property
    def f2(self) -> float:
        """F with recall counting twice."""
        return round(5 * self.tp / max(1, 5 * self.tp + 4 * self.fn + self.fp), 4)


def flicker(n: int, rng: np.random.Generator) -> FloatArray:
    """Return n samples of 1/f noise of spread 1: amplitudes fall with the root of the frequency."""
    hz = np.fft.rfftfreq(n)
    size = np.zeros(len(hz))
    size[1:] = hz[1:] ** -0.5
    noise = np.fft.irfft(size * (rng.normal(size=len(hz)) + 1j * rng.normal(size=len(hz))), n)
    unit: FloatArray = noise / noise.std()
    return unit


def alarms(model: Model, trip: Trip, coolant_c: FloatArray | None = None) -> BoolArray:
    """Return where the score is above its limit, fed in order as live."""
    score = answers(model, trip.batch(coolant_c=coolant_c), PIECE_ROWS)["coolant_score"]
    is_alarm: BoolArray = score > 1.0
    return is_alarm


def noisy(trip: Trip, range_c: float, snr_db: int, draw: int) -> tuple[FloatArray, slice]:
    """Return a trip's coolant temperature with noise in it, and where."""
    rng = chance(trip, snr_db, draw)
    start = int(rng.integers(FROM_ROW, len(trip.coolant_c) - NOISY_ROWS + 1))
    where = slice(start, start + NOISY_ROWS)
    found = trip.coolant_c.copy()
    found[where] += flicker(NOISY_ROWS, rng) * range_c * 10.0 ** (-snr_db / 20.0)
    found[where] = rounded(found[where])
    return found, where


def judge(
    model: Model, trip: Trip, counts: Counts, *, range_c: float, snr_db: int, n_false: int
) -> None:
    """Add what the detector makes of a trip's draws at one level."""
    for draw in range(DRAWS):
        found, where = noisy(trip, range_c, snr_db, draw)
        hits = int(alarms(model, trip, found)[where].sum())
        counts.tp += hits
        counts.fn += NOISY_ROWS - hits
        counts.fp += n_false


def run(folders: Folders) -> dict[str, object]:
    """Judge all trips of the folder."""
    counts = {
        (mode, reading, snr_db): Counts()
        for mode in ("idle", "motion")
        for reading in ("", "_trip_range")
        for snr_db in SNR_DB
    }
    hours, healthy_alarms, judged_trips = 0.0, 0, 0
    for learnt, judged in learnt_and_judged(folders):
        card, files = train("noise", "coolant", TrainingSet.of_normal(joined(learnt), INPUTS))
        model = made_model(card, files)
        range_c = float(np.ptp(np.concatenate([trip.coolant_c for trip in learnt])))
        for trip in judged:
            is_false = alarms(model, trip)
            healthy_alarms += int((np.diff(is_false.astype(np.int8), prepend=0) > 0).sum())
            hours, judged_trips = hours + trip.hours, judged_trips + 1
            for (mode, reading, snr_db), found in counts.items():
                if trip.is_idle == (mode == "idle"):
                    own_c = float(np.ptp(trip.coolant_c)) if reading else range_c
                    n_false = int(is_false.sum())
                    judge(model, trip, found, range_c=own_c, snr_db=snr_db, n_false=n_false)
    result = {
        f"f2_{mode}{reading}": [counts[mode, reading, snr_db].f2 for snr_db in SNR_DB]
        for mode in ("idle", "motion")
        for reading in ("", "_trip_range")
    }
    return {
        **result,
        "snr_db": list(SNR_DB),
        "alarms_per_hour": round(healthy_alarms / max(hours, 1e-9), 3),
        "hours": round(hours, 2),
        "trips": judged_trips,
        "channel": COOLANT,
    }


if __name__ == "__main__":
    asked = arguments("carobd")
    report(asked, run(asked))
