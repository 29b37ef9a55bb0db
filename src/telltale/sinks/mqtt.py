"""Values, states and events of machines as messages of an MQTT broker, found by Home Assistant."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import msgspec

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.mqtt_session import (
    PLAIN_PORT,
    TLS_PORT,
    VERSIONS,
    Broker,
    MqttSession,
    Will,
    tls_context,
)
from telltale.registry import suggest
from telltale.sinks.base import EventOut, MachineOut
from telltale.sinks.home_assistant import discovery, discovery_id
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text

MAX_PER_TURN = 5_000  # messages; the rest is due at the next turn, newest value first
MAX_WAITING = 10_000  # not taken by the broker yet; beyond, turns are left out
ONLINE, OFFLINE = b"online", b"offline"
HOME_ASSISTANT = "homeassistant"
_NOT_IN_TOPICS = re.compile(r"[+#/\x00]")


def new_client_id() -> str:
    """Return an id that nobody has."""
    return f"telltale-{secrets.token_hex(6)}"


class MqttSink:
    """Gives out the newest values, states and events of machines through a broker.

    Values go to `<base>/<machine>/<channel>`, the machine's state, kept by the broker, to
    `<base>/<machine>/_state`, events as JSON to `<base>/<machine>/_event`, and whether telltale is
    there to `<base>/_status`. A value is sent when it was measured anew; of several since the last
    turn, the newest. A stale one is not sent, so whoever reads lets it expire.

    Args:
        host: Where the broker is.
        port: None takes 1883, with TLS 8883.
        base: Topic below which everything is.
        machines: Which machines, as patterns such as "pump-*".
        channels: Which channels and metrics, likewise.
        discovery: Where Home Assistant looks for devices; "" tells it nothing.
        every_s: How often values are sent at most.
        expire_after_s: Home Assistant shows no older value; None takes three turns, or what the
            machine's profile calls stale if that is longer.
        qos: Of values: 0, 1 or 2. Events and states have 1.
        version: Of MQTT: "3.1.1" or "5".
        client_id: Names this client. None makes one.
        username: For the broker; None for none.
        password: Likewise.
        tls: Encrypt, and check the broker's certificate.
        ca_file: Authority that signed it, PEM; None takes the system's.
        cert_file: The client's own certificate, PEM.
        key_file: Its key, PEM.
        keepalive_s: A broker that is silent for so long is lost.
        name: Names the sink; None takes the broker's address.

    Raises:
        SettingsError: A setting is unknown or out of range.
    """

    made_once: Mapping[str, Callable[[], str]] = {"client_id": new_client_id}

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = None,
        *,
        base: str = "telltale",
        machines: Sequence[str] = ("*",),
        channels: Sequence[str] = ("*",),
        discovery: str = HOME_ASSISTANT,
        every_s: float = 1.0,
        expire_after_s: float | None = None,
        qos: int = 0,
        version: str = "3.1.1",
        client_id: str | None = None,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        keepalive_s: float = 30,
        name: str | None = None,
    ) -> None:
        where = "mqtt_publish"
        usual = TLS_PORT if tls else PLAIN_PORT
        at = int(check_number(where, "port", usual if port is None else port, 1, 65_535))
        if version not in VERSIONS:
            raise SettingsError(
                f"{where}: version is {version!r}. {suggest(str(version), VERSIONS)}"
            )
        if qos not in (0, 1, 2):
            raise SettingsError(f"{where}: qos is {qos!r}. Give 0, 1 or 2.")
        self.name = name or f"mqtt_publish:{host}:{at}"
        self.every_s = check_number(where, "every_s", every_s, 0.1, 86_400)
        self.status = SourceStatus()
        self._base = _topic(where, "base", base)
        self._discovery = _topic(where, "discovery", discovery) if discovery else ""
        self._machines = _patterns(where, "machines", machines)
        self._channels = _patterns(where, "channels", channels)
        self._expire_s = (
            None
            if expire_after_s is None
            else check_number(where, "expire_after_s", expire_after_s, 1, 1e9)
        )
        self._qos = qos
        self._broker = Broker(
            check_text(where, "host", host),
            at,
            client_id or new_client_id(),
            version,
            username,
            password,
            keepalive_s=int(check_number(where, "keepalive_s", keepalive_s, 1, 65_535)),
        )
        if not tls and (ca_file or cert_file or key_file):
            raise SettingsError(f"{where}: certificates are named, but tls is false. Set it.")
        self._tls = (ca_file, cert_file, key_file) if tls else None
        self._session: MqttSession | None = None
        self._lost = ""
        self._sent_ns: dict[tuple[str, str], int] = {}
        self._states: dict[str, str] = {}
        self._told: dict[str, bytes] = {}

    @property
    def _status_topic(self) -> str:
        return f"{self._base}/_status"

    async def open(self) -> None:
        """Connect, and say that telltale is there. Raises SourceUnavailableError."""
        await self.close()
        self.status.state = SourceState.OPENING
        self._lost = ""
        broker = self._broker
        if self._tls is not None:
            try:
                broker = replace(broker, tls=tls_context("mqtt_publish", *self._tls))
            except SettingsError as error:
                raise SourceUnavailableError(str(error)) from None
        will = Will(self._status_topic, OFFLINE)
        session = MqttSession(
            broker, will=will, on_message=lambda _: None, on_lost=self._connection_lost
        )
        self._session = session
        try:
            await session.connect()
        except BaseException:
            await self.close()
            raise
        session.publish(self._status_topic, ONLINE, qos=1, retain=True)
        self.status.state = SourceState.LIVE
        self.status.detail = f"Publishes below {self._base}/ at {broker.where}."

    async def publish(self, machines: Sequence[MachineOut], events: Sequence[EventOut]) -> None:
        """Give out what is new. Raises SourceUnavailableError when the connection is lost."""
        session = self._session
        if session is None or self._lost:
            raise SourceUnavailableError(self._lost or f"{self._broker.where}: not connected.")
        wanted = [one for one in machines if _fits(one.id, self._machines)]
        known = {one.id for one in wanted}
        if session.waiting > MAX_WAITING:  # a broker that takes nothing: newer values will come
            self.status.dropped += 1
            return
        for event in events:
            if event.machine in known:
                topic = f"{self._topic_of(event.machine)}/_event"
                self._send(session, topic, event.encoded, qos=1)
        room = MAX_PER_TURN
        for machine in wanted:
            room -= self._publish_machine(session, machine, room)
        for gone in self._states.keys() - known:
            self._take_back(session, gone)

    async def close(self) -> None:
        """Say goodbye, so that whoever reads knows. Safe to call twice."""
        session, self._session = self._session, None
        self._sent_ns.clear()
        self._states.clear()
        self._told.clear()
        self.status.state = SourceState.CLOSED
        if session is not None:
            if not self._lost:
                session.publish(self._status_topic, OFFLINE, qos=1, retain=True)
            await session.close()

    def _publish_machine(self, session: MqttSession, machine: MachineOut, room: int) -> int:
        """Send what is new of one machine, at most `room` values; return how many."""
        base = self._topic_of(machine.id)
        self._tell_discovery(session, machine, base)
        if self._states.get(machine.id) != machine.state:
            self._states[machine.id] = machine.state
            self._send(session, f"{base}/_state", machine.state.encode(), qos=1, retain=True)
        sent = 0
        for name, text, time_ns in self._due(machine):
            if sent >= room:
                break  # due again at the next turn
            self._sent_ns[machine.id, name] = time_ns
            self._send(session, f"{base}/{name}", text.encode(), qos=self._qos)
            sent += 1
        return sent

    def _due(self, machine: MachineOut) -> Iterator[tuple[str, str, int]]:
        for name, value in machine.values.items():
            is_new = value.time_ns > self._sent_ns.get((machine.id, name), 0)
            is_good = value.state != "stale" and math.isfinite(value.value)
            if is_new and is_good and _fits(name, self._channels):
                yield name, f"{value.value:.10g}", value.time_ns

    def _tell_discovery(self, session: MqttSession, machine: MachineOut, base: str) -> None:
        if not self._discovery:
            return
        names = [name for name in machine.signals if _fits(name, self._channels)]
        expire_s = self._expire_s or max(3 * self.every_s, machine.stale_after_s)
        told = discovery(
            machine,
            base,
            status_topic=self._status_topic,
            expire_after_s=math.ceil(expire_s),
            names=names,
        )
        payload = msgspec.json.encode(told)
        if self._told.get(machine.id) != payload:
            self._told[machine.id] = payload
            self._send(session, self._discovery_topic(machine.id), payload, qos=1, retain=True)

    def _take_back(self, session: MqttSession, machine: str) -> None:
        """Have the broker forget a machine that was removed."""
        self._states.pop(machine, None)
        self._told.pop(machine, None)
        self._sent_ns = {key: at for key, at in self._sent_ns.items() if key[0] != machine}
        self._send(session, f"{self._topic_of(machine)}/_state", b"", qos=1, retain=True)
        if self._discovery:
            self._send(session, self._discovery_topic(machine), b"", qos=1, retain=True)

    def _discovery_topic(self, machine: str) -> str:
        return f"{self._discovery}/device/{discovery_id(machine)}/config"

    def _topic_of(self, machine: str) -> str:
        return f"{self._base}/{_NOT_IN_TOPICS.sub('_', machine)}"

    def _send(
        self, session: MqttSession, topic: str, payload: bytes, *, qos: int, retain: bool = False
    ) -> None:
        session.publish(topic, payload, qos=qos, retain=retain)
        self.status.rows += 1

    def _connection_lost(self, reason: str) -> None:
        self._lost = reason


def _topic(where: str, setting: str, text: str) -> str:
    if set(check_text(where, setting, text)) & set("+#\x00") or text.strip("/") != text:
        raise SettingsError(
            f"{where}: {setting} is {text!r}. Give a topic without wildcards, and without / at "
            "either end."
        )
    return text


def _patterns(where: str, setting: str, texts: str | Sequence[str]) -> tuple[str, ...]:
    listed = [texts] if isinstance(texts, str) else list(texts)
    return tuple(check_text(where, setting, text) for text in listed)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
