"""A small folder of the shape of carOBD, for the tests of its two judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from telltale.batch import FloatArray
from telltale.formats.parquet import connect
from telltale.sql_text import literal

ROWS = 1500


def trip(seed: int) -> FloatArray:
    """Return a coolant temperature in whole degrees: a warm-up, then a thermostat at work."""
    rng = np.random.default_rng(seed)
    t = np.arange(ROWS) * 0.49
    warm_up = 88.0 - (88.0 - rng.uniform(25.0, 40.0)) * np.exp(-t / rng.uniform(110.0, 160.0))
    regulated = 2.5 * np.sin(t / rng.uniform(35.0, 55.0)) * (t > 350.0)
    whole: FloatArray = np.round(warm_up + regulated)
    return whole


def write_trip(path: Path, coolant_c: FloatArray) -> None:
    """Write one trip's file."""
    connection = connect()
    arrays = {
        "ENGINE_RUN_TIME": np.floor(np.arange(len(coolant_c)) * 0.49),
        "COOLANT_TEMPERATURE": coolant_c,
    }
    connection.register("trip", arrays)
    place = literal(str(path))
    connection.execute(f"COPY (SELECT * FROM trip) TO {place} (FORMAT parquet)")  # noqa: S608 - quoted
    connection.close()


def write_folder(folder: Path, n: int = 12, first: int = 0) -> Path:
    """Write trips of both modes, and one that lacks what is needed."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + n):
        family = "idle" if number % 3 == 0 else "live"
        write_trip(folder / f"{family}{number}.parquet", trip(number))
    write_trip(folder / "live999.parquet", np.full(ROWS, np.nan))
    write_trip(folder / "drive998.parquet", trip(998)[:100])
    return folder
