"""What was found in waveforms is kept: the newest of each point, and gone with its machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telltale.store.base import KeptWaveform, Machine, UnknownWaveformError
from telltale.store.sqlite import SQLiteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    opened = SQLiteStore(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


def made(time_ns: int, point: str = "a", machine: str = "m") -> KeptWaveform:
    return KeptWaveform(machine, point, time_ns, b"{}", b"detail")


async def test_of_each_point_the_newest_by_time_stay(store: SQLiteStore) -> None:
    for time_ns in (3, 1, 5, 2, 4):
        await store.save_waveform(made(time_ns), 3)
    other = await store.save_waveform(made(0, "b"), 3)
    assert [kept.time_ns for kept in await store.waveforms("m", "a")] == [5, 4, 3]
    assert [kept.id for kept in await store.waveforms("m", "b")] == [other.id]
    assert len(await store.waveforms("m")) == 4
    assert await store.waveforms("else") == []


async def test_a_waveform_reads_back_with_its_details_and_lists_without(
    store: SQLiteStore,
) -> None:
    kept = await store.save_waveform(made(7), 3)
    assert await store.waveform("m", kept.id) == kept
    (listed,) = await store.waveforms("m")
    assert (listed.detail, listed.finding) == (b"", b"{}")
    with pytest.raises(UnknownWaveformError, match="else has no waveform"):
        await store.waveform("else", kept.id)
    await store.remove_waveform("m", kept.id)
    with pytest.raises(UnknownWaveformError):
        await store.remove_waveform("m", kept.id)


async def test_one_that_is_sent_again_is_kept_once(store: SQLiteStore) -> None:
    await store.save_waveform(made(7), 3)
    again = await store.save_waveform(made(7), 3)
    await store.save_waveform(made(7, "b"), 3)
    assert [kept.id for kept in await store.waveforms("m", "a")] == [again.id]
    assert len(await store.waveforms("m")) == 2


async def test_a_removed_machine_takes_its_waveforms_with_it(store: SQLiteStore) -> None:
    for machine in ("m", "n"):
        await store.save_machine(Machine(machine, machine, "p"))
        await store.save_waveform(made(1, machine=machine), 3)
    await store.remove_machine("m")
    assert await store.waveforms("m") == []
    assert len(await store.waveforms("n")) == 1
