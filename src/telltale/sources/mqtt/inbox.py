"""`Inbox`: messages that wait to be decoded, and those that wait for their commit. Bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from telltale.formats.base import Decoded
from telltale.sources.mqtt.decoding import Message

MAX_WAITING_BYTES = 64 << 20


@dataclass(slots=True)
class Given:
    """Messages that were handed on as one input and await its commit."""

    decoded: Decoded
    messages: Sequence[Message]
    is_kept: bool = False


class Inbox:
    """Holds messages until they are acknowledged.

    Args:
        max_messages: Waiting and handed on together; beyond, `has_room` is False.
    """

    def __init__(self, max_messages: int) -> None:
        self._max_messages = max_messages
        self._waiting: deque[Message] = deque()
        self._waiting_bytes = 0
        self._given: deque[Given] = deque()
        self.unacknowledged = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """False when the broker has to wait."""
        held = len(self._waiting) + self.unacknowledged
        return held < self._max_messages and self._waiting_bytes < MAX_WAITING_BYTES

    def put(self, message: Message) -> None:
        """Take a message in."""
        self._waiting.append(message)
        self._waiting_bytes += len(message.payload)

    def take(self, at_most: int) -> list[Message]:
        """Return the oldest that wait."""
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), at_most))]
        self._waiting_bytes -= sum(len(message.payload) for message in taken)
        return taken

    def handed_on(self, decoded: Decoded, messages: Sequence[Message]) -> None:
        """Remember what became of messages, until it is settled."""
        self._given.append(Given(decoded, messages))
        self.unacknowledged += len(messages)

    def awaits(self, decoded: Decoded) -> bool:
        """Tell whether this very object was handed on by this connection."""
        return any(one.decoded is decoded for one in self._given)

    def kept(self, decoded: Decoded) -> list[Message]:
        """Note that an input is committed; return what may be acknowledged now.

        That is in order of arrival (MQTT-4.6.0-2): what is settled early waits for those before.
        """
        for one in self._given:
            if one.decoded is decoded:
                one.is_kept = True
        done: list[Message] = []
        while self._given and self._given[0].is_kept:
            done += self._given.popleft().messages
        self.unacknowledged -= len(done)
        return done

    def clear(self) -> None:
        """Forget all: the connection is gone, and the broker sends them again."""
        self._waiting.clear()
        self._given.clear()
        self._waiting_bytes = self.unacknowledged = 0
