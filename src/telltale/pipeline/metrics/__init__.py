"""Derived metrics: vectorised, stateful functions named in profiles. One line each in `METRICS`.

A metric is `(time_ns, *inputs, state, **settings) -> (values, state)`. It is only ever given rows
on which all its inputs are measured, at least one; the type of `state` is read from its annotation
and its default means "nothing seen yet". `pipeline.derive` compiles and runs it.
"""

from __future__ import annotations

METRICS: dict[str, str] = {
    "adaptive_bound": "telltale.pipeline.metrics.bounds:adaptive_bound",
    "count_changes": "telltale.pipeline.metrics.counts:count_changes",
    "cusum": "telltale.pipeline.metrics.shifts:cusum",
    "difference": "telltale.pipeline.metrics.changes:difference",
    "energy_of_product": "telltale.pipeline.metrics.totals:energy_of_product",
    "episodes_above": "telltale.pipeline.metrics.counts:episodes_above",
    "episodes_below": "telltale.pipeline.metrics.counts:episodes_below",
    "ewma": "telltale.pipeline.metrics.rolling:ewma",
    "integral": "telltale.pipeline.metrics.totals:integral",
    "largest_jump": "telltale.pipeline.metrics.shifts:largest_jump",
    "linear": "telltale.pipeline.metrics.sums:linear",
    "magnitude": "telltale.pipeline.metrics.sums:magnitude",
    "path_length": "telltale.pipeline.metrics.shifts:path_length",
    "product": "telltale.pipeline.metrics.sums:product",
    "rate": "telltale.pipeline.metrics.changes:rate",
    "ratio": "telltale.pipeline.metrics.sums:ratio",
    "ratio_of_changes": "telltale.pipeline.metrics.changes:ratio_of_changes",
    "rolling_max": "telltale.pipeline.metrics.rolling:rolling_max",
    "rolling_mean": "telltale.pipeline.metrics.rolling:rolling_mean",
    "rolling_min": "telltale.pipeline.metrics.rolling:rolling_min",
    "rolling_std": "telltale.pipeline.metrics.rolling:rolling_std",
    "running_energy_kwh": "telltale.pipeline.metrics.totals:running_energy_kwh",
    "sum_of_squares": "telltale.pipeline.metrics.sums:sum_of_squares",
    "time_above": "telltale.pipeline.metrics.counts:time_above",
    "time_unchanged": "telltale.pipeline.metrics.counts:time_unchanged",
}
