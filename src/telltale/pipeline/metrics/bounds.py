"""Bounds of a forecast that learn from what came: wider after misses, narrower after hits."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.profiles.schema import PositiveFloat

WAITING = 50  # forecasts whose outcome is awaited at once
MOST_WIDENING = math.log(10.0)  # and narrowing
OLDEST_OUTCOME_S = 5.0  # a reading later than this after the time forecast tells nothing

Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]


class Adapted(msgspec.Struct, frozen=True):
    """Where the width stands. The default means nothing seen yet.

    Attributes:
        log_width: The bound's distance from the forecast is multiplied by e to this.
        waiting: Time forecast, forecast and bound as given, oldest first.
        taken_ns: When the newest of them was made.
    """

    log_width: float = 0.0
    waiting: tuple[tuple[int, float, float], ...] = ()
    taken_ns: int | None = None


def adaptive_bound(
    time_ns: IntArray,
    now: FloatArray,
    forecast: FloatArray,
    bound: FloatArray,
    state: Adapted,
    *,
    horizon_s: PositiveFloat,
    miss: Share = 0.05,
    rate: PositiveFloat = 0.05,
) -> tuple[FloatArray, Adapted]:
    """Return the bound, its distance from the forecast stretched so that `miss` of outcomes miss.

    `now` is the value that was forecast, as it is measured: an outcome counts when its time has
    come, horizon_s after the forecast, never before. The bound is an upper one where it lies
    above the forecast.

    Source:
        Gibbs and Candes, "Adaptive conformal inference under distribution shift", NeurIPS 2021:
        after a miss the level moves by rate (1 - miss), after a hit by -rate miss. Here it moves
        the logarithm of the width, and the outcome is the one that has just become known.
    """
    horizon_ns = round(horizon_s * NS_PER_S)
    step_ns = -(-horizon_ns // WAITING)
    width, waiting, taken_ns = state.log_width, list(state.waiting), state.taken_ns
    adapted = []
    rows = zip(time_ns.tolist(), now.tolist(), forecast.tolist(), bound.tolist(), strict=True)
    for t_ns, value, centre, edge in rows:  # a loop on purpose: each step needs the one before
        while waiting and waiting[0][0] <= t_ns:
            due_ns, said, limit = waiting.pop(0)
            if t_ns - due_ns <= OLDEST_OUTCOME_S * NS_PER_S:
                width += rate * (_is_missed(value, said, limit) - miss)
                width = min(max(width, -MOST_WIDENING), MOST_WIDENING)
        stretched = centre + (edge - centre) * math.exp(width)
        adapted.append(stretched)
        if taken_ns is None or t_ns - taken_ns >= step_ns:
            waiting.append((t_ns + horizon_ns, centre, stretched))
            taken_ns = t_ns
    return np.array(adapted), Adapted(width, tuple(waiting), taken_ns)


def _is_missed(value: float, said: float, limit: float) -> bool:
    """True if the outcome lies beyond the bound, seen from the forecast."""
    return (value - limit) * (limit - said) > 0.0
