"""Judges the forecast of coolant temperature 60 s ahead on the KIT trips of a Seat Leon.

Learns from the trips of --train, then feeds each trip of --data to the model as it runs live; a
forecast a second is judged. `mae` and `mae_persistence` ("it stays as it is") are means over trips,
`mae_rows` and `mae_persistence_rows` over all forecasts. `worst_trip_excess` is the largest excess
of a trip's error over its persistence error: below 0, the model is better on every trip. When both
folders are the same, trips are held out in turn, and `protocol` says so; their bounds then are the
card's, which live ones start from and adapt.

Rows come as the adapter gave them: one signal new, the others repeated. A row older than the newest
before it is late and left out, as the pipeline does. Signals not yet asked for read 0 at first: a
coolant of exactly 0 in the first 5 s is taken as missing. The sensor reads whole degrees, so what
is forecast is whole degrees too: 90.4 would never be right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import answers, arguments, parquet_columns, report

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.models.card import Training
from telltale.models.estimates.ahead import ForecastSettings, trained_forecast
from telltale.models.estimates.intervals import bound
from telltale.models.estimates.train import Trained
from telltale.models.estimates.what_came import value_ahead
from telltale.models.folder import made_model

SETTINGS = ForecastSettings(
    channel="coolant_c",
    unit="degC",
    horizon_s=60.0,
    drivers={
        "rpm": "rpm",
        "speed_kmh": "km/h",
        "maf_gps": "g/s",
        "map_kpa": "kPa",
        "throttle_pct": "%",
        "pedal_d_pct": "%",
    },
    conditions={"ambient_c": "degC"},
)
FIRST_ANSWERS_S = 5.0
PIECE_ROWS = 2_000
SEED = 0


def trip(path: Path) -> Batch:
    """Return a trip's readings, time from its start."""
    columns = parquet_columns(path)
    time_s = columns["t_s"]
    is_on_time = time_s >= np.maximum.accumulate(time_s)
    time_ns = np.round(time_s[is_on_time] * NS_PER_S).astype(np.int64)
    names = (SETTINGS.channel, *SETTINGS.drivers, *SETTINGS.conditions)
    read = {name: columns[name][is_on_time].astype(np.float64) for name in names}
    coolant = read[SETTINGS.channel]
    is_unasked = (coolant == 0.0) & (time_ns - time_ns[0] < FIRST_ANSWERS_S * NS_PER_S)
    read[SETTINGS.channel] = np.where(is_unasked, np.nan, coolant)
    return Batch(path.stem, time_ns, read)


def trips(folder: Path) -> list[Batch]:
    """Return all trips of a folder, by name."""
    return [trip(path) for path in sorted(folder.glob("*.parquet"))]


def trained(learnt_from: list[Batch]) -> Trained:
    """Learn the forecast."""
    training = Training(f"KIT OBD-II set, {len(learnt_from)} trips of a Seat Leon.", False)
    rng = np.random.default_rng(SEED)
    return trained_forecast("coolant", learnt_from, SETTINGS, rng, training=training)


def judged(learnt: Trained, batch: Batch) -> FloatArray:
    """Return truth, persistence, forecast, low and high where the truth is known, shape (5, m)."""
    model = made_model(learnt.card, learnt.files)
    found = answers(model, batch, PIECE_ROWS)
    truth = value_ahead(batch, SETTINGS.channel, SETTINGS.horizon_s)
    columns = [found[name] for name in learnt.card.outputs]
    whole = np.array([truth, batch.columns[SETTINGS.channel], *columns])
    judgeable: FloatArray = whole[:, np.isfinite(whole).all(axis=0)]
    return judgeable


def held_out(learnt: Trained) -> list[FloatArray]:
    """Return the same of each training trip, by trees that have not seen it."""
    table, errors = learnt.table, learnt.settings.table
    low, high = (bound(errors, learnt.held_out, learnt.scale, level) for level in (0.05, 0.95))
    whole = np.array([table.truth, table.anchor, learnt.held_out, low, high])
    return [whole[:, table.run == number] for number in np.unique(table.run)]


def result(by_trip: list[FloatArray]) -> dict[str, float | int]:
    """Return the keys that are judged."""
    known = [found for found in by_trip if found.shape[1]]
    error = np.array([np.abs(found[2] - found[0]).mean() for found in known])
    persistence = np.array([np.abs(found[1] - found[0]).mean() for found in known])
    rows = np.concatenate(known, axis=1)
    covered = (rows[0] >= rows[3]) & (rows[0] <= rows[4])
    return {
        "mae": round(float(error.mean()), 3),
        "mae_persistence": round(float(persistence.mean()), 3),
        "worst_trip_excess": round(float((error - persistence).max()), 3),
        "mae_rows": round(float(np.abs(rows[2] - rows[0]).mean()), 3),
        "mae_persistence_rows": round(float(np.abs(rows[1] - rows[0]).mean()), 3),
        "coverage_90": round(float(covered.mean()), 3),
        "trips": len(known),
        "trips_without_forecast": len(by_trip) - len(known),
        "forecasts": rows.shape[1],
    }


def main() -> None:
    folders = arguments("kit_obd")
    learnt = trained(trips(folders.train))
    if folders.are_same:
        found, protocol = held_out(learnt), "trip-wise cross-validation within one folder"
    else:
        found = [judged(learnt, batch) for batch in trips(folders.data)]
        protocol = "learnt from the trips of --train"
    report(folders, {**result(found), "protocol": protocol})


if __name__ == "__main__":
    main()
