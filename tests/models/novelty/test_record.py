"""The greatest of the last so many numbers is what the plain maximum says."""

from __future__ import annotations

import math

import numpy as np

from telltale.models.novelty.record import Record


def test_it_is_the_plain_maximum_of_the_reach() -> None:
    numbers = np.random.default_rng(1).integers(0, 9, 200).tolist()
    record = Record(7, [])
    assert record.greatest(0) == -math.inf
    for at, number in enumerate(numbers):
        if at:
            assert record.greatest(at) == max(numbers[max(0, at - 7) : at])
        record.take(at, float(number))
        record = Record(7, record.kept())
    assert len(record.kept()) <= 8
