"""What cores with evidence share: parts as shares, and parts found by occlusion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from telltale.batch import FloatArray


def shares_of(parts: FloatArray) -> FloatArray:
    """Return parts, shape (m, k), over the sum of their sizes; a row without any stays zero."""
    total = np.abs(parts).sum(axis=1, keepdims=True)
    shares: FloatArray = parts / np.where(total > 0.0, total, 1.0)
    return shares


def occluded_parts(
    score: Callable[[FloatArray], FloatArray], rows: FloatArray, usual: FloatArray
) -> FloatArray:
    """Return by how much a score falls when one column has its usual value, shape (m, k).

    Args:
        score: Of rows, shape (m, ..., k) to (m,).
        rows: Asked about.
        usual: Value of each column, shape (k,); one whose usual value is NaN has no part.
    """
    given = score(rows)
    parts = np.zeros((len(rows), len(usual)))
    for column in np.flatnonzero(np.isfinite(usual)).tolist():
        occluded = rows.copy()
        occluded[..., column] = usual[column]
        parts[:, column] = given - score(occluded)
    return parts
