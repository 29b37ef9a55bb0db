"""An OPC UA server as a feed: its changes by subscription, or its values read in turn."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence

from asyncua import ua

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.base import Decoded, shown
from telltale.registry import suggest
from telltale.sources.base import SourceState, SourceStatus
from telltale.sources.checks import check_number, check_text
from telltale.sources.clock import Clock, SystemClock
from telltale.sources.opc_ua.connect import Connection
from telltale.sources.opc_ua.login import Login, checked_login
from telltale.sources.opc_ua.nodes import Wanted, checked_nodes, checked_paths
from telltale.sources.opc_ua.session import clock_ahead_s, found_nodes, read, subscribe
from telltale.sources.opc_ua.taking import TIMES, Change, Taker
from telltale.sources.opc_ua.values import status_of

MODES = ("subscribe", "poll")
SERVER_QUEUE_S = 10.0  # the server keeps a node's values for so long, if it takes that many
MAX_SERVER_QUEUE = 1_000
LATE_S = 0.1  # beyond its interval, until a message of the server is here
TELL_S = 1.0  # how often details are told
TICK_S = 0.25  # how often silence is looked for
PER_BATCH = 2_000  # changes turned into readings at once
MAX_TOLD = 100
NO_SUCH_NODE = ("BadNodeIdUnknown", "BadNodeIdInvalid")


class OpcUaSource:
    """Nodes of one server, as one machine.

    Args:
        machine: Whose readings they are.
        url: opc.tcp://HOST:PORT/PATH.
        nodes: Channel to node id.
        paths: Browse paths under Objects, with * and **; channels are named by what they leave
            open. At least one of the two is needed.
        mode: "subscribe": the server tells changes; "poll": all is read every `interval_s`.
        interval_s: How often the server sends changes, or all is read.
        refresh_s: With subscribe, all is also read this often, so that what does not change does
            not go stale, and a subscription that died unnoticed is found.
        words: Patterns of the channels whose text is kept, as words.
        times: Which time counts: "source", else "server", else "arrival".
        max_clock_error_s: A time further from ours is not believed.
        security: none, Basic256Sha256, Aes128Sha256RsaOaep or Aes256Sha256RsaPss.
        message_mode: Sign or SignAndEncrypt.
        certificate: File of this client's certificate, PEM or DER.
        key: File of its key.
        key_password: Of the key's file.
        server_certificate: File of the one certificate that the server may have.
        user: "" is anonymous.
        password: The user's.
        timeout_s: How long an answer may take.
        silent_s: Without a message for so long, the connection is made anew.
        max_waiting: Changes held here; beyond, the oldest are dropped and counted.
        clock: For tests.

    Raises:
        SettingsError: A setting is unknown or out of range.
    """

    simulated = False
    is_live = True

    def __init__(
        self,
        machine: str,
        url: str,
        *,
        nodes: Mapping[str, str] | None = None,
        paths: Sequence[str] | None = None,
        mode: str = "subscribe",
        interval_s: float = 1.0,
        refresh_s: float = 10.0,
        words: Sequence[str] = (),
        times: str = "source",
        max_clock_error_s: float = 30.0,
        security: str = "none",
        message_mode: str = "SignAndEncrypt",
        certificate: str = "",
        key: str = "",
        key_password: str = "",
        server_certificate: str = "",
        user: str = "",
        password: str = "",
        timeout_s: float = 4.0,
        silent_s: float = 10.0,
        max_waiting: int = 100_000,
        clock: Clock | None = None,
    ) -> None:
        self.name = f"opc_ua:{check_text('opc_ua', 'machine', machine)}"
        self.machine = machine
        self.status = SourceStatus()
        self._nodes = checked_nodes(self.name, nodes)
        self._patterns = checked_paths(self.name, paths)
        if not self._nodes and not self._patterns:
            raise SettingsError(
                f"{self.name}: nothing to read. Give nodes, channel to node id, or paths such as "
                "Plant/Pump3/*; `telltale opcua browse` shows what is there."
            )
        login = Login(
            url,
            security,  # type: ignore[arg-type]  # becomes a choice in checked_login
            message_mode,  # type: ignore[arg-type]
            certificate,
            key,
            key_password,
            server_certificate,
            user,
            password,
        )
        self._login = checked_login(self.name, login)
        self._is_poll = _one_of(self.name, "mode", mode, MODES) == "poll"
        self._interval_s = check_number(self.name, "interval_s", interval_s, 0.01, 86_400)
        self._refresh_s = check_number(self.name, "refresh_s", refresh_s, 0.1, 86_400)
        self._words = _texts(self.name, "words", words)
        self._times = _one_of(self.name, "times", times, TIMES)
        self._max_clock_error_s = check_number(
            self.name, "max_clock_error_s", max_clock_error_s, 0.1, 1e9
        )
        self._timeout_s = check_number(self.name, "timeout_s", timeout_s, 0.1, 60)
        self._silent_s = check_number(self.name, "silent_s", silent_s, 0.5, 3_600)
        self._max_waiting = int(check_number(self.name, "max_waiting", max_waiting, 10, 10_000_000))
        self._clock = clock or SystemClock()
        self._connection: Connection | None = None
        self._wanted: dict[ua.NodeId, Wanted] = {}
        self._by_handle: list[Wanted] = []
        self._refused: dict[str, str] = {}
        self._clock_ahead_s: float | None = None
        self._taker = Taker(machine, self._words, self._times, self._max_clock_error_s)
        self._waiting: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._heard_s = self._read_s = self._told_s = 0.0
        self._given_interval_s = self._interval_s

    async def open(self) -> None:
        """Connect, and find the nodes. Raises SourceUnavailableError, which is safe to retry."""
        await self.close()
        self.status.state = SourceState.OPENING
        self._wake = asyncio.Event()
        self._taker.connect_anew()
        connection = Connection(
            self._login, timeout_s=self._timeout_s, watch_s=max(1.0, self._silent_s / 2)
        )
        await connection.open()
        try:
            self._wanted = await found_nodes(connection, self._nodes, self._patterns)
            self._by_handle = list(self._wanted.values())
            self._clock_ahead_s = await clock_ahead_s(connection, self._clock.now_ns)
            self._refused = {}
            self._connection = connection
            self._waiting.extend(await self._read(connection))
            self._check_any_there(connection)
            if not self._is_poll:
                await self._subscribe(connection)
        except BaseException:
            self._connection = None
            await connection.close()
            raise
        self.status.state = SourceState.LIVE
        self._tell()

    async def batches(self) -> AsyncIterator[Decoded]:
        """Yield what changed, or was read, until closed."""
        while (connection := self._connection) is not None:
            try:
                if self._is_time_to_read():
                    self._put(await self._read(connection))
                connection.raise_if_lost()
                self._raise_if_silent(connection)
            except SourceUnavailableError:
                if self._connection is None:
                    return  # closed: what waited for an answer was told so
                raise
            if decoded := self._take():
                yield decoded
            if time.monotonic() - self._told_s > TELL_S:
                self._tell()
            if not self._waiting and self._connection is connection:
                await self._wait()

    async def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
        connection, self._connection = self._connection, None
        self._wake.set()
        self.status.dropped += len(self._waiting)
        self._waiting.clear()
        if connection is not None:
            await connection.close()
        self.status.state = SourceState.CLOSED

    async def _subscribe(self, connection: Connection) -> None:
        queue = min(MAX_SERVER_QUEUE, max(10, round(SERVER_QUEUE_S / self._interval_s)))
        self._heard_s = time.monotonic()
        self._given_interval_s, refused = await subscribe(
            connection,
            list(self._wanted),
            self._on_published,
            interval_s=self._interval_s,
            silent_s=self._silent_s,
            queue=queue,
        )
        self._taker.lag_s = self._given_interval_s + LATE_S
        for handle, why in refused.items():
            self._refused[self._by_handle[handle].channel] = why

    def _on_published(self, message: ua.PublishResult) -> None:
        """Take a message of the subscription; called by the client's task."""
        self._heard_s = time.monotonic()
        arrival_ns = self._clock.now_ns()
        for notification in message.NotificationMessage.NotificationData or ():
            if isinstance(notification, ua.DataChangeNotification):
                self._put(
                    [
                        Change(self._by_handle[item.ClientHandle], item.Value, arrival_ns, False)
                        for item in notification.MonitoredItems
                        if item.ClientHandle < len(self._by_handle)
                    ]
                )
            elif isinstance(notification, ua.StatusChangeNotification) and self._connection:
                status = notification.Status.name
                self._connection.lose(
                    f"the server ended the subscription: {status}. It is connected anew."
                )
        self._wake.set()

    def _put(self, changes: Sequence[Change]) -> None:
        """Hold changes until they are taken; beyond the limit the oldest are dropped."""
        self._waiting.extend(changes)
        while len(self._waiting) > self._max_waiting:
            self._waiting.popleft()
            self.status.dropped += 1

    def _take(self) -> Decoded | None:
        changes = [self._waiting.popleft() for _ in range(min(PER_BATCH, len(self._waiting)))]
        decoded = self._taker.take(changes) if changes else None
        if decoded is not None:
            self.status.count(decoded, self._clock.now_ns())
        return decoded

    def _is_time_to_read(self) -> bool:
        every_s = self._interval_s if self._is_poll else self._refresh_s
        return time.monotonic() >= self._read_s + every_s

    async def _read(self, connection: Connection) -> list[Change]:
        """Read all nodes now. Raises SourceUnavailableError."""
        now_s = time.monotonic()
        every_s = self._interval_s if self._is_poll else self._refresh_s
        is_steady = now_s - self._read_s < 2 * every_s
        self._read_s = self._read_s + every_s if is_steady else now_s  # keeps its beat
        values = await read(connection, list(self._wanted))
        self._heard_s = time.monotonic()
        arrival_ns = self._clock.now_ns()
        pairs = zip(self._by_handle, values, strict=True)
        return [Change(node, value, arrival_ns, True) for node, value in pairs]

    def _check_any_there(self, connection: Connection) -> None:
        """Raise SourceUnavailableError if the server knows none of the nodes."""
        first = {change.node.channel: status_of(change.value).name for change in self._waiting}
        unknown = {name: status for name, status in first.items() if status in NO_SUCH_NODE}
        self._refused.update(unknown)
        if len(unknown) == len(first):
            node = self._by_handle[0]
            raise SourceUnavailableError(
                f"{connection.url}: the server knows none of the {len(first)} nodes, such as "
                f"{node.node_id} for {node.channel}. `telltale opcua browse` shows what is there."
            )

    def _raise_if_silent(self, connection: Connection) -> None:
        if self._taker.overdue:
            raise SourceUnavailableError(
                f"{connection.url}: {self._taker.overdue} changes, but the subscription does not "
                "tell it. It is connected anew."
            )
        silent_s = time.monotonic() - self._heard_s
        limit_s = self._silent_s + (self._interval_s if self._is_poll else 0.0)
        if silent_s > limit_s:
            raise SourceUnavailableError(
                f"{connection.url}: nothing came for {silent_s:.0f} s, not even a sign of life. "
                "It is connected anew."
            )

    async def _wait(self) -> None:
        """Wait for a change, but not longer than until something is to be looked at."""
        every_s = self._interval_s if self._is_poll else self._refresh_s
        until_read_s = max(0.0, self._read_s + every_s - time.monotonic())
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), min(TICK_S, until_read_s))

    def _tell(self) -> None:
        """Put what is known into the status."""
        self._told_s = time.monotonic()
        quality = self._taker.quality()
        how = "Reads" if self._is_poll else "Subscribes to"
        bad = f"; {len(self._taker.bad_now)} are bad now" if self._taker.bad_now else ""
        refused = f"; the server refuses {len(self._refused)}" if self._refused else ""
        self.status.detail = (
            f"{how} {len(self._wanted)} nodes of {self._login.url} "
            f"every {self._given_interval_s:g} s{bad}{refused}."
        )
        self.status.details = {
            "url": self._login.url,
            "mode": "poll" if self._is_poll else "subscribe",
            "interval_s": self._given_interval_s,
            "security": self._login.security.value,
            "nodes": {w.channel: w.node_id for w in self._by_handle[:MAX_TOLD]},
            "node_count": len(self._wanted),
            "refused": dict(list(self._refused.items())[:MAX_TOLD]),
            "quality": quality,
            "clock_ahead_s": self._clock_ahead_s,
            "message_age_s": round(time.monotonic() - self._heard_s, 1),
            "waiting": len(self._waiting),
        }


def _one_of(where: str, setting: str, said: str, words: Sequence[str]) -> str:
    if said not in words:
        raise SettingsError(f"{where}: {setting} is {shown(said)!r}. {suggest(str(said), words)}")
    return said


def _texts(where: str, setting: str, said: Sequence[str]) -> tuple[str, ...]:
    if isinstance(said, str) or not all(isinstance(one, str) for one in said):
        raise SettingsError(f"{where}: {setting} is {shown(said)!r}. Give a list of texts.")
    return tuple(said)
