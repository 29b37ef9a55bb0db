"""One-minute summaries of a sealed chunk: a month of ten readings a second charts from these."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.store.summary import Buckets, Extremes, Summary, summarised

MINUTE_NS = 60 * NS_PER_S
MINUTES = Buckets(0, MINUTE_NS)
TIMES = ""  # the roll-up without a name holds what all columns share
FIELDS = 6  # low, high, first, last, mean, count


@dataclass(frozen=True, slots=True)
class Rollup:
    """A chunk by the minute.

    Attributes:
        summary: Its buckets are minutes since 1970.
        mean, count: Per column, over the samples of the minute that are not missing.
    """

    summary: Summary
    mean: Mapping[str, FloatArray]
    count: Mapping[str, FloatArray]


def by_minute(time_ns: IntArray, columns: Mapping[str, FloatArray]) -> Rollup:
    """Summarise samples in time order, at least one."""
    summary = summarised(MINUTES, time_ns, columns)
    minute = MINUTES.of(time_ns)
    starts = np.concatenate(([True], minute[1:] != minute[:-1])).nonzero()[0]
    count = {
        name: np.add.reduceat((~np.isnan(v)).astype(float), starts) for name, v in columns.items()
    }
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # a minute without values
        mean = {
            name: np.add.reduceat(np.nan_to_num(v, posinf=np.inf, neginf=-np.inf), starts)
            / np.where(count[name] > 0, count[name], np.nan)
            for name, v in columns.items()
        }
    return Rollup(summary, mean, count)


def save(connection: sqlite3.Connection, chunk: int, rollup: Rollup) -> None:
    """Store a chunk's roll-up, of columns that hold a value. Part of the transaction."""
    times = rollup.summary
    blobs = [(chunk, TIMES, _packed(np.stack([times.bucket, times.first_ns, times.last_ns])))]
    for name, column in times.columns.items():
        if not rollup.count[name].any():
            continue
        fields = [column.low, column.high, column.first, column.last]
        fields += [rollup.mean[name], rollup.count[name]]
        blobs.append((chunk, name, _packed(np.stack(fields))))
    connection.executemany("INSERT INTO rollups (chunk, name, data) VALUES (?, ?, ?)", blobs)


def load(connection: sqlite3.Connection, chunk: int, names: Sequence[str]) -> Rollup:
    """Return a chunk's roll-up of these columns; one that it lacks is all NaN."""
    marks = ",".join("?" * (len(names) + 1))
    blobs = dict(
        connection.execute(
            f"SELECT name, data FROM rollups WHERE chunk = ? AND name IN ({marks})",  # noqa: S608
            (chunk, TIMES, *names),
        ).fetchall()
    )
    minute, first_ns, last_ns = np.frombuffer(zlib.decompress(blobs[TIMES]), np.int64).reshape(
        3, -1
    )
    missing = np.full((FIELDS, len(minute)), np.nan)
    fields = {
        name: np.frombuffer(zlib.decompress(blobs[name])).reshape(FIELDS, -1)
        if name in blobs
        else missing
        for name in names
    }
    summary = Summary(
        minute, first_ns, last_ns, {name: Extremes(*fields[name][:4]) for name in names}
    )
    return Rollup(
        summary,
        {name: fields[name][4] for name in names},
        {name: fields[name][5] for name in names},
    )


def _packed(values: FloatArray | IntArray) -> bytes:
    return zlib.compress(np.ascontiguousarray(values).tobytes(), 1)
