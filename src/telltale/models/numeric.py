"""Linear algebra whose bits do not depend on how many rows are asked at once.

A matrix product takes other steps for one row than for a thousand, and so gives other last bits.
Here rows always go in blocks of one size, the last filled up with zeros.
"""

from __future__ import annotations

import numpy as np

from telltale.batch import FloatArray

BLOCK_ROWS = 64  # a multiple of every kernel's tile, so a row's place in the block is no matter


def product(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return rows times matrix: shapes (n, k) and (k, j) give (n, j)."""
    n, k = rows.shape
    n_blocks = -(-n // BLOCK_ROWS)
    if n == n_blocks * BLOCK_ROWS:
        blocks = np.ascontiguousarray(rows)
    else:
        blocks = np.zeros((n_blocks * BLOCK_ROWS, k))
        blocks[:n] = rows
    found = np.matmul(blocks.reshape(n_blocks, BLOCK_ROWS, k), matrix)
    whole: FloatArray = found.reshape(-1, matrix.shape[1])[:n]
    return whole


def row_sums(rows: FloatArray) -> FloatArray:
    """Return the sum of each row, shape (n, k) to (n,); columns are added one after the other."""
    total = np.zeros(len(rows))
    for column in rows.T:
        total += column
    return total
