"""Metrics of one sample's values: weighted sums, products, ratios, magnitudes. No memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import SettingsError
from telltale.pipeline.metrics.window import divided
from telltale.profiles.schema import NonNegativeFloat


class NoMemory(msgspec.Struct, frozen=True):
    """The state of a metric that needs none."""


def linear(
    time_ns: IntArray,
    *inputs: FloatArray,
    state: NoMemory,
    weights: tuple[float, ...] = (),
    offset: float = 0.0,
) -> tuple[FloatArray, NoMemory]:
    """Return offset + the sum of weight times input. No weights: all 1."""
    total = np.full(len(time_ns), offset)
    for weight, x in _weighted(weights, inputs):
        total = total + weight * x
    return total, state


def product(
    time_ns: IntArray, *inputs: FloatArray, state: NoMemory, scale: float = 1.0
) -> tuple[FloatArray, NoMemory]:
    """Return scale times the product of the inputs."""
    total = np.full(len(time_ns), scale)
    for x in inputs:
        total = total * x
    return total, state


def ratio(
    time_ns: IntArray,
    y: FloatArray,
    x: FloatArray,
    state: NoMemory,
    *,
    min_denominator: NonNegativeFloat = 0.0,
) -> tuple[FloatArray, NoMemory]:
    """Return y / x; NaN where x is 0 or its size is below min_denominator."""
    size = np.abs(x)
    return divided(y, x, (size >= min_denominator) & (size > 0.0)), state


def sum_of_squares(
    time_ns: IntArray, *inputs: FloatArray, state: NoMemory, weights: tuple[float, ...] = ()
) -> tuple[FloatArray, NoMemory]:
    """Return the sum of (weight times input) squared. No weights: all 1."""
    total = np.zeros(len(time_ns))
    for weight, x in _weighted(weights, inputs):
        total = total + np.square(weight * x)
    return total, state


def magnitude(
    time_ns: IntArray, *inputs: FloatArray, state: NoMemory, weights: tuple[float, ...] = ()
) -> tuple[FloatArray, NoMemory]:
    """Return the root of `sum_of_squares`: the length of a vector."""
    squares, _ = sum_of_squares(time_ns, *inputs, state=state, weights=weights)
    return np.sqrt(squares), state


def _weighted(
    weights: Sequence[float], inputs: Sequence[FloatArray]
) -> list[tuple[float, FloatArray]]:
    """Pair weights and inputs."""
    if weights and len(weights) != len(inputs):
        raise SettingsError(
            f"weights: {len(weights)} of them for {len(inputs)} inputs. Give one for each input."
        )
    return list(zip(weights or (1.0,) * len(inputs), inputs, strict=True))
