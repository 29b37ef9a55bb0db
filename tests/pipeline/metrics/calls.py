"""Calls a metric on one batch, from the start, as profiles do."""

from __future__ import annotations

from telltale.batch import Batch, FloatArray, IntArray
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Metric
from tests.pipeline.streams import profile_of, run_whole


def values_of(
    function: str, time_ns: IntArray, *inputs: FloatArray, **settings: object
) -> FloatArray:
    """Return the column that a metric of these inputs and settings gives."""
    names = tuple(f"in{number}" for number in range(len(inputs)))
    metric = Metric(title="It", unit="1", function=function, inputs=names, settings=settings)
    pipeline = Pipeline(profile_of(dict.fromkeys(names), {"it": metric}, fill_s=0.0))
    batch = Batch("m", time_ns, dict(zip(names, inputs, strict=True)))
    return run_whole(pipeline, batch)[0]["it"]
