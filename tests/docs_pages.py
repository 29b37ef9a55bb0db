"""Runs what a page of the documentation tells its reader to run, and compares what it promises.

A fenced block says by its info string what it is: `sh` is run and must succeed, `sh fails` must
not, `sh server` is started and left running, `python` is run, `... file=NAME` is written to NAME,
and `sh by hand` is for people alone. A `text` block right after one is what it prints; `...` stands
for anything. A page is run from top to bottom in one folder that holds the examples.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 120.0
_FENCE = re.compile(r"^```(?P<info>\S[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page, and what it prints if the page says so."""

    line: int
    info: str
    body: str
    output: str | None


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in order; a `text` block goes to the one before it."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        info, body = match["info"].strip(), match["body"]
        if info == "text" and found and not text[end : match.start()].strip():
            before = found.pop()
            found.append(Block(before.line, before.info, before.body, body))
        else:
            found.append(Block(line, info, body, None))
        end = match.end()
    return found


def promised(expected: str) -> re.Pattern[str]:
    """Return what matches an output, whatever its spaces, with `...` for anything."""
    words = re.split(r"\s+|(\.\.\.)", expected.strip())
    parts = [".*?" if word == "..." else re.escape(word) for word in words if word]
    return re.compile(r"\s*".join(parts) + r"\s*", re.DOTALL)


@dataclass(slots=True)
class Reader:
    """Somebody who follows a page in a folder of their own, on ports of their own."""

    folder: Path
    port: int = 0
    udp_port: int = 0
    server: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Copy the examples, choose ports, put this Python's commands first."""
        shutil.copytree(ROOT / "examples", self.folder / "examples")
        self.port = free_port(socket.SOCK_STREAM)
        self.udp_port = free_port(socket.SOCK_DGRAM)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TELLTALE_")}
        path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", "")))
        if shutil.which("curl") is None:  # a fresh machine need not have it
            path = os.pathsep.join((str(self.with_a_curl()), path))
        self.environment = {**kept, "PATH": path, "COLUMNS": "200"}

    def with_a_curl(self) -> Path:
        """Return a folder with a stand-in for curl."""
        tools = self.folder / "tools"
        tools.mkdir()
        program = tools / "curl"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/curl.py" "$@"\n')
        program.chmod(0o755)
        return tools

    def follow(self, block: Block) -> None:
        """Do what one block says, and compare what it prints."""
        kind, _, rest = block.info.partition(" ")
        body = block.body.replace("8000", str(self.port)).replace("20777", str(self.udp_port))
        if rest.startswith("file="):
            target = self.folder / rest.removeprefix("file=")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body, encoding="utf-8")
        elif (kind, rest) == ("sh", "server"):
            self.serve(body)
        elif (kind, rest) in (("python", ""), ("sh", ""), ("sh", "fails")):
            self.run(block, body)

    def run(self, block: Block, body: str) -> None:
        """Run commands to their end."""
        # no pipefail: `curl ... | head -2` ends curl early, as it should
        program = [sys.executable, "-"] if block.info == "python" else ["bash", "-e"]
        done = subprocess.run(
            program,
            input=body,
            text=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
        said = done.stdout.replace(str(self.port), "8000").replace(str(self.udp_port), "20777")
        assert (done.returncode != 0) == block.info.endswith("fails"), f"line {block.line}:\n{said}"
        if block.output is not None:
            assert promised(block.output).fullmatch(said.strip()), (
                f"line {block.line} promises\n{block.output}\nbut it prints\n{said}"
            )

    def serve(self, body: str) -> None:
        """Start what runs until it is stopped; what ran before it is stopped first."""
        self.leave()
        command = f"exec {body.strip()} --no-browser --port {self.port}"
        if body.startswith("telltale serve"):
            command += f" --udp-port {self.udp_port}"
        self.server = subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + TIMEOUT_S
        while not (self.folder / "telltale-data" / "server.json").exists():
            assert self.server.poll() is None, f"{command} ended with {self.server.returncode}"
            assert time.monotonic() < end, f"{command} did not answer in time"
            time.sleep(0.05)

    def leave(self) -> None:
        """Press Ctrl+C."""
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            assert self.server.wait(TIMEOUT_S) == 0
            self.server = None


def free_port(kind: socket.SocketKind) -> int:
    """Return a port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
