"""From a UDP reading to a WebSocket viewer, at 10,000 rows/s over 25 machines.

Every reading carries its time of sending; the first frame that shows it gives the latency. Prints
one JSON object; run with `python -m benchmarks.live_latency`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

import msgspec
import numpy as np
import uvloop

from benchmarks.bench_process import Server, server
from benchmarks.raw_viewer import RawViewer

MACHINES = 25
ROWS_PER_S = 10_000
VIEWER_HZ = 200.0  # as often as the API gives; below, frames wait for their turn
SECONDS = 6.0
SENDER = f"""
import socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", int(sys.argv[1])))
start, sent = time.perf_counter(), 0
while time.perf_counter() - start < {SECONDS} + 3:
    due = int((time.perf_counter() - start) * {ROWS_PER_S})
    while sent < due:
        now = time.time()
        udp.send(
            f'{{{{"machine":"pump-{{sent % {MACHINES}}}","time":{{now:.6f}},"bearing_temp_c":41.5,'
            f'"flow_l_min":50.2,"vibration_mm_s":2.1,"motor_current_a":11.0}}}}'.encode()
        )
        sent += 1
    time.sleep(0.0005)
print(sent)
"""


class Machine(msgspec.Struct):
    """What is read of one machine."""

    time_ns: int


class Frame(msgspec.Struct):
    """What is read of a frame."""

    type: str
    machines: dict[str, Machine] = {}
    dropped: int = 0


async def measure(running: Server) -> dict[str, object]:
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER, str(running.udp_port)], stdout=subprocess.PIPE, text=True
    )
    await asyncio.sleep(1.5)
    decoder = msgspec.json.Decoder(Frame)
    late_ms: list[float] = []
    shown_ns: dict[str, int] = {}
    dropped = 0

    def seen(_: int, message: bytes) -> None:
        nonlocal dropped
        now_ns = time.time_ns()
        frame = decoder.decode(message)
        dropped = max(dropped, frame.dropped)
        for name, machine in frame.machines.items():
            if machine.time_ns != shown_ns.get(name):
                shown_ns[name] = machine.time_ns
                late_ms.append((now_ns - machine.time_ns) / 1e6)

    viewer = await RawViewer.opened(running.http_port, 0, seen, rate_hz=VIEWER_HZ)
    late_ms.clear()
    before_cpu_s = running.cpu_s
    await asyncio.sleep(SECONDS)
    cpu = (running.cpu_s - before_cpu_s) / SECONDS
    viewer.close()
    p50, p99 = np.quantile(late_ms, [0.5, 0.99])
    sent, _ = sender.communicate()
    return {
        "machines": MACHINES,
        "rows_per_s": round(int(sent) / (SECONDS + 3)),
        "viewer_hz": VIEWER_HZ,
        "values_seen": len(late_ms),
        "p50_ms": round(float(p50), 2),
        "p99_ms": round(float(p99), 2),
        "target_p50_ms": 10,
        "target_p99_ms": 50,
        "dropped_frames": dropped,
        "server_cpu_cores": round(cpu, 2),
    }


def main() -> None:
    with server() as running:
        print(json.dumps({"live_latency": uvloop.run(measure(running))}, indent=2))


if __name__ == "__main__":
    main()
