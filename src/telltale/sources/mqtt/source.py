"""Topics of an MQTT broker as a feed. What has QoS 1 is acknowledged after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from paho.mqtt.client import MQTTMessage

from telltale.batch import NS_PER_S
from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.base import Decoded
from telltale.formats.sparkplug import NAMESPACE, rebirth_command
from telltale.mqtt_session import (
    PLAIN_PORT,
    TLS_PORT,
    VERSIONS,
    Broker,
    MqttSession,
    tls_context,
)
from telltale.registry import suggest
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.mqtt.decoding import Message, MessageDecoder
from telltale.sources.mqtt.inbox import Inbox
from telltale.sources.mqtt.presence import Presence
from telltale.sources.mqtt.subscriptions import check_subscriptions
from telltale.sources.reason_log import ReasonLog

WEEK_S = 7 * 86_400
GATHER_NS = NS_PER_S // 50  # one commit of many costs no more than one of few
MAX_BATCH = 2_000  # messages decoded at once
TELL_EVERY_NS = NS_PER_S // 4
TICK_S = 1.0  # how often silence is looked for

log = structlog.get_logger()


def new_client_id() -> str:
    """Return an id that nobody has, at most 23 bytes (MQTT-3.1.3-5)."""
    return f"telltale-{secrets.token_hex(6)}"


class MqttSource:
    """Readings that come as messages of a broker.

    A message of QoS 1 or 2 is acknowledged once it is committed, so the broker keeps those that
    telltale has not kept yet. It may then come twice; what bears its own time is kept once.

    Args:
        host: Where the broker is.
        port: None takes 1883, with TLS 8883.
        topics: What to read: patterns such as "plant/{machine}/{channel}", or tables with topic,
            payload, machine, channel, qos and quiet_s.
        payload: How messages are written: auto, json, value, telegraf or sparkplug.
        machine: Whose readings they are: an id, or a template of captures such as
            "{site}-{machine}". None takes {machine}, else what the message says.
        words: Channels whose text is kept, as patterns such as "state_*".
        qos: At most so sure a delivery is asked for: 0, 1 or 2.
        version: Of MQTT: "3.1.1" or "5".
        client_id: Names this client, and what the broker keeps for it. None makes one of the
            computer's name and these settings.
        username: For the broker; None for none.
        password: Likewise.
        tls: Encrypt, and check the broker's certificate.
        ca_file: Authority that signed it, PEM; None takes the system's.
        cert_file: The client's own certificate, PEM.
        key_file: Its key, PEM.
        keepalive_s: A broker that is silent for so long is lost.
        session_expiry_s: How long the broker keeps messages while telltale is away; 0 not at all.
        quiet_s: When a topic that spoke is silent for so long, the connection is made anew; 0
            never.
        status_topic: Where "online" and, as last will, "offline" is kept; None for nowhere.
        sparkplug_host: Id under which telltale says as a Sparkplug host that it listens.
        asks_rebirth: Ask Sparkplug nodes for their births when something was missed.
        receive_maximum: Messages that are taken ahead of their acknowledgement, MQTT 5 only.
        max_waiting: Messages held here; when full, the broker has to wait.
        name: Names the source; None takes the broker's address.
        clock: Tells the time and waits.

    Raises:
        SettingsError: A setting is unknown or out of range.
    """

    simulated = False
    is_live = True
    is_shared = True  # many machines come from one broker, and go without it
    made_once: Mapping[str, Callable[[], str]] = {"client_id": new_client_id}

    def __init__(
        self,
        topics: str | Sequence[str | Mapping[str, Any]],
        host: str = "127.0.0.1",
        port: int | None = None,
        *,
        payload: str = "auto",
        machine: str | None = None,
        words: Sequence[str] = (),
        qos: int = 1,
        version: str = "3.1.1",
        client_id: str | None = None,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        keepalive_s: float = 30,
        session_expiry_s: float = WEEK_S,
        quiet_s: float = 300,
        status_topic: str | None = None,
        sparkplug_host: str | None = None,
        asks_rebirth: bool = True,
        receive_maximum: int = 1000,
        max_waiting: int = 10_000,
        name: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = {key: value for key, value in locals().items() if key != "self"}
        check_text("mqtt", "host", host)
        if version not in VERSIONS:
            raise SettingsError(f"mqtt: version is {version!r}. {suggest(str(version), VERSIONS)}")
        self._subscriptions = check_subscriptions(
            topics, payload=payload, machine=machine, qos=qos, quiet_s=quiet_s
        )
        plain = [words] if isinstance(words, str) else list(words)
        self._words = tuple(check_text("mqtt", "words", word) for word in plain)
        usual = TLS_PORT if tls else PLAIN_PORT
        at = int(check_number("mqtt", "port", usual if port is None else port, 1, 65_535))
        self.name = name or f"mqtt:{host}:{at}"
        self.status = SourceStatus()
        self._broker = Broker(
            host,
            at,
            client_id or _lasting_id(host, at, topics),
            version,
            username,
            password,
            keepalive_s=int(check_number("mqtt", "keepalive_s", keepalive_s, 1, 65_535)),
            session_expiry_s=int(
                check_number("mqtt", "session_expiry_s", session_expiry_s, 0, 2**32 - 2)
            ),
            receive_maximum=int(
                check_number("mqtt", "receive_maximum", receive_maximum, 1, 65_535)
            ),
        )
        self._tls = (ca_file, cert_file, key_file) if tls else None
        if not tls and (ca_file or cert_file or key_file):
            raise SettingsError("mqtt: certificates are named, but tls is false. Set tls = true.")
        self._presence = Presence(status_topic, sparkplug_host)
        self._asks = asks_rebirth
        self._inbox = Inbox(int(check_number("mqtt", "max_waiting", max_waiting, 1, 1_000_000)))
        self._clock = clock or SystemClock()
        self._is_probe = False
        self._reasons = ReasonLog(self.name)
        self._decoder = MessageDecoder(self._subscriptions, self._words)
        self._session: MqttSession | None = None
        self._wake = asyncio.Event()
        self._lost = ""
        self._arrival_ns = 0
        self._told_ns = 0
        self._taken_ns = 0

    async def open(self) -> None:
        """Connect and subscribe. Raises SourceUnavailableError, which is safe to retry."""
        await self.close()
        self.status.state = SourceState.OPENING
        self._lost, self._wake = "", asyncio.Event()
        broker = self._broker
        if self._tls is not None:
            try:
                broker = replace(broker, tls=tls_context("mqtt", *self._tls))
            except SettingsError as error:  # a file may still come: a mount, a renewed certificate
                raise SourceUnavailableError(str(error)) from None
        session = MqttSession(
            broker,
            will=self._presence.will(self._now_ms()),
            on_message=self._took,
            on_lost=self._connection_lost,
        )
        self._session = session
        try:
            await session.connect()
            await session.subscribe(
                [
                    (one.pattern.topic_filter, 0 if self._is_probe else one.qos)
                    for one in self._subscriptions
                ]
            )
        except BaseException:
            await self.close()
            raise
        if self._presence.topic is not None:
            session.publish(self._presence.topic, self._presence.birth(), qos=1, retain=True)
        self.status.state = SourceState.LIVE
        self.status.detail = self._detail()

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield what came in, decoded, until closed. Raises SourceUnavailableError when lost."""
        while self._session is not None:
            if self._lost:
                raise SourceUnavailableError(self._lost)
            if not self._inbox:
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._wake.wait()
                await self._renew_if_quiet()
                self._tell()
                continue
            await self._gather()
            decoded = self._take()
            if decoded.batches or decoded.rejected_rows:
                yield decoded
            else:
                self.settle(decoded, is_kept=True)
            await asyncio.sleep(0)  # one who never lets go would keep the socket from being read

    async def _gather(self) -> None:
        """In a stream, let messages collect for a moment: a lone one never waits."""
        now_ns = self._clock.now_ns()
        wait_ns = self._taken_ns + GATHER_NS - now_ns
        if 0 < wait_ns <= GATHER_NS and len(self._inbox) < MAX_BATCH:
            await self._clock.sleep(wait_ns / NS_PER_S)
        self._taken_ns = self._clock.now_ns()

    def settle(self, decoded: Decoded, *, is_kept: bool) -> None:
        """Acknowledge what is committed; what could not be kept is asked for again.

        Args:
            decoded: As it was yielded.
            is_kept: False if it is not kept and may be sent again; what was refused for good
                counts as kept: it would be refused again.
        """
        if not self._inbox.awaits(decoded):
            return  # of a connection that is gone: the broker sends it again
        if not is_kept:
            self._connection_lost(
                f"{self._broker.where}: readings could not be kept; the broker is asked for them "
                "again."
            )
            return
        for message in self._inbox.kept(decoded):
            if self._session is not None:
                self._session.acknowledge(message.mid, message.qos)
        self._resume_if_room()
        self._tell()

    async def close(self) -> None:
        """Let go of the connection. What was not acknowledged comes again. Safe to call twice."""
        session, self._session = self._session, None
        self._inbox.clear()
        for one in self._subscriptions:
            one.is_speaking = False
        self._decoder.connection_lost()
        self._wake.set()
        self.status.state = SourceState.CLOSED
        if session is not None:
            if self._presence.topic is not None and not self._lost:
                told = self._presence.death(self._now_ms())
                session.publish(self._presence.topic, told, qos=1, retain=True)
            await session.close()

    def probe(self) -> MqttSource:
        """Return one that looks at the same and takes nothing from it: a client of its own.

        It subscribes with QoS 0, asks no node for anything, and shows retained values too.
        """
        probe = MqttSource(**{**self._settings, "client_id": new_client_id()})
        probe._is_probe, probe._asks = True, False
        probe._broker = replace(probe._broker, session_expiry_s=0)
        probe._presence = Presence()
        probe._decoder = MessageDecoder(probe._subscriptions, probe._words, takes_retained=True)
        return probe

    async def forget(self) -> None:
        """Let the broker forget this client: it keeps nothing for it any more."""
        broker = replace(self._broker, session_expiry_s=0)
        if self._tls is not None:
            broker = replace(broker, tls=tls_context("mqtt", *self._tls))
        session = MqttSession(broker, on_message=lambda _: None, on_lost=lambda _: None)
        try:
            await session.connect()
        finally:
            await session.close()

    def _took(self, message: MQTTMessage) -> None:
        """Put a message into the inbox; called as it is read."""
        now_ns = max(self._clock.now_ns(), self._arrival_ns + 1)
        self._arrival_ns = now_ns
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no broker lets that through, MQTT-1.5.3-1
            topic = "\ufffd"
        self._inbox.put(
            Message(topic, bytes(message.payload), message.qos, message.mid, message.retain, now_ns)
        )
        if not self._inbox.has_room and self._session is not None:
            self._session.pause()
        self._wake.set()

    def _resume_if_room(self) -> None:
        if self._session is not None and self._inbox.has_room:
            self._session.resume()

    def _take(self) -> Decoded:
        """Decode what waits, at most `MAX_BATCH` messages."""
        messages = self._inbox.take(MAX_BATCH)
        decoded, to_ask = self._decoder.decode(messages)
        self._inbox.handed_on(decoded, messages)
        now_ns = self._clock.now_ns()
        self.status.count(decoded, now_ns)
        self._reasons.note(decoded.reasons, now_ns=now_ns, otherwise=self._broker.where)
        for group, node in to_ask:
            self._ask_rebirth(group, node, now_ns)
        self._resume_if_room()
        self._tell()
        return decoded

    def _ask_rebirth(self, group: str, node: str, now_ns: int) -> None:
        if self._asks and self._session is not None:
            payload = rebirth_command(now_ns // 1_000_000)
            self._session.publish(f"{NAMESPACE}/{group}/NCMD/{node}", payload)
            log.info("rebirth_asked", source=self.name, group=group, node=node)

    def _connection_lost(self, reason: str) -> None:
        self._lost = self._lost or reason
        self._wake.set()

    async def _renew_if_quiet(self) -> None:
        """Connect anew when a topic that spoke is silent: some losses show in no other way."""
        now_ns = self._clock.now_ns()
        for one in self._subscriptions:
            silent_s = (now_ns - one.last_ns) / NS_PER_S
            if (
                one.quiet_s
                and one.is_speaking
                and silent_s > one.quiet_s
                and not self._inbox.unacknowledged
            ):
                log.info(
                    "source_renewed", source=self.name, topic=one.pattern.text, silent_s=silent_s
                )
                await self.open()
                return

    def _now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000

    def _detail(self) -> str:
        topics = ", ".join(one.pattern.topic_filter for one in self._subscriptions[:3])
        more = len(self._subscriptions) - 3
        return (
            f"Reads {topics}{f' and {more} more' if more > 0 else ''} from {self._broker.where} "
            f"over MQTT {self._broker.version}{', encrypted' if self._tls else ''}."
        )

    def _tell(self) -> None:
        """Say what only this kind of source can tell, a few times a second at most."""
        now_ns = self._clock.now_ns()
        if 0 <= now_ns - self._told_ns < TELL_EVERY_NS:
            return
        self._told_ns = now_ns
        self.status.details = {
            "broker": self._broker.where,
            "version": self._broker.version,
            "client_id": self._broker.client_id,
            "waiting": len(self._inbox),
            "unacknowledged": self._inbox.unacknowledged,
            "retained_ignored": self._decoder.ignored,
            "topics": [
                {
                    "topic": one.pattern.text,
                    "qos": one.qos,
                    "messages": one.messages,
                    "last_ns": one.last_ns or None,
                }
                for one in self._subscriptions
            ],
            "left_out": dict(self._decoder.left_out),
            "nodes": self._decoder.nodes(),
        }


def _lasting_id(host: str, port: int, topics: object) -> str:
    """Return an id that is the same after a restart."""
    told = f"{socket.gethostname()} {host}:{port} {topics}"
    return f"telltale-{uuid.uuid5(uuid.NAMESPACE_URL, told).hex[:12]}"
