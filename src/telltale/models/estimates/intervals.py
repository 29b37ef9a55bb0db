"""How sure a number is: bounds that hold by counting, from errors on data that were held out.

Split conformal prediction: an error of the past, in multiples of its predicted scale, is as likely
to be larger than the next one as to be smaller. So the k-th smallest of n errors bounds the next
with a chance of k / (n + 1), whatever the model is and however wrong it is. The errors are kept by
bins of the prediction, because a forecast of much life left errs otherwise than one of little.

Source: Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005; Lei et al.,
"Distribution-free predictive inference for regression", JASA 113 (2018) 1094, section 5.2 for the
scale; Bostrom, Johansson, "Mondrian conformal regressors", PMLR 128 (2020) for the bins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import ModelError

LEVELS = (0.025, 0.05, *(round(0.1 * k, 1) for k in range(1, 10)), 0.95, 0.975)
LEAST_IN_BIN = 19  # independent errors, so that bounds of 90 % can be counted
ROUNDING = 1e-9  # 0.1 * 10 is not more than 1


class ErrorTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Quantiles of (truth - prediction) / scale, by bins of the prediction.

    Attributes:
        levels: Shares of errors, rising.
        edges: Between the bins, rising; one less than bins.
        errors: Per bin and level: that share of fresh errors lies at or below, with at least that
            chance from the middle upwards, and with at most that chance below it.
    """

    levels: tuple[float, ...]
    edges: tuple[float, ...]
    errors: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a table that is none: raises ModelError."""
        rows = np.array(self.errors, dtype=np.float64) if self.errors else np.empty((0, 0))
        is_shaped = rows.shape == (len(self.edges) + 1, len(self.levels)) and len(self.levels) > 1
        if not is_shaped or not _is_rising(rows) or not _is_rising(np.array([self.levels])):
            raise ModelError(
                "intervals: 'errors' needs one rising row of numbers per bin, one for each of the "
                "rising 'levels'; there is one bin more than 'edges'."
            )


def upper_bound(errors: FloatArray, miss: float, independent: int | None = None) -> float:
    """Return what the next error exceeds with a chance of at most `miss`; infinity if unknown.

    Args:
        errors: Held out, shape (n,).
        miss: Above 0, below 1.
        independent: As how many the errors count, see `independent_errors`. None: all of them.
    """
    count = len(errors) if independent is None else independent
    rank = math.ceil((count + 1) * (1.0 - miss) - ROUNDING)
    if rank > count or not len(errors):
        return math.inf
    place = math.ceil(rank / count * len(errors) - ROUNDING) - 1
    return float(np.partition(errors, place)[place])


def lower_bound(errors: FloatArray, miss: float, independent: int | None = None) -> float:
    """Return what the next error is below with a chance of at most `miss`."""
    return -upper_bound(-errors, miss, independent)


def error_table(
    predicted: FloatArray,
    actual: FloatArray,
    scale: FloatArray,
    run: IntArray | None = None,
    *,
    bins: int = 5,
) -> ErrorTable:
    """Return the table of errors on held-out data.

    Args:
        predicted: What was said, shape (n,).
        actual: What came, shape (n,).
        scale: Predicted size of the error, positive, shape (n,).
        run: Which run each is of: errors of one run are alike. None: each is by itself.
        bins: Equally full ones at most; fewer where data are few or predictions alike.

    Raises:
        ModelError: The known errors count as fewer than `LEAST_IN_BIN`.
    """
    errors = (actual - predicted) / scale
    is_known = np.isfinite(errors)
    run = (np.arange(len(errors)) if run is None else run)[is_known]
    errors, predicted = errors[is_known], predicted[is_known]
    edges: FloatArray = np.empty(0)
    if len(errors):
        edges = np.unique(np.quantile(predicted, np.arange(1, bins) / bins))
    counts = _counts(edges, predicted, errors, run)
    while len(edges) and min(counts) < LEAST_IN_BIN:
        thin = max(0, int(np.argmin(counts)) - 1)  # the thin bin joins one beside it
        edges = np.delete(edges, thin)
        counts = _counts(edges, predicted, errors, run)
    if min(counts) < LEAST_IN_BIN:
        raise ModelError(
            f"intervals: the {len(errors)} held-out errors count as {min(counts)} independent, "
            f"{LEAST_IN_BIN} are needed for bounds of 90 %. Hold out more runs."
        )
    levels = tuple(p for p in LEVELS if min(p, 1.0 - p) * (min(counts) + 1) >= 1.0 - ROUNDING)
    place = bin_of(edges, predicted)
    rows = [_at_levels(errors[place == k], levels, count) for k, count in enumerate(counts)]
    return ErrorTable(levels, tuple(edges.tolist()), tuple(rows))


def independent_errors(errors: FloatArray, run: IntArray) -> int:
    """Return as how many independent errors these count.

    All of them if errors of one run are no more alike than others, as few as there are runs if
    they are all the same.

    Source:
        Kish, "Survey Sampling", 1965, section 5.4: n / (1 + (m - 1) r) for runs of m errors whose
        correlation within a run is r, here of their ranks, by analysis of variance.
    """
    n, (_, place, sizes) = len(errors), np.unique(run, return_inverse=True, return_counts=True)
    n_runs = len(sizes)
    if n_runs == n or n_runs < 2:
        return n_runs
    rank = np.argsort(np.argsort(errors, kind="stable"), kind="stable") / n
    mean = np.bincount(place, rank) / sizes
    between = float((sizes * (mean - rank.mean()) ** 2).sum()) / (n_runs - 1)
    within = float(((rank - mean[place]) ** 2).sum()) / (n - n_runs)
    size = (n - float((sizes**2).sum()) / n) / (n_runs - 1)
    alike = (between - within) / (between + (size - 1.0) * within)
    return max(n_runs, int(n / (1.0 + (size - 1.0) * min(max(alike, 0.0), 1.0))))


def _counts(
    edges: FloatArray, predicted: FloatArray, errors: FloatArray, run: IntArray
) -> list[int]:
    """Return as how many independent errors those of each bin count."""
    place = bin_of(edges, predicted)
    return [independent_errors(errors[place == k], run[place == k]) for k in range(len(edges) + 1)]


def bin_of(edges: FloatArray | Sequence[float], predicted: FloatArray) -> IntArray:
    """Return each prediction's bin, shape (n,); a prediction on an edge is in the upper one."""
    return np.searchsorted(np.asarray(edges, dtype=np.float64), predicted, side="right")


def bound(table: ErrorTable, predicted: FloatArray, scale: FloatArray, level: float) -> FloatArray:
    """Return what the truth lies at or below with the chance `level`, shape (n,).

    A level between two of the table's takes the outer one: never a narrower bound.
    """
    levels = np.array(table.levels)
    if not levels[0] - 1e-9 <= level <= levels[-1] + 1e-9:
        raise ModelError(f"intervals: level {level} is not within {levels[0]} to {levels[-1]}.")
    if level < 0.5:
        at = int(np.searchsorted(levels, level + 1e-9, side="right")) - 1
    else:
        at = int(np.searchsorted(levels, level - 1e-9, side="left"))
    errors = np.array(table.errors)[bin_of(table.edges, predicted), at]
    bounds: FloatArray = predicted + errors * scale
    return bounds


def chance_below(
    table: ErrorTable, predicted: FloatArray, scale: FloatArray, at: float
) -> FloatArray:
    """Return the chance that the truth is at most `at`, e.g. a failure within so many hours.

    Beyond the outermost levels nothing is known: the chance then is that level, so 0.025 says "at
    most 2.5 %" and 0.975 "at least 97.5 %". Shape (n,); NaN where the prediction is.
    """
    place = bin_of(table.edges, predicted)
    errors, levels = np.array(table.errors), np.array(table.levels)
    asked = (at - predicted) / scale
    chance = np.full(len(predicted), np.nan)
    for k in range(len(errors)):
        rows = (place == k) & np.isfinite(asked)
        chance[rows] = np.interp(asked[rows], errors[k], levels)
    return chance


def _at_levels(errors: FloatArray, levels: Sequence[float], independent: int) -> tuple[float, ...]:
    """Return the errors at each level, outwards from the middle."""
    return tuple(
        lower_bound(errors, level, independent)
        if level < 0.5
        else upper_bound(errors, 1.0 - level, independent)
        for level in levels
    )


def _is_rising(rows: FloatArray) -> bool:
    return bool(np.isfinite(rows).all() and (np.diff(rows, axis=1) >= 0.0).all())
