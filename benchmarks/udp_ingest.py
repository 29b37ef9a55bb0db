"""Readings a second over UDP, one JSON reading of 16 channels a datagram, kept; and how many fail.

The sender is a process of its own. Prints one JSON object; run with
`python -m benchmarks.udp_ingest`.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time

from benchmarks.bench_process import Server, server
from benchmarks.http_ingest import PROFILE, channels

SECONDS = 4.0
STEADY_HZ = 50_000  # nothing may be lost here
FULL_HZ = 90_000  # some more than asked: the rate is counted to the last commit
MACHINES = 4
QUIET_S = 3.0  # nothing more arrives after so long
SENDER = """
import json, random, socket, sys, time
port, rate, n = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
ranges, machines = json.load(sys.stdin)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", port))
rng = random.Random(1)
middle = {k: ((low + high) / 2, (high - low) / 50) for k, (low, high) in ranges.items()}
readings = [",".join(f'"{k}":{rng.gauss(mean, size):.3f}' for k, (mean, size) in middle.items())
            for _ in range(500)]
every = max(1, round(rate / 1000))
start, began = time.perf_counter(), time.time()
send = udp.send
for i in range(n):
    if i % every == 0:
        while (ahead_s := i / rate - (time.perf_counter() - start)) > 0:
            time.sleep(ahead_s)
    head = f'{{"machine":"udp-{i % machines}","time":{began + i / rate:.6f},'
    send((head + readings[i % 500] + "}").encode())
print(time.perf_counter() - start)
"""


def measure(running: Server, rate_hz: int) -> dict[str, float]:
    """Send at a rate; return what arrived, was kept and was lost, and what it cost."""
    ranges = channels(running.http_port)
    register(running, ranges)
    before, before_cpu_s = running.settled(), running.cpu_s
    n = round(rate_hz * SECONDS)
    begin_s = time.perf_counter()
    sender = subprocess.run(
        [sys.executable, "-c", SENDER, *map(str, (running.udp_port, rate_hz, n))],
        input=json.dumps([ranges, MACHINES]),
        check=True,
        capture_output=True,
        text=True,
    )
    starting_s = time.perf_counter() - begin_s - float(sender.stdout)
    kept, took_s = until_all_is_kept(running, before, n, begin_s + starting_s)
    return {
        "asked_hz": rate_hz,
        "sent_hz": round(n / float(sender.stdout)),
        "kept_rows_per_s": round(kept / took_s),
        "lost": n - kept,
        "dropped_told": sum(s["dropped"] for s in running.get("/api/v1/sources")["sources"]),
        "server_cpu_us_per_row": round((running.cpu_s - before_cpu_s) / max(kept, 1) * 1e6, 2),
    }


def register(running: Server, ranges: dict[str, tuple[float, float]]) -> None:
    """Make the machines known, as they are after the first seconds of a feed."""
    connection = http.client.HTTPConnection("127.0.0.1", running.http_port)
    for number in range(MACHINES):
        body = json.dumps({"profile": PROFILE})
        head = {"Content-Type": "application/json"}
        connection.request("PUT", f"/api/v1/machines/udp-{number}", body, head)
        answer = connection.getresponse()
        assert answer.status in {200, 201}, answer.read()
        answer.read()


def until_all_is_kept(running: Server, before: int, sent: int, begin_s: float) -> tuple[int, float]:
    """Return the rows that were committed, and the time until the last of them."""
    kept, changed_s = 0, time.perf_counter()
    while kept < sent and time.perf_counter() - changed_s < QUIET_S:
        now = int(running.get("/api/v1/status")["store"]["rows"]) - before
        if now != kept:
            kept, changed_s = now, time.perf_counter()
        time.sleep(0.02)
    return kept, changed_s - begin_s


def main() -> None:
    result = {}
    for name, rate_hz in (("steady", STEADY_HZ), ("full", FULL_HZ)):
        with server() as running:
            result[name] = measure(running, rate_hz)
    print(json.dumps({"udp_ingest": result}, indent=2))


if __name__ == "__main__":
    main()
