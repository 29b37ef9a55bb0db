"""A real `telltale serve` in a process of its own, which tests may kill, starve and flood."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]

TIMEOUT_S = 60.0
API = "/api/v1"


class Answer(NamedTuple):
    """One HTTP answer, read to the end."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        """The sentence of a problem."""
        return str(self.json()["detail"])


@dataclass(slots=True)
class Server:
    """One data folder and the telltale that runs on it, if one does."""

    folder: Path
    command: str = "serve"
    udp_port: int = 0
    listen_on: int = 0  # viewers must find a restarted server where it was
    extra: Sequence[str] = ()
    before: Callable[[], None] | None = None
    port: int = 0
    process: subprocess.Popen[str] | None = field(default=None)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return when it listens."""
        arguments = [self.command, "--port", str(self.listen_on), "--no-browser"]
        arguments += ["--data", str(self.data)]
        if self.command == "serve":
            arguments += ["--udp-port", str(self.udp_port)]
        arguments += self.extra
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "telltale", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                preexec_fn=self.before,  # noqa: PLW1509 - no threads run yet where it is used
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "telltale is at http" in line, line + self.log.read_text()
        self.port = int(line.split()[3].rpartition(":")[2])

    def end(self, how: signal.Signals) -> int:
        """Send a signal, wait, and return the exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        if process.stdout is not None:
            process.stdout.close()
        process.send_signal(how)
        return process.wait(TIMEOUT_S)

    def rss_mib(self) -> float:
        assert self.process is not None
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def logged(self) -> list[dict[str, Any]]:
        """Return the log's events; a line that is none, e.g. of a traceback, fails the test."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Return the answer; the path is sent as it stands."""
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        ) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())

    def get(self, path: str) -> Any:
        """Return the JSON of an answer that must be 200."""
        answer = self.request("GET", API + path)
        assert answer.status == 200, answer
        return answer.json()

    def push(
        self, machine: str, body: bytes, kind: str = "application/json", **headers: str
    ) -> Answer:
        """Push a body as readings of one machine."""
        path = f"{API}/machines/{machine}/telemetry"
        return self.request("POST", path, body, {"Content-Type": kind, **headers})

    def push_json(self, machine: str, readings: Any) -> Answer:
        return self.push(machine, json.dumps(readings).encode())


@contextlib.contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Server]:
    """Start a server; what still runs at the end is killed."""
    server = Server(folder, **settings)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.end(signal.SIGKILL)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; fail if it never does."""
    end = time.monotonic() + TIMEOUT_S
    while not holds():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)
