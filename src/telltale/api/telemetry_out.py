"""Readings out: a range of one machine, as columns or in the form that `Accept` asks for."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from telltale.api.context import Shared
from telltale.api.forms import accepted_form
from telltale.api.ranges import checked_names, read_range, time_range, units_of
from telltale.api.wire import answers
from telltale.batch import Batch, BoolArray
from telltale.formats.parquet_write import ParquetWriter
from telltale.formats.write import (
    MEDIA_TYPES,
    Columns,
    Form,
    column_lists,
    encoded_columns,
    whole_file,
)
from telltale.pipeline.fill import ForwardFill
from telltale.profiles.schema import Profile
from telltale.store.base import RangeQuery

router = APIRouter(tags=["readings"])

MAX_POINTS = 50_000


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
    batch = await read_range(shared.runtime.store, live, query)
    next_ns = int(batch.time_ns[most]) if len(batch) > most and not points else None
    if next_ns is not None:
        batch = batch.rows(0, most)
    answer = Answer(batch, live.profile, units_of(live, names), points is not None, next_ns)
    # Encoding holds up to 200,000 x 16 values: not on the event loop
    body = await asyncio.to_thread(answer.encoded, form, fill=fill)
    headers = {"Vary": "Accept"}
    if next_ns is not None:
        headers["X-Next-Ns"] = str(next_ns)
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])


@dataclass(frozen=True, slots=True)
class Answer:
    """Samples on their way out; `next_ns` where there are more."""

    batch: Batch
    profile: Profile
    units: dict[str, str]
    is_decimated: bool
    next_ns: int | None

    def encoded(self, form: Form, *, fill: bool) -> bytes:
        """Return the samples in this form; with fill, missing values are carried on."""
        batch, filled = carried_on(self.batch, self.profile) if fill else (self.batch, None)
        if form is Form.PARQUET:
            return as_parquet(batch)
        if form in {Form.CSV, Form.NDJSON}:
            return whole_file(form, batch)
        columns = Columns(
            machine=batch.machine,
            time_ns=batch.time_ns.tolist(),
            columns=column_lists(batch),
            units=self.units,
            decimated=self.is_decimated,
            next_ns=self.next_ns,
            filled=None if filled is None else {n: flag.tolist() for n, flag in filled.items()},
        )
        return encoded_columns(columns, form)


def as_parquet(batch: Batch) -> bytes:
    """Return samples as one Parquet file."""
    with tempfile.TemporaryDirectory(prefix="telltale-") as folder:
        path = Path(folder) / "samples.parquet"
        with ParquetWriter(path, tuple(batch.columns)) as writer:
            writer.write(batch)
            writer.finish()
        return path.read_bytes()


def carried_on(batch: Batch, profile: Profile) -> tuple[Batch, dict[str, BoolArray]]:
    """Return missing values replaced by the last one, as far as the profile lets it reach.

    A metric is never carried on: what could not be worked out is not what it was before.
    """
    names = [name for name in batch.columns if name in profile.channels]
    nowhere = np.zeros(len(batch), dtype=np.bool_)
    if not names or not len(batch):
        return batch, dict.fromkeys(batch.columns, nowhere)
    fill = ForwardFill(names, [profile.fill_reach_s(name) for name in names])
    done = fill.run(batch.time_ns, np.array([batch.columns[name] for name in names]), {})
    filled = {name: done.filled.get(name, nowhere) for name in batch.columns}
    return batch.adding(done.columns), filled
