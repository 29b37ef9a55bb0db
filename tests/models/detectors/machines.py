"""A small machine for tests of detectors: four channels that hang together, in normal operation."""

from __future__ import annotations

from functools import cache

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.models.card import Card, Input
from telltale.models.composed import ComposedModel
from telltale.models.folder import made_model
from telltale.models.trainers import TRAINERS, train
from telltale.models.training_set import TrainingSet

DETECTORS = tuple(k for k, one in TRAINERS.items() if ".detectors.train:" in one.function)
START_NS = 1_763_712_000_000_000_000
UNITS = {
    "flow_lpm": Input("l/min"),
    "current_a": Input("A"),
    "pressure_bar": Input("bar"),
    "vibration_mm_s": Input("mm/s"),
}


def readings(n: int, seed: int = 0, step_s: float = 1.0) -> Batch:
    """Return normal operation: current and pressure follow the flow, vibration does not."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(4, n))
    flow = 30.0 + 2.0 * np.sin(np.arange(n) / 11.0) + 0.2 * noise[0]
    return batch_of(
        {
            "flow_lpm": flow,
            "current_a": 1.0 + 0.1 * flow + 0.02 * noise[1],
            "pressure_bar": np.round(4.0 - 0.05 * flow + 0.02 * noise[2], 2),
            "vibration_mm_s": 2.1 + 0.3 * noise[3],
        },
        step_s,
    )


def batch_of(columns: dict[str, FloatArray], step_s: float = 1.0) -> Batch:
    """Return columns as a machine's readings at even steps."""
    n = len(next(iter(columns.values())))
    return Batch("pump-1", START_NS + np.arange(n) * round(step_s * 1e9), columns)


def normal(batch: Batch, *, is_simulated: bool = False) -> TrainingSet:
    """Return readings of normal operation to learn from."""
    return TrainingSet.of_normal(batch, UNITS, is_simulated=is_simulated)


def changed(batch: Batch, name: str, column: FloatArray) -> Batch:
    """Return readings with another column."""
    return batch.adding({name: column})


@cache
def trained(kind: str, n: int = 900) -> tuple[Card, dict[str, bytes]]:
    """Return the card and files of a detector that learnt from normal operation."""
    return train(kind, "it", normal(readings(n), is_simulated=True))


def detector(kind: str) -> ComposedModel:
    """Return a detector that learnt from normal operation."""
    model = made_model(*trained(kind))
    assert isinstance(model, ComposedModel)
    return model


def scores(model: ComposedModel, batch: Batch) -> FloatArray:
    """Return a detector's score of each row."""
    prediction, _ = model.run(batch, model.start())
    return prediction.columns["it_score"]


def with_fault(kind: str, column: FloatArray, start: int, more: float) -> FloatArray:
    """Return a column that is offset from a row on; for a detector of stuck channels, frozen."""
    found = column.copy()
    found[start:] = found[start] if kind == "stuck" else found[start:] + more
    return found
