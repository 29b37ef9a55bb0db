"""Readings out: the forms in which samples can be asked for, by `Accept` or `format=`."""

from __future__ import annotations

import csv
import io
import math
from enum import StrEnum

import msgspec
import numpy as np

from telltale.api.problems import ApiError
from telltale.batch import Batch


class Form(StrEnum):
    """A form; the value is its name in `format=` and its file ending."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    MSGPACK = "msgpack"
    PARQUET = "parquet"


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv",
    Form.NDJSON: "application/x-ndjson",
    Form.MSGPACK: "application/msgpack",
    Form.PARQUET: "application/vnd.apache.parquet",
}
_json = msgspec.json.Encoder()


def accepted_form(accept: str) -> Form:
    """Return the form that an Accept header likes best. Raises ApiError 406."""
    wishes: list[tuple[float, str]] = []
    for part in accept.split(",")[:20]:
        name, _, quality = part.partition(";q=")
        try:
            wishes.append((float(quality or 1.0), name.partition(";")[0].strip().lower()))
        except ValueError:
            wishes.append((0.0, name.strip().lower()))
    for liking, wish in sorted(wishes, key=lambda item: -item[0]):
        if liking <= 0:
            continue
        if wish in {"", "*/*", "application/*"}:
            return Form.JSON
        for form, media_type in MEDIA_TYPES.items():
            if wish == media_type or (wish == "text/*" and form is Form.CSV):
                return form
    raise ApiError(
        406,
        f"None of {accept!r} can be given. Ask for one of {', '.join(MEDIA_TYPES.values())}.",
        allowed=list(MEDIA_TYPES.values()),
    )


def csv_rows(batch: Batch, *, header: bool) -> bytes:
    """Return samples as CSV: `time` in ISO 8601 UTC, then the columns; empty where missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(["time", *batch.columns])
    times = iso_times(batch)
    values = [
        ["" if math.isnan(value) else repr(value) for value in column.tolist()]
        for column in batch.columns.values()
    ]
    writer.writerows(zip(times, *values, strict=True))
    return text.getvalue().encode()


def reading_rows(batch: Batch) -> list[bytes]:
    """Return samples as JSON readings, as they could be pushed; a missing value is left out."""
    names = list(batch.columns)
    columns = [column.tolist() for column in batch.columns.values()]
    return [
        _json.encode(
            {"time": time} | {n: v for n, v in zip(names, values, strict=True) if not math.isnan(v)}
        )
        for time, *values in zip(iso_times(batch), *columns, strict=True)
    ]


def iso_times(batch: Batch) -> list[str]:
    """Return a batch's times as ISO 8601 with nanoseconds and a Z."""
    texts = np.datetime_as_string(batch.time_ns.astype("datetime64[ns]"), unit="ns")
    times: list[str] = np.char.add(texts, "Z").tolist()
    return times
