"""Metrics that add up over real time: integrals and energies."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.profiles.schema import PositiveFloat

MAX_GAP_S = 10.0  # as `Profile.stale_after_s`: nobody knows what went on in a longer silence
KWH_PER_KW_S = 1.0 / 3600.0


class Total(msgspec.Struct, frozen=True):
    """Where an integral stands. The default means nothing seen yet."""

    time_ns: int = 0
    value: float = math.nan
    total: float = 0.0


def integral(
    time_ns: IntArray,
    x: FloatArray,
    state: Total,
    *,
    scale: float = 1.0,
    max_gap_s: PositiveFloat = MAX_GAP_S,
) -> tuple[FloatArray, Total]:
    """Return scale times the integral of x over seconds, by trapezoids, since the first sample.

    A step longer than max_gap_s adds nothing: what happened there is not known.
    """
    t_ns = np.concatenate(([state.time_ns], time_ns))
    values = np.concatenate(([state.value], x))
    step_s = (t_ns[1:] - t_ns[:-1]) / NS_PER_S
    areas = step_s * (values[1:] + values[:-1]) / 2.0 * scale
    if math.isnan(state.value):
        areas[0] = 0.0
    areas[step_s > max_gap_s] = 0.0
    totals = np.add.accumulate(np.concatenate(([state.total], areas)))[1:]
    return totals, Total(int(time_ns[-1]), float(x[-1]), float(totals[-1]))


def running_energy_kwh(
    time_ns: IntArray, power_kw: FloatArray, state: Total, *, max_gap_s: PositiveFloat = MAX_GAP_S
) -> tuple[FloatArray, Total]:
    """Return the energy since the first sample in kWh, power in kW: see `integral`."""
    return integral(time_ns, power_kw, state, scale=KWH_PER_KW_S, max_gap_s=max_gap_s)


def energy_of_product(
    time_ns: IntArray,
    a: FloatArray,
    b: FloatArray,
    state: Total,
    *,
    scale: float = 1.0,
    max_gap_s: PositiveFloat = MAX_GAP_S,
) -> tuple[FloatArray, Total]:
    """Return scale times the integral of a times b over seconds: see `integral`."""
    return integral(time_ns, a * b, state, scale=scale, max_gap_s=max_gap_s)
