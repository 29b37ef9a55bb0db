"""One range query over everything that is kept of a machine, whatever it lies in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from telltale.batch import FOREVER_NS, Batch, FloatArray, IntArray
from telltale.errors import StoreError
from telltale.store import archived, hot
from telltale.store.archived import Rows
from telltale.store.base import RangeQuery
from telltale.store.chunks import overlapping
from telltale.store.rollups import MINUTE_NS
from telltale.store.samples import table_columns, table_name
from telltale.store.summary import Buckets, Summary, joined, summarised, two_per_bucket

MAX_VIEWS = 3  # a chunk is replaced once a minute at most


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one machine under one profile."""

    number: int
    profile: str
    first_ns: int
    last_ns: int


def read_range(connection: sqlite3.Connection, archive: Path, query: RangeQuery) -> Batch:
    """Answer a query from one moment's view of the database. Raises StoreError."""
    for _ in range(MAX_VIEWS):
        connection.execute("BEGIN")
        try:
            return _read(connection, archive, query)
        except FileNotFoundError as error:
            missing = error  # replaced by a newer chunk since this view of the database began
        finally:
            connection.execute("ROLLBACK")
    raise StoreError(f"{missing} is gone. Put it back from a copy of the archive folder.")


def _read(connection: sqlite3.Connection, archive: Path, query: RangeQuery) -> Batch:
    stretches = _stretches(connection, query)
    names = query.names or tuple(
        dict.fromkeys(n for kept in stretches for n in table_columns(connection, kept.profile))
    )
    if not stretches:
        return _batch(query.machine, np.empty(0, np.int64), [np.empty(0) for _ in names], names)
    start_ns = max(query.start_ns, min(kept.first_ns for kept in stretches))
    end_ns = min(query.end_ns, max(kept.last_ns for kept in stretches) + 1)
    view = View(connection, archive, tuple(stretches), names)
    if query.points is not None and view.has_more_than(2 * query.points, start_ns, end_ns):
        return view.decimated(query.machine, start_ns, end_ns, max(1, query.points))
    limit = query.limit if query.points is None else None
    time_ns, columns = view.rows(start_ns, end_ns, limit=limit, newest=query.newest)
    return _batch(query.machine, time_ns, columns, names)


@dataclass(frozen=True, slots=True)
class View:
    """A machine's stretches as one, in the order of the newest reading: the last one wins."""

    connection: sqlite3.Connection
    archive: Path
    stretches: tuple[Kept, ...]
    names: tuple[str, ...]

    def has_more_than(self, rows: int, start_ns: int, end_ns: int) -> bool:
        """Return True if a range holds more samples; counts only as far as it must."""
        count = 0
        for kept in self.stretches:
            count += archived.rows_at_most(
                self.connection, kept.profile, kept.number, start_ns, end_ns
            )
            count += hot.rows_up_to(
                self.connection, kept.profile, kept.number, start_ns, end_ns, rows + 1
            )
        return count > rows

    def rows(
        self, start_ns: int, end_ns: int, *, limit: int | None = None, newest: bool = False
    ) -> tuple[IntArray, list[FloatArray]]:
        """Return the samples; at equal times the later stretch, and hot over archived, wins."""
        parts: list[tuple[IntArray, list[FloatArray]]] = []
        for kept in self.stretches:
            has = self._has(kept)
            parts.append(
                archived.read_rows(
                    self.connection,
                    self.archive,
                    kept.profile,
                    self._known(kept, has),
                    kept.number,
                    start_ns,
                    end_ns,
                    limit=limit,
                    newest=newest,
                )
            )
            parts.append(
                hot.read_rows(
                    self.connection,
                    table_name(kept.profile),
                    self._known(kept, has),
                    kept.number,
                    start_ns,
                    end_ns,
                    limit=limit,
                    newest=newest,
                )
            )
            parts[-2:] = [self._spread(part, has) for part in parts[-2:]]
        time_ns, columns = merged(parts)
        if limit is not None and len(time_ns) > limit:
            keep = slice(len(time_ns) - limit, None) if newest else slice(0, limit)
            return time_ns[keep], [column[keep] for column in columns]
        return time_ns, columns

    def decimated(self, machine: str, start_ns: int, end_ns: int, points: int) -> Batch:
        """Return minimum and maximum of every bucket."""
        buckets = cut(start_ns, end_ns, points)
        parts = [self._summary(kept, start_ns, end_ns, buckets) for kept in self.stretches]
        spread = [
            (time_ns, [columns.get(name, np.full(len(time_ns), np.nan)) for name in self.names])
            for time_ns, columns in map(two_per_bucket, parts)
        ]
        time_ns, columns = merged(spread)
        return _batch(machine, time_ns, columns, self.names)

    def _summary(self, kept: Kept, start_ns: int, end_ns: int, buckets: Buckets) -> Summary:
        names = self._known(kept, self._has(kept))
        number, profile = kept.number, kept.profile
        parts = [hot.summary(self.connection, profile, names, number, start_ns, end_ns, buckets)]
        for chunk in overlapping(self.connection, number, profile, start_ns, end_ns):
            first_ns, stop_ns = max(start_ns, chunk.first_ns), min(end_ns, chunk.last_ns + 1)
            pieces = [(first_ns, stop_ns)]
            if buckets.width_ns % MINUTE_NS == 0:
                renewed = hot.minutes(self.connection, profile, number, first_ns, stop_ns)
                whole, cut_minutes = archived.whole_minutes(
                    self.connection, chunk.id, names, first_ns, stop_ns, renewed
                )
                parts.append(joined([_rebucketed(whole, buckets)]))
                pieces = [
                    (max(first_ns, minute * MINUTE_NS), min(stop_ns, (minute + 1) * MINUTE_NS))
                    for minute in cut_minutes.tolist()
                ]
            for piece in pieces:
                time_ns, columns = self._one(kept, names).rows(*piece)
                parts.append(summarised(buckets, time_ns, dict(zip(names, columns, strict=True))))
        return joined(parts)

    def _one(self, kept: Kept, names: Sequence[str]) -> View:
        return View(self.connection, self.archive, (kept,), tuple(names))

    def _has(self, kept: Kept) -> frozenset[str]:
        return frozenset(table_columns(self.connection, kept.profile))

    def _known(self, kept: Kept, has: frozenset[str]) -> list[str]:
        return [name for name in self.names if name in has]

    def _spread(
        self, part: tuple[IntArray, list[FloatArray]], has: frozenset[str]
    ) -> tuple[IntArray, list[FloatArray]]:
        """Return a part with a column for every name asked for; NaN where it has none."""
        time_ns, columns = part
        known = iter(columns)
        missing = np.full(len(time_ns), np.nan)
        return time_ns, [next(known) if name in has else missing for name in self.names]


def cut(start_ns: int, end_ns: int, points: int) -> Buckets:
    """Return about `points` buckets; whole minutes where they are that long, as roll-ups are."""
    width_ns = max(1, -(-(end_ns - start_ns) // points))
    if width_ns >= MINUTE_NS:
        return Buckets(start_ns // MINUTE_NS * MINUTE_NS, -(-width_ns // MINUTE_NS) * MINUTE_NS)
    return Buckets(start_ns, width_ns)


def _rebucketed(minutes: Summary, buckets: Buckets) -> Summary:
    bucket = buckets.of(minutes.bucket * MINUTE_NS)
    return Summary(bucket, minutes.first_ns, minutes.last_ns, minutes.columns)


def merged(parts: Sequence[Rows]) -> Rows:
    """Join parts in time order. At equal times the later part's value wins, unless missing."""
    filled = [part for part in parts if len(part[0])]
    if len(filled) < 2:
        return filled[0] if filled else parts[0]
    time_ns = np.concatenate([part[0] for part in filled])
    order = np.argsort(time_ns, kind="stable")
    time_ns = time_ns[order]
    columns = [
        np.concatenate([part[1][index] for part in filled])[order]
        for index in range(len(filled[0][1]))
    ]
    starts = np.concatenate(([True], time_ns[1:] != time_ns[:-1])).nonzero()[0]
    if len(starts) == len(time_ns):
        return time_ns, columns
    return time_ns[starts], [_last_known(column, starts) for column in columns]


def _last_known(values: FloatArray, starts: IntArray) -> FloatArray:
    known_at = np.where(np.isnan(values), -1, np.arange(len(values)))
    last_at = np.maximum.reduceat(known_at, starts)
    found: FloatArray = np.where(last_at < 0, np.nan, values[np.maximum(last_at, 0)])
    return found


def _stretches(connection: sqlite3.Connection, query: RangeQuery) -> list[Kept]:
    rows = connection.execute(
        "SELECT s.machine, s.profile, s.first_ns, s.last_ns FROM stretches s "
        "JOIN machines m ON m.number = s.machine WHERE m.id = ? AND s.first_ns < ? "
        "AND s.last_ns >= ? ORDER BY s.last_ns",
        (query.machine, clamped(query.end_ns), clamped(query.start_ns)),
    )
    return [Kept(*row) for row in rows]


def clamped(time_ns: int) -> int:
    """Return a time as SQLite can take it."""
    return max(-FOREVER_NS, min(FOREVER_NS, time_ns))


def _batch(
    machine: str, time_ns: IntArray, columns: Sequence[FloatArray], names: Sequence[str]
) -> Batch:
    return Batch(machine, time_ns, dict(zip(names, columns, strict=True)))
