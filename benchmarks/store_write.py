"""Durable writes against bare sqlite3: the same rows, the same disk, one run. Prints JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from telltale.batch import Batch
from telltale.profiles.schema import Channel, Profile
from telltale.store.base import Write
from telltale.store.sqlite import SQLiteStore

CHANNELS = 16
GROUP_ROWS = 2_000
BATCH_ROWS = 500
TARGET_RATIO = 0.6


def made_profile() -> Profile:
    channel = Channel(title="Sensor", unit="degC", range=(-1e6, 1e6))
    channels = {f"sensor_{index}_c": channel for index in range(CHANNELS)}
    return Profile("bench", "Bench", "For the benchmark.", channels)


def made_batch(profile: Profile, n: int) -> Batch:
    rng = np.random.default_rng(1)
    time_ns = 1_700_000_000_000_000_000 + np.arange(n, dtype=np.int64) * 100_000_000
    columns = {name: np.round(rng.normal(50.0, 5.0, n), 2) for name in profile.names}
    return Batch("bench-1", time_ns, columns)


def bare_rows_s(folder: Path, batch: Batch) -> float:
    """Plain executemany of ready rows: key, WAL and synchronous as in the store."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    columns = ",".join(f"{name} REAL" for name in batch.columns)
    connection.execute(
        f"CREATE TABLE samples (machine INTEGER, time_ns INTEGER, {columns}, "
        "PRIMARY KEY (machine, time_ns)) WITHOUT ROWID"
    )
    values = [column.tolist() for column in batch.columns.values()]
    rows = list(zip([1] * len(batch), batch.time_ns.tolist(), *values, strict=True))
    sql = f"INSERT INTO samples VALUES ({','.join('?' * (CHANNELS + 2))})"  # noqa: S608
    started = time.perf_counter()
    for start in range(0, len(rows), GROUP_ROWS):
        connection.execute("BEGIN")
        connection.executemany(sql, rows[start : start + GROUP_ROWS])
        connection.execute("COMMIT")
    rows_s = len(rows) / (time.perf_counter() - started)
    connection.close()
    return rows_s


async def store_rows_s(folder: Path, profile: Profile, batch: Batch) -> float:
    """Batches as requests bring them, each acknowledged after its commit."""
    store = SQLiteStore(folder / "store")
    await store.open()
    futures = []
    started = time.perf_counter()
    for start in range(0, len(batch), BATCH_ROWS):
        await store.room()
        futures.append(store.submit(Write(profile, batch.rows(start, start + BATCH_ROWS))))
    await asyncio.gather(*map(asyncio.wrap_future, futures))
    rows_s = len(batch) / (time.perf_counter() - started)
    await store.close()
    return rows_s


async def latencies_ms(folder: Path, profile: Profile, batch: Batch) -> list[float]:
    """Single readings, 20 ms apart: from submit to acknowledged."""
    store = SQLiteStore(folder / "latency")
    await store.open()
    found = []
    for index in range(200):
        started = time.perf_counter()
        await asyncio.wrap_future(store.submit(Write(profile, batch.rows(index, index + 1))))
        found.append((time.perf_counter() - started) * 1e3)
        await asyncio.sleep(0.02)
    await store.close()
    return found


def measure(n_rows: int, rounds: int) -> dict[str, float | str | bool]:
    profile = made_profile()
    batch = made_batch(profile, n_rows)
    bare, store = [], []
    for _ in range(rounds):  # by turns, so that a change of the machine's mood hits both
        with tempfile.TemporaryDirectory() as name:
            bare.append(bare_rows_s(Path(name), batch))
            store.append(asyncio.run(store_rows_s(Path(name), profile, batch)))
    with tempfile.TemporaryDirectory() as name:
        waits_ms = sorted(asyncio.run(latencies_ms(Path(name), profile, batch)))
    ratio = statistics.median(store) / statistics.median(bare)
    return {
        "benchmark": "store_write",
        "channels": CHANNELS,
        "bare_rows_s": round(statistics.median(bare)),
        "store_rows_s": round(statistics.median(store)),
        "ratio": round(ratio, 3),
        "target_ratio": TARGET_RATIO,
        "commit_p50_ms": round(waits_ms[len(waits_ms) // 2], 2),
        "commit_p99_ms": round(waits_ms[int(len(waits_ms) * 0.99)], 2),
        "passed": ratio >= TARGET_RATIO,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.rows, chosen.rounds)))


if __name__ == "__main__":
    main()
