"""How many samples a second a feed achieves, and the counting that all sources share."""

from __future__ import annotations

from collections import deque

from telltale.batch import NS_PER_S
from telltale.formats.base import Decoded
from telltale.sources.base import SourceStatus

WINDOW_S = 10.0
BUCKETS = 20


class RateMeter:
    """Counts samples in half-second buckets over about the last 10 s."""

    def __init__(self) -> None:
        self._bucket_ns = round(WINDOW_S / BUCKETS * NS_PER_S)
        self._counts: deque[tuple[int, int]] = deque(maxlen=BUCKETS + 1)
        self._first_ns: int | None = None

    def add(self, samples: int, now_ns: int) -> float:
        """Count samples that came now; return the rate, as `rate_hz`."""
        if self._first_ns is None:
            self._first_ns = now_ns
        bucket = now_ns // self._bucket_ns
        if self._counts and self._counts[-1][0] == bucket:
            self._counts[-1] = (bucket, self._counts[-1][1] + samples)
        else:
            self._counts.append((bucket, samples))
        return self.rate_hz(now_ns)

    def rate_hz(self, now_ns: int) -> float:
        """Return samples a second over the last 10 s, or since the first sample if that is less."""
        if self._first_ns is None:
            return 0.0
        oldest = now_ns // self._bucket_ns - BUCKETS
        counted = sum(count for bucket, count in self._counts if bucket > oldest)
        known_s = max((now_ns - self._first_ns) / NS_PER_S, 1.0)
        return counted / min(known_s, WINDOW_S)


def count(status: SourceStatus, meter: RateMeter, decoded: Decoded, now_ns: int) -> None:
    """Note in a source's status what it is about to yield."""
    rows = decoded.rows
    status.rows += rows
    status.rejected += decoded.rejected_rows
    for batch in decoded.batches:
        if len(batch):
            status.last_time_ns = max(status.last_time_ns, int(batch.time_ns[-1]))
    status.rate_hz = meter.add(rows, now_ns)
