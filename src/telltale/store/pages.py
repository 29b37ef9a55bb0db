"""Columns out of SQLite in a few large steps.

Python lets go of its interpreter lock around every row that SQLite gives, and beside a busy
event loop gets it back only after up to 5 ms. So SQLite itself joins the values of many rows
into one text per column; 18 digits bring every float back exactly (16 would not, nor does
SQLite's own `quote`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from telltale.batch import FloatArray, IntArray
from telltale.sql_text import quoted

PAGE_VALUES = 16_384  # parsed in about 5 ms, which is how long others may have to wait
MIN_PAGE_ROWS = 64


def fetch_columns(
    connection: sqlite3.Connection,
    select: str,
    values: Sequence[int],
    *,
    integers: Sequence[str],
    floats: Sequence[str],
) -> tuple[list[IntArray], list[FloatArray]]:
    """Return the columns of a SELECT that names `integers` (never NULL) and `floats`."""
    parts = [f"group_concat({name})" for name in integers]
    parts += [
        f"group_concat(CASE WHEN {name} IS NULL THEN 'nan' ELSE printf('%!.18g',{name}) END)"
        for name in floats
    ]
    row = connection.execute(f"SELECT {','.join(parts)} FROM ({select})", values).fetchone()  # noqa: S608
    n_integers = len(integers)
    return (
        [_integers(text) for text in row[:n_integers]],
        [_floats(text) for text in row[n_integers:]],
    )


def read_rows(  # noqa: PLR0917  one range, spelt out
    connection: sqlite3.Connection,
    table: str,
    names: Sequence[str],
    machine: int,
    start_ns: int,
    end_ns: int,
    *,
    limit: int | None = None,
    newest: bool = False,
) -> tuple[IntArray, list[FloatArray]]:
    """Return samples in time order, start_ns inclusive to end_ns exclusive.

    `limit` keeps the first, or with `newest` the last, samples of the range.
    """
    page_rows = max(MIN_PAGE_ROWS, PAGE_VALUES // (len(names) + 1))
    left = limit if limit is not None else 2**62
    times: list[IntArray] = []
    columns: list[list[FloatArray]] = []
    while left > 0:
        select = _page_select(table, names, newest=newest)
        size = min(page_rows, left)
        (time_ns,), page = fetch_columns(
            connection,
            select,
            (machine, start_ns, end_ns, size),
            integers=("time_ns",),
            floats=[quoted(name) for name in names],
        )
        times.append(time_ns[::-1] if newest else time_ns)
        columns.append([column[::-1] if newest else column for column in page])
        if len(time_ns) < size:
            break
        left -= size
        if newest:
            end_ns = int(time_ns[-1])
        else:
            start_ns = int(time_ns[-1]) + 1
    if newest:
        times.reverse()
        columns.reverse()
    return _joined(times, columns, len(names))


def _page_select(table: str, names: Sequence[str], *, newest: bool) -> str:
    wanted = ",".join(quoted(name) for name in ("time_ns", *names))
    return (
        f"SELECT {wanted} FROM {quoted(table)} WHERE machine = ? AND time_ns >= ? "  # noqa: S608
        f"AND time_ns < ? ORDER BY time_ns {'DESC' if newest else ''} LIMIT ?"
    )


def _joined(
    times: Sequence[IntArray], columns: Sequence[Sequence[FloatArray]], width: int
) -> tuple[IntArray, list[FloatArray]]:
    if not times:
        return np.empty(0, np.int64), [np.empty(0) for _ in range(width)]
    return np.concatenate(times), [
        np.concatenate([page[index] for page in columns]) for index in range(width)
    ]


def _integers(text: str | None) -> IntArray:
    return np.array([] if not text else list(map(int, text.split(","))), dtype=np.int64)


def _floats(text: str | None) -> FloatArray:
    return np.array([] if not text else list(map(float, text.split(","))), dtype=np.float64)
