"""Detectors of normal behaviour: a row at a time, in batch, a thousand machines, and learning.

Prints JSON. All in this process, one thread: what a detector costs beside the rest of telltale.
"""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.models.base import Model
from telltale.models.card import Input
from telltale.models.folder import made_model
from telltale.models.trainers import TRAINERS, train
from telltale.models.training_set import TrainingSet

DETECTORS = tuple(k for k, one in TRAINERS.items() if ".detectors.train:" in one.function)
CHANNELS = 10
DAY_ROWS = 86_400
ROWS = 3_000
BATCH_ROWS = 100_000
MACHINES = 1_000
SECONDS = 3
START_NS = 1_763_712_000_000_000_000
TARGETS = {"row_ms": 0.05, "rows_per_s": 1_000_000, "cores": 0.5, "train_s": 1.0}
ASKED = "mahalanobis"  # of which speed was asked


def day() -> Batch:
    """Return a day of readings at 1 Hz: some channels follow others, one is coarse."""
    values = np.random.default_rng(0).normal(size=(CHANNELS, DAY_ROWS))
    values[1] += values[0]
    values[2] -= 0.5 * values[1]
    values[3] = np.round(values[3] + values[1], 1)
    columns = {f"channel_{at}": values[at] for at in range(CHANNELS)}
    return Batch("bench", START_NS + np.arange(DAY_ROWS) * NS_PER_S, columns)


def row_ms(model: Model, batch: Batch) -> dict[str, float]:
    """Return what single rows take, in milliseconds."""
    state, took_ms = model.start(), []
    for row in range(ROWS):
        one = batch.rows(row, row + 1)
        begin_s = time.perf_counter()
        _, state = model.run(one, state)
        took_ms.append((time.perf_counter() - begin_s) * 1e3)
    settled = took_ms[200:]
    return {"p50": round(float(np.quantile(settled, 0.5)), 4), "p99": _p99(settled)}


def rows_per_s(model: Model, batch: Batch) -> float:
    """Return how many rows a second go through in large batches: the best of three."""
    whole = Batch(
        batch.machine,
        START_NS + np.arange(BATCH_ROWS) * NS_PER_S,
        {name: np.resize(column, BATCH_ROWS) for name, column in batch.columns.items()},
    )
    took_s = []
    for _ in range(3):
        begin_s = time.perf_counter()
        model.run(whole, model.start())
        took_s.append(time.perf_counter() - begin_s)
    return round(BATCH_ROWS / min(took_s))


def cores_of_machines(model: Model, batch: Batch) -> float:
    """Return how much of a core many machines at 1 Hz take, each with a state of its own."""
    states = [model.run(batch.rows(0, 100), model.start())[1] for _ in range(MACHINES)]
    begin_s = time.process_time()
    for second in range(SECONDS):
        one = batch.rows(100 + second, 101 + second)
        for at, state in enumerate(states):
            _, states[at] = model.run(one, state)
    return round((time.process_time() - begin_s) / SECONDS, 3)


def measure() -> dict[str, Any]:
    """Return the figures of every detector."""
    batch = day()
    inputs = {name: Input("1") for name in batch.columns}
    learnt_from = TrainingSet.of_normal(batch, inputs, is_simulated=True)
    return {kind: _measured(kind, learnt_from) for kind in DETECTORS}


def _measured(kind: str, learnt_from: TrainingSet) -> dict[str, Any]:
    begin_s = time.perf_counter()
    card, files = train(kind, "bench", learnt_from)
    train_s = round(time.perf_counter() - begin_s, 3)
    model, batch = made_model(card, files), learnt_from.batch
    return {
        "train_s": train_s,
        "row_ms": row_ms(model, batch),
        "rows_per_s": rows_per_s(model, batch),
        "cores": cores_of_machines(model, batch),
    }


def _p99(took_ms: list[float]) -> float:
    return round(float(np.quantile(took_ms, 0.99)), 4)


if __name__ == "__main__":
    print(json.dumps({"targets": TARGETS, "detectors": measure()}, indent=2))
