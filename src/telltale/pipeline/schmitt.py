"""The latch with two thresholds that keeps a noisy value from crossing a bound many times."""

from __future__ import annotations

import numpy as np

from telltale.batch import BoolArray
from telltale.pipeline.masks import everywhere


def latched(beyond: BoolArray, inside: BoolArray, before: bool) -> BoolArray:
    """Return whether the latch is set at each sample.

    Args:
        beyond: Where the value is beyond its bound: sets the latch. Shape (n,).
        inside: Where it is well back inside: releases it. Nowhere together with `beyond`.
        before: Whether the latch was set before the first sample.

    Source:
        O. H. Schmitt, "A thermionic trigger", J. Sci. Instrum. 15 (1938) 24.
    """
    said = beyond | inside
    if everywhere(said):
        return beyond
    newest = np.maximum.accumulate(np.where(said, np.arange(len(said)), -1))
    set_: BoolArray = np.where(newest >= 0, beyond[newest], before)
    return set_
