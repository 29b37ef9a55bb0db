"""A full samples table: columns without a value make room, those with one stay readable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from telltale.profiles.schema import Profile
from telltale.store.base import ColumnsFullError, RangeQuery, Write
from telltale.store.samples import MAX_COLUMNS
from telltale.store.sqlite import SQLiteStore
from tests.store.samples import DAY_NS, START_NS, opened, profile

SOME = 800
EVERYTHING = RangeQuery("pump-1", 0, 2**62)


def with_outputs_of(model: str) -> Profile:
    return profile("bearing_temp_c", *(f"{model}_{i}" for i in range(SOME)))


async def gives(store: SQLiteStore, model: str, time_s: float, *values: float) -> None:
    """Keep a sample in which a model gives its first outputs these values."""
    columns = {"bearing_temp_c": np.array([float(time_s)])}
    columns |= {f"{model}_{i}": np.array([float(value)]) for i, value in enumerate(values)}
    time_ns = np.array([START_NS + round(time_s * NS_PER_S)])
    write = Write(with_outputs_of(model), Batch("pump-1", time_ns, columns))
    assert await asyncio.wrap_future(store.submit(write)) == 1


async def values_of(store: SQLiteStore, name: str) -> list[float]:
    column = (await store.read(RangeQuery("pump-1", 0, 2**62, names=(name,)))).columns[name]
    found: list[float] = column[np.isfinite(column)].tolist()
    return found


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    """A store in which two models have given a little, so that a third finds no room."""
    opened_store = await opened(tmp_path, is_apart=True)
    for at_s, model in enumerate(("a", "b")):
        await opened_store.make_columns(with_outputs_of(model), ())
        await gives(opened_store, model, at_s, 1.0, 2.0)
    yield opened_store
    await opened_store.close()


async def test_columns_without_a_value_are_given_to_new_outputs_and_the_others_stay(
    store: SQLiteStore,
) -> None:
    await store.make_columns(with_outputs_of("c"), with_outputs_of("b").names)
    await gives(store, "c", 10.0, *range(SOME))
    assert await values_of(store, f"c_{SOME - 1}") == [SOME - 1.0]
    assert await values_of(store, "c_0") == [0.0]
    assert [await values_of(store, name) for name in ("a_0", "a_1", "b_1")] == [[1], [2], [2]]
    await gives(store, "b", 20.0, *range(SOME))  # what runs keeps its columns
    assert await values_of(store, f"b_{SOME - 1}") == [SOME - 1.0]
    assert len((await store.read(EVERYTHING)).columns) <= MAX_COLUMNS


async def test_with_no_room_left_the_next_is_refused_and_nothing_changes(
    store: SQLiteStore,
) -> None:
    await gives(store, "a", 2.0, *range(SOME))
    before = await store.read(EVERYTHING)
    told = r"at most 1900 columns\. 501 more are needed, and 0 that nothing uses are empty"
    with pytest.raises(ColumnsFullError, match=told):
        await store.make_columns(with_outputs_of("c"), with_outputs_of("b").names)
    after = await store.read(EVERYTHING)
    assert list(after.columns) == list(before.columns)
    await gives(store, "b", 3.0, 5.0)
    await store.make_columns(with_outputs_of("b"), ())


async def test_removed_recordings_make_room(store: SQLiteStore) -> None:
    await gives(store, "a", 2.0, *range(SOME))
    for session in await store.sessions("pump-1"):
        await store.remove_session(session.id)
    await store.make_columns(with_outputs_of("c"), with_outputs_of("b").names)
    await gives(store, "c", 10.0, 7.0)
    assert await values_of(store, "c_0") == [7.0]


async def test_what_is_sealed_stays_readable_and_what_it_never_held_makes_room(
    store: SQLiteStore,
) -> None:
    await store.archive(START_NS + 2 * DAY_NS)
    await gives(store, "b", 3 * 86_400.0, 3.0)
    await store.make_columns(with_outputs_of("c"), with_outputs_of("b").names)
    await gives(store, "c", 3 * 86_400.0 + 10.0, *range(SOME))
    assert [await values_of(store, name) for name in ("a_0", "a_1", "b_0")] == [[1], [2], [1, 3]]
    assert await values_of(store, f"c_{SOME - 1}") == [SOME - 1.0]
    shown = RangeQuery("pump-1", 0, 2**62, names=("a_0", "c_1"), points=2)
    charted = (await store.read(shown)).columns
    assert np.nanmax(charted["a_0"]) == 1.0
    assert np.nanmax(charted["c_1"]) == 1.0
