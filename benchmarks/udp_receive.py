"""How many UDP readings a second one core receives and decodes, and how many are lost.

A sender in its own process paces itself; prints one JSON line per rate. The pipeline and the store
are not part of it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time

from telltale.sources.udp import UdpSource

SECONDS = 3.0
RATES = (1_000, 20_000, 50_000, 80_000, 150_000, 250_000)
SENDER = """
import socket, sys, time
port, rate, n = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", port))
channels = ",".join(f'"channel_{k}_bar":{k}.{k}25' for k in range(16))
every = max(1, round(rate / 1000))
start, began = time.perf_counter(), time.time()
for i in range(n):
    if i % every == 0:
        while time.perf_counter() - start < i / rate:
            pass
    named = f'"machine":"m{i % 4}","time":{began + i / rate:.6f}'
    udp.send(("{" + named + "," + channels + "}").encode())
"""


async def receive(rate_hz: int) -> dict[str, object]:
    source = UdpSource(port=0)
    await source.open()
    sent = round(rate_hz * SECONDS)
    arguments = [str(source.port), str(rate_hz), str(sent)]
    sender = subprocess.Popen([sys.executable, "-c", SENDER, *arguments])
    closing = asyncio.create_task(close_after(sender, source))
    n_batches, age_ms = 0, []
    first_s = last_s = cpu_s = 0.0
    async for decoded in source.batches():
        last_s, last_cpu_s = time.perf_counter(), time.process_time()
        if n_batches == 0:
            first_s, cpu_s = last_s, last_cpu_s
        n_batches += 1
        newest_ns = max(int(batch.time_ns[-1]) for batch in decoded.batches)
        age_ms.append((time.time_ns() - newest_ns) / 1e6)
        used_s = last_cpu_s - cpu_s
    await closing
    rows = source.status.rows
    return {
        "asked_hz": rate_hz,
        "rows_per_s": round(rows / (last_s - first_s)),
        "lost": sent - rows,
        "dropped_told": source.status.dropped,
        "core_share": round(used_s / (last_s - first_s), 3),
        "rows_per_batch": round(rows / n_batches, 1),
        "newest_age_ms_p50": round(sorted(age_ms)[len(age_ms) // 2], 3),
    }


async def close_after(sender: subprocess.Popen[bytes], source: UdpSource) -> None:
    while sender.poll() is None:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    await source.close()


def main() -> None:
    for rate_hz in RATES:
        print(json.dumps(asyncio.run(receive(rate_hz))))


if __name__ == "__main__":
    main()
