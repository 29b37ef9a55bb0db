"""Judges "course" and "noise" on a coolant sensor that sticks, or reads 10 degrees too much.

Protocol: detectors learn from healthy trips and judge others. In each judged trip the fault begins
at random places and is found if a detector has an alarm within 120 s, none standing when it began.

- offset: +10 degC from one row on, while the car runs.
- stuck: the reading stays what it was from a row of the warm-up on (below 80 degC, and the true
  temperature moves by 5 degC or more within the 120 s). That is where a car's own monitor looks.
  Once the thermostat regulates, a constant reading is what healthy trips show for minutes:
  `stuck_warm_share` is what is found there (where the truth moves as far), and
  `stuck_anywhere_share` at rows drawn without any condition. Both are reported, not in found_share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from carobd_trips import INPUTS, STEP_S, Trip, chance, joined, learnt_and_judged
from common import Folders, answers, arguments, report

from telltale.batch import BoolArray, FloatArray, IntArray
from telltale.models.base import Model
from telltale.models.folder import made_model
from telltale.models.trainers import train
from telltale.models.training_set import TrainingSet

DETECTORS = ("course", "noise")
OFFSET_C = 10.0
WITHIN_S = 120.0
WITHIN_ROWS = round(WITHIN_S / STEP_S)
MOVES_C = 5.0  # a tenth of the way from cold to warm: a sensor that hides less is not missed
WARM_C = 80.0  # the thermostat regulates above
KINDS = ("offset", "stuck", "stuck_warm", "stuck_anywhere")
DRAWS = 3
PIECE_ROWS = 120
FROM_ROW = 125  # the longest window: before it nothing is judged


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """A trip with a fault in it: its kind, the reading, and the row it begins at."""

    kind: str
    coolant_c: FloatArray
    start: int


def faults(trip: Trip) -> Iterator[Fault]:
    """Yield the faults that are put into a trip."""
    true_c = trip.coolant_c
    anywhere = np.arange(FROM_ROW, len(true_c) - WITHIN_ROWS)
    moving = anywhere[[moves(true_c[s : s + WITHIN_ROWS]) for s in anywhere]]
    is_cold = true_c[moving] < WARM_C
    places_of = dict(
        zip(KINDS, (anywhere, moving[is_cold], moving[~is_cold], anywhere), strict=True)
    )
    for number, (kind, places) in enumerate(places_of.items()):
        rng = chance(trip, number)
        for start in drawn(places, rng):
            found = true_c.copy()
            found[start:] = found[start:] + OFFSET_C if kind == "offset" else found[start]
            yield Fault(kind, found, start)


def moves(true_c: FloatArray) -> bool:
    """True if the temperature gets far enough from where it was first."""
    return bool(np.nanmax(np.abs(true_c - true_c[0]), initial=0.0) >= MOVES_C)


def drawn(places: IntArray, rng: np.random.Generator) -> list[int]:
    """Return some places at random."""
    return [int(place) for place in rng.choice(places, DRAWS)] if len(places) else []


def alarms(models: list[Model], trip: Trip, coolant_c: FloatArray | None = None) -> BoolArray:
    """Return where any detector is above its limit, fed in order as live."""
    batch = trip.batch(coolant_c=coolant_c)
    found = np.zeros(len(batch), dtype=np.bool_)
    for model in models:
        (score,) = answers(model, batch, PIECE_ROWS).values()
        found |= score > 1.0
    return found


def run(folders: Folders) -> dict[str, object]:
    """Judge all trips of the folder."""
    found: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    hours, healthy_alarms = 0.0, 0
    for learnt, judged in learnt_and_judged(folders):
        learnt_from = TrainingSet.of_normal(joined(learnt), INPUTS)
        models = [made_model(*train(kind, kind, learnt_from)) for kind in DETECTORS]
        for trip in judged:
            is_false = alarms(models, trip)
            healthy_alarms += int((np.diff(is_false.astype(np.int8), prepend=0) > 0).sum())
            hours += trip.hours
            for fault in faults(trip):
                is_alarm = alarms(models, trip, fault.coolant_c) & ~is_false
                within = is_alarm[fault.start : fault.start + WITHIN_ROWS]
                found[fault.kind].append(bool(within.any() and not is_false[fault.start]))
    judged_kinds = found["offset"] + found["stuck"]
    shares = {f"{kind}_share": share(each) for kind, each in found.items()}
    return {
        "found_share": share(judged_kinds),
        "alarms_per_hour": round(healthy_alarms / max(hours, 1e-9), 3),
        **shares,
        "faults": {kind: len(each) for kind, each in found.items()},
        "hours": round(hours, 2),
    }


def share(found: list[bool]) -> float:
    """Return how many were found, of all."""
    return round(sum(found) / max(1, len(found)), 4)


if __name__ == "__main__":
    asked = arguments("carobd")
    report(asked, run(asked))
