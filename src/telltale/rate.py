"""Achieved rate: events per second over about the last ten seconds, in constant memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from telltale.batch import NS_PER_S

WINDOW_S = 10


@dataclass(slots=True)
class RateMeter:
    """Counts per second of the clock that the caller hands in."""

    counts: deque[tuple[int, int]] = field(
        default_factory=lambda: deque(maxlen=WINDOW_S + 1)
    )  # (second, count)
    first_ns: int = 0

    def add(self, count: int, now_ns: int) -> None:
        """Note `count` events at `now_ns`."""
        second = now_ns // NS_PER_S
        self.first_ns = self.first_ns or now_ns
        if self.counts and self.counts[-1][0] >= second:
            last, total = self.counts.pop()
            self.counts.append((last, total + count))
        else:
            self.counts.append((second, count))

    def per_second(self, now_ns: int) -> float:
        """Return the mean rate over the window, or since the first event if that is later."""
        oldest = now_ns // NS_PER_S - WINDOW_S
        total = sum(count for second, count in self.counts if second >= oldest)
        span_s = min((now_ns - self.first_ns) / NS_PER_S, WINDOW_S + (now_ns % NS_PER_S) / NS_PER_S)
        return total / max(span_s, 1.0) if self.first_ns else 0.0
