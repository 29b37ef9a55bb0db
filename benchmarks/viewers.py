"""1,000 viewers at 20 Hz: how late frames are, what the server needs. Viewers are one process.

Prints one JSON object; run with `python -m benchmarks.viewers`.
"""

from __future__ import annotations

import asyncio
import json
import re
import time

import numpy as np
import uvloop

from benchmarks.bench_process import Server, server
from benchmarks.raw_viewer import RawViewer

VIEWERS = 1_000
RATE_HZ = 20
SECONDS = 6.0
MACHINES = 5
SERVER_MS = re.compile(rb'"server_ms":(\d+),"dropped":(\d+)')


async def feed(running: Server, stop: asyncio.Event) -> None:
    """Send every machine's reading 20 times a second by UDP."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", running.udp_port)
    )
    number = 0
    while not stop.is_set():
        number += 1
        for machine in range(MACHINES):
            reading = {
                "machine": f"pump-{machine}",
                "time": time.time(),
                "bearing_temp_c": 40.0 + number % 7,
                "flow_l_min": 50.0 + number % 3,
                "vibration_mm_s": 2.0,
                "motor_current_a": 11.0,
            }
            transport.sendto(json.dumps(reading).encode())
        await asyncio.sleep(1 / RATE_HZ)
    transport.close()


async def measure(running: Server) -> dict[str, object]:
    stop = asyncio.Event()
    feeding = asyncio.create_task(feed(running, stop))
    await asyncio.sleep(1.0)
    late_ms: list[float] = []
    dropped = [0] * VIEWERS
    frames = [0] * VIEWERS
    is_measured = False

    def seen(viewer: int, message: bytes) -> None:
        match = SERVER_MS.search(message[:160])
        if match is None or not is_measured:
            return
        late_ms.append(time.time() * 1000 - int(match[1]))
        dropped[viewer] = int(match[2])
        frames[viewer] += 1

    viewers = [
        await RawViewer.opened(running.http_port, number, seen, rate_hz=RATE_HZ)
        for number in range(VIEWERS)
    ]
    await asyncio.sleep(1.0)
    before_mb, before_cpu_s = running.memory_mb, running.cpu_s
    is_measured = True
    await asyncio.sleep(SECONDS)
    is_measured = False
    cpu, after_mb = (running.cpu_s - before_cpu_s) / SECONDS, running.memory_mb
    stop.set()
    await feeding
    for viewer in viewers:
        viewer.close()
    p50, p95, p99 = np.quantile(late_ms, [0.5, 0.95, 0.99])
    return {
        "viewers": VIEWERS,
        "rate_hz": RATE_HZ,
        "frames_per_viewer_per_s": round(sum(frames) / VIEWERS / SECONDS, 1),
        "late_p50_ms": round(float(p50), 1),
        "late_p95_ms": round(float(p95), 1),
        "late_p99_ms": round(float(p99), 1),
        "target_p95_ms": 100,
        "dropped_frames": sum(dropped),
        "server_cpu_cores": round(cpu, 2),
        "server_mb": [round(before_mb, 1), round(after_mb, 1)],
    }


def main() -> None:
    with server() as running:
        print(json.dumps({"viewers": uvloop.run(measure(running))}, indent=2))


if __name__ == "__main__":
    main()
