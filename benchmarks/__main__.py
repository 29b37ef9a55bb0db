"""All benchmarks, one after the other, as one JSON document: `make bench`.

Each row has what was asked, what was measured and their ratio (1 or more is met), with the facts
of the machine. About five minutes on two cores; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import uvloop

from benchmarks import (
    archive_chart,
    can_decode,
    detectors,
    footprint,
    http_ingest,
    live_latency,
    model_speed,
    store_write,
    udp_ingest,
    viewers,
)
from benchmarks.bench_process import server

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was asked, what came out; `at_least` or at most."""

    what: str
    unit: str
    asked: float
    measured: float | None
    at_least: bool = True
    note: str = ""

    def told(self) -> Found:
        """Return it for the document."""
        ratio = None
        if self.measured is not None:
            worse = max(self.measured, 1e-9)
            ratio = self.measured / self.asked if self.at_least else self.asked / worse
        return {
            "what": self.what,
            "unit": self.unit,
            "asked": self.asked,
            "measured": self.measured,
            "ratio": None if ratio is None else round(ratio, 3),
            "met": None if ratio is None else ratio >= 1.0,
            **({"note": self.note} if self.note else {}),
        }


def http() -> tuple[list[Row], Found]:
    found: Found = {}
    for form in http_ingest.FORMS:
        with server() as running:
            found[form] = http_ingest.measure(running, form)
    rows = [
        Row(f"HTTP {form}, 500 rows of 16 channels, committed", "rows/s", asked, got["rows_per_s"])
        for (form, asked), got in zip(http_ingest.TARGETS.items(), found.values(), strict=True)
    ]
    return rows, found


def udp() -> tuple[list[Row], Found]:
    found: Found = {}
    for name, rate_hz in (("steady", udp_ingest.STEADY_HZ), ("full", udp_ingest.FULL_HZ)):
        with server() as running:
            found[name] = udp_ingest.measure(running, rate_hz)
    steady, full = found["steady"], found["full"]
    sender = f"the sender reached {steady['sent_hz']}/s"
    kept_share = 1.0 - steady["lost"] / (steady["asked_hz"] * udp_ingest.SECONDS)
    what = "UDP, one JSON reading a datagram, committed"
    return [
        Row(what, "rows/s", 80_000, full["kept_rows_per_s"]),
        Row("UDP at 50,000/s, kept share", "share", 1.0, round(kept_share, 6), note=sender),
    ], found


def store() -> tuple[list[Row], Found]:
    found = store_write.measure(200_000, 3)
    asked = store_write.TARGET_RATIO
    return [Row("durable write against bare sqlite3", "ratio", asked, float(found["ratio"]))], found


def latency() -> tuple[list[Row], Found]:
    with server() as running:
        found: Found = uvloop.run(live_latency.measure(running))
    what = "UDP reading to viewer, 10,000 rows/s, 25 machines"
    return [
        Row(f"{what}, p50", "ms", 10, found["p50_ms"], at_least=False),
        Row(f"{what}, p99", "ms", 50, found["p99_ms"], at_least=False),
    ], found


def many_viewers() -> tuple[list[Row], Found]:
    with server() as running:
        found: Found = uvloop.run(viewers.measure(running))
    grown_mb = found["server_mb"][1] - found["server_mb"][0]
    return [
        Row("1,000 viewers at 20 Hz, p95", "ms", 100, found["late_p95_ms"], at_least=False),
        Row("1,000 viewers, memory grown", "MB", 5, max(round(grown_mb, 1), 0.1), at_least=False),
    ], found


def archive() -> tuple[list[Row], Found]:
    found = archive_chart.measure()
    drawn: Any = found["chart"]
    what = f"chart of one channel over {found['rows']:,} archived rows"
    size: Any = found["bytes_per_row"]
    asked_bytes = archive_chart.TARGET_BYTES
    return [
        Row(what, "ms", archive_chart.TARGET_MS, drawn["p50_ms"], at_least=False),
        Row("archive, a row of 16 channels", "bytes", asked_bytes, size, at_least=False),
    ], found


def cost() -> tuple[list[Row], Found]:
    found: Any = footprint.measure()
    paint = found["paint"]
    is_painted = isinstance(paint, dict)
    return [
        Row("idle memory of serve", "MB", 150, found["idle_mb"], at_least=False),
        Row("start to first answer", "s", 2, found["start_s"], at_least=False),
        Row("page, gzipped", "KB", 90, found["page_gzip_kb"], at_least=False),
        Row(
            "first paint of Machine with 1 h of history",
            "ms",
            1000,
            paint["charts_painted_ms"] if is_painted else None,
            at_least=False,
            note="" if is_painted else paint,
        ),
    ], found


def detection() -> tuple[list[Row], Found]:
    found: Found = detectors.measure()
    asked, targets = found[detectors.ASKED], detectors.TARGETS
    train_s = max(each["train_s"] for each in found.values())
    cores = max(each["cores"] for each in found.values())
    row_ms, cores_asked = asked["row_ms"]["p50"], targets["cores"]
    what = "Mahalanobis detector, 10 channels"
    return [
        Row(f"{what}, a row, p50", "ms", targets["row_ms"], row_ms, at_least=False),
        Row(f"{what}, in batch", "rows/s", targets["rows_per_s"], asked["rows_per_s"]),
        Row(
            "1,000 machines at 1 Hz, slowest detector", "cores", cores_asked, cores, at_least=False
        ),
        Row("slowest detector to learn a day", "s", targets["train_s"], train_s, at_least=False),
    ], found


def models() -> tuple[list[Row], Found]:
    found: Found = model_speed.measure()
    one, targets = found["shipped_ms"], model_speed.TARGETS
    faults, window = one[model_speed.FAULTS]["p50"], one[model_speed.AUTOENCODER]
    name = "LSTM autoencoder, one window"
    p50_ms, p99_ms = targets["autoencoder_p50_ms"], targets["autoencoder_p99_ms"]
    rows_per_s = found["trees_rows_per_s"][model_speed.ASKED]
    return [
        Row("fault network, a reading, p50", "ms", targets["faults_ms"], faults, at_least=False),
        Row(f"{name}, p50", "ms", p50_ms, window["p50"], at_least=False),
        Row(f"{name}, p99", "ms", p99_ms, window["p99"], at_least=False),
        Row(f"{model_speed.ASKED}, in batch", "rows/s", targets["trees"], rows_per_s),
    ], found


def can_log() -> tuple[list[Row], Found]:
    found: Found = can_decode.measure()
    what = f"candump file, {found['signals']} signals in its database, one core"
    asked = can_decode.TARGET_FRAMES_PER_S
    return [Row(f"{what}, decoded", "frames/s", asked, found["frames_per_s"])], found


PARTS: dict[str, Callable[[], tuple[list[Row], Found]]] = {
    "http": http,
    "udp": udp,
    "store": store,
    "latency": latency,
    "viewers": many_viewers,
    "archive": archive,
    "footprint": cost,
    "detectors": detection,
    "models": models,
    "can": can_log,
}


def machine() -> Found:
    """Return what the numbers depend on."""
    info = Path("/proc/cpuinfo")
    models = (
        [x for x in info.read_text().splitlines() if "model name" in x] if info.exists() else []
    )
    return {
        "cores": os.cpu_count(),
        "cpu": models[0].partition(":")[2].strip() if models else platform.processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "sqlite": sqlite3.sqlite_version,
        "load_at_start": [round(x, 2) for x in os.getloadavg()],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    chosen = parser.parse_args().only
    facts, rows, details, begin_s = machine(), [], {}, time.perf_counter()
    for name in chosen:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        found, details[name] = PARTS[name]()
        rows += [row.told() for row in found]
    facts["load_at_end"] = [round(x, 2) for x in os.getloadavg()]
    took_s = round(time.perf_counter() - begin_s, 1)
    print(
        json.dumps({"machine": facts, "took_s": took_s, "rows": rows, "details": details}, indent=2)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
