"""Machines and recordings that are removed: all of it, nothing else, and the room is given back."""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch, concat
from telltale.errors import StoreError
from telltale.events import note
from telltale.store.base import Machine, RangeQuery, Write
from telltale.store.parquet import is_available
from telltale.store.sqlite import SQLiteStore
from tests.store.samples import DAY_NS, START_NS, event, opened, profile, ramp, same

ROOT = Path(__file__).parents[2]
PUMP = profile()
LATER_NS = START_NS + 400 * DAY_NS
HOUR_S = 3600.0

archived_too = pytest.mark.parametrize(
    "is_archived",
    [
        False,
        pytest.param(
            True, marks=pytest.mark.skipif(not is_available(), reason="needs duckdb: 'archive'")
        ),
    ],
)


async def keep(store: SQLiteStore, *writes: Write) -> None:
    for future in [store.submit(write) for write in writes]:
        await asyncio.wrap_future(future)


def everything(machine: str) -> RangeQuery:
    return RangeQuery(machine, 0, 2**62)


def at_hour(hour: float, n: int = 300, machine: str = "pump-1") -> Batch:
    return ramp(n, start_s=hour * HOUR_S, machine=machine)


def footprint(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@archived_too
async def test_a_removed_machine_is_gone_and_the_others_are_untouched(
    tmp_path: Path, is_archived: bool
) -> None:
    store = await opened(tmp_path)
    stays = concat([at_hour(0, machine="pump-2"), at_hour(30, machine="pump-2")])
    goes = concat([at_hour(0), at_hour(30)])
    events = (event(START_NS), event(START_NS + 7, end_ns=START_NS + 9))
    other = event(START_NS, machine="pump-2")
    await keep(
        store,
        Write(PUMP, goes, events, lambda: b"old"),
        Write(PUMP, stays, (other,), lambda: b"kept"),
    )
    if is_archived:
        assert await store.archive(START_NS + DAY_NS) == 600  # a day of each
    await store.remove_machine("pump-1")
    for _ in range(2):  # as it is, and as a restart finds it
        assert [machine.id for machine in await store.machines()] == ["pump-2"]
        assert len(await store.read(everything("pump-1"))) == 0
        assert await store.sessions("pump-1") == []
        assert await store.events("pump-1") == []
        assert await store.last_state("pump-1") is None
        assert same(await store.read(everything("pump-2")), stays)
        assert [session.rows for session in await store.sessions()] == [300, 300]
        assert await store.events() == [other]
        assert await store.last_state("pump-2") == b"kept"
        assert (await store.status()).rows == 600
        await store.close()
        store = await opened(tmp_path)
    assert len(list((tmp_path / "archive").rglob("*.parquet"))) == is_archived
    await store.close()


async def test_a_removed_machines_id_begins_anew(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.save_machine(Machine("pump-1", "Old", "test_pump", created_ns=1))
    await keep(store, Write(PUMP, ramp(100)))
    await store.remove_machine("pump-1")
    await keep(store, Write(PUMP, ramp(3)))
    (machine,) = await store.machines()
    assert machine.title == "pump-1"
    assert same(await store.read(everything("pump-1")), ramp(3))
    (session,) = await store.sessions()
    assert session.rows == 3
    await store.close()


async def test_a_machine_that_never_sent_can_be_removed(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await store.save_machine(Machine("pump-1", "Pump 1", "test_pump"))
    await store.remove_machine("pump-1")
    assert await store.machines() == []
    await store.close()


async def test_removing_gives_the_room_back_to_the_disk(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await keep(store, Write(PUMP, at_hour(0, machine="pump-2")))
    empty = footprint(tmp_path)
    await keep(store, *(Write(PUMP, at_hour(hour, 20_000)) for hour in range(0, 60, 6)))
    full = footprint(tmp_path)
    assert full > empty + 6_000_000
    await store.remove_machine("pump-1")
    await store.close()
    assert footprint(tmp_path) < empty + 0.1 * (full - empty)


async def test_housekeeping_gives_room_back_in_pieces(tmp_path: Path) -> None:
    store = await opened(tmp_path, keep_days=1.0, archive_after_days=None)
    await keep(store, *(Write(PUMP, at_hour(hour, 20_000)) for hour in range(0, 60, 6)))
    while await store.housekeeping(LATER_NS):
        pass
    for _ in range(10):
        await store.housekeeping(LATER_NS)
    await store.close()
    assert footprint(tmp_path) < 1_000_000


@archived_too
@pytest.mark.parametrize("which", [0, 1, 2, 3])
async def test_a_removed_recording_is_gone_and_the_rest_of_its_machine_stays(
    tmp_path: Path, which: int, is_archived: bool
) -> None:
    parts = [at_hour(hour) for hour in (0, 5, 23.97, 60)]  # the third goes over midnight
    store = await opened(tmp_path)
    await keep(store, *(Write(PUMP, part, state=lambda: b"state") for part in parts))
    await keep(store, Write(PUMP, at_hour(0, machine="pump-2")))
    if is_archived:
        await store.archive(START_NS + 2 * DAY_NS)
        late = parts[which].rows(10, 20)  # hot samples that replace archived ones
        await keep(store, Write(PUMP, late))
    before = (await store.status()).rows
    sessions = list(reversed(await store.sessions("pump-1")))
    await store.remove_session(sessions[which].id)
    rest = [part for index, part in enumerate(parts) if index != which]
    for _ in range(2):
        assert same(await store.read(everything("pump-1")), concat(rest))
        left = list(reversed(await store.sessions("pump-1")))
        assert left == [known for known in sessions if known != sessions[which]]
        assert len(await store.read(everything("pump-2"))) == 300
        assert before - 310 <= (await store.status()).rows <= before - 300
        points = RangeQuery("pump-1", 0, 2**62, points=10)
        ends = (await store.read(points)).time_ns[[0, -1]]
        assert ends.tolist() == [rest[0].time_ns[0], rest[-1].time_ns[-1]]
        assert (await store.last_state("pump-1") is None) == (which == 3)
        await store.close()
        store = await opened(tmp_path)
    await keep(store, Write(PUMP, parts[which]))  # the same log can be imported again
    assert same(await store.read(everything("pump-1")), concat(parts))
    assert [known.rows for known in await store.sessions("pump-1")] == [300] * 4
    await store.close()


async def test_a_recordings_events_go_with_it_and_notes_stay(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    noted = note("pump-1", "renamed", "Renamed.", START_NS + 3)
    inside = event(START_NS + 5, end_ns=START_NS + 9)
    goes_on = event(START_NS + 20, end_ns=START_NS + 5 * 3600 * NS_PER_S)
    later = event(START_NS + 5 * 3600 * NS_PER_S)
    await keep(store, Write(PUMP, at_hour(0), (noted, inside, goes_on)))
    await keep(store, Write(PUMP, at_hour(5), (later,)))
    newest, oldest = await store.sessions()
    await store.remove_session(oldest.id)
    assert await store.events() == [later, goes_on, noted]
    await store.remove_session(newest.id)
    assert await store.events() == [goes_on, noted]
    await store.close()


async def test_what_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    with pytest.raises(StoreError, match="no machine 'pump-9'"):
        await store.remove_machine("pump-9")
    with pytest.raises(StoreError, match="no session 'pump-9/1'"):
        await store.remove_session("pump-9/1")
    await store.close()


async def test_readings_of_others_are_kept_while_a_machine_goes(tmp_path: Path) -> None:
    store = await opened(tmp_path)
    await keep(store, *(Write(PUMP, at_hour(hour, 20_000)) for hour in range(0, 60, 6)))
    removing = asyncio.create_task(store.remove_machine("pump-1"))
    count = 0
    while not removing.done():
        await keep(store, Write(PUMP, ramp(1, start_s=count, machine="pump-2")))
        count += 1
    await removing
    assert count > 5, "the removal was over before anything else was written"
    found = await store.read(everything("pump-2"))
    assert found.columns["bearing_temp_c"].tolist() == list(range(count))
    await store.close()


def killed(folder: Path, session: str, run_s: float) -> bool:
    """Kill a child that removes; True if it was done before."""
    command = [sys.executable, "-m", "tests.store.removing_child", str(folder), session]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        time.sleep(run_s)
        process.kill()
        return "done" in process.stdout.read()


async def counted(folder: Path, session: str) -> tuple[int, int, int]:
    """Return how many samples the recording, its neighbour and the other machine have."""
    store = await opened(folder)
    found = await store.read(everything("pump-1"))
    n_goes = int(np.count_nonzero(found.time_ns >= START_NS + 50 * 3600 * NS_PER_S))
    listed = {known.id: known.rows for known in await store.sessions()}
    assert listed.get(session, 0) == n_goes
    machines = {machine.id for machine in await store.machines()}
    n_other = len(await store.read(everything("pump-2")))
    assert ("pump-2" in machines) == (n_other > 0)
    assert (await store.status()).rows == len(found) + n_other
    assert await store.check() is None
    await store.close()
    return n_goes, len(found) - n_goes, n_other


async def filled(folder: Path) -> str:
    """Keep two recordings of a machine and another machine; return the id of the second."""
    store = await opened(folder)
    await keep(store, Write(PUMP, at_hour(0, 1_000)))
    for machine in ("pump-1", "pump-2"):
        pieces = [at_hour(50 + hour, 20_000, machine) for hour in range(0, 60, 6)]
        await keep(store, *(Write(PUMP, piece) for piece in pieces))
    session = (await store.sessions("pump-1"))[0].id
    await store.close()
    return session


def is_unfinished(folder: Path) -> bool:
    """True if something was noted and is not all gone."""
    with contextlib.closing(sqlite3.connect(folder / "telltale.db")) as connection:
        return bool(connection.execute("SELECT count(*) FROM removals").fetchone()[0])


def test_killed_while_removing_all_or_nothing_of_it_is_there(tmp_path: Path) -> None:
    rng = random.Random(11)
    middles = 0
    seen: list[tuple[int, int, int]] = []
    for index in range(3):
        folder = tmp_path / str(index)
        session = asyncio.run(filled(folder))
        is_done = False
        while not is_done:
            is_done = killed(folder, session, rng.uniform(0.0, 0.08))
            middles += is_unfinished(folder)
            seen.append(asyncio.run(counted(folder, session)))
        assert seen[-1] == (0, 1_000, 0)
    assert middles, "no kill fell into the middle of a removal"
    assert {n_goes for n_goes, _, _ in seen} <= {0, 200_000}
    assert {n_stays for _, n_stays, _ in seen} == {1_000}
    assert {n_other for _, _, n_other in seen} <= {0, 200_000}
