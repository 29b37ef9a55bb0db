"""Evidence: shares add up to 1 in size, and occlusion finds what a score is made of."""

from __future__ import annotations

import numpy as np

from telltale.models.shares import occluded_parts, shares_of


def test_sizes_of_shares_add_up_to_one_and_nothing_stays_nothing() -> None:
    shares = shares_of(np.array([[3.0, -1.0], [0.0, 0.0]]))
    np.testing.assert_array_equal(shares, [[0.75, -0.25], [0.0, 0.0]])


def test_the_parts_of_a_sum_are_what_each_column_adds_to_the_usual() -> None:
    weights, usual = np.array([2.0, -1.0, 5.0]), np.array([1.0, 1.0, np.nan])
    rows = np.array([[[1.0, 4.0, 9.0]], [[3.0, 1.0, 9.0]]])  # windows of one sample
    parts = occluded_parts(lambda asked: asked[:, -1] @ weights, rows, usual)
    np.testing.assert_allclose(parts, [[0.0, -3.0, 0.0], [4.0, 0.0, 0.0]])
    assert rows[0, 0].tolist() == [1.0, 4.0, 9.0]
