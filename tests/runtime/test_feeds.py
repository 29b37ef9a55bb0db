"""Feeds drive sources: they retry for ever, say why, and lose nothing that the store can take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import structlog.testing

from telltale.batch import Batch
from telltale.errors import SourceUnavailableError, TelltaleError
from telltale.formats.base import Decoded, Rejection
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.file_replay import FileReplay
from telltale.store.base import RangeQuery
from tests.runtime.conftest import OpenRuntime
from tests.runtime.test_core import T0
from tests.waiting import until


class ListSource:
    """A source over a list. Refuses to open the first `refusals` times."""

    def __init__(self, batches: list[Decoded], *, refusals: int = 0, fault: bool = False) -> None:
        self.name = "list:test"
        self.simulated = False
        self.is_live = True
        self.status = SourceStatus()
        self._batches = batches
        self._refusals = refusals
        self._fault = fault
        self.opened = 0
        self.closed = 0

    async def open(self) -> None:
        self.opened += 1
        if self.opened <= self._refusals:
            raise SourceUnavailableError("The list is not there yet.")
        self.status.state = SourceState.LIVE

    async def batches(self) -> AsyncIterator[Decoded]:
        for decoded in self._batches:
            yield decoded
        if self._fault:
            raise ValueError("a fault in a decoder")

    async def close(self) -> None:
        self.closed += 1


def pieces(n: int) -> list[Decoded]:
    return [
        Decoded(
            (
                Batch(
                    "pump-1", T0 + np.arange(i, i + 1) * 10**9, {"bearing_temp_c": np.array([42.0])}
                ),
            )
        )
        for i in range(n)
    ]


async def test_everything_a_source_gives_is_kept_in_order(open_runtime: OpenRuntime) -> None:
    source = ListSource(pieces(200))
    async with open_runtime() as runtime:
        runtime.feeds.add(source, profile="industrial_pump")
        await runtime.feeds.join(source.name)
        await runtime.stop()
    async with open_runtime() as runtime:
        batch = await runtime.store.read(RangeQuery("pump-1", 0, 2**62))
    assert len(batch) == 200
    assert source.closed


async def test_what_a_source_gave_is_committed_once_it_is_said_to_have_ended(
    open_runtime: OpenRuntime,
) -> None:
    source = ListSource(pieces(200))
    async with open_runtime() as runtime:
        runtime.feeds.add(source, profile="industrial_pump")
        while source.status.state is not SourceState.ENDED:
            await asyncio.sleep(0)
        assert len(await runtime.store.read(RangeQuery("pump-1", 0, 2**62))) == 200


async def test_a_source_that_refuses_is_opened_again_and_says_why(
    open_runtime: OpenRuntime,
) -> None:
    source = ListSource(pieces(3), refusals=1)
    async with open_runtime() as runtime:
        runtime.feeds.add(source, profile="industrial_pump")
        await until(lambda: source.status.state is SourceState.WAITING)
        assert "The list is not there yet. Next try in" in source.status.detail
        await runtime.feeds.join(source.name)
    assert source.opened == 2


async def test_a_fault_in_one_source_stops_that_one_and_says_so(open_runtime: OpenRuntime) -> None:
    broken = ListSource(pieces(3), fault=True)
    async with open_runtime() as runtime:
        runtime.feeds.add(broken, profile="industrial_pump")
        await runtime.feeds.join(broken.name)
        assert broken.status.state is SourceState.ENDED
        assert "a fault in a decoder" in broken.status.detail
        assert len(runtime.machines()) == 1


async def test_what_says_itself_what_to_mend_is_logged_without_a_traceback(
    open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    (tmp_path / "drive.log").write_bytes(bytes(range(256)))
    source = FileReplay(tmp_path / "drive.log")
    async with open_runtime() as runtime:
        with structlog.testing.capture_logs() as logs:
            runtime.feeds.add(source)
            await runtime.feeds.join(source.name)
    (told,) = [line for line in logs if line["event"] == "source_failed"]
    assert told["error"].startswith("drive.log is binary, not text.")
    assert not told["exc_info"]


async def test_two_sources_of_one_name_are_refused(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        runtime.feeds.add(ListSource(pieces(1), refusals=100))
        with pytest.raises(TelltaleError, match="is running"):
            runtime.feeds.add(ListSource(pieces(1)))


async def test_a_source_can_be_stopped_and_forgotten(open_runtime: OpenRuntime) -> None:
    source = ListSource(pieces(1), refusals=100)
    async with open_runtime() as runtime:
        runtime.feeds.add(source)
        await asyncio.sleep(0)
        await runtime.feeds.remove(source.name)
        assert runtime.feeds.all() == []
        with pytest.raises(TelltaleError, match="No source named"):
            runtime.feeds.get(source.name)


async def test_the_newest_refusals_of_a_source_are_told_with_their_reasons(
    open_runtime: OpenRuntime,
) -> None:
    nothing_read = Decoded(
        (), rejected_rows=1, reasons=(Rejection(0, None, "{", "JSON", "Row 0 is no JSON."),)
    )
    too_hot = [
        Decoded((Batch("pump-1", np.array([T0 + i]), {"bearing_temp_c": np.array([900.0 + i])}),))
        for i in range(7)
    ]
    source = ListSource([*pieces(1), *too_hot, nothing_read])
    async with open_runtime() as runtime:
        runtime.feeds.add(source, profile="industrial_pump")
        await runtime.feeds.join(source.name)
    told = [reason.message for reason in source.status.reasons]
    assert told[0] == "Row 1 is no JSON."
    assert [message for message in told if "'bearing_temp_c' is 906" in message] == told[2:3]
    assert len(told) == 5  # of nine different ones
