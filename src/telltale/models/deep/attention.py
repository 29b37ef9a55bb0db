"""The parts of a transformer in plain NumPy, forward and back: norm, attention, feed-forward.

Arrays have shape (windows, samples, width). Each way forward also gives what its way back needs.

Source:
    Vaswani et al., "Attention is all you need", NeurIPS 2017; the norm before each part as in
    Xiong et al., "On layer normalization in the transformer architecture", ICML 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from telltale.models.deep.lstm import Reals, Weights

Kept: TypeAlias = tuple[Reals, ...]

EPSILON = 1e-5  # of the norm, as in the ONNX operator LayerNormalization


def norm(x: Reals, weights: Mapping[str, Reals], name: str) -> tuple[Reals, Kept]:
    """Return x with mean 0 and deviation 1 over its width, scaled and shifted."""
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = 1.0 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + x.dtype.type(EPSILON))
    unit: Reals = centred * spread
    found: Reals = unit * weights[f"{name}.scale"] + weights[f"{name}.shift"]
    return found, (unit, spread)


def norm_back(
    d_found: Reals, kept: Kept, weights: Mapping[str, Reals], name: str, gradients: Weights
) -> Reals:
    """Return the gradient of the norm's input; those of its weights go into `gradients`."""
    unit, spread = kept
    gradients[f"{name}.scale"] = _rows(d_found * unit).sum(axis=0)
    gradients[f"{name}.shift"] = _rows(d_found).sum(axis=0)
    d_unit = d_found * weights[f"{name}.scale"]
    mean = d_unit.mean(axis=-1, keepdims=True)
    along = (d_unit * unit).mean(axis=-1, keepdims=True)
    d_x: Reals = (d_unit - mean - unit * along) * spread
    return d_x


def dense(x: Reals, weights: Mapping[str, Reals], name: str) -> Reals:
    """Return x times weights plus bias."""
    found: Reals = x @ weights[f"{name}.input"] + weights[f"{name}.bias"]
    return found


def dense_back(
    d_found: Reals, x: Reals, weights: Mapping[str, Reals], name: str, gradients: Weights
) -> Reals:
    """Return the gradient of a dense layer's input."""
    gradients[f"{name}.input"] = _rows(x).T @ _rows(d_found)
    gradients[f"{name}.bias"] = _rows(d_found).sum(axis=0)
    d_x: Reals = d_found @ weights[f"{name}.input"].T
    return d_x


def attention(x: Reals, weights: Mapping[str, Reals], name: str, heads: int) -> tuple[Reals, Kept]:
    """Return what each sample takes from all samples of its window."""
    joint = dense(x, weights, f"{name}.joint")
    query, key, value = (_divided(part, heads) for part in np.split(joint, 3, axis=-1))
    shrink = x.dtype.type(query.shape[-1] ** -0.5)
    sums = query @ key.swapaxes(-1, -2) * shrink
    sums = np.exp(sums - sums.max(axis=-1, keepdims=True))
    share = sums / sums.sum(axis=-1, keepdims=True)
    taken = _together(share @ value)
    return dense(taken, weights, f"{name}.out"), (x, query, key, value, share, taken)


def attention_back(
    d_found: Reals, kept: Kept, weights: Mapping[str, Reals], name: str, gradients: Weights
) -> Reals:
    """Return the gradient of the attention's input."""
    x, query, key, value, share, taken = kept
    heads = query.shape[1]
    shrink = x.dtype.type(query.shape[-1] ** -0.5)
    d_taken = _divided(dense_back(d_found, taken, weights, f"{name}.out", gradients), heads)
    d_share = d_taken @ value.swapaxes(-1, -2)
    d_sums = share * (d_share - (d_share * share).sum(axis=-1, keepdims=True)) * shrink
    parts = (d_sums @ key, d_sums.swapaxes(-1, -2) @ query, share.swapaxes(-1, -2) @ d_taken)
    d_joint = np.concatenate([_together(part) for part in parts], axis=-1)
    return dense_back(d_joint, x, weights, f"{name}.joint", gradients)


def feed_forward(x: Reals, weights: Mapping[str, Reals], name: str) -> tuple[Reals, Kept]:
    """Return two dense layers with a ReLU between, the same for each sample."""
    inner = np.maximum(dense(x, weights, f"{name}.wide"), 0)
    return dense(inner, weights, f"{name}.narrow"), (x, inner)


def feed_forward_back(
    d_found: Reals, kept: Kept, weights: Mapping[str, Reals], name: str, gradients: Weights
) -> Reals:
    """Return the gradient of the two layers' input."""
    x, inner = kept
    d_inner = dense_back(d_found, inner, weights, f"{name}.narrow", gradients) * (inner > 0)
    return dense_back(d_inner, x, weights, f"{name}.wide", gradients)


def _rows(x: Reals) -> Reals:
    return x.reshape(-1, x.shape[-1])


def _divided(x: Reals, heads: int) -> Reals:
    """Return (n, t, width) as (n, heads, t, width / heads)."""
    n, samples, width = x.shape
    return x.reshape(n, samples, heads, width // heads).swapaxes(1, 2)


def _together(x: Reals) -> Reals:
    """Return (n, heads, t, size) as (n, t, heads size)."""
    n, heads, samples, size = x.shape
    return x.swapaxes(1, 2).reshape(n, samples, heads * size)
