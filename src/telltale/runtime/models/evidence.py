"""Why a model said what it said, over a stretch of time: asked again of the kept readings."""

from __future__ import annotations

import asyncio

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.errors import ModelError, UnknownChannelError
from telltale.models.base import Evidence
from telltale.pipeline.run import Pipeline
from telltale.registry import suggest
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery, Store

MOST_ROWS = 200_000  # worked out again in about a second
WARM_UP_S = 900.0  # before the stretch, so that slow features stand where they stood


class EvidenceView(msgspec.Struct, frozen=True):
    """A heat map of inputs over time: m moments, k inputs. None where nothing is known.

    Attributes:
        output: Which output it explains.
        inputs: Names, in the order of the rows' numbers.
        time_ns: Moments, shape (m,): in each part of the stretch the one with the largest output.
        value: The output at them.
        share, input_value, expected, bound: As in `Evidence`, each m rows of k numbers.
        model: Number and version of the model that was asked: the active one.
    """

    output: str
    inputs: tuple[str, ...]
    time_ns: tuple[int, ...]
    value: list[float | None]
    share: list[list[float | None]]
    input_value: list[list[float | None]]
    expected: list[list[float | None]]
    bound: list[list[float | None]]


async def evidence_over(
    live: LiveMachine, store: Store, output: str, *, start_ns: int, end_ns: int, points: int
) -> EvidenceView:
    """Return the evidence for an output of a model, at most at so many moments.

    Raises:
        UnknownChannelError: No model of the machine gives this output.
        ModelError: The stretch holds more samples than are asked again at once.
    """
    outputs = live.profile.outputs
    if output not in outputs:
        raise UnknownChannelError(
            f"No model of {live.machine.id} gives {output!r}. {suggest(output, outputs)}"
        )
    query = RangeQuery(
        live.machine.id,
        start_ns - round(WARM_UP_S * NS_PER_S),
        end_ns,
        names=tuple(live.profile.channels),
        limit=MOST_ROWS + 1,
    )
    batch = await store.read(query)
    if len(batch) > MOST_ROWS:
        raise ModelError(
            f"The stretch holds more than {MOST_ROWS} samples, which is more than are asked "
            "again at once. Ask for a shorter one."
        )
    return await asyncio.to_thread(_asked, live.pipeline, batch, output, start_ns, points)


def _asked(
    pipeline: Pipeline, batch: Batch, output: str, start_ns: int, points: int
) -> EvidenceView:
    """Run the pipeline over the samples, and ask for the evidence of some of them."""
    result, _ = pipeline.run(batch, pipeline.start())
    give = result.evidence.get(output)
    values = result.batch.columns[output]
    rows = _chosen(result.batch.time_ns, values, start_ns, points)
    found = _untold(len(rows)) if give is None else give(rows)
    return _view(output, result.batch.time_ns[rows], values[rows], found)


def _untold(moments: int) -> Evidence:
    """Return the evidence of a model that cannot say why: no input."""
    nothing: FloatArray = np.empty((moments, 0))
    return Evidence(share=nothing, value=nothing, expected=nothing, bound=nothing)


def _chosen(time_ns: IntArray, values: FloatArray, start_ns: int, points: int) -> IntArray:
    """Return the row with the largest value in each of so many equal parts of the answers."""
    rows = np.flatnonzero(np.isfinite(values) & (time_ns >= start_ns))
    parts = np.array_split(rows, min(points, len(rows))) if len(rows) else []
    return np.array([part[np.argmax(values[part])] for part in parts], dtype=np.int64)


def _view(output: str, time_ns: IntArray, values: FloatArray, found: Evidence) -> EvidenceView:
    return EvidenceView(
        output=output,
        inputs=found.names,
        time_ns=tuple(time_ns.tolist()),
        value=_numbers(values[None, :])[0],
        share=_numbers(found.share),
        input_value=_numbers(found.value),
        expected=_numbers(found.expected),
        bound=_numbers(found.bound),
    )


def _numbers(rows: FloatArray) -> list[list[float | None]]:
    """Return rows of numbers with None for what is not known."""
    return [[x if np.isfinite(x) else None for x in row] for row in rows.tolist()]
