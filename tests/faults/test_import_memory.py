"""A long file goes through in bounded memory: the server grows by no more for a longer one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.faults.server import API, Server, serving, until

NAMES = [f"sensor_{index}_c" for index in range(16)]
BLOCK_ROWS = 2_000
START_S = 1_700_000_000
GROWTH_MIB = 150.0  # a piece read ahead, one being committed, SQLite's and Python's own buffers


def blocks(size_bytes: int) -> Iterator[bytes]:
    """Yield a CSV of about so many bytes, as a logger of ten readings a second would write it."""
    yield ("time," + ",".join(NAMES) + "\n").encode()
    given = row = 0
    while given < size_bytes:
        lines = [
            f"{START_S + i / 10:.1f},"
            + ",".join(f"{20 + (i * (k + 3)) % 997 / 16:.4f}" for k in range(len(NAMES)))
            for i in range(row, row + BLOCK_ROWS)
        ]
        row += BLOCK_ROWS
        block = ("\n".join(lines) + "\n").encode()
        given += len(block)
        yield block


class Gauge(threading.Thread):
    """Looks at the memory of a server and its children until stopped."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        assert server.process is not None
        self._process = psutil.Process(server.process.pid)
        self._stopping = threading.Event()
        self.first_mib = self.highest_mib = self.now_mib()

    def now_mib(self) -> float:
        family = [self._process, *self._process.children(recursive=True)]
        return sum(float(one.memory_info().rss) for one in family) / 2**20

    def run(self) -> None:
        while not self._stopping.wait(0.02):
            self.highest_mib = max(self.highest_mib, self.now_mib())

    def stop(self) -> float:
        """Return by how much it grew at most, MiB."""
        self._stopping.set()
        self.join()
        return self.highest_mib - self.first_mib


def imported(server: Server, filename: str, size_bytes: int) -> float:
    """Import a file of this size to the end; return the growth in MiB."""
    gauge = Gauge(server)
    gauge.start()
    answer = server.request("POST", f"{API}/imports?filename={filename}", blocks(size_bytes))
    assert answer.status == 202, answer
    job = f"/imports/{answer.json()['id']}"
    end = time.monotonic() + size_bytes / 50_000
    while server.get(job)["state"] == "running":
        assert time.monotonic() < end, "the import does not end"
        time.sleep(0.2)
    grown_mib = gauge.stop()
    ended = server.get(job)
    assert (ended["state"], ended["rejected"]) == ("done", 0), ended
    assert ended["bytes_total"] >= size_bytes
    n_rows = round(ended["last_time_ns"] / 1e8) - round(ended["first_time_ns"] / 1e8) + 1
    assert ended["rows"] == n_rows > size_bytes / 200
    return grown_mib


def warmed_up(server: Server) -> None:
    """Let everything be loaded that an import needs, so that only its own memory is measured."""
    imported(server, "first.csv", 200_000)
    until(lambda: server.request("GET", "/readyz").status == 200, "it is ready")


def test_an_import_of_30_mb_keeps_the_servers_memory_bounded(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        warmed_up(server)
        assert imported(server, "long.csv", 30_000_000) < GROWTH_MIB


@pytest.mark.long
def test_an_import_of_200_mb_keeps_the_servers_memory_within_the_same_bound(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        warmed_up(server)
        assert imported(server, "long.csv", 200_000_000) < GROWTH_MIB
