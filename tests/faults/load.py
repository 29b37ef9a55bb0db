"""Senders that push numbered readings by every road at once, and remember what was acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.faults.server import API, Server

STEP_NS = 100_000_000
PAUSE_S = 0.004
Reading = dict[str, float]


def pump_reading(i: int) -> Reading:
    """Return channels that cross their limits again and again, and hold long enough to alert."""
    return {
        "motor_speed_rpm": 1400.0 + i % 200,
        "bearing_temp_c": 40.0 + (i % 900) / 16,
        "ambient_temp_c": 20.0 + (i % 50) / 8,
        "vibration_mm_s": 1.0 + (i % 400) / 32,
        "flow_l_min": 120.0 - (i % 700) / 8,
        "suction_pressure_bar": 1.5,
        "discharge_pressure_bar": 5.0 + (i % 100) / 64,
        "motor_current_a": 10.0 + (i % 80) / 16,
    }


def car_reading(i: int) -> Reading:
    """Return a lap of hard braking, cornering and shifting, over and over."""
    return {
        "speed_km_h": 60.0 + i % 140,
        "engine_speed_rpm": 4000.0 + (i % 300) * 8,
        "gear": 2.0 + (i // 70) % 4,
        "pedal_pct": float(100 if i % 90 < 40 else i % 60),
        "pbrake_f_bar": float(60 if i % 90 > 70 else 0),
        "pbrake_r_bar": float(40 if i % 90 > 70 else 0),
        "accx_g": ((i % 64) - 32) / 32,
        "accy_g": ((i % 96) - 48) / 32,
    }


class Sender(threading.Thread):
    """Pushes reading 0, 1, 2 ... of one machine until told to stop or the server is gone.

    Attributes:
        acknowledged: How many readings the server said it keeps.
    """

    acknowledged = 0
    is_reliable = True

    def __init__(
        self,
        server: Server,
        machine: str,
        profile: str,
        reading: Callable[[int], Reading],
        *,
        base_ns: int,
    ) -> None:
        super().__init__(name=machine, daemon=True)
        self.server, self.machine, self.profile, self.reading = server, machine, profile, reading
        self.base_ns = base_ns
        self.stopping = threading.Event()
        self._rng = random.Random(machine)

    def time_ns(self, i: int) -> int:
        return self.base_ns + i * STEP_NS

    def row(self, i: int) -> dict[str, Any]:
        return {"time": self.time_ns(i), **self.reading(i)}

    def again(self) -> Sender:
        """Return a sender that goes on behind what was acknowledged: the rest is sent again."""
        next_one = type(self)(
            self.server, self.machine, self.profile, self.reading, base_ns=self.base_ns
        )
        next_one.acknowledged = self.acknowledged
        next_one._rng = self._rng
        return next_one

    def run(self) -> None:
        try:
            self.send_all()
        except (OSError, http.client.HTTPException, WebSocketException):
            return  # killed: what was not answered is sent again

    def send_all(self) -> None:
        raise NotImplementedError

    def next_rows(self) -> list[dict[str, Any]]:
        count = self._rng.randint(1, 60)
        return [self.row(i) for i in range(self.acknowledged, self.acknowledged + count)]

    def took(self, answer: Any, n_rows: int) -> None:
        assert answer["accepted"] == n_rows, answer
        self.acknowledged += n_rows
        time.sleep(PAUSE_S)


class HttpSender(Sender):
    """JSON lists over one connection."""

    content_type = "application/json"

    def pack(self, rows: list[dict[str, Any]]) -> bytes:
        return json.dumps(rows).encode()

    def send_all(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        path = f"{API}/machines/{self.machine}/telemetry"
        try:
            while not self.stopping.is_set():
                rows = self.next_rows()
                headers = {"Content-Type": self.content_type}
                connection.request("POST", path, self.pack(rows), headers)
                answer = connection.getresponse()
                body = answer.read()
                assert answer.status == 200, body
                self.took(json.loads(body), len(rows))
        finally:
            connection.close()


class ColumnsSender(HttpSender):
    """JSON columns."""

    def pack(self, rows: list[dict[str, Any]]) -> bytes:
        return json.dumps({name: [row[name] for row in rows] for name in rows[0]}).encode()


class MsgpackSender(HttpSender):
    """MessagePack columns."""

    content_type = "application/msgpack"

    def pack(self, rows: list[dict[str, Any]]) -> bytes:
        return msgspec.msgpack.encode({name: [row[name] for row in rows] for name in rows[0]})


class SocketSender(Sender):
    """JSON lists as WebSocket messages."""

    def send_all(self) -> None:
        url = f"ws://127.0.0.1:{self.server.port}{API}/machines/{self.machine}/push"
        with connect(url, proxy=None) as websocket:
            while not self.stopping.is_set():
                rows = self.next_rows()
                websocket.send(json.dumps(rows))
                self.took(json.loads(websocket.recv(timeout=60)), len(rows))


class UdpSender(Sender):
    """One datagram a reading. Nobody acknowledges: `acknowledged` counts what was sent."""

    is_reliable = False

    def send_all(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.connect(("127.0.0.1", self.server.udp_port))
            while not self.stopping.is_set():
                reading = {"machine": self.machine, **self.row(self.acknowledged)}
                self.acknowledged += 1
                udp.send(json.dumps(reading).encode())
                time.sleep(PAUSE_S / 4)


def senders(server: Server, base_ns: int) -> list[Sender]:
    """Return one sender per road, each with a machine of its own."""
    pump, car = ("industrial_pump", pump_reading), ("gr86_cup", car_reading)
    return [
        HttpSender(server, "json", *pump, base_ns=base_ns),
        ColumnsSender(server, "columns", *car, base_ns=base_ns),
        MsgpackSender(server, "msgpack", *pump, base_ns=base_ns),
        SocketSender(server, "socket", *car, base_ns=base_ns),
        UdpSender(server, "udp", *pump, base_ns=base_ns),
    ]
