"""Starts the benchmarks' server and stops it; what they share."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, and the process that it is."""

    http_port: int
    udp_port: int
    process: psutil.Process

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used, all threads."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def memory_mb(self) -> float:
        """Memory that it holds."""
        return float(self.process.memory_info().rss / 1e6)


@contextmanager
def server() -> Iterator[Server]:
    """Start a server on an empty folder; it ends, and the folder goes, with the block."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    with tempfile.TemporaryDirectory(prefix="telltale-bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bench_server", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = ""
            while not line.startswith("{"):  # the log comes before
                line = process.stdout.readline()
                assert line, "the server ended before it listened"
            told = json.loads(line)
            yield Server(told["http"], told["udp"], psutil.Process(told["pid"]))
        finally:
            process.communicate(timeout=30)
