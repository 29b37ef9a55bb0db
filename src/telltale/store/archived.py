"""Reading what was sealed: whole minutes from roll-ups, everything else from Parquet."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.errors import TelltaleError
from telltale.store import rollups
from telltale.store.chunks import overlapping
from telltale.store.parquet import read_chunk
from telltale.store.summary import Extremes, Summary

Rows = tuple[IntArray, list[FloatArray]]


def rows_at_most(
    connection: sqlite3.Connection, profile: str, machine: int, start_ns: int, end_ns: int
) -> int:
    """Return a bound on how many samples of a range are sealed, without reading them."""
    return sum(c.rows for c in overlapping(connection, machine, profile, start_ns, end_ns))


def sealed_times(
    connection: sqlite3.Connection, archive: Path, profile: str, machine: int, time_ns: IntArray
) -> IntArray:
    """Return which of these times, in order and at least one, are sealed; each once.

    A chunk that cannot be read has none: whoever asks only counts.
    """
    found: list[IntArray] = [np.empty(0, np.int64)]
    first_ns, last_ns = int(time_ns[0]), int(time_ns[-1])
    for chunk in overlapping(connection, machine, profile, first_ns, last_ns + 1):
        inside = time_ns[(time_ns >= chunk.first_ns) & (time_ns <= chunk.last_ns)]
        if len(inside):
            with contextlib.suppress(TelltaleError, OSError):
                path = archive / chunk.file
                there, _ = read_chunk(path, (), int(inside[0]), int(inside[-1]) + 1)
                found.append(np.intersect1d(inside, there))
    return np.concatenate(found)


def read_rows(  # noqa: PLR0917  one range, spelt out
    connection: sqlite3.Connection,
    archive: Path,
    profile: str,
    names: Sequence[str],
    machine: int,
    start_ns: int,
    end_ns: int,
    *,
    limit: int | None = None,
    newest: bool = False,
) -> Rows:
    """Return sealed samples in time order; reads no more chunks than `limit` needs."""
    parts: list[Rows] = []
    found = overlapping(connection, machine, profile, start_ns, end_ns)
    count = 0
    for chunk in reversed(found) if newest else found:
        if limit is not None and count >= limit:
            break
        parts.append(read_chunk(archive / chunk.file, names, start_ns, end_ns))
        count += len(parts[-1][0])
    if newest:
        parts.reverse()
    if not parts:
        return np.empty(0, np.int64), [np.empty(0) for _ in names]
    return np.concatenate([part[0] for part in parts]), [
        np.concatenate([part[1][index] for part in parts]) for index in range(len(names))
    ]


def whole_minutes(  # noqa: PLR0917  one range, spelt out
    connection: sqlite3.Connection,
    chunk: int,
    names: Sequence[str],
    start_ns: int,
    end_ns: int,
    except_minutes: IntArray,
) -> tuple[Summary, IntArray]:
    """Return a chunk's minutes that lie in the range, and which others must be read in full.

    Buckets are minutes since 1970. A minute is read in full if the range cuts its samples, or if
    newer samples may have replaced some of it.
    """
    summary = rollups.load(connection, chunk, names).summary
    touches = (summary.last_ns >= start_ns) & (summary.first_ns < end_ns)
    whole = (summary.first_ns >= start_ns) & (summary.last_ns < end_ns)
    whole &= ~np.isin(summary.bucket, except_minutes)
    kept = Summary(
        summary.bucket[whole],
        summary.first_ns[whole],
        summary.last_ns[whole],
        {
            name: Extremes(e.low[whole], e.high[whole], e.first[whole], e.last[whole])
            for name, e in summary.columns.items()
        },
    )
    return kept, summary.bucket[touches & ~whole]
