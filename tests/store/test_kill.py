"""Killed at any moment: what was acknowledged is there, once."""

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from telltale.batch import Batch, concat
from telltale.store.base import RangeQuery, Write
from telltale.store.parquet import is_available
from tests.store.samples import opened, profile, ramp, same
from tests.store.writing_child import MACHINES

ROOT = Path(__file__).parents[2]


def start(child: str, folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", f"tests.store.{child}", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def killed_after(process: "subprocess.Popen[str]", run_s: float) -> list[str]:
    """Kill a child some time after it opened its store; return the lines that it had finished."""
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    time.sleep(run_s)
    process.kill()
    out, _ = process.communicate()
    return [line.rstrip("\n") for line in out.splitlines(keepends=True) if line.endswith("\n")]


async def check_kept(folder: Path, acknowledged: dict[str, int]) -> None:
    store = await opened(folder)
    for machine in MACHINES:
        found = await store.read(RangeQuery(machine, 0, 2**62))
        n = len(found)
        assert n > acknowledged.get(machine, -1), "an acknowledged sample is lost"
        if n:
            assert found.columns["bearing_temp_c"].tolist() == list(range(n)), "lost or doubled"
            assert await store.last_state(machine) == str(n - 1).encode()
            (newest,) = await store.events(machine, limit=1)
            assert newest.start_ns == found.time_ns[-1]
            (session,) = await store.sessions(machine)
            assert (session.rows, session.end_ns) == (n, found.time_ns[-1])
    assert await store.check() is None
    await store.close()


def kill_writers(folder: Path, times: int) -> None:
    rng = random.Random(times)
    acknowledged: dict[str, int] = {}
    for _ in range(times):
        for line in killed_after(start("writing_child", folder), rng.uniform(0.05, 0.4)):
            machine, number = line.split()
            acknowledged[machine] = int(number)
        asyncio.run(check_kept(folder, acknowledged))
    assert sum(acknowledged.values()) > 100 * times, "the children hardly wrote"


def test_every_acknowledged_sample_survives_a_kill_once_with_its_state(tmp_path: Path) -> None:
    kill_writers(tmp_path, 6)


@pytest.mark.long
def test_every_acknowledged_sample_survives_a_hundred_kills(tmp_path: Path) -> None:
    kill_writers(tmp_path, 100)


@pytest.mark.skipif(not is_available(), reason="needs duckdb, the extra 'archive'")
def test_a_kill_while_archiving_loses_and_doubles_nothing(tmp_path: Path) -> None:
    sent = concat([ramp(3_000, step_s=10.0, start_s=day * 86_400.0) for day in range(12)])
    asyncio.run(keep(tmp_path, sent))
    rng = random.Random(7)
    kills = 0
    while "done" not in killed_after(start("sealing_child", tmp_path), rng.uniform(0.0, 0.25)):
        kills += 1
        asyncio.run(check_archive(tmp_path, sent))
        if kills % 2:  # some of these days are sealed already
            asyncio.run(keep(tmp_path, sent.where(np.arange(len(sent)) % 500 == kills)))
    assert kills > 2
    asyncio.run(check_archive(tmp_path, sent))
    files = [path for path in (tmp_path / "archive").rglob("*") if path.is_file()]
    assert len(files) == 12, "an unfinished or replaced file was left"


async def keep(folder: Path, batch: Batch) -> None:
    store = await opened(folder)
    await asyncio.wrap_future(store.submit(Write(profile(), batch)))
    await store.close()


async def check_archive(folder: Path, sent: Batch) -> None:
    store = await opened(folder)
    assert same(await store.read(RangeQuery("pump-1", 0, 2**62)), sent)
    await store.close()
