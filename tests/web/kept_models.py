"""Models that no route makes, put on the shelf of a folder before a server opens it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.formats.base import Decoded
from telltale.models.card import Training
from telltale.models.folder import read_folder
from telltale.models.life.few_lives import FewLivesHow, trained_few_lives
from telltale.profiles.load import builtin_profiles
from telltale.runtime.build import embedded_runtime
from telltale.runtime.core import Runtime
from telltale.runtime.models.shelf import SHIPPED

HOW = FewLivesHow(age="age_s", sign="rms_g", sign_unit="g", smooth_s=30.0)
MADE_UP = Training("Made-up bearings.", is_simulated=True)
FAULTS = "rotating_machine_faults"
LIFE, LIVED = 800, 400  # readings of a whole life, and so far


def keep_models(data: Path) -> None:
    """Fill a folder with three machines.

    `bearing-1` has a model of its remaining life and an answer, `bearing-2` one whose file was
    spoilt, and `fan-2` one of its faults, but no reading.
    """
    spoilt = asyncio.run(_keep(data))
    with sqlite3.connect(data / "telltale.db") as database:
        database.execute("UPDATE model_files SET data = x'00' WHERE model = ?", (spoilt,))
    database.close()


def fan_reading(time_s: float) -> dict[str, float]:
    """Return what a fan in good order reads: the middle of each channel's normal range."""
    channels = builtin_profiles()["rotating_machine"].channels
    middles = {
        name: sum(channel.normal or channel.range) / 2.0 for name, channel in channels.items()
    }
    return {"time": time_s} | middles


async def _keep(data: Path) -> int:
    runtime = embedded_runtime(data)
    await runtime.start()
    try:
        await _bearing(runtime, "bearing-1")
        await runtime.fleet.register("fan-2", profile="rotating_machine", title="Fan 2")
        shipped = read_folder(SHIPPED / FAULTS)
        kept = await runtime.models.keep(shipped.card, shipped.files, machine="", origin="imported")
        await runtime.models.deploy("fan-2", kept.number)
        return await _bearing(runtime, "bearing-2")
    finally:
        await runtime.stop()


async def _bearing(runtime: Runtime, machine: str) -> int:
    card, files = trained_few_lives("bearing", [_life(n, n) for n in (300, 500, 900)], HOW, MADE_UP)
    lived = _life(LIFE, LIVED, machine, time.time())
    await runtime.ingest(Decoded((lived.rows(0, 10),)))
    kept = await runtime.models.keep(card, files, machine=machine, origin="trained")
    await runtime.models.deploy(machine, kept.number)
    await runtime.ingest(Decoded((lived.rows(10, LIVED),)))
    return kept.number


def _life(n: int, lived: int, machine: str = "made-up", end_s: float = 0.0) -> Batch:
    """Return the first readings of a life of n, one in 10 s; the sign grows tenfold to its end."""
    rng = np.random.default_rng(n)
    age_s: FloatArray = np.linspace(10.0, 10.0 * lived, lived)
    sign_g: FloatArray = 0.3 * np.power(10.0, age_s / (10.0 * n)) * rng.lognormal(0.0, 0.02, lived)
    time_ns = ((end_s + age_s - age_s[-1]) * NS_PER_S).astype(np.int64)
    return Batch(machine, time_ns, {"age_s": age_s, "rms_g": sign_g})
