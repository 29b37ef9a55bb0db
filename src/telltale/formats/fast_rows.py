"""The hot path: rows that all have the first row's fields, each value a number or null.

A reader is made once per set of fields: a msgspec struct, which checks types while it parses.
Whatever does not fit gives None, and the plain path decodes it again and explains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from telltale.formats.raw_columns import FieldNames, RawColumns

LEAST_ROWS_BYTES = 512  # below, making a reader costs more than it saves
_MAX_FIELDS = 256
_first_row = msgspec.json.Decoder(dict[str, int | float | str | None])


@dataclass(frozen=True, slots=True)
class _Reader:
    decoder: msgspec.json.Decoder[list[Any]]
    names: tuple[str, ...]
    values: Callable[[Any], Any]
    time: Callable[[Any], Any] | None
    machine: Callable[[Any], Any] | None


def read_rows(body: bytes, names: FieldNames, max_rows: int) -> RawColumns | None:
    """Decode a JSON list of like rows; None if it is anything else."""
    start, end = body.find(b"{"), body.find(b"}")
    if start < 0 or body[:start].strip() != b"[":
        return None
    try:
        fields = tuple(_first_row.decode(body[start : end + 1]))
        if len(fields) > _MAX_FIELDS:
            return None
        reader = _reader(fields, names)
        rows = reader.decoder.decode(body) if reader else []
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    if reader is None or len(rows) > max_rows:
        return None
    return _raw(reader, rows)


def _raw(reader: _Reader, rows: Sequence[Any]) -> RawColumns:
    table = np.array(list(map(reader.values, rows)), dtype=np.float64)
    # One copy lays each column out in a piece, for every stage that follows.
    columns = np.ascontiguousarray(table.reshape(len(rows), len(reader.names)).T)
    return RawColumns(
        None if reader.time is None else list(map(reader.time, rows)),
        None if reader.machine is None else list(map(reader.machine, rows)),
        dict(zip(reader.names, columns, strict=True)),
        len(rows),
    )


@lru_cache(maxsize=64)
def _reader(fields: tuple[str, ...], names: FieldNames) -> _Reader | None:
    """Return the reader of rows with these fields; None if the plain path must merge fields."""
    times = [field for field in fields if field in names.time]
    machines = [field for field in fields if field in names.machine]
    values = [field for field in fields if field not in names.all]
    if len(times) > 1 or len(machines) > 1 or not values:
        return None
    slots = {field: f"f{i}" for i, field in enumerate(fields)}
    row = msgspec.defstruct(
        "Row",
        [_slot(slots[field], field, names) for field in fields],
        rename={slot: field for field, slot in slots.items()},
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    return _Reader(
        msgspec.json.Decoder(list[row]),  # type: ignore[valid-type]
        tuple(values),
        attrgetter(*(slots[field] for field in values)),
        attrgetter(slots[times[0]]) if times else None,
        attrgetter(slots[machines[0]]) if machines else None,
    )


def _slot(slot: str, field: str, names: FieldNames) -> tuple[Any, ...]:  # Any: a type expression
    """Return one field of the struct. What names the machine must be there, or the rows differ."""
    if field in names.time:
        return slot, int | float | str | None, None
    if field in names.machine:
        return slot, str | int
    if field in names.text:
        return slot, str
    return slot, float | None, None
