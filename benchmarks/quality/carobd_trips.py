"""The trips of carOBD for its two judges: read, cut into learnt and judged ones, faults put in."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import Folders, parquet_columns

from telltale.batch import NS_PER_S, Batch, FloatArray, concat
from telltale.models.card import Input

COOLANT = "COOLANT_TEMPERATURE"
INPUTS = {COOLANT: Input("degC")}
STEP_S = 0.49  # about 2.04 rows per second of ENGINE_RUN_TIME, which counts whole seconds only
RESOLUTION_C = 1.0  # of the sensor: what a fault makes of it is rounded as the car would
PAUSE_S = 3600.0  # between trips that are put one after the other to learn from
LEAST_ROWS = 400  # a shorter trip has no room for a fault of 300 rows
LEAST_MEASURED = 0.9  # of the cells; some trips lack a few, one lacks whole columns
PARTS = 5  # of one folder that is learnt from and judged
IDLE = "idle"


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """One trip.

    Attributes:
        name: Of its file.
        coolant_c: Shape (n,).
    """

    name: str
    coolant_c: FloatArray

    @property
    def is_idle(self) -> bool:
        """True if the car stood."""
        return self.name.startswith(IDLE)

    @property
    def hours(self) -> float:
        """How long it took."""
        return len(self.coolant_c) * STEP_S / 3600.0

    def batch(self, start_s: float = 0.0, coolant_c: FloatArray | None = None) -> Batch:
        """Return its readings, with another coolant temperature if one is given."""
        column = self.coolant_c if coolant_c is None else coolant_c
        times_s = start_s + np.arange(len(column)) * STEP_S
        return Batch("car", np.rint(times_s * NS_PER_S).astype(np.int64), {COOLANT: column})


def read_trips(folder: Path) -> list[Trip]:
    """Return the trips of a folder that have a coolant temperature, by name."""
    trips = []
    for path in sorted(folder.glob("*.parquet")):
        column = parquet_columns(path).get(COOLANT, np.zeros(0))
        if len(column) >= LEAST_ROWS and np.isfinite(column).mean() > LEAST_MEASURED:
            trips.append(Trip(path.stem, filled(column)))
    return trips


def filled(column: FloatArray) -> FloatArray:
    """Return a column with missing cells as they were before, as the pipeline fills them live."""
    known = np.flatnonzero(np.isfinite(column))
    found: FloatArray = column[
        known[np.maximum(np.searchsorted(known, np.arange(len(column)), "right") - 1, 0)]
    ]
    return found


def learnt_and_judged(folders: Folders) -> list[tuple[list[Trip], list[Trip]]]:
    """Return pairs of trips to learn from and trips to judge; none is in both of a pair.

    If both folders are the same, its trips are cut in five by their names' checksum, and each fifth
    is judged by what was learnt from the others.
    """
    judged = read_trips(folders.data)
    if not folders.are_same:
        return [(read_trips(folders.train), judged)]
    part_of = {trip.name: zlib.crc32(trip.name.encode()) % PARTS for trip in judged}
    return [
        (
            [trip for trip in judged if part_of[trip.name] != part],
            [trip for trip in judged if part_of[trip.name] == part],
        )
        for part in sorted(set(part_of.values()))
    ]


def joined(trips: list[Trip]) -> Batch:
    """Return trips one after the other, with pauses between."""
    start_s, batches = 0.0, []
    for trip in trips:
        batches.append(trip.batch(start_s))
        start_s += len(trip.coolant_c) * STEP_S + PAUSE_S
    return concat(batches)


def rounded(coolant_c: FloatArray) -> FloatArray:
    """Return what the sensor would give: whole degrees."""
    whole: FloatArray = np.round(coolant_c / RESOLUTION_C) * RESOLUTION_C
    return whole


def chance(trip: Trip, *what: int) -> np.random.Generator:
    """Return the random numbers of a trip: the same in every run, whatever else is judged."""
    return np.random.default_rng([zlib.crc32(trip.name.encode()), *what])
