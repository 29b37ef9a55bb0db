"""Readings out: a range of one machine, as columns or in the form that `Accept` asks for."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.forms import MEDIA_TYPES, Form, accepted_form, csv_rows, reading_rows
from telltale.api.parquet_out import ParquetWriter
from telltale.api.ranges import checked_names, time_range, units_of
from telltale.api.wire import answers
from telltale.batch import NS_PER_S, Batch, BoolArray, FloatArray, IntArray
from telltale.profiles.schema import Profile
from telltale.store.base import RangeQuery

router = APIRouter(tags=["readings"])

MAX_POINTS = 50_000


class Columns(msgspec.Struct, frozen=True, omit_defaults=True):
    """Samples of one machine as columns; null where a value is missing.

    Attributes:
        decimated: True when `points` was given: each bucket gives its minimum and maximum.
        next_ns: Only when the range holds more than one answer may: ask again from here.
        filled: With `fill`: true where the value is carried on from an earlier sample.
    """

    machine: str
    time_ns: list[int]
    columns: dict[str, list[float]]
    units: dict[str, str]
    decimated: bool
    next_ns: int | None = None
    filled: dict[str, list[bool]] | None = None


@router.get(
    "/machines/{machine}/telemetry", responses=answers(Columns), summary="A range of readings"
)
async def read_telemetry(
    machine: str,
    request: Request,
    shared: Shared,
    *,
    start: Annotated[str | None, Query(alias="from", description="Default: 1 h before to")] = None,
    to: Annotated[str | None, Query(description="Default: behind the newest reading")] = None,
    channels: Annotated[str | None, Query(description="Comma-separated; default: all")] = None,
    points: Annotated[int | None, Query(ge=1, le=MAX_POINTS)] = None,
    fill: bool = False,
) -> Response:
    """Return samples from `from` inclusive to `to` exclusive, in time order."""
    form = accepted_form(request.headers.get("accept", "*/*"))
    live = shared.runtime.machine(machine)
    names = checked_names(live, channels)
    start_ns, end_ns = time_range(live, start, to)
    most = shared.settings.max_samples
    query = RangeQuery(
        machine,
        start_ns,
        end_ns,
        names=names,
        points=points,
        limit=None if points else most + 1,
    )
    batch = await shared.runtime.store.read(query)
    next_ns = int(batch.time_ns[most]) if len(batch) > most and not points else None
    if next_ns is not None:
        batch = batch.rows(0, most)
    answer = Answer(
        batch.select(names), live.profile, is_decimated=points is not None, next_ns=next_ns
    )
    # Encoding holds up to 200,000 x 16 values: not on the event loop
    body = await asyncio.to_thread(answer.encoded, form, fill=fill)
    headers = {"Vary": "Accept"}
    if next_ns is not None:
        headers["X-Next-Ns"] = str(next_ns)
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])


class Answer:
    """Samples on their way out."""

    def __init__(
        self, batch: Batch, profile: Profile, *, is_decimated: bool, next_ns: int | None
    ) -> None:
        self._batch = batch
        self._profile = profile
        self._is_decimated = is_decimated
        self._next_ns = next_ns

    def encoded(self, form: Form, *, fill: bool) -> bytes:
        """Return the samples in this form; with fill, missing values are carried on."""
        batch, filled = carried_on(self._batch, self._profile) if fill else (self._batch, None)
        if form is Form.CSV:
            return csv_rows(batch, header=True)
        if form is Form.NDJSON:
            return b"".join(row + b"\n" for row in reading_rows(batch))
        if form is Form.PARQUET:
            return as_parquet(batch)
        columns = Columns(
            machine=batch.machine,
            time_ns=batch.time_ns.tolist(),
            columns={name: values.tolist() for name, values in batch.columns.items()},
            units=units_of(self._profile, tuple(batch.columns)),
            decimated=self._is_decimated,
            next_ns=self._next_ns,
            filled=None if filled is None else {n: flag.tolist() for n, flag in filled.items()},
        )
        if form is Form.MSGPACK:
            return msgspec.msgpack.encode(columns)
        return msgspec.json.encode(columns)


def as_parquet(batch: Batch) -> bytes:
    """Return samples as one Parquet file."""
    with tempfile.TemporaryDirectory(prefix="telltale-") as folder:
        path = Path(folder) / "samples.parquet"
        with ParquetWriter(path, tuple(batch.columns)) as writer:
            writer.write(batch)
            writer.finish()
        return path.read_bytes()


def carried_on(batch: Batch, profile: Profile) -> tuple[Batch, dict[str, BoolArray]]:
    """Return missing values replaced by the last one, as far as the profile lets it reach."""
    columns: dict[str, FloatArray] = {}
    filled: dict[str, BoolArray] = {}
    for name, values in batch.columns.items():
        channel = profile.channels.get(name)
        if channel is None:  # a metric that could not be worked out is not a past one
            columns[name], filled[name] = values, np.zeros(len(values), dtype=np.bool_)
            continue
        reach_s = profile.fill_s if channel.fill_s is None else channel.fill_s
        columns[name], filled[name] = fill_forward(batch.time_ns, values, round(reach_s * NS_PER_S))
    return Batch(batch.machine, batch.time_ns, columns), filled


def fill_forward(
    time_ns: IntArray, values: FloatArray, reach_ns: int
) -> tuple[FloatArray, BoolArray]:
    """Return the values with gaps filled from the last known one, and where that was done.

    Args:
        time_ns: Shape (n,), not decreasing.
        values: Shape (n,).
        reach_ns: A value older than this is not carried on.
    """
    index = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, index))
    source = np.maximum(last, 0)
    is_filled: BoolArray = np.isnan(values) & (last >= 0) & (time_ns - time_ns[source] <= reach_ns)
    return np.where(is_filled, values[source], values), is_filled
