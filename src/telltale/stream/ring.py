"""`EventRing`: the recent events in order, encoded once, read by any number of cursors."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgspec

from telltale.events import Event

RING_EVENTS = 10_000  # about 5 MB; a viewer further behind is told how many it missed
EVICTED_SEQS = 65_536  # how far back the count of missed events stays exact


class RingEntry(NamedTuple):
    """One event as it is sent."""

    seq: int
    machine: str
    encoded: bytes


class EventRing:
    """A bounded log of events. A cursor is the count of events that were seen so far."""

    def __init__(self, size: int = RING_EVENTS) -> None:
        self._entries: deque[RingEntry] = deque(maxlen=size)
        self._evicted: deque[int] = deque(maxlen=EVICTED_SEQS)
        self._encoder = msgspec.json.Encoder()
        self.total = 0

    def append(self, seq: int, event: Event) -> None:
        """Add one event; the oldest makes room."""
        if len(self._entries) == self._entries.maxlen:
            self._evicted.append(self._entries[0].seq)
        self._entries.append(RingEntry(seq, event.machine, self._encoder.encode(event)))
        self.total += 1

    def cursor_at(self, seq: int) -> tuple[int, int]:
        """Return the cursor behind `seq`, and how many later events are lost already."""
        later = 0
        for entry in reversed(self._entries):
            if entry.seq <= seq:
                return self.total - later, 0
            later += 1
        missed = sum(1 for evicted in self._evicted if evicted > seq)
        return self.total - later, missed

    def since(self, cursor: int, limit: int) -> tuple[list[RingEntry], int]:
        """Return at most `limit` events behind the cursor, and how many of them are lost."""
        behind = self.total - cursor
        missed = max(0, behind - len(self._entries))
        behind -= missed
        stop = max(behind - limit, 0)
        return [self._entries[-i] for i in range(behind, stop, -1)], missed
