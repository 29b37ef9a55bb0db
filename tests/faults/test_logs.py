"""What a running server logs: events with fields, once each, in JSON unless a person is looking;
and a log that cannot be written stops nothing."""

from __future__ import annotations

import datetime
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.faults.server import API, Server, free_udp_port, serving, until

LEVELS = {"debug", "info", "warning", "error", "critical"}


def named(server: Server, event: str) -> list[dict[str, object]]:
    return [line for line in server.logged() if line["event"] == event]


def test_every_line_is_one_event_with_level_time_and_its_fields(tmp_path: Path) -> None:
    with serving(tmp_path, udp_port=free_udp_port()) as server:
        body = b'{"profile": "industrial_pump"}'
        assert server.request("PUT", f"{API}/machines/pump-1", body).status == 201
        assert server.push_json("pump-1", {"bearing_temp_c": 41}).status == 200
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"no reading\n at all", ("127.0.0.1", server.udp_port))
        until(lambda: len(server.logged()) >= 2, "the datagram is refused")
        assert server.request("DELETE", f"{API}/machines/pump-1").status == 204
        assert server.end(signal.SIGINT) == 0
        for line in server.logged():
            assert line["level"] in LEVELS
            said = datetime.datetime.fromisoformat(line["timestamp"])
            assert abs((datetime.datetime.now(datetime.UTC) - said).total_seconds()) < 300
        (registered,) = named(server, "machine_registered")
        assert (registered["machine"], registered["profile"]) == ("pump-1", "industrial_pump")
        assert named(server, "machine_removed")[0]["rows"] == 1
        refused = [line for line in server.logged() if line.get("source", "").startswith("udp")]
        assert refused, "nothing was said of a datagram that cannot be read"
        assert all("127.0.0.1" in json.dumps(line) for line in refused)


def test_a_source_is_told_once_when_it_is_lost_and_once_when_it_is_back(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
        with serving(tmp_path, udp_port=port) as server:
            source = f"udp:127.0.0.1:{port}"
            until(lambda: named(server, "source_lost"), "the port is taken")
            until(
                lambda: "Next try in 2 s" in server.get("/sources")["sources"][0]["detail"],
                "it is tried again and again",
            )
            assert named(server, "source_back") == []
            taken.close()
            until(lambda: named(server, "source_back"), "the port is free")
            (lost,), (back,) = named(server, "source_lost"), named(server, "source_back")
            assert lost["level"] == "warning"
            assert str(port) in str(lost["error"])
            assert lost["source"] == back["source"] == server.get("/sources")["sources"][0]["name"]
            assert source.partition(":")[0] in str(back["source"])


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.log.symlink_to("/dev/full")
    try:
        server.start()
        for number in range(20):
            assert server.push_json(f"pump-{number}", {"bearing_temp_c": 41}).status == 200
        assert len(server.get("/machines")["machines"]) == 20
        assert server.end(signal.SIGINT) == 0
    finally:
        if server.process is not None:
            server.end(signal.SIGKILL)


def test_on_a_terminal_the_log_is_for_people(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = ["serve", "--port", "0", "--udp-port", "0", "--no-browser", "--data", "data"]
    process = subprocess.Popen(
        [sys.executable, "-m", "telltale", *arguments],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    os.close(theirs)
    seen: list[bytes] = []

    def read() -> None:
        try:
            while data := os.read(ours, 4096):
                seen.append(data)
        except OSError:
            return  # the terminal is gone with the process

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert process.stdout is not None
        server = Server(tmp_path)
        server.port = int(process.stdout.readline().split()[3].rpartition(":")[2])
        body = b'{"profile": "industrial_pump"}'
        assert server.request("PUT", f"{API}/machines/pump-1", body).status == 201
        until(lambda: b"machine_registered" in b"".join(seen), "it is logged")
        assert not any(line.startswith(b"{") for line in b"".join(seen).splitlines())
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        reader.join(10)
        os.close(ours)
