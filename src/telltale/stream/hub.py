"""`Hub`: bounded fan-out of what is happening now to any number of viewers.

A viewer costs a few numbers: which version of the machines it saw and how many events. Frames
are built from the newest values when they are sent, so nothing queues up behind a slow viewer;
viewers of the same wishes share the bytes of one frame.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from telltale.errors import TelltaleError
from telltale.events import Event
from telltale.pipeline.base import Result
from telltale.stream.latest import MachineFrame, Newest, States
from telltale.stream.ring import RING_EVENTS, EventRing
from telltale.stream.subscription import Subscription

MAX_VIEWERS = 5_000
EVENTS_PER_MESSAGE = 200
SHARED_FRAMES = 32  # kept per tick: one for those in step, the rest for those behind


class Message(NamedTuple):
    """One message to a viewer: its kind, its number and its JSON."""

    kind: str
    seq: int
    text: str


class TooManyViewersError(TelltaleError):
    """No room for another viewer now."""


class Viewer:
    """One viewer's place in the stream. Whoever sends for it waits, then takes.

    Attributes:
        dropped: Frames that it did not get because it had not taken the one before.
    """

    __slots__ = (
        "_group",
        "_has_begun",
        "_hub",
        "_is_due",
        "_version",
        "_waiter",
        "cursor",
        "dropped",
    )

    def __init__(self, hub: Hub, group: Group) -> None:
        self._hub = hub
        self._group = group
        self._is_due = True  # the first frame shows everything there is
        self._has_begun = False  # until then it is busy with the backfill, and misses nothing
        self._version = 0
        self._waiter: asyncio.Future[None] | None = None
        self.cursor = hub.ring.total
        self.dropped = 0

    @property
    def subscription(self) -> Subscription:
        """What this viewer wants to see."""
        return self._group.subscription

    async def wait(self) -> None:
        """Return when there is something to take."""
        if self._is_due or self.cursor < self._hub.ring.total:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def take(self) -> list[Message]:
        """Return the messages to send now: events first, then at most one frame."""
        self._has_begun = True
        messages: list[Message] = []
        if self.cursor < self._hub.ring.total:
            events = self._events()
            if events is not None:
                messages.append(events)
        if self._is_due:
            self._is_due = False
            frame, self._version = self._group.frame(self._version, self.dropped)
            if frame is not None:
                messages.append(frame)
        return messages

    def offer_frame(self) -> None:
        """Say that a frame is due. One that was not taken since is dropped, and counted."""
        if self._is_due and self._has_begun:
            self.dropped += 1
            self._hub.dropped += 1
        self._is_due = True
        self.nudge()

    def nudge(self) -> None:
        """Wake whoever waits."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _events(self) -> Message | None:
        """Return the next events as one message; None if they are of other machines."""
        entries, missed = self._hub.ring.since(self.cursor, EVENTS_PER_MESSAGE)
        self.cursor += missed + len(entries)
        self._hub.missed_events += missed
        wanted = [entry for entry in entries if self._group.subscription.wants(entry.machine)]
        if not wanted and not missed:
            return None
        seq = entries[-1].seq if entries else self._hub.seq
        body = b",".join(entry.encoded for entry in wanted).decode()
        text = f'{{"type":"events","seq":{seq},"missed":{missed},"events":[{body}]}}'
        return Message("events", seq, text)


class Group:
    """Viewers of equal subscription: one timer, one frame a tick."""

    def __init__(self, hub: Hub, wish: Subscription) -> None:
        self.subscription = wish
        self.viewers: set[Viewer] = set()
        self._hub = hub
        self._interval_s = 1.0 / wish.rate_hz
        self._earliest_s = 0.0
        self._timer: asyncio.Handle | None = None
        self._tick: tuple[int, int] = (hub.next_seq(), hub.clock())
        self._frames: dict[tuple[int, int], tuple[Message | None, int]] = {}

    def touch(self) -> None:
        """Something changed: flush at once if the rate allows, else when it does."""
        self._hub.idle.discard(self)
        loop = asyncio.get_running_loop()
        wait_s = self._earliest_s - loop.time()
        # call_soon: what arrives in the same turn of the loop goes into the same frame
        self._timer = (
            loop.call_later(wait_s, self._flush) if wait_s > 0 else loop.call_soon(self._flush)
        )

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def renew(self) -> None:
        """Give the next frame the number and the time of now."""
        self._tick = (self._hub.next_seq(), self._hub.clock())
        self._frames.clear()

    def _flush(self) -> None:
        self._timer = None
        self._hub.idle.add(self)
        self._earliest_s = asyncio.get_running_loop().time() + self._interval_s
        self.renew()
        for viewer in self.viewers:
            viewer.offer_frame()

    def frame(self, version: int, dropped: int) -> tuple[Message | None, int]:
        """Return what changed since this version as a message, and the version it brings.

        Viewers in step ask for the same version and get the same object.
        """
        cached = self._frames.get((version, dropped))
        if cached is not None:
            return cached
        seq, now_ns = self._tick
        machines = self._hub.changed_since(version, self.subscription, now_ns)
        message = None
        if machines:
            body = self._hub.encoder.encode(machines).decode()
            text = (
                f'{{"type":"frame","seq":{seq},"server_ms":{now_ns // 1_000_000},'
                f'"dropped":{dropped},"machines":{body}}}'
            )
            message = Message("frame", seq, text)
            self._hub.frames += 1
        made = (message, self._hub.version)
        if len(self._frames) < SHARED_FRAMES:
            self._frames[version, dropped] = made
        return made


class Hub:
    """All machines' newest values, the recent events, and who watches them.

    Args:
        clock: UTC nanoseconds now.
        ring: How many recent events are held for those who come back.
        max_viewers: More are refused.

    Attributes:
        epoch: Changes with every start.
        seq: Number of the newest frame or event. It starts at the clock's microseconds, so that
            a number of an earlier epoch is always smaller than this one's first.
        states_of: Says how a machine and its values are, where somebody knows more than the
            events do; None, or an answer of None, leaves it to the events.
        frames, dropped, missed_events: Frames encoded, frames not delivered, events lost to
            viewers that were too far behind; since the start.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], int] = time.time_ns,
        ring: int = RING_EVENTS,
        max_viewers: int = MAX_VIEWERS,
    ) -> None:
        self.clock = clock
        self.epoch = secrets.token_hex(8)
        self.seq = clock() // 1000
        self.version = 0
        self._first_seq = self.seq
        self.states_of: Callable[[str], States | None] | None = None
        self.frames = 0
        self.dropped = 0
        self.missed_events = 0
        self.ring = EventRing(ring)
        self.encoder = msgspec.json.Encoder()
        self.idle: set[Group] = set()
        self._max_viewers = max_viewers
        self._groups: dict[Subscription, Group] = {}
        self._newest: OrderedDict[str, Newest] = OrderedDict()  # the last changed comes last
        self._viewers = 0

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return self._viewers

    def next_seq(self) -> int:
        """Return the next sequence number."""
        self.seq += 1
        return self.seq

    # What comes in

    def publish(self, result: Result) -> None:
        """Take one machine's newest values and events."""
        machine = result.batch.machine
        newest = self._changed(machine)
        newest.take(result.batch, self.clock())
        if result.events:
            newest.note_events(result.events)
            self._log(result.events)
        self._touch(machine)

    def publish_event(self, event: Event) -> None:
        """Take one event that no batch caused."""
        self._changed(event.machine).note_events((event,))
        self._log((event,))
        self._touch(event.machine)

    def newest(self, machine: str) -> Newest:
        """Return what is shown of a machine, marked as changed; for seeding at the start."""
        return self._changed(machine)

    def forget(self, machine: str) -> None:
        """Show nothing more of a machine; viewers keep what they have seen of it."""
        self._newest.pop(machine, None)

    def _changed(self, machine: str) -> Newest:
        newest = self._newest.get(machine)
        if newest is None:
            newest = self._newest[machine] = Newest()
        else:
            self._newest.move_to_end(machine)
        self.version += 1
        newest.version = self.version
        return newest

    def _log(self, events: Iterable[Event]) -> None:
        for event in events:
            self.ring.append(self.next_seq(), event)
        for group in self._groups.values():
            for viewer in group.viewers:
                viewer.nudge()

    def _touch(self, machine: str) -> None:
        """Start the timers of those groups that wait for news of this machine."""
        for group in [idle for idle in self.idle if idle.subscription.wants(machine)]:
            group.touch()

    # What goes out

    def join(self, wish: Subscription) -> Viewer:
        """Add a viewer. Raises TooManyViewersError."""
        if self._viewers >= self._max_viewers:
            raise TooManyViewersError(
                f"All {self._max_viewers} places for viewers are taken. Try again later."
            )
        group = self._groups.get(wish)
        if group is None:
            group = self._groups[wish] = Group(self, wish)
            self.idle.add(group)
        else:
            group.renew()  # else the first frame would say when the last one was made
        viewer = Viewer(self, group)
        group.viewers.add(viewer)
        self._viewers += 1
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer. Safe to call twice."""
        group = self._groups.get(viewer.subscription)
        if group is None or viewer not in group.viewers:
            return
        group.viewers.remove(viewer)
        self._viewers -= 1
        if not group.viewers:
            group.close()
            self.idle.discard(group)
            del self._groups[viewer.subscription]

    def resume(self, viewer: Viewer, seq: int, epoch: str | None) -> tuple[bool, int]:
        """Put a viewer behind the last message that it saw before.

        Returns:
            Whether that was possible, and how many events since are lost already.
        """
        if epoch not in {None, self.epoch} or not self._first_seq <= seq <= self.seq:
            return False, 0
        viewer.cursor, missed = self.ring.cursor_at(seq)
        return True, missed

    def changed_since(
        self, version: int, wish: Subscription, now_ns: int
    ) -> dict[str, MachineFrame]:
        """Return the frames of those machines that changed after this version."""
        frames: dict[str, MachineFrame] = {}
        for machine in reversed(self._newest):
            newest = self._newest[machine]
            if newest.version <= version:
                break
            if wish.wants(machine):
                told = self.states_of(machine) if self.states_of is not None else None
                frames[machine] = newest.frame(wish.channels, now_ns, told)
        return frames
