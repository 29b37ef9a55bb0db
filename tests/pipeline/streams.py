"""Streams for property tests: odd times, gaps, missing values, and ways to cut them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.events import Event
from telltale.pipeline.run import Pipeline, PipelineState
from telltale.profiles.schema import Channel, Limits, Metric, Profile

START_NS = 1_763_712_000_123_456_789
STEPS_NS = (0, 1, 1_000_000, 99_900_000, 100_000_000, 100_100_000, 1_000_000_000, 30_000_000_000)


def profile_of(
    channels: Mapping[str, Limits | None],
    metrics: Mapping[str, Metric] | None = None,
    **settings: Any,
) -> Profile:
    """Return a profile of dimensionless channels, with their limits."""
    return Profile(
        id="sample",
        title="Sample",
        description="A machine for tests.",
        channels={
            name: Channel(title=name.title(), unit="1", range=(-1e9, 1e9), limits=limits)
            for name, limits in channels.items()
        },
        metrics=dict(metrics or {}),
        **settings,
    )


def seconds(*times_s: float) -> IntArray:
    """Return sample times from seconds."""
    return np.array([START_NS + round(t * NS_PER_S) for t in times_s], dtype=np.int64)


def column(*values: float) -> FloatArray:
    """Return a column."""
    return np.array(values, dtype=np.float64)


@st.composite
def batches(draw: st.DrawFn, names: Sequence[str], scale: float = 100.0) -> Batch:
    """Draw a stream: noisy and repeated values, missing samples, equal times, all sorts of gaps."""
    n = draw(st.integers(0, 80))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    usual_ns = draw(st.sampled_from(STEPS_NS))
    odd = rng.random(n) < draw(st.sampled_from([0.0, 0.2, 0.9]))
    steps_ns = np.where(odd, rng.choice(STEPS_NS, n), usual_ns)
    missing = draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))
    columns = {}
    for name in names:
        values = rng.normal(0.0, scale, n)
        if draw(st.booleans()):
            values = np.round(values / scale * 2) * scale / 2  # a coarse sensor repeats itself
        values[rng.random(n) < missing] = np.nan
        columns[name] = values
    return Batch("m", START_NS + np.cumsum(steps_ns.astype(np.int64)), columns)


@st.composite
def cuts(draw: st.DrawFn, n: int) -> list[int]:
    """Draw where to cut n samples: everywhere, or at some places, twice for an empty batch."""
    if draw(st.booleans()):
        return list(range(n + 1))
    return [0, *sorted(draw(st.lists(st.integers(0, n), max_size=6))), n]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a pipeline gave for a stream."""

    columns: Mapping[str, bytes]
    filled: Mapping[str, bytes]
    events: tuple[Event, ...]
    state: bytes


def outcome(
    pipeline: Pipeline, batch: Batch, edges: Sequence[int], *, restarts: bool = False
) -> Outcome:
    """Run a stream cut at these edges; with restarts, through the encoded state at each cut."""
    state = pipeline.start()
    results = []
    for start, stop in pairwise(edges):
        if restarts:
            state = pipeline.decode(pipeline.encode(state))
        result, state = pipeline.run(batch.rows(start, stop), state)
        results.append((stop - start, result))
    names = [*batch.columns, *pipeline.profile.metrics]
    return Outcome(
        {k: b"".join(r.batch.columns[k].tobytes() for _, r in results) for k in names},
        {
            k: b"".join(r.filled.get(k, np.zeros(n, dtype=np.bool_)).tobytes() for n, r in results)
            for k in pipeline.profile.names
        },
        tuple(event for _, r in results for event in r.events),
        pipeline.encode(state),
    )


def run_whole(pipeline: Pipeline, batch: Batch) -> tuple[Mapping[str, FloatArray], PipelineState]:
    """Return all columns and the state after one batch."""
    result, state = pipeline.run(batch, pipeline.start())
    return result.batch.columns, state
