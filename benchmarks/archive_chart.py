"""A chart of one channel over 30 days at 10 Hz, archived; and the archive's bytes per row.

The archive is built with the store's own code, chunk by chunk, as sealing does. Prints one JSON
object; run with `python -m benchmarks.archive_chart`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.bench_process import Server, server
from telltale.batch import NS_PER_S, Batch, FloatArray, IntArray
from telltale.profiles.load import ProfileBook
from telltale.simulators import make_simulator
from telltale.store import chunks, parquet, rollups
from telltale.store.base import Machine, Write
from telltale.store.sqlite import SQLiteStore

DAYS = 30
HZ = 10
ROWS_A_DAY = 86_400 * HZ
CHUNK_ROWS = 96_000  # nine a day; sealing takes at most 100,000
DAY_NS = 86_400 * NS_PER_S
END_NS = 1_760_000_000 * NS_PER_S // DAY_NS * DAY_NS
PUMP = Machine("pump-1", "Pump", "industrial_pump")
SIMULATORS = {"industrial_pump": "pump", "focus_st": "focus_st"}
CHART = "bearing_temp_c"
KEPT = (CHART, "vibration_mm_s")  # others would only take time to write
CAR = Machine("car-1", "Car", "focus_st")
CAR_CHANNELS, CAR_ROWS = 16, 200_000
ASKED = 15
TARGET_MS = 150.0
TARGET_BYTES = 40.0


def simulated(name: str, time_ns: IntArray) -> dict[str, FloatArray]:
    """Return what a built-in simulator reads, through the steps of its sensors."""
    return make_simulator(SIMULATORS[name], np.random.default_rng(1)).advance(time_ns)


async def keep(folder: Path, machine: Machine, batch: Batch, *, archive: bool = False) -> None:
    """Put readings into a store, and seal them if told."""
    store = SQLiteStore(folder)
    await store.open()
    await store.save_machine(machine)
    profile = ProfileBook(folder / "profiles").get(machine.profile)
    for start in range(0, len(batch), 10_000):
        await store.room()
        future = store.submit(Write(profile, batch.rows(start, min(start + 10_000, len(batch)))))
    await asyncio.wrap_future(future)
    if archive:
        await store.archive(END_NS + DAY_NS)
    await store.close()


def build(folder: Path, days: int) -> int:
    """Fill a folder with so many archived days; return how many samples."""
    time_ns = END_NS - DAY_NS + np.arange(ROWS_A_DAY, dtype=np.int64) * (NS_PER_S // HZ)
    read = simulated(PUMP.profile, time_ns[:CHUNK_ROWS])
    one = Batch(PUMP.id, time_ns[:1] + DAY_NS, {name: read[name][:1] for name in KEPT})
    asyncio.run(keep(folder, PUMP, one))
    connection = sqlite3.connect(folder / "telltale.db", isolation_level=None)
    number = connection.execute("SELECT number FROM machines WHERE id = ?", (PUMP.id,)).fetchone()[
        0
    ]
    n_chunks = days * ROWS_A_DAY // CHUNK_ROWS
    first_ns = END_NS - days * DAY_NS
    for index in range(n_chunks):
        chunk_ns = first_ns + (index * CHUNK_ROWS + np.arange(CHUNK_ROWS)) * (NS_PER_S // HZ)
        swing = np.round(4.0 * np.sin(index / 9.0 * 2.0 * np.pi), 1)  # day and night
        columns = {name: read[name] + swing * (name == CHART) for name in KEPT}
        seal(connection, folder / "archive", number, chunk_ns, columns)
    connection.execute(
        "UPDATE stretches SET first_ns = ?, rows = rows + ?", (first_ns, n_chunks * CHUNK_ROWS)
    )
    connection.close()
    return n_chunks * CHUNK_ROWS


def seal(
    connection: sqlite3.Connection,
    archive: Path,
    number: int,
    time_ns: IntArray,
    columns: dict[str, FloatArray],
) -> None:
    """Write one chunk as `store/archive.py` does."""
    connection.execute("BEGIN")
    chunk = chunks.begin(connection, number, PUMP.profile)
    size = parquet.write_chunk(archive / chunk.file, time_ns, columns, PUMP.id)
    ends = {"first_ns": int(time_ns[0]), "last_ns": int(time_ns[-1])}
    chunks.seal(connection, replace(chunk, **ends, rows=len(time_ns), bytes=size))
    rollups.save(connection, chunk.id, rollups.by_minute(time_ns, columns))
    connection.execute("COMMIT")


def chart(running: Server, days: int) -> dict[str, object]:
    """Ask for one channel over all of it, as the page does."""
    path = (
        f"/api/v1/machines/{PUMP.id}/telemetry?channels={CHART}&points=1500"
        f"&from={END_NS - days * DAY_NS}&to={END_NS}"
    )
    took_ms = []
    for _ in range(ASKED):
        begin_s = time.perf_counter()
        answer = running.get(path)
        took_ms.append((time.perf_counter() - begin_s) * 1e3)
    assert len(answer["time_ns"]) > 1_000, len(answer["time_ns"])
    return {
        "first_ms": round(took_ms[0], 1),
        "p50_ms": round(float(np.median(took_ms[1:])), 1),
        "worst_ms": round(max(took_ms), 1),
        "samples_drawn": len(answer["time_ns"]),
    }


def bytes_per_row(folder: Path) -> float:
    """Return the size of a driven car's archived row of 16 channels."""
    time_ns = END_NS - DAY_NS + np.arange(CAR_ROWS, dtype=np.int64) * (NS_PER_S // HZ)
    read = simulated(CAR.profile, time_ns)
    batch = Batch(CAR.id, time_ns, {name: read[name] for name in list(read)[:CAR_CHANNELS]})
    assert len(batch.columns) == CAR_CHANNELS
    asyncio.run(keep(folder, CAR, batch, archive=True))
    sizes = [path.stat().st_size for path in (folder / "archive").rglob("*.parquet")]
    assert sizes, "nothing was archived"
    return sum(sizes) / CAR_ROWS


def measure(days: int = DAYS) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as name:
        begin_s = time.perf_counter()
        rows = build(Path(name), days)
        built_s = time.perf_counter() - begin_s
        with server(Path(name)) as running:
            drawn = chart(running, days)
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as name:
        size = bytes_per_row(Path(name))
    return {
        "rows": rows,
        "built_s": round(built_s, 1),
        "chart": drawn,
        "bytes_per_row": round(size, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS)
    print(json.dumps({"archive_chart": measure(parser.parse_args().days)}, indent=2))


if __name__ == "__main__":
    main()
