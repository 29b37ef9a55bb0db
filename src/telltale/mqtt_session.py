"""`MqttSession`: one connection to an MQTT broker on the event loop, acknowledged by hand.

A message of QoS 1 or 2 stays the broker's until `acknowledge`; `pause` leaves what comes in the
socket, so that the broker waits. Used by the source and by the sink; holds no state beyond one
connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from telltale.errors import SettingsError, SourceUnavailableError

ANSWER_S = 10.0  # a broker that has not answered by then is gone
MISC_S = 1.0  # how often keep-alives are looked after
VERSIONS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
PLAIN_PORT, TLS_PORT = 1883, 8883
MAX_PACKET_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Will:
    """A message that the broker publishes when this client is lost; it is kept there."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and who comes. Passwords are not part of its repr.

    Attributes:
        version: "3.1.1" or "5".
        session_expiry_s: How long the broker keeps what came while this client was away; 0 not.
        receive_maximum: Of MQTT 5: messages that the broker sends ahead of their acknowledgement.
    """

    host: str
    port: int
    client_id: str
    version: str = "3.1.1"
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    keepalive_s: int = 30
    session_expiry_s: int = 0
    receive_maximum: int = 1000

    def __repr__(self) -> str:
        return f"Broker({self.where})"

    @property
    def where(self) -> str:
        """Its address, for people."""
        return f"{self.host}:{self.port}"


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when it cannot agree with the broker; paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        """Agree on the encryption. Raises ssl.SSLError, OSError."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(
    where: str, ca_file: str | None, cert_file: str | None, key_file: str | None
) -> ssl.SSLContext:
    """Return how a broker's certificate is checked, and the client's own. Reads the files.

    Raises:
        SettingsError: A file is not there or holds something else.
    """
    for setting, file in (("ca_file", ca_file), ("cert_file", cert_file), ("key_file", key_file)):
        if file is not None and not Path(file).is_file():
            raise SettingsError(f"{where}: {setting} is {file!r}, where no file is.")
    try:
        context = ssl.create_default_context(cafile=ca_file)
        context.sslsocket_class = _ClosingSocket
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"{where}: the certificates cannot be used: {error}. Give PEM files."
        ) from None
    return context


class MqttSession:
    """One connection. All of it runs on the event loop that calls `connect`.

    Args:
        broker: Where, and who.
        will: Published by the broker when the connection is lost.
        on_message: Called with each message as it is read.
        on_lost: Called once, with the reason, when the connection ends by itself.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        will: Will | None = None,
        on_message: Callable[[MQTTMessage], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self.broker = broker
        self.session_present = False
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._granted: asyncio.Future[Sequence[ReasonCode]] | None = None
        self._misc: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None
        self._is_paused = False
        self._is_closing = False
        self._client = self._made(will)
        self._client.on_message = lambda _client, _data, message: on_message(message)

    async def connect(self) -> None:
        """Connect and introduce itself. Raises SourceUnavailableError, which is safe to retry."""
        broker = self.broker
        keeps = broker.session_expiry_s > 0
        how: dict[str, Any] = {}
        if broker.version == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = broker.session_expiry_s
            properties.ReceiveMaximum = broker.receive_maximum
            properties.MaximumPacketSize = MAX_PACKET_BYTES
            how = {"clean_start": not keeps, "properties": properties}
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.to_thread(
                    self._client.connect, broker.host, broker.port, broker.keepalive_s, **how
                )
                code = await self._answer
        except (OSError, ValueError) as error:
            raise SourceUnavailableError(_why_unreachable(broker, error)) from None
        except TimeoutError:
            raise SourceUnavailableError(
                f"{broker.where}: no answer within {ANSWER_S:g} s. Check host and port, and that "
                "an MQTT broker listens there."
            ) from None
        if code.is_failure:
            raise SourceUnavailableError(_why_refused(broker, str(code)))
        self._misc = asyncio.create_task(self._look_after())

    async def subscribe(self, topics: Sequence[tuple[str, int]]) -> None:
        """Ask for topics, each with a QoS. Raises SourceUnavailableError naming what is refused."""
        self._granted = self._loop.create_future()
        asked: Any = [
            (topic, SubscribeOptions(qos=qos)) if self.broker.version == "5" else (topic, qos)
            for topic, qos in topics
        ]
        self._client.subscribe(asked)
        try:
            async with asyncio.timeout(ANSWER_S):
                codes = await self._granted
        except TimeoutError:
            raise SourceUnavailableError(
                f"{self.broker.where}: it does not answer to a subscription. Try again."
            ) from None
        for (topic, _), code in zip(topics, codes, strict=False):
            if code.is_failure:
                raise SourceUnavailableError(
                    f"{self.broker.where}: {topic!r} is refused ({code}). "
                    f"Allow {self.broker.username or 'this client'} to read it."
                )

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> int:
        """Send a message; returns its number. What cannot be sent at once is queued."""
        return self._client.publish(topic, payload, qos, retain).mid

    @property
    def waiting(self) -> int:
        """Messages published that have not left, or are not acknowledged yet."""
        return len(self._client._out_messages) + len(self._client._out_packet)

    def acknowledge(self, mid: int, qos: int) -> None:
        """Tell the broker that a message is taken over."""
        if qos and self._socket is not None:
            self._client.ack(mid, qos)

    def pause(self) -> None:
        """Read no more: the broker has to wait."""
        if not self._is_paused and self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
        self._is_paused = True

    def resume(self) -> None:
        """Read on."""
        if self._is_paused and self._socket is not None:
            self._loop.add_reader(self._socket.fileno(), self._read)
            self._loop.call_soon(self._read)  # TLS may hold what was read already
        self._is_paused = False

    async def close(self) -> None:
        """Say goodbye: the broker publishes no will. Safe to call twice, and at any time."""
        self._is_closing = True
        if self._misc is not None:
            self._misc.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._misc
            self._misc = None
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
            self._client.loop_write()  # acknowledgements and the goodbye still wait to be written
        self._forget_socket()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._client._sock_close()

    def drop(self) -> None:
        """Break the connection without a goodbye, so that the broker publishes the will."""
        self._is_closing = True
        sock = self._socket
        self._forget_socket()
        if sock is not None:
            sock.close()

    def _made(self, will: Will | None) -> Client:
        broker = self.broker
        is_5 = broker.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=None if is_5 else broker.session_expiry_s <= 0,
            protocol=VERSIONS[broker.version],
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = ANSWER_S / 2
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls is not None:
            client.tls_set_context(broker.tls)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        # `connect` runs in a thread: what it opens is watched by the loop.
        client.on_socket_open = lambda _c, _d, sock: self._soon(self._watch, sock)
        client.on_socket_close = lambda _c, _d, sock: self._unwatch(sock)
        client.on_socket_register_write = lambda _c, _d, sock: self._soon(self._watch_write, sock)
        client.on_socket_unregister_write = lambda _c, _d, sock: self._soon(self._end_write, sock)
        return client

    def _soon(self, act: Callable[[Any], None], sock: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed
            self._loop.call_soon_threadsafe(act, sock)

    def _watch(self, sock: socket.socket) -> None:
        if self._is_closing or sock.fileno() < 0:
            sock.close()
            return
        self._socket = sock
        self._loop.add_reader(sock.fileno(), self._read)

    def _unwatch(self, sock: object) -> None:
        if sock is self._socket:
            self._forget_socket()

    def _forget_socket(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None and sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())

    def _watch_write(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0 and not self._is_closing:
            self._loop.add_writer(sock.fileno(), self._client.loop_write)

    def _end_write(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _read(self) -> None:
        """Read what is there; TLS may hold more than the socket shows."""
        while self._socket is not None and not self._is_paused:
            sock = self._socket
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return
            if not (isinstance(sock, ssl.SSLSocket) and sock.fileno() >= 0 and sock.pending()):
                return

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(MISC_S)
            if self._client.loop_misc() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._tell_lost("the broker fell silent")
                return

    def _connected(
        self, _client: Client, _data: Any, flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        self.session_present = bool(flags.session_present)
        if not self._answer.done():
            self._answer.set_result(code)

    def _subscribed(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Any
    ) -> None:
        if self._granted is not None and not self._granted.done():
            self._granted.set_result(codes)

    def _disconnected(
        self, _client: Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if not self._answer.done():  # refused, or closed before it answered
            self._answer.set_exception(ConnectionResetError(f"closed at once ({code})"))
            return
        self._tell_lost(f"the connection was lost ({code})")

    def _tell_lost(self, reason: str) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._on_lost(f"{self.broker.where}: {reason}.")


def _why_unreachable(broker: Broker, error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{broker.where}: its certificate is not trusted ({error.verify_message}). "
            "Name the authority that signed it with ca_file."
        )
    if isinstance(error, ssl.SSLError):
        return (
            f"{broker.where}: no TLS there ({error.reason}). Check the port: {TLS_PORT} is usual "
            f"with TLS, {PLAIN_PORT} without."
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return (
        f"{broker.where} cannot be reached: {reason}. "
        "Check host and port, and that the broker runs."
    )


def _why_refused(broker: Broker, code: str) -> str:
    if "password" in code.lower() or "authori" in code.lower():
        return (
            f"{broker.where} refuses {broker.username or 'a client without a name'!r}: {code}. "
            "Check username and password."
        )
    if "protocol" in code.lower():
        return f"{broker.where} does not speak MQTT {broker.version}: {code}. Set version."
    if "identifier" in code.lower():
        return f"{broker.where} refuses the client id {broker.client_id!r}: {code}. Set client_id."
    return f"{broker.where} refuses the connection: {code}. Ask who runs the broker."
