"""Which channels can be learnt from, and why others cannot."""

from __future__ import annotations

import numpy as np

from telltale.batch import Batch, FloatArray

LEAST_MEASURED = 0.5  # of the samples; a channel that is missing more often is left out
IS_CONSTANT, IS_COUNTER = "constant", "only ever rises, as a counter does"
CONSTANT = 1e-9  # of its size: a smaller spread is rounding
TOO_LARGE = 1e100  # its square still is a number
COUNTER_FALLS, COUNTER_RISES = 0.001, 0.05  # shares of steps: a counter almost never falls


def unusable(batch: Batch, *, takes_any_course: bool) -> dict[str, str]:
    """Return which columns cannot be learnt from, and why.

    Args:
        batch: Of normal operation, at least one sample.
        takes_any_course: Constant channels and counters can be learnt from too.
    """
    fine = {"", IS_CONSTANT, IS_COUNTER} if takes_any_course else {""}
    found = {name: _why(column) for name, column in batch.columns.items()}
    return {name: why for name, why in found.items() if why not in fine}


def _why(column: FloatArray) -> str:
    """Return why a channel cannot be learnt from; "" if it can."""
    values = column[np.isfinite(column)]
    if len(values) < LEAST_MEASURED * len(column):
        return f"missing in {1.0 - len(values) / len(column):.0%} of the samples"
    size = float(np.abs(values).max())
    if size > TOO_LARGE:
        return "too large"
    if float(np.ptp(values)) <= CONSTANT * size:
        return IS_CONSTANT
    steps = np.diff(values)
    if (steps < 0.0).mean() <= COUNTER_FALLS and (steps > 0.0).mean() >= COUNTER_RISES:
        return IS_COUNTER
    return ""
