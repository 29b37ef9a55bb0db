"""What a live client and the server say to each other, and the backfill."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Annotated

import msgspec

from telltale.api.context import Context
from telltale.batch import NS_PER_S, Batch
from telltale.errors import DecodeError, UnknownMachineError
from telltale.runtime.machine import LiveMachine
from telltale.store.base import RangeQuery
from telltale.stream.hub import Message, Viewer
from telltale.stream.latest import ALL
from telltale.stream.subscription import Subscription

MAX_BACKFILL_S = 3600.0
BACKFILL_POINTS = 2_000  # more than a live chart has pixels
MAX_BACKFILL_MACHINES = 200  # the worst come first; a page asks for others by itself
MAX_CLIENT_MESSAGE = 64 * 1024


class Resume(msgspec.Struct, frozen=True):
    """The last message that the client saw before it lost the connection."""

    epoch: str
    seq: int


class Subscribe(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe"):
    """What the client wants to see from now on."""

    machines: tuple[str, ...] = ALL
    channels: tuple[str, ...] = ALL
    rate_hz: float = 10.0
    backfill_s: Annotated[float, msgspec.Meta(ge=0, le=MAX_BACKFILL_S)] = 0.0
    resume: Resume | None = None


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    """Either side asks whether the other is there."""

    sent_ms: float


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer: the ping's own time, and the server's."""

    sent_ms: float
    server_ms: int | None = None


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """Answers every subscribe, before anything else."""

    epoch: str
    seq: int
    server_ms: int
    resumed: bool
    missed_events: int


class Backfill(msgspec.Struct, frozen=True, tag_field="type", tag="backfill"):
    """The last readings of one machine, as columns."""

    machine: str
    time_ns: list[int]
    columns: dict[str, list[float]]


class LiveError(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """What was wrong with a message; the connection goes on."""

    detail: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Subscribe | Ping | Pong)


def encoded(value: msgspec.Struct) -> str:
    """Return one message as JSON text."""
    return _encoder.encode(value).decode()


def client_message(text: str | bytes) -> Subscribe | Ping | Pong:
    """Return what a client said. Raises DecodeError with what it should have been."""
    if len(text) > MAX_CLIENT_MESSAGE:
        raise DecodeError(f"The message is longer than {MAX_CLIENT_MESSAGE} bytes.")
    try:
        said: Subscribe | Ping | Pong = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(
            f"The message cannot be read: {error}. Send JSON with a type of subscribe, ping or "
            "pong; see docs/reference/live.md."
        ) from None
    return said


def hello(context: Context, viewer: Viewer, resume: Resume | None) -> Message:
    """Return the first answer to a subscribe; the viewer is put where it left off."""
    hub = context.hub
    resumed, missed = False, 0
    if resume is not None:
        resumed, missed = hub.resume(viewer, resume.seq, resume.epoch or None)
    server_ms = hub.clock() // 1_000_000
    text = encoded(Hello(hub.epoch, hub.seq, server_ms, resumed, missed))
    return Message("hello", hub.seq, text)


async def backfill(context: Context, wish: Subscription, seconds: float) -> AsyncIterator[Message]:
    """Yield the last seconds of each wanted machine, up to its own newest reading."""
    if seconds <= 0:
        return
    for live in _wanted(context, wish):
        names = _names(live, wish)
        if not live.last_time_ns or not names:
            continue
        end_ns = live.last_time_ns + 1
        query = RangeQuery(
            live.machine.id,
            end_ns - int(seconds * NS_PER_S),
            end_ns,
            names=names,
            points=BACKFILL_POINTS,
        )
        async with context.backfills:  # many come back at once after a restart
            batch = await context.runtime.store.read(query)
        if len(batch):
            yield Message("backfill", context.hub.seq, encoded(_as_message(batch)))


def _wanted(context: Context, wish: Subscription) -> Iterable[LiveMachine]:
    if wish.machines == ALL:
        return context.runtime.machines()[:MAX_BACKFILL_MACHINES]
    found = []
    for machine in wish.machines[:MAX_BACKFILL_MACHINES]:
        try:
            found.append(context.runtime.machine(machine))
        except UnknownMachineError:
            continue  # it may register itself later; until then it has no past
    return found


def _names(live: LiveMachine, wish: Subscription) -> tuple[str, ...]:
    if wish.channels == ALL:
        return live.profile.names
    return tuple(name for name in live.profile.names if name in wish.channels)


def _as_message(batch: Batch) -> Backfill:
    columns = {name: values.tolist() for name, values in batch.columns.items()}
    return Backfill(batch.machine, batch.time_ns.tolist(), columns)
