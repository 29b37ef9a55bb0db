"""The samples tables: which names they take, and how rows are cut into statements."""

import sqlite3
from contextlib import closing

import pytest

from telltale.errors import StoreError
from telltale.store.samples import MAX_VARIABLES, SamplesTable, ensure_table, table_columns


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["time_ns"], "'time_ns' and 'time_ns' would share a column"),
        (["Speed_rpm", "speed_rpm"], "'speed_rpm' and 'Speed_rpm' would share a column"),
        (["tab\there"], "cannot name a column"),
        ([""], "cannot name a column"),
        ([f"c{i}" for i in range(2_000)], "a table takes 1900"),
    ],
)
def test_a_name_that_a_table_cannot_hold_is_refused(names: list[str], said: str) -> None:
    with (
        closing(sqlite3.connect(":memory:")) as connection,
        pytest.raises(StoreError, match=said),
    ):
        ensure_table(connection, "p", names)


def test_columns_are_added_and_never_taken_away() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        ensure_table(connection, "p", ["a", 'b"; DROP TABLE samples_p; --'])
        table = ensure_table(connection, "p", ["c", "a"])
        assert table.columns == ("a", 'b"; DROP TABLE samples_p; --', "c")
        assert table_columns(connection, "p") == table.columns


@pytest.mark.parametrize("width", [1, 16, 100, 1_900])
@pytest.mark.parametrize("n_rows", [0, 1, 5, 255, 256, 2_000])
def test_blocks_hold_every_row_within_the_limit_of_variables(width: int, n_rows: int) -> None:
    table = SamplesTable("t", tuple(f"c{i}" for i in range(width)))
    blocks = table.blocks(n_rows)
    assert sum(blocks) == n_rows
    assert all(size * table.width <= MAX_VARIABLES for size in blocks)
