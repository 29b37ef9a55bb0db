"""Numbers come out of SQLite exactly as they went in."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from telltale.store.pages import PAGE_VALUES, read_rows
from telltale.store.samples import ensure_table

EXTREMES = [5e-324, -1.7976931348623157e308, 2.2250738585072014e-308, 0.1, np.inf, -np.inf]


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        ensure_table(connection, "p", ["value"])
        yield connection


def test_every_float_comes_back_to_the_last_bit(table: sqlite3.Connection) -> None:
    rng = np.random.default_rng(11)
    bits = rng.integers(0, 2**64, 50_000, dtype=np.uint64).view(np.float64)
    values = np.concatenate([bits[~np.isnan(bits)], rng.normal(size=20_000), EXTREMES])
    table.executemany(
        "INSERT INTO samples_p VALUES (1, ?, ?)", enumerate(values.tolist(), start=-5)
    )
    time_ns, (found,) = read_rows(table, "samples_p", ["value"], 1, -(2**63), 2**63 - 1)
    assert np.array_equal(found, values)
    assert np.array_equal(time_ns, np.arange(len(values)) - 5)


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("n", [0, 1, PAGE_VALUES // 2, PAGE_VALUES // 2 + 1, PAGE_VALUES * 2])
def test_pages_join_without_a_seam(table: sqlite3.Connection, n: int, newest: bool) -> None:
    rows = [(index, None if index % 7 == 0 else index / 8) for index in range(n)]
    table.executemany("INSERT INTO samples_p VALUES (1, ?, ?)", rows)
    time_ns, (found,) = read_rows(table, "samples_p", ["value"], 1, 0, 2**62, newest=newest)
    assert time_ns.tolist() == list(range(n))
    expected = [np.nan if value is None else value for _, value in rows]
    assert np.array_equal(found, np.array(expected, dtype=float), equal_nan=True)
