"""What every stream promises."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.events import Event, EventKind, Level
from telltale.pipeline.base import Result
from telltale.stream.base import Stream
from telltale.stream.memory import MemoryStream
from telltale.stream.subscription import subscription

S = 1_000_000_000


@pytest.fixture
def stream() -> MemoryStream:
    return MemoryStream()


def result(n: int, *columns: str) -> Result:
    times = np.arange(n, dtype=np.int64) * S
    return Result(Batch("a", times, {name: np.arange(n, dtype=np.float64) for name in columns}))


def note() -> Event:
    return Event("a/note//registered/1", "a", EventKind.NOTE, Level.INFO, "", "registered", 1)


async def test_publishing_returns_at_once_although_viewers_take_nothing(
    stream: MemoryStream,
) -> None:
    for _ in range(100):
        stream.hub.join(subscription(rate_hz=200.0))
    begin_s = time.perf_counter()
    for _ in range(200):
        stream.publish(result(10, "temp_c"))
        stream.publish_event(note())
    assert time.perf_counter() - begin_s < 2.0
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    "empty", [result(0, "temp_c"), result(3), result(0)], ids=["no rows", "no columns", "nothing"]
)
async def test_empty_results_are_survived(stream: MemoryStream, empty: Result) -> None:
    stream.publish(empty)
    stream.publish(result(2, "temp_c"))
    viewer = stream.hub.join(subscription())
    (frame,) = viewer.take()
    assert '"temp_c":1.0' in frame.text


async def test_a_column_without_any_value_is_survived(stream: MemoryStream) -> None:
    batch = Batch("a", np.array([S], dtype=np.int64), {"temp_c": np.array([np.nan])})
    stream.publish(Result(batch))
    (frame,) = stream.hub.join(subscription()).take()
    assert '"values":{}' in frame.text


async def test_the_published_result_is_not_changed(stream: MemoryStream) -> None:
    published = result(3, "temp_c")
    before = published.batch.columns["temp_c"].copy()
    stream.publish(published)
    assert np.array_equal(published.batch.columns["temp_c"], before)


def test_the_memory_stream_is_a_stream() -> None:
    checked: Stream = MemoryStream()
    assert callable(checked.publish)
