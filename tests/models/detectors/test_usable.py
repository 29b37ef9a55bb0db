"""Which columns can be learnt from: the reasons why others cannot."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.models.detectors.usable import unusable
from tests.models.detectors.machines import batch_of

N = 600
NOISE = np.random.default_rng(0).normal(size=N)
COUNT = np.arange(N, dtype=np.float64)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (NOISE, ""),
        (np.full(N, 230.0), "constant"),
        (230.0 + 1e-12 * NOISE, "constant"),
        (np.zeros(N), "constant"),
        (COUNT, "only ever rises, as a counter does"),
        (np.floor(COUNT / 10.0), "only ever rises, as a counter does"),
        (np.floor(COUNT / 100.0), ""),  # rises too seldom to be told from a level that changes
        (np.where(COUNT < 300, COUNT, 600.0 - COUNT), ""),
        (np.where(COUNT % 3 == 0, NOISE, np.nan), "missing in 67% of the samples"),
        (np.full(N, np.nan), "missing in 100% of the samples"),
        (NOISE * 1e200, "too large"),
    ],
)
def test_a_column_is_left_out_for_a_reason(column: FloatArray, why: str) -> None:
    batch = batch_of({"a": column})
    assert unusable(batch, takes_any_course=False).get("a", "") == why
    taken = unusable(batch, takes_any_course=True)
    assert ("a" in taken) == (why.startswith(("missing", "too large")))
