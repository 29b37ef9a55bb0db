"""Small models for tests: a distance from what is usual, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from telltale.batch import Batch, FloatArray
from telltale.models.base import Evidence
from telltale.models.card import Card, Feature, Input, Training, Window
from telltale.models.composed import ComposedModel
from telltale.models.numeric import row_sums
from telltale.profiles.schema import Limits, Output

START_NS = 1_763_712_000_123_456_789


class SumOfSquares:
    """Gives the sum of squares over a window, and how much each column has of it."""

    def run(self, windows: FloatArray) -> FloatArray:
        return row_sums((windows**2).reshape(len(windows), -1))[:, None]

    def evidence(self, windows: FloatArray) -> Evidence:
        squares = (windows**2).sum(axis=1)
        total = squares.sum(axis=1, keepdims=True)
        zeros = np.zeros_like(squares)
        return Evidence(squares / np.where(total > 0, total, 1.0), zeros, zeros, zeros + 1.0)


def toy_card(**changes: Any) -> Card:
    """Return a card of a model of two channels, smoothed before and after."""
    settings: dict[str, Any] = {
        "name": "toy",
        "title": "Toy",
        "task": "anomaly",
        "runtime": "toy",
        "inputs": {"a": Input("1"), "b": Input("1")},
        "features": {"a_mean": Feature("rolling_mean", ("a",), {"window_s": 0.3})},
        "columns": ("a_mean", "b"),
        "core_outputs": ("size",),
        "after": {"smooth": Feature("ewma", ("size",), {"time_constant_s": 1.0})},
        "outputs": {"smooth": Output("Toy score", "1", limits=Limits(warn_above=1.0))},
        "training": Training("none", is_simulated=True),
    }
    return Card(**(settings | changes))


def toy(samples: int = 1, every_s: float = 0.0, gap_s: float | None = None) -> ComposedModel:
    """Return the model of `toy_card` with this window."""
    return ComposedModel(toy_card(window=Window(samples, every_s, gap_s)), SumOfSquares())


def stream(columns: Mapping[str, Any], step_s: float = 0.1) -> Batch:
    """Return a machine's samples at even steps."""
    values = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    n = len(next(iter(values.values())))
    return Batch("m", START_NS + np.arange(n) * round(step_s * 1e9), values)
