"""A real `telltale serve` for the benchmarks, in its own process, and what is asked of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

START_LIMIT_S = 60.0
FILES = 20_000  # sockets of the viewers


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, the process that it is, and how quickly it answered."""

    http_port: int
    udp_port: int
    process: psutil.Process
    first_answer_s: float

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used, all threads, and the process that commits for it."""
        times = [process.cpu_times() for process in self._processes()]
        return float(sum(used.user + used.system for used in times))

    @property
    def memory_mb(self) -> float:
        """Memory that it holds, and the process that commits for it."""
        return float(sum(process.memory_info().rss for process in self._processes()) / 1e6)

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children()]

    def get(self, path: str) -> Any:  # Any: JSON
        """Return one answer of the API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, (path, answer.status, body[:500])
        return json.loads(body)

    def settled(self) -> int:
        """Wait until nothing is queued; return the rows that are committed."""
        while True:
            store = self.get("/api/v1/status")["store"]
            if not store["queue_rows"]:
                return int(store["rows"])
            time.sleep(0.02)


@contextlib.contextmanager
def server(data: Path | None = None) -> Iterator[Server]:
    """Run `telltale serve`, on an empty folder unless one is given, until the block ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, FILES), hard))
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as folder:
        data = data or Path(folder)
        http_port, udp_port = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        ports = ["--port", str(http_port), "--udp-port", str(udp_port)]
        started_s = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "telltale",
                "serve",
                "--data",
                str(data),
                "--no-browser",
                "--no-learning",  # else a benchmark would measure when it begins
                *ports,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for_answer(http_port, process, started_s)
            first_s = time.perf_counter() - started_s
            yield Server(http_port, udp_port, psutil.Process(process.pid), first_s)
        finally:
            process.terminate()
            process.wait(timeout=60)


def wait_for_answer(port: int, process: subprocess.Popen[bytes], started_s: float) -> None:
    while True:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        assert process.poll() is None, "the server ended before it answered"
        assert time.perf_counter() - started_s < START_LIMIT_S, "the server does not answer"
        time.sleep(0.005)


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
