"""A telltale server for the benchmarks, in its own process; says its ports as one JSON line."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import psutil
import uvicorn
import uvloop

from telltale.api.app import create_app
from telltale.runtime.build import embedded_runtime
from telltale.sources.udp import UdpSource


async def main(folder: Path) -> None:
    runtime = embedded_runtime(folder)
    await runtime.start()
    udp = UdpSource(port=0)
    runtime.feeds.add(udp)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        create_app(runtime),
        log_level="error",
        access_log=False,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started or not udp.port:
        await asyncio.sleep(0.01)
    ports = {"http": listener.getsockname()[1], "udp": udp.port, "pid": psutil.Process().pid}
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the benchmark closes the pipe
    server.should_exit = True
    await serving
    await runtime.stop()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
