"""Linear algebra by rows: a row's bits do not depend on its neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.numeric import product, row_sums


@pytest.mark.parametrize(("k", "j"), [(1, 1), (3, 7), (20, 20), (64, 64), (200, 30)])
def test_a_rows_product_has_the_same_bits_alone_and_among_others(k: int, j: int) -> None:
    rng = np.random.default_rng(1)
    rows, matrix = rng.normal(size=(150, k)), rng.normal(size=(k, j))
    whole = product(rows, matrix)
    alone = np.concatenate([product(rows[i : i + 1], matrix) for i in range(len(rows))])
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_allclose(whole, rows @ matrix, rtol=1e-12, atol=1e-12)


def test_sums_of_rows_have_the_same_bits_alone_and_among_others() -> None:
    rows = np.random.default_rng(2).normal(size=(77, 33))
    whole = row_sums(rows)
    alone = np.concatenate([row_sums(rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_allclose(whole, rows.sum(axis=1))


def test_no_rows_give_no_rows() -> None:
    assert product(np.zeros((0, 3)), np.ones((3, 2))).shape == (0, 2)
