"""Matrices whose squared image is a distance from normal operation, learnt from windows' means.

Source:
    Shrinkage: Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", J. Multivariate Analysis 88 (2004) 365. T2 and Q: Jackson and Mudholkar, "Control
    procedures for residuals associated with principal component analysis", Technometrics 21
    (1979) 341.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from telltale.batch import FloatArray
from telltale.models.detectors.calibration import TINY

FOLDS = 8  # of time, to see how well a regression holds for a stretch it has not seen
EXPLAINED = 0.95  # of the variance, by the components of T2


def covariance_map(rows: FloatArray, samples: int) -> FloatArray:
    """Return the matrix whose squared image is Mahalanobis' distance, shape (k, k).

    Args:
        rows: Means of overlapping windows, shape (n, k).
        samples: Windows that overlap: so many rows are worth one.
    """
    scale = _scale(rows)
    covariance = shrunk_covariance((rows - rows.mean(axis=0)) / scale, samples)
    root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    found: FloatArray = root / scale[:, None] / np.sqrt(len(scale))
    return found


def shrunk_covariance(rows: FloatArray, samples: int) -> FloatArray:
    """Return the covariance of standardised rows, shrunk towards a multiple of the identity."""
    n, k = rows.shape
    covariance = rows.T @ rows / n
    mean = float(np.trace(covariance)) / k
    away = float(np.square(covariance - mean * np.eye(k)).sum()) / k
    squares = np.square(rows).sum(axis=1)
    noise = (float(np.square(squares).mean()) - float(np.square(covariance).sum())) * samples / n
    shrink = min(1.0, max(1e-4, noise / k / max(away, TINY)))
    shrunk: FloatArray = (1.0 - shrink) * covariance + shrink * max(mean, TINY) * np.eye(k)
    return shrunk


def regression_map(rows: FloatArray, ridge: float, samples: int) -> FloatArray:
    """Return the matrix of all residuals, in multiples of their size on stretches not learnt.

    Column j gives channel j less what ridge regression makes of the others, shape (k, k).
    """
    centre, scale = rows.mean(axis=0), _scale(rows)
    standard = (rows - centre) / scale
    fresh = np.empty_like(standard)
    edges = np.linspace(0, len(rows), FOLDS + 1).astype(np.int64)
    for start, stop in pairwise(edges.tolist()):
        other = np.r_[0 : max(0, start - samples), min(len(rows), stop + samples) : len(rows)]
        learnt = standard[other] if len(other) else standard
        middle = learnt.mean(axis=0)
        fresh[start:stop] = (standard[start:stop] - middle) @ _residuals(learnt - middle, ridge)
    size = np.maximum(np.sqrt(np.square(fresh).mean(axis=0)), TINY)
    sized: FloatArray = _residuals(standard, ridge) / size / scale[:, None]
    sized /= np.sqrt(len(scale))
    return sized


def component_maps(rows: FloatArray, samples: int) -> tuple[FloatArray, FloatArray]:
    """Return the matrices of T2 and Q, shapes (k, r) and (k, k - r)."""
    scale = _scale(rows)
    covariance = shrunk_covariance((rows - rows.mean(axis=0)) / scale, samples)
    variances, directions = np.linalg.eigh(covariance)
    variances, directions = variances[::-1], directions[:, ::-1]
    explained = np.cumsum(variances) / variances.sum()
    r = min(max(1, int(np.searchsorted(explained, EXPLAINED)) + 1), len(scale) - 1)
    within = directions[:, :r] / np.sqrt(variances[:r])
    return within / scale[:, None], directions[:, r:] / scale[:, None]


def _scale(rows: FloatArray) -> FloatArray:
    """Return each column's spread; one that hardly moves keeps a size above rounding."""
    least = 1e-9 * np.abs(rows).max(axis=0)
    scale: FloatArray = np.maximum(rows.std(axis=0), np.maximum(least, 1e-150))
    return scale


def _residuals(rows: FloatArray, ridge: float) -> FloatArray:
    """Return the matrix that takes from each column what the others say, shape (k, k)."""
    k = rows.shape[1]
    inner = rows.T @ rows / len(rows)
    found = np.eye(k)
    for at in range(k):
        others = np.arange(k) != at
        penalised = inner[np.ix_(others, others)] + ridge * np.eye(k - 1)
        found[others, at] = -np.linalg.solve(penalised, inner[others, at])
    return found
