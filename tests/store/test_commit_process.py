"""Commits in a process of its own: what it does when one of the two processes is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from telltale.errors import StoreFullError, StoreInterruptedError
from telltale.store.base import RangeQuery, Write
from telltale.store.sqlite import STUCK_S, SQLiteStore
from tests.store.samples import event, opened, profile, ramp, same

PUMP = profile()
EVERYTHING = RangeQuery("pump-1", 0, 2**62)
APART = {"is_apart": True}
STARTER = """
import asyncio, pathlib, sys
from tests.store.samples import opened, profile, ramp, say
from telltale.store.base import Write
async def main():
    store = await opened(pathlib.Path(sys.argv[1]), is_apart=True)
    for i in range(10**6):
        await asyncio.wrap_future(store.submit(Write(profile(), ramp(50, start_s=100.0 * i))))
        say(str(i))
asyncio.run(main())
"""


def committing() -> psutil.Process:
    """The process that this one has started to commit for it."""
    (process,) = (
        child
        for child in psutil.Process().children()
        if "telltale.store.commit_process" in child.cmdline()
    )
    return process


async def keep(store: SQLiteStore, write: Write) -> int:
    return await asyncio.wrap_future(store.submit(write))


async def test_a_commit_by_a_process_that_is_killed_fails_and_the_next_one_works(
    tmp_path: Path,
) -> None:
    store = await opened(tmp_path, **APART)
    try:
        assert await keep(store, Write(PUMP, ramp(100))) == 100
        committing().send_signal(signal.SIGKILL)
        told = r"has ended \(exit status -9\).*Send them again"
        with pytest.raises(StoreInterruptedError, match=told):
            await keep(store, Write(PUMP, ramp(100, start_s=200.0)))
        assert await keep(store, Write(PUMP, ramp(100, start_s=200.0))) == 100
        assert await keep(store, Write(PUMP, ramp(100, start_s=200.0))) == 0
        assert len(await store.read(EVERYTHING)) == 200
        assert [session.rows for session in await store.sessions("pump-1")] == [200]
    finally:
        await store.close()


async def test_the_process_ends_with_the_one_that_started_it_even_if_that_is_killed(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        for _ in range(5):
            kept = int(starter.stdout.readline())
        (child,) = psutil.Process(starter.pid).children()
        os.kill(starter.pid, signal.SIGKILL)
    child.wait(timeout=10)
    store = await opened(tmp_path, **APART)  # waits for the last one's group
    try:
        batch = await store.read(EVERYTHING)
        assert len(batch) >= 50 * (kept + 1)
        assert sum(session.rows for session in await store.sessions("pump-1")) == len(batch)
    finally:
        await store.close()


async def test_both_ways_keep_the_same(tmp_path: Path) -> None:
    writes = [
        Write(PUMP, ramp(100), (event(0),)),
        Write(PUMP, ramp(100, start_s=50.0), state=lambda: b"one"),
        Write(PUMP, ramp(10, start_s=5_000.0), state=lambda: b"two"),
    ]
    kept = []
    for name, way in (("thread", {}), ("apart", APART)):
        store = await opened(tmp_path / name, **way)
        try:
            new_rows = await asyncio.gather(*(keep(store, write) for write in writes))
            kept.append(
                (
                    new_rows,
                    await store.read(EVERYTHING),
                    await store.sessions(),
                    await store.events(),
                    await store.last_state("pump-1"),
                )
            )
        finally:
            await store.close()
    thread, apart = kept
    assert same(thread[1], apart[1])
    assert [*thread[:1], *thread[2:]] == [*apart[:1], *apart[2:]]
    assert thread[0] == [100, 50, 10]


async def test_what_somebody_changes_here_is_known_there(tmp_path: Path) -> None:
    store = await opened(tmp_path, **APART)
    try:
        await keep(store, Write(PUMP, ramp(100)))
        (session,) = await store.sessions()
        await store.name_session(session.id, "Run-in")
        await keep(store, Write(PUMP, ramp(100, start_s=100.0)))
        assert [(s.title, s.rows) for s in await store.sessions()] == [("Run-in", 200)]
    finally:
        await store.close()


async def test_a_disk_that_is_full_there_is_told_here_as_such(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    store = await opened(tmp_path, **APART)
    try:
        await keep(store, Write(PUMP, ramp(10)))
        resource.prlimit(committing().pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        with pytest.raises(StoreFullError, match="Nothing of this was kept"):
            await keep(store, Write(PUMP, ramp(50_000, start_s=100.0)))
        resource.prlimit(committing().pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert await keep(store, Write(PUMP, ramp(50_000, start_s=100.0))) == 50_000
    finally:
        await store.close()


async def test_closing_twice_leaves_no_process_behind(tmp_path: Path) -> None:
    store = await opened(tmp_path, **APART)
    await keep(store, Write(PUMP, ramp(10)))
    child = committing()
    await store.close()
    await store.close()
    assert not child.is_running()


async def test_a_process_that_was_stopped_holds_up_the_end_for_a_while_only(
    tmp_path: Path,
) -> None:
    store = await opened(tmp_path, **APART)
    await keep(store, Write(PUMP, ramp(10)))
    committing().send_signal(signal.SIGSTOP)
    stuck = store.submit(Write(PUMP, ramp(10, start_s=100.0)))
    while not stuck.running():
        await asyncio.sleep(0.01)
    waiting = store.submit(Write(PUMP, ramp(10, start_s=200.0)))
    await asyncio.sleep(STUCK_S)
    problem = (await store.status()).problem
    assert problem is not None
    assert "A commit has been under way for 1" in problem
    began = time.monotonic()
    await store.close()
    assert time.monotonic() - began < 30.0
    with pytest.raises(StoreInterruptedError, match="Send them again"):
        stuck.result()
    assert waiting.result() == 10
    store = await opened(tmp_path, **APART)
    try:
        assert len(await store.read(EVERYTHING)) == 20
    finally:
        await store.close()


async def test_modules_in_the_working_folder_are_not_taken_for_telltales_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('not the numpy that is meant')")
    monkeypatch.chdir(tmp_path)
    store = await opened(tmp_path / "data", **APART)
    try:
        assert await keep(store, Write(PUMP, ramp(10))) == 10
    finally:
        await store.close()


async def test_what_a_terminal_sends_to_a_group_of_processes_does_not_reach_it(
    tmp_path: Path,
) -> None:
    store = await opened(tmp_path, **APART)
    try:
        await keep(store, Write(PUMP, ramp(10)))
        assert os.getpgid(committing().pid) != os.getpgid(0)
    finally:
        await store.close()


def test_half_a_group_from_a_starter_that_was_killed_ends_it_quietly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "telltale.store.commit_process", str(tmp_path)]
    half = (1000).to_bytes(8, "little") + b"half"
    ended = subprocess.run(command, input=half, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
