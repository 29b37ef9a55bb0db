"""What a forecast should have said: what came, and which parts of a run are held out together."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.models.estimates.questions import KnownRun

OLDEST_TRUTH_S = 1.0  # what came is the last reading before the time asked for, not older
ROUNDING = 0.01  # of a block: n samples span n - 1 steps


class Forecast(Protocol):
    """What is forecast, see `ForecastSettings`."""

    @property
    def channel(self) -> str:
        """Which channel."""

    @property
    def horizon_s(self) -> float:
        """How far ahead."""

    @property
    def pace(self) -> float:
        """How much longer than usual the steps are."""

    @property
    def gap_s(self) -> float:
        """How far apart two forecasts must lie to have no reading in common."""


def known_run(run: Batch, forecast: Forecast, block_s: float) -> KnownRun:
    """Return a run with what came, in blocks of at least this length.

    What lies within `gap_s` before the next block is unknown: it would be seen through that block.
    """
    truth = value_ahead(run, forecast.channel, forecast.horizon_s, OLDEST_TRUTH_S * forecast.pace)
    time_s = (run.time_ns - run.time_ns[:1]) / NS_PER_S
    length_s = float(time_s[-1]) if len(run) else 0.0
    n_blocks = max(1, int(length_s / block_s + ROUNDING))
    pitch_s = max(length_s / n_blocks, 1e-9)
    part = np.minimum((time_s / pitch_s).astype(np.int64), n_blocks - 1)
    is_near = ((part + 1) * pitch_s - time_s < forecast.gap_s) & (part < n_blocks - 1)
    return KnownRun(run, np.where(is_near, np.nan, truth), part=part)


def value_ahead(
    batch: Batch, channel: str, horizon_s: float, oldest_s: float = OLDEST_TRUTH_S
) -> FloatArray:
    """Return what each sample's channel came to be: the last value before that time has passed.

    NaN where the readings do not reach that far, or pause there for over `oldest_s`.
    """
    values = batch.columns[channel]
    known = np.flatnonzero(np.isfinite(values))
    ahead = np.full(len(batch), np.nan)
    if not len(known):
        return ahead
    times_ns: IntArray = batch.time_ns[known]
    wanted_ns = batch.time_ns + round(horizon_s * NS_PER_S)
    at = np.searchsorted(times_ns, wanted_ns, side="right") - 1
    is_fresh = (at >= 0) & (wanted_ns - times_ns[at] < oldest_s * NS_PER_S)
    is_reached = wanted_ns <= times_ns[-1]
    rows = np.flatnonzero(is_fresh & is_reached)
    ahead[rows] = values[known[at[rows]]]
    return ahead
