"""Models that ship, a reading at a time through the whole road; and ensembles of trees in batch.

Prints JSON. All in this process, one thread: what a model costs beside the rest of telltale.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.detectors import ROWS, START_NS, row_ms
from telltale.batch import NS_PER_S, Batch
from telltale.models.base import Model
from telltale.models.card import Card, Training
from telltale.models.estimates.boosted import Boosting, grown
from telltale.models.folder import made_model, read_folder
from telltale.models.life.remaining_life import LifeSettings, trained_remaining_life
from telltale.models.onnx_files.session import OnnxSession
from telltale.models.trees.write_onnx import onnx_trees
from telltale.runtime.models.shelf import SHIPPED

FAULTS, AUTOENCODER = "rotating_machine_faults", "industrial_pump_autoencoder"
TARGETS = {"faults_ms": 0.1, "autoencoder_p50_ms": 0.3, "autoencoder_p99_ms": 1.0, "trees": 100_000}
COLUMNS = 24
TREES = {"100 trees of depth 6": (100, 6), "500 trees of depth 6": (500, 6)}
ASKED = "100 trees of depth 6"
BATCH_ROWS = 20_000
LIVES, CHANNELS = 20, 14
HOUR_NS = 3600 * NS_PER_S


def readings(card: Card) -> Batch:
    """Return usual readings of what a model was trained on, one a second."""
    rng = np.random.default_rng(0)
    usual = {name: card.normal.get(name, (0.0, 1.0)) for name in card.inputs}
    columns = {name: rng.normal(mean, spread, ROWS) for name, (mean, spread) in usual.items()}
    return Batch("bench", START_NS + np.arange(ROWS) * NS_PER_S, columns)


def shipped_ms() -> dict[str, dict[str, float]]:
    """Return what one reading takes with each model that ships."""
    models = [read_folder(folder).model for folder in sorted(SHIPPED.iterdir()) if folder.is_dir()]
    return {model.card.name: row_ms(model, readings(model.card)) for model in models}


def trees_per_s() -> dict[str, int]:
    """Return how many rows a second ensembles take, alone and in an estimate's whole road."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(BATCH_ROWS, COLUMNS))
    target = rows[:, 0] * rows[:, 1] + np.sin(rows[:, 2])
    found = {}
    for name, (trees, depth) in TREES.items():
        ensemble = grown(rows[:8_000], target[:8_000], Boosting(trees=trees, depth=depth))
        session, asked = OnnxSession(onnx_trees(ensemble)), rows.astype(np.float32)
        found[name] = _per_s(partial(session.run, asked))
    model, batch = estimate(rng)
    found["remaining life, 1,000 trees and 33 features"] = _per_s(
        lambda: model.run(batch, model.start())
    )
    return found


def estimate(rng: np.random.Generator) -> tuple[Model, Batch]:
    """Return a model of remaining life, and a long made-up life to ask it about."""
    trained = trained_remaining_life(
        "bench",
        [life(int(rng.integers(150, 350)), rng) for _ in range(LIVES)],
        LifeSettings(3600.0, "h", "age_h"),
        rng,
        training=Training("made up", is_simulated=True),
    )
    return made_model(trained.card, trained.files), life(BATCH_ROWS, rng)


def life(hours: int, rng: np.random.Generator) -> Batch:
    """Return a machine's readings, one an hour, until it fails."""
    age_h = np.arange(1.0, hours + 1.0)
    wear = (age_h / hours) ** 3
    columns = {
        f"channel_{at}": wear * (1 + at % 3) + rng.normal(0.0, 0.2, hours) for at in range(CHANNELS)
    }
    return Batch("bench", START_NS + np.arange(hours) * HOUR_NS, {"age_h": age_h, **columns})


def measure() -> dict[str, Any]:
    """Return milliseconds of single readings, and rows a second of trees."""
    return {"shipped_ms": shipped_ms(), "trees_rows_per_s": trees_per_s()}


def _per_s(ask: Callable[[], object]) -> int:
    """Return how many of `BATCH_ROWS` rows a second of one core takes: the best of three."""
    took_s = []
    for _ in range(3):
        begin_s = time.process_time()
        ask()
        took_s.append(time.process_time() - begin_s)
    return round(BATCH_ROWS / min(took_s))


if __name__ == "__main__":
    print(json.dumps({"targets": TARGETS, **measure()}, indent=2))
