"""The real command line, run as a user runs it: in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TIMEOUT_S = 60.0
Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(slots=True)
class Served:
    """A telltale that runs: where it answers, where it keeps things."""

    url: str
    data: Path
    process: subprocess.Popen[str]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=TIMEOUT_S) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(data: Path, tmp_path: Path) -> Run:
    def run_command(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "telltale", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=tmp_path,
            env={**os.environ, "TELLTALE_DATA": str(data)},
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    return run_command


@pytest.fixture
def start(data: Path, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts `telltale serve`, `watch` or `demo` on a free port; all are stopped at the end."""
    running: list[subprocess.Popen[str]] = []

    def start_command(*arguments: object) -> Served:
        process = subprocess.Popen(
            [sys.executable, "-m", "telltale", *map(str, arguments), "--port", "0", "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "TELLTALE_DATA": str(data)},
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if "--json" in arguments:
            said = json.loads(line)
            return Served(said["url"], Path(said["data"]), process)
        assert "telltale is at http" in line, line
        return Served(line.split()[3], data, process)

    yield start_command
    for process in running:
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT_S)
        if process.stdout is not None:
            process.stdout.close()


def until(holds: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
