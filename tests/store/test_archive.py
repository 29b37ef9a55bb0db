"""Sealed days: the same answers from Parquet and roll-ups as from SQLite, in little space."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch, concat
from telltale.errors import StoreError
from telltale.store.base import RangeQuery, Write
from telltale.store.parquet import is_available
from telltale.store.sqlite import SQLiteStore
from tests.store.samples import DAY_NS, START_NS, batch, opened, profile, ramp, same

pytestmark = pytest.mark.skipif(not is_available(), reason="needs duckdb, the extra 'archive'")

PUMP = profile()
EVERYTHING = RangeQuery("pump-1", 0, 2**62)
FIVE_DAYS_ON_NS = START_NS + 5 * DAY_NS


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    store = await opened(tmp_path)
    yield store
    await store.close()


async def keep(store: SQLiteStore, *batches: Batch) -> None:
    for future in [store.submit(Write(PUMP, part)) for part in batches]:
        await asyncio.wrap_future(future)


def noisy(n: int, step_s: float, seed: int = 3) -> Batch:
    """Sensor-like values: quantised, with gaps, an outlier and an infinity."""
    rng = np.random.default_rng(seed)
    bearing_c = np.round(60.0 + np.cumsum(rng.normal(0.0, 0.05, n)), 1)
    bearing_c[n // 3] = 1e9
    bearing_c[rng.integers(0, n, n // 20)] = np.nan
    motor_c = np.round(rng.normal(50.0, 1.0, n), 2)
    motor_c[n // 2] = -np.inf
    return batch(
        (np.arange(n) * step_s).tolist(),
        bearing_temp_c=bearing_c.tolist(),
        motor_temp_c=motor_c.tolist(),
    )


def hot_rows(store: SQLiteStore) -> int:
    import sqlite3  # noqa: PLC0415

    connection = sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)
    rows = connection.execute("SELECT count(*) FROM samples_test_pump").fetchone()[0]
    connection.close()
    return int(rows)


async def answers(store: SQLiteStore) -> Sequence[Batch]:
    cut_ns = START_NS + DAY_NS // 2 + 12_345
    queries = [
        EVERYTHING,
        RangeQuery("pump-1", cut_ns, cut_ns + DAY_NS, names=("motor_temp_c",)),
        RangeQuery("pump-1", 0, 2**62, limit=100, newest=True),
        RangeQuery("pump-1", 0, 2**62, limit=5_000),
        RangeQuery("pump-1", 0, 2**62, points=100),
        RangeQuery("pump-1", cut_ns, cut_ns + 2 * DAY_NS, points=37, names=("bearing_temp_c",)),
        RangeQuery("pump-1", cut_ns, cut_ns + 30_000 * NS_PER_S, points=900),
    ]
    return [await store.read(query) for query in queries]


async def test_every_query_answers_the_same_before_and_after_archiving(
    store: SQLiteStore,
) -> None:
    sent = noisy(30_000, step_s=10.0)  # three and a half days
    await keep(store, sent)
    before = await answers(store)
    assert same(before[0], sent)
    assert await store.archive(FIVE_DAYS_ON_NS - 2 * DAY_NS) == 3 * 8_640
    assert hot_rows(store) == 30_000 - 3 * 8_640
    for hot, archived in zip(before, await answers(store), strict=True):
        assert same(hot, archived)
    await store.archive(FIVE_DAYS_ON_NS)
    assert hot_rows(store) == 0
    for hot, archived in zip(before, await answers(store), strict=True):
        assert same(hot, archived)
    assert (await store.status()).rows == 30_000


async def test_samples_for_an_archived_day_win_at_once_and_move_into_its_chunk(
    store: SQLiteStore,
) -> None:
    sent = noisy(10_000, step_s=10.0)
    await keep(store, sent)
    await store.archive(FIVE_DAYS_ON_NS)
    peak = sent.rows(3_333, 3_334)
    assert peak.columns["bearing_temp_c"][0] == 1e9
    mended = batch([33_330.0, 33_331.5], bearing_temp_c=[61.0, 62.0])
    await keep(store, mended)
    chart = RangeQuery("pump-1", 0, 2**62, names=("bearing_temp_c",), points=50)
    assert np.nanmax((await store.read(chart)).columns["bearing_temp_c"]) < 100.0
    expected = await store.read(EVERYTHING)
    assert len(expected) == 10_001
    assert expected.columns["bearing_temp_c"][3_333] == 61.0
    assert expected.columns["motor_temp_c"][3_333] == sent.columns["motor_temp_c"][3_333]
    assert await store.archive(FIVE_DAYS_ON_NS) == 2
    assert hot_rows(store) == 0
    assert same(await store.read(EVERYTHING), expected)
    assert np.nanmax((await store.read(chart)).columns["bearing_temp_c"]) < 100.0
    assert (await store.status()).rows == 10_001
    files = [path for path in (store.folder / "archive").rglob("*") if path.is_file()]
    assert len(files) == 2


@pytest.mark.parametrize("is_apart", [False, True])
async def test_archived_samples_that_come_again_count_once(tmp_path: Path, is_apart: bool) -> None:
    store = await opened(tmp_path, is_apart=is_apart)
    try:
        await keep(store, ramp(1_000, step_s=10.0), ramp(1, start_s=4 * 86_400.0))
        assert await store.archive(FIVE_DAYS_ON_NS - DAY_NS) == 1_000
        between = ramp(10, start_s=5.0, step_s=10.0)
        repeated = concat([ramp(1_000, step_s=10.0), between])
        for new_rows in (10, 0):  # the second time they lie in SQLite as well
            assert await asyncio.wrap_future(store.submit(Write(PUMP, repeated))) == new_rows
            assert sum(session.rows for session in await store.sessions()) == 1_011
        await store.archive(FIVE_DAYS_ON_NS - DAY_NS)
        assert await asyncio.wrap_future(store.submit(Write(PUMP, between))) == 0
        assert len(await store.read(EVERYTHING)) == 1_011
        await store.archive(FIVE_DAYS_ON_NS - DAY_NS)
        assert (await store.status()).rows == 1_011
    finally:
        await store.close()


async def test_samples_that_arrive_while_a_chunk_is_written_are_kept(store: SQLiteStore) -> None:
    await keep(store, ramp(8_000, step_s=10.0))
    archiving = asyncio.create_task(store.archive(FIVE_DAYS_ON_NS))
    index = 0
    while not archiving.done():
        await keep(store, batch([10.0 * index + 5.0], bearing_temp_c=[1e6 + index]))
        index += 1
        await asyncio.sleep(0.002)
    await archiving
    found = await store.read(EVERYTHING)
    assert index > 0  # else nothing arrived while the chunk was written
    assert len(found) == 8_000 + index
    assert sorted(found.columns["bearing_temp_c"])[-index:] == [1e6 + i for i in range(index)]


async def test_a_sixteen_channel_row_takes_at_most_40_bytes(tmp_path: Path) -> None:
    n = 40_000
    names = [f"sensor_{index}_c" for index in range(16)]
    rng = np.random.default_rng(1)
    swing = 10.0 * np.sin(np.arange(n) / 3_000.0)
    columns = {
        name: np.round(50.0 + swing + np.cumsum(rng.normal(0.0, 0.02, n)), 1 + index % 2)
        for index, name in enumerate(names)
    }
    store = await opened(tmp_path)
    time_ns = START_NS + np.arange(n) * NS_PER_S // 10
    pending = store.submit(Write(profile(*names), Batch("pump-1", time_ns, columns)))
    await asyncio.wrap_future(pending)
    await store.archive(FIVE_DAYS_ON_NS)
    files = list((tmp_path / "archive").rglob("*.parquet"))
    assert 1.0 < sum(path.stat().st_size for path in files) / n <= 40.0
    await store.close()


async def test_housekeeping_archives_a_chunk_a_call_until_nothing_is_old(tmp_path: Path) -> None:
    store = await opened(tmp_path, archive_after_days=1.0)
    await keep(store, ramp(4 * 144, step_s=600.0))
    calls = 1
    while await store.housekeeping(START_NS + 4 * DAY_NS):
        calls += 1
    assert calls == 4, "three days, then nothing"
    assert hot_rows(store) == 144
    await store.close()


async def test_a_missing_chunk_file_is_named(store: SQLiteStore) -> None:
    await keep(store, ramp(100))
    await store.archive(FIVE_DAYS_ON_NS)
    (path,) = (store.folder / "archive").rglob("*.parquet")
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(StoreError, match=r"00000001\.parquet is gone"):
        await store.read(EVERYTHING)
    path.write_bytes(content)
    assert same(await store.read(EVERYTHING), ramp(100))


async def test_samples_older_than_the_limit_go_in_whole_days(tmp_path: Path) -> None:
    store = await opened(tmp_path, archive_after_days=2.0, keep_days=3.0)
    days = [ramp(144, step_s=600.0, start_s=86_400.0 * day) for day in range(6)]
    await keep(store, *days)
    now_ns = START_NS + 5 * DAY_NS + DAY_NS // 2
    while await store.housekeeping(now_ns):
        pass
    assert same(await store.read(EVERYTHING), concat(days[2:]))
    assert (await store.status()).rows == 4 * 144
    while await store.housekeeping(now_ns + 2 * DAY_NS):
        pass
    assert same(await store.read(EVERYTHING), concat(days[4:]))
    while await store.housekeeping(now_ns + 20 * DAY_NS):
        pass
    assert len(await store.read(EVERYTHING)) == 0
    assert await store.sessions() == []
    assert [path for path in (tmp_path / "archive").rglob("*") if path.is_file()] == []
    await keep(store, ramp(3, start_s=30 * 86_400.0))
    assert (await store.status()).rows == 3
    await store.close()


async def test_beyond_the_size_limit_the_oldest_samples_go(tmp_path: Path) -> None:
    store = await opened(tmp_path, archive_after_days=None, max_bytes=10_000_000)
    sent = ramp(400_000)
    for start in range(0, len(sent), 50_000):
        await keep(store, sent.rows(start, start + 50_000))
    assert (await store.status()).size_bytes > 10_000_000
    while await store.housekeeping(START_NS):
        pass
    found = await store.read(EVERYTHING)
    assert 100_000 < len(found) < 400_000
    assert same(found, sent.rows(400_000 - len(found), 400_000))
    assert (await store.status()).rows == len(found)
    for _ in range(10):
        await store.housekeeping(START_NS)
    assert store.path.stat().st_size < 12_000_000
    await store.close()
