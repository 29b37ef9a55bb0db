"""Channels that rise or fall through a whole stretch: what goes one way has no normal level yet.

A fault that grows from the first minutes on would be learnt as normal. It shows in the means of
blocks, which hardly know noise; so does a machine that warms up for hours, and waiting serves both.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from telltale.batch import Batch, FloatArray

BLOCKS = 15  # five minutes each in a stretch of 75
STRAIGHT = 0.75  # of the variance of the blocks' means, on a line: a Student's t of 6 for 15 blocks
LEAST_IN_BLOCK = 4


def one_way(batch: Batch, names: Iterable[str]) -> dict[str, float]:
    """Return by how much each channel that kept to one direction went, above 0 if it rose.

    A channel that goes less far than it usually spreads within a block is not among them: what is
    learnt from it can hide no more than its noise does. Pauses do not count.

    Args:
        batch: Readings of a stretch, or of several, in order.
        names: Columns to look at; one that is missing most of the time is passed over.
    """
    found = {name: _change(batch.columns[name]) for name in names if name in batch.columns}
    return {name: change for name, change in found.items() if change}


def _change(column: FloatArray) -> float:
    """Return how far a channel went; 0.0 if it did not go one way."""
    blocks = [part[np.isfinite(part)] for part in np.array_split(column, BLOCKS)]
    if min(len(block) for block in blocks) < LEAST_IN_BLOCK:
        return 0.0
    means = np.array([block.mean() for block in blocks])
    noise = float(np.median([block.std() for block in blocks]))
    along = np.arange(BLOCKS) - (BLOCKS - 1) / 2.0
    apart = means - means.mean()
    slope = float(along @ apart) / float(along @ along)
    on_line, change = slope**2 * float(along @ along), slope * BLOCKS
    is_straight = on_line > STRAIGHT * float(apart @ apart)
    return change if is_straight and abs(change) > noise else 0.0
