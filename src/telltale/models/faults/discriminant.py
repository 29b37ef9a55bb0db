"""Linear discriminant analysis in plain arrays: which class a row of many features belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import ModelError
from telltale.models.numeric import product

SHRINKAGE = 0.003  # of the correlations towards none; more blurs classes that differ little
TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Discriminant:
    """One linear score per class; the largest is the answer.

    Attributes:
        mean, spread: Standardise the features, shape (f,).
        weights: Shape (f, classes).
        offsets: Shape (classes,).
    """

    mean: FloatArray
    spread: FloatArray
    weights: FloatArray
    offsets: FloatArray


def fit_discriminant(rows: FloatArray, label: IntArray, n_classes: int) -> Discriminant:
    """Return the discriminant of rows, shape (n, f), with labels 0 to n_classes - 1.

    Raises:
        ModelError: A class has no rows.

    Source:
        Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 4.3, with the common
        correlation matrix shrunk towards the identity.
    """
    count = np.bincount(label, minlength=n_classes)
    if (count == 0).any():
        raise ModelError(f"Class {int(count.argmin())} of {n_classes} has no rows to learn from.")
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    is_constant = spread < TINY
    spread = np.where(is_constant, 1.0, spread)
    standard = (rows - mean) / spread
    centres = np.stack([standard[label == at].mean(axis=0) for at in range(n_classes)])
    inner = standard - centres[label]
    within = inner.T @ inner / len(rows)
    trace = float(np.trace(within)) / max(1, int((~is_constant).sum()))
    shrunk = (1.0 - SHRINKAGE) * within + SHRINKAGE * trace * np.eye(len(mean))
    weights = np.linalg.solve(shrunk, centres.T)
    offsets = np.log(count / len(rows)) - 0.5 * np.einsum("cf,fc->c", centres, weights)
    return Discriminant(mean, spread, weights, offsets)


def class_shares(rows: FloatArray, fitted: Discriminant) -> FloatArray:
    """Return how likely each class is, shape (n, classes); a row's bits depend on it alone."""
    scores = product((rows - fitted.mean) / fitted.spread, fitted.weights) + fitted.offsets
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    total = odds[:, 0].copy()
    for column in odds.T[1:]:
        total += column
    shares: FloatArray = odds / total[:, None]
    return shares
