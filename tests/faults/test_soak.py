"""The demo with many viewers, half of whom stop reading: memory stays flat, the others get their
frames, and Ctrl+C ends it soon with everything committed."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.faults.server import API, Server, serving, until

SUBSCRIBE = {"type": "subscribe", "machines": ["*"], "rate_hz": 10}
FLAT_MIB = 40.0
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Viewer(threading.Thread):
    """Reads frames until the server is gone, and counts them."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.url = f"ws://127.0.0.1:{server.port}{API}/live"
        self.frames = 0

    def run(self) -> None:
        with contextlib.suppress(ConnectionClosed), connect(self.url, proxy=None) as websocket:
            websocket.send(json.dumps(SUBSCRIBE))
            for message in websocket:
                self.frames += str(message).startswith('{"type":"frame"')


def stalled_viewer(server: Server) -> socket.socket:
    """Subscribe, and then never read a byte."""
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect(("127.0.0.1", server.port))
    stalled.sendall(HANDSHAKE.format(path=f"{API}/live").encode())
    payload = json.dumps(SUBSCRIBE).encode()
    stalled.sendall(bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload)
    return stalled


def check_frames_go_on(viewers: list[Viewer]) -> None:
    seen = [viewer.frames for viewer in viewers]
    until(
        lambda: all(v.frames > n for v, n in zip(viewers, seen, strict=True)),
        "frames go on for those who read",
    )


def soak(folder: Path, seconds: float, n_viewers: int) -> None:
    """Watch the demo with so many viewers that read, and as many that do not."""
    with serving(folder, command="demo") as server:
        until(lambda: server.get("/status")["rows"] > 100, "the demo moves")
        stalled = [stalled_viewer(server) for _ in range(n_viewers)]
        viewers = [Viewer(server) for _ in range(n_viewers)]
        for viewer in viewers:
            viewer.start()
        until(lambda: all(viewer.frames > 5 for viewer in viewers), "every viewer sees frames")
        before_mib = server.rss_mib()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(2)
            check_frames_go_on(viewers)
        after_mib = server.rss_mib()
        assert after_mib < before_mib + FLAT_MIB
        assert server.end(signal.SIGINT) == 0
        bad = [event for event in server.logged() if event["level"] in {"error", "critical"}]
        assert bad == []
        for viewer in viewers:
            viewer.join(30)
        for connection in stalled:
            connection.close()
    with serving(folder) as again:
        for machine in again.get("/machines")["machines"]:
            sessions = again.get(f"/sessions?machine={machine['id']}")["sessions"]
            kept = again.request("GET", f"{API}/exports?machine={machine['id']}&format=csv")
            n_rows = len(kept.body.splitlines()) - 1
            assert n_rows == machine["rows"] == sum(session["rows"] for session in sessions) > 50


def test_viewers_that_stop_reading_cost_the_others_and_the_memory_nothing(tmp_path: Path) -> None:
    soak(tmp_path, 4.0, 8)


@pytest.mark.long
def test_three_minutes_of_viewers_that_stop_reading(tmp_path: Path) -> None:
    soak(tmp_path, 180.0, 25)
