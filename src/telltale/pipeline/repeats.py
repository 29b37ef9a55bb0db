"""Samples that say again what the one before them said, at the same time.

A feed whose answer was lost sends its readings again. All but the newest of them are late by then;
the newest one must not weigh twice in what is worked out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from telltale.batch import Batch, BoolArray
from telltale.pipeline.masks import anywhere, everywhere


def last_row(batch: Batch) -> dict[str, float]:
    """Return what was measured at a batch's last sample."""
    ends = ((name, float(values[-1])) for name, values in batch.columns.items())
    return {name: value for name, value in ends if not math.isnan(value)}


def without_repeats(batch: Batch, newest_ns: int | None, newest: Mapping[str, float]) -> Batch:
    """Return the samples that differ, in time or in a value, from the last one that stayed.

    Args:
        batch: Samples in time order; those older than the newest are late, and stay.
        newest_ns: Time of the sample before them.
        newest: What was measured at it.
    """
    if _is_plain(batch, newest_ns):
        return batch
    while True:  # once per column at most: a sample that lacks some may stand between two alike
        again = _is_again(batch, newest_ns, newest)
        if not anywhere(again):
            return batch
        batch = batch.where(~again)


def _is_plain(batch: Batch, newest_ns: int | None) -> bool:
    """Tell at little cost whether every sample has a time of its own, after the newest."""
    times_ns = batch.time_ns
    if newest_ns is not None and len(times_ns) and times_ns.item(0) <= newest_ns:
        return False
    return len(times_ns) < 2 or everywhere(times_ns[1:] > times_ns[:-1])


def _is_again(batch: Batch, newest_ns: int | None, newest: Mapping[str, float]) -> BoolArray:
    again = np.zeros(len(batch), dtype=np.bool_)
    np.equal(batch.time_ns[1:], batch.time_ns[:-1], out=again[1:])
    first = len(batch)  # the first sample that is not late: what came before it is `newest`
    if newest_ns is not None:
        first = int(np.searchsorted(batch.time_ns, newest_ns))
        again[:first] = False
        again[first : first + 1] = batch.time_ns[first : first + 1] == newest_ns
    if anywhere(again):
        for name, values in batch.columns.items():
            before = np.concatenate(([np.nan], values[:-1]))
            before[first : first + 1] = newest.get(name, np.nan)
            again &= np.isnan(values) | (values == before)
    return again
