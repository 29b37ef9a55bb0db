"""Rows a second over HTTP: decoded, worked out, committed. The sender is a process of its own.

Prints one JSON object; run with `python -m benchmarks.http_ingest`.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable

import msgspec
import numpy as np

from benchmarks.bench_process import Server, server

ROWS = 500
REQUESTS = 30  # per connection
CONNECTIONS = 12  # a machine each; enough that the server never waits for a sender
PROFILE = "focus_st"
N_CHANNELS = 16
TARGETS = {"json_rows": 100_000, "json_columns": 200_000, "msgpack_columns": 200_000}

Columns = dict[str, list[float]]


def channels(port: int) -> dict[str, tuple[float, float]]:
    """Return 16 channels of the profile with their usual values: a machine that is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", f"/api/v1/profiles/{PROFILE}")
    found = json.loads(connection.getresponse().read())["channels"]
    chosen = {
        name: tuple(found[name]["normal"] or found[name]["range"])
        for name in list(found)[:N_CHANNELS]
    }
    assert len(chosen) == N_CHANNELS
    return chosen


def columns(ranges: dict[str, tuple[float, float]], number: int, start_ms: int) -> Columns:
    rng = np.random.default_rng(number)
    times = (start_ms + number * ROWS * 10 + np.arange(ROWS) * 10).tolist()
    values = {
        name: np.round(low + (high - low) * (0.5 + rng.normal(0.0, 0.02, ROWS)), 3)
        for name, (low, high) in ranges.items()
    }
    return {"time": times, **{name: column.tolist() for name, column in values.items()}}


def rows(held: Columns) -> list[dict[str, float]]:
    return [dict(zip(held, row, strict=True)) for row in zip(*held.values(), strict=True)]


FORMS: dict[str, tuple[str, Callable[[Columns], bytes]]] = {
    "json_rows": ("application/json", lambda held: msgspec.json.encode(rows(held))),
    "json_columns": ("application/json", msgspec.json.encode),
    "msgpack_columns": ("application/msgpack", msgspec.msgpack.encode),
}


def push(port: int, machine: str, content_type: str, bodies: list[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    path = f"/api/v1/machines/{machine}/telemetry?profile={PROFILE}"
    for body in bodies:
        connection.request("POST", path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        receipt = json.loads(answer.read())
        assert answer.status == 200, receipt
        assert receipt["accepted"] == ROWS, receipt


def measure(running: Server, form: str) -> dict[str, float]:
    content_type, encode = FORMS[form]
    ranges = channels(running.http_port)
    start_ms = round(time.time() * 1000) - ROWS * REQUESTS * 10
    bodies = [encode(columns(ranges, number, start_ms)) for number in range(REQUESTS)]
    threads = [
        threading.Thread(
            target=push, args=(running.http_port, f"{form}-{number}", content_type, bodies)
        )
        for number in range(CONNECTIONS)
    ]
    begin_s, begin_cpu_s = time.perf_counter(), running.cpu_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - begin_s
    n_rows = CONNECTIONS * REQUESTS * ROWS
    return {
        "rows_per_s": round(n_rows / took_s),
        "target_rows_per_s": TARGETS[form],
        "server_cpu_us_per_row": round((running.cpu_s - begin_cpu_s) / n_rows * 1e6, 2),
        "body_bytes": len(bodies[0]),
    }


def main() -> None:
    result = {}
    for form in FORMS:
        with server() as running:
            result[form] = measure(running, form)
    print(json.dumps({"http_ingest": result}, indent=2))


if __name__ == "__main__":
    main()
