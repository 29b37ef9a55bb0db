"""Real MQTT brokers for tests: amqtt in an environment of its own, mosquitto where it is installed.

Each is a process on a free loopback port that can be killed and started again on the same port.
amqtt keeps nothing over a restart; mosquitto keeps sessions and messages when it is stopped.
"""

from __future__ import annotations

import atexit
import contextlib
import getpass
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

ROOT = Path(__file__).parents[1]
AMQTT = ROOT / ".venv/broker/bin/amqtt"
START_S = 20.0


def mosquitto() -> str | None:
    """Return where mosquitto is; None if it is not installed."""
    return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin")


needs_mosquitto = pytest.mark.skipif(mosquitto() is None, reason="mosquitto is not installed")


@dataclass(slots=True)
class TestBroker:
    """One broker.

    Attributes:
        kind: "amqtt" or "mosquitto".
        folder: Where its configuration and what it keeps lie.
        extra: Further lines of its configuration.
    """

    __test__ = False

    kind: str
    folder: Path
    extra: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it, the first time on a free port, and wait until it listens."""
        self.port = self.port or free_port()
        program = self._amqtt() if self.kind == "amqtt" else self._mosquitto()
        self.process = subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        end = time.monotonic() + START_S
        while not answers(self.port):
            assert self.process.poll() is None, f"{program} ended with {self.process.returncode}"
            assert time.monotonic() < end, f"{program} did not listen in time"
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, as a lost computer does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as its service does: what it keeps is written."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def _amqtt(self) -> list[str]:
        assert AMQTT.exists(), "amqtt is not installed. Run: make .venv/developing"
        config = self.folder / "amqtt.yaml"
        config.write_text(
            f"listeners:\n  default:\n    type: tcp\n    bind: 127.0.0.1:{self.port}\n"
            "plugins:\n  amqtt.plugins.authentication.AnonymousAuthPlugin:\n"
            f"    allow_anonymous: true\n{self.extra}"
        )
        return [str(AMQTT), "-c", str(config)]

    def _mosquitto(self) -> list[str]:
        config = self.folder / "mosquitto.conf"
        listener = "" if "listener" in self.extra else f"listener {self.port} 127.0.0.1\n"
        anonymous = "" if "password_file" in self.extra else "allow_anonymous true\n"
        config.write_text(
            f"{listener}{anonymous}user {getpass.getuser()}\n"
            f"persistence true\npersistence_location {self.folder}/\n"
            "max_queued_messages 0\n"
            f"{self.extra.replace('PORT', str(self.port))}"
        )
        program = mosquitto()
        assert program is not None
        return [program, "-c", str(config)]


@contextlib.contextmanager
def broker(kind: str, folder: Path, extra: str = "") -> Iterator[TestBroker]:
    """Give a running broker, and end it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = TestBroker(kind, folder, extra)
    try:
        made.start()
        yield made
    finally:
        made.kill()


@cache
def lasting_broker() -> TestBroker:
    """Return an amqtt that runs until the tests end."""
    made = TestBroker("amqtt", Path(tempfile.mkdtemp(prefix="telltale-broker-")))
    made.start()

    def end() -> None:
        made.kill()
        shutil.rmtree(made.folder, ignore_errors=True)

    atexit.register(end)
    return made


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Tell whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Peer:
    """Another client of a broker: publishes, and remembers what it hears.

    It resends what was not acknowledged when its connection comes back, as QoS 1 asks of it.
    """

    def __init__(self, port: int, name: str = "", *, version: str = "3.1.1", **how: str) -> None:
        is_5 = version == "5"
        self.heard: list[tuple[str, bytes, bool]] = []
        self.connected = threading.Event()
        self._subscribed = threading.Event()
        self._gone = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
            **({} if is_5 else {"clean_session": not name}),  # type: ignore[arg-type]
        )
        if "username" in how:
            self.client.username_pw_set(how["username"], how["password"])
        if "ca_file" in how:
            self.client.tls_set(how["ca_file"])
        self.client.on_message = self._hear
        self.client.on_connect = lambda *_: self.connected.set()
        self.client.on_disconnect = lambda *_: self._gone.set()
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.reconnect_delay_set(1, 1)
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(500)
        self.client.connect_async("localhost" if "ca_file" in how else "127.0.0.1", port)
        self.client.loop_start()
        assert self.connected.wait(START_S)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def subscribe(self, topic: str) -> None:
        """Listen to a topic; returns once the broker knows."""
        self._subscribed.clear()
        self.client.subscribe(topic, qos=1)
        assert self._subscribed.wait(START_S)

    def publish(
        self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Publish and wait until it is acknowledged."""
        self.client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(START_S)

    def of(self, topic: str) -> list[bytes]:
        """Return what was heard under a topic."""
        return [payload for where, payload, _ in self.heard if where == topic]

    def leave(self) -> None:
        """Say goodbye."""
        self._gone.clear()
        self.client.disconnect()
        self._gone.wait(2)  # else its thread may end before it has closed the socket
        self.client.loop_stop()
        self.client._sock_close()
