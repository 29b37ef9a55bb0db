"""The transformer forecaster: from a window of samples to the next one.

Each sample is embedded with its place in the window, passes blocks of attention and feed-forward,
and what the newest sample has then gathered tells by how much each channel will change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from telltale.models.deep.attention import (
    Kept,
    attention,
    attention_back,
    dense,
    dense_back,
    feed_forward,
    feed_forward_back,
    norm,
    norm_back,
)
from telltale.models.deep.lstm import Reals, Weights

WAVE = 10_000.0  # longest wave of the places, in samples over 2 pi
START_SPREAD = 0.02  # of the last layer: training starts near "nothing will change"


@dataclass(frozen=True, slots=True)
class Layout:
    """How large the network is.

    Attributes:
        channels: In and out.
        samples: In one window.
        width: Of a sample inside; a multiple of `heads`.
        heads: Of each attention.
        wide: Of the layer inside a feed-forward.
        blocks: One after the other.
    """

    channels: int
    samples: int
    width: int = 32
    heads: int = 4
    wide: int = 64
    blocks: int = 2


def initial_weights(
    layout: Layout, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> Weights:
    """Return weights to start from: uniform as in Glorot and Bengio, AISTATS 2010."""
    width, wide = layout.width, layout.wide
    sizes = {"embed": (layout.channels, width)}
    norms = ["final"]
    for block in range(layout.blocks):
        sizes[f"{block}.attention.joint"] = (width, 3 * width)
        sizes[f"{block}.attention.out"] = (width, width)
        sizes[f"{block}.feed.wide"] = (width, wide)
        sizes[f"{block}.feed.narrow"] = (wide, width)
        norms += [f"{block}.before_attention", f"{block}.before_feed"]
    weights: dict[str, Any] = {}
    for name, (rows, columns) in sizes.items():
        limit = math.sqrt(6.0 / (rows + columns))
        weights[f"{name}.input"] = rng.uniform(-limit, limit, size=(rows, columns))
        weights[f"{name}.bias"] = np.zeros(columns)
    for name in norms:
        weights[f"{name}.scale"], weights[f"{name}.shift"] = np.ones(width), np.zeros(width)
    weights["change.input"] = rng.normal(0.0, START_SPREAD, size=(width, layout.channels))
    weights["change.bias"] = np.zeros(layout.channels)
    return {name: values.astype(dtype) for name, values in weights.items()}


def places(layout: Layout, dtype: npt.DTypeLike = np.float32) -> Reals:
    """Return what marks each place in a window, sines and cosines, shape (samples, width)."""
    half = layout.width // 2
    rates = WAVE ** (-np.arange(half) / half)
    angles = np.arange(layout.samples)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(dtype)


def forecast(weights: Weights, windows: Reals, layout: Layout) -> Reals:
    """Return the next sample of each window, shape (n, samples, channels) to (n, channels)."""
    return _run(weights, windows, layout)[0]


def loss_and_gradients(weights: Weights, windows: Reals, layout: Layout) -> tuple[float, Weights]:
    """Return mean absolute error and gradients; the last sample of a window is the one to tell."""
    seen, target = windows[:, :-1], windows[:, -1]
    found, kept, gathered, final = _run(weights, seen, layout)
    error = found - target
    gradients: Weights = {}
    d_found: Reals = np.sign(error) / windows.dtype.type(error.size)
    d_final = dense_back(d_found, gathered, weights, "change", gradients)
    d_x = np.zeros_like(kept[-1][-1])
    d_x[:, -1] = norm_back(d_final, final, weights, "final", gradients)
    for block in reversed(range(layout.blocks)):
        d_x = _block_back(d_x, kept[block], weights, block, gradients)
    dense_back(d_x, seen, weights, "embed", gradients)
    return float(np.abs(error).mean()), gradients


def _run(
    weights: Weights, seen: Reals, layout: Layout
) -> tuple[Reals, list[tuple[Any, ...]], Reals, Kept]:
    """Return the forecast, what each block kept, what was gathered, and what its norm kept."""
    x: Reals = dense(seen, weights, "embed") + places(layout, seen.dtype)
    kept = []
    for block in range(layout.blocks):
        x, of_block = _block(x, weights, block, layout.heads)
        kept.append(of_block)
    gathered, final = norm(x[:, -1], weights, "final")
    found: Reals = seen[:, -1] + dense(gathered, weights, "change")
    return found, kept, gathered, final


def _block(x: Reals, weights: Weights, block: int, heads: int) -> tuple[Reals, tuple[Any, ...]]:
    """Return x after attention and feed-forward, each added to what was there."""
    even, first = norm(x, weights, f"{block}.before_attention")
    taken, second = attention(even, weights, f"{block}.attention", heads)
    x = x + taken
    even, third = norm(x, weights, f"{block}.before_feed")
    fed, fourth = feed_forward(even, weights, f"{block}.feed")
    x = x + fed
    return x, (first, second, third, fourth, x)


def _block_back(
    d_x: Reals, kept: tuple[Any, ...], weights: Weights, block: int, gradients: Weights
) -> Reals:
    first, second, third, fourth, _ = kept
    d_even = feed_forward_back(d_x, fourth, weights, f"{block}.feed", gradients)
    d_x = d_x + norm_back(d_even, third, weights, f"{block}.before_feed", gradients)
    d_even = attention_back(d_x, second, weights, f"{block}.attention", gradients)
    return d_x + norm_back(d_even, first, weights, f"{block}.before_attention", gradients)
