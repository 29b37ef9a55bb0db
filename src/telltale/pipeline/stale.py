"""What has fallen silent: found by a timer, because silence sends nothing that could tell."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.events import Event, EventKind, Level
from telltale.pipeline.sentences import duration_text
from telltale.profiles.point_channels import fed_channels
from telltale.profiles.schema import Profile

GAPS_KNOWN = 16  # the newest arrivals tell how often a machine sends
MISSED_GAPS = 5.0  # a machine is silent after so many of its usual gaps
MISSED_ARRIVALS = 3.0  # a channel is silent after so many of its usual intervals
KNOWN_ARRIVALS = 5  # before that its usual interval is a guess
FORGETTING = 0.1  # share by which a shorter interval pulls the usual one down


class Silence:
    """The silence of one machine and of its channels, by the clock of arrival.

    A channel that comes rarely has a long usual interval and is given time for it; while the whole
    machine is silent, its channels are not reported one by one. The `stale_after_s` of an inferred
    profile is a guess: a machine that sends more rarely is given `MISSED_GAPS` of its usual gaps.
    """

    def __init__(
        self, machine: str, profile: Profile, *, last_arrival_ns: int, open_events: Sequence[Event]
    ) -> None:
        """Start to listen.

        Args:
            machine: Whose silence.
            profile: Gives `stale_after_s` and the channels' titles.
            last_arrival_ns: When the last reading came, or when listening began.
            open_events: The machine's open events of kind STALE, after a restart.
        """
        self._machine, self._profile = machine, profile
        self._last_ns = last_arrival_ns
        self._has_heard = False
        self._gaps_ns: deque[int] = deque(maxlen=GAPS_KNOWN)
        self._names = fed_channels(profile)
        self._row = {name: row for row, name in enumerate(self._names)}
        n = len(self._names)
        self._arrivals = np.zeros(n, dtype=np.int64)
        self._channel_ns = np.zeros(n, dtype=np.int64)
        self._usual_ns = np.zeros(n)
        self._open = {event.name: event for event in open_events}
        self._again_ns: dict[str, int] = {}  # when a silent one was first heard again

    def heard(self, batch: Batch, arrival_ns: int) -> None:
        """Note that a batch has arrived."""
        if not len(batch):
            return
        if self._has_heard:
            self._gaps_ns.append(max(0, arrival_ns - self._last_ns))
        self._has_heard = True
        self._last_ns = max(self._last_ns, arrival_ns)
        if "" in self._open:
            self._again_ns.setdefault("", arrival_ns)
        known = [name for name in batch.columns if name in self._row]
        if not known:
            return
        values = np.array([batch.columns[name] for name in known])
        came = np.isfinite(values).any(axis=1)
        rows = np.array([self._row[name] for name in known])[came]
        for name in self._open.keys() & {self._names[row] for row in rows.tolist()}:
            self._again_ns.setdefault(name, arrival_ns)
        gap_ns = (arrival_ns - self._channel_ns[rows]).astype(np.float64)
        usual_ns = self._usual_ns[rows]
        # An outage must not become the usual interval: it counts as the longest that is tolerated.
        gap_ns = np.minimum(gap_ns, np.maximum(MISSED_ARRIVALS * usual_ns, self._patience_ns))
        longer = np.maximum(gap_ns, usual_ns + FORGETTING * (gap_ns - usual_ns))
        self._usual_ns[rows] = np.where(self._arrivals[rows] > 0, longer, 0.0)
        self._channel_ns[rows] = arrival_ns
        self._arrivals[rows] += 1

    def check(self, now_ns: int) -> tuple[Event, ...]:
        """Return what has fallen silent or speaks again since the last check."""
        silent = self._silent(now_ns)
        events: list[Event] = []
        for name, since_ns in silent.items():
            if name not in self._open:
                self._open[name] = self._event(name, since_ns)
                events.append(self._open[name])
        again = [name for name in self._again_ns if name not in silent]
        events += [self._ended(self._open.pop(name), self._again_ns.pop(name)) for name in again]
        return tuple(events)

    def follow(self, before: Silence) -> None:
        """Take over what another one has learnt of the machine's gaps, under another profile."""
        self._gaps_ns, self._has_heard = before._gaps_ns, before._has_heard

    @property
    def _patience_ns(self) -> float:
        """How long the machine may be silent."""
        stated_ns = self._profile.stale_after_s * NS_PER_S
        if not self._profile.inferred or len(self._gaps_ns) < 2:
            return stated_ns
        # Three quarters up, not half: of readings that come in bursts most gaps are none.
        usual_ns = sorted(self._gaps_ns)[3 * (len(self._gaps_ns) - 1) // 4]
        return max(stated_ns, MISSED_GAPS * usual_ns)

    def _silent(self, now_ns: int) -> dict[str, int]:
        """Return since when the machine ("") or its channels are silent."""
        if now_ns - self._last_ns > self._patience_ns:
            return {"": self._last_ns}
        patience_ns = np.maximum(self._patience_ns, MISSED_ARRIVALS * self._usual_ns)
        is_silent = (self._arrivals >= KNOWN_ARRIVALS) & (now_ns - self._channel_ns > patience_ns)
        rows = np.flatnonzero(is_silent).tolist()
        return {self._names[row]: int(self._channel_ns[row]) for row in rows}

    def _event(self, name: str, since_ns: int) -> Event:
        return Event(
            key=f"{self._machine}/stale/{name}/silent/{since_ns}",
            machine=self._machine,
            kind=EventKind.STALE,
            level=Level.WARN,
            name=name,
            rule="silent",
            start_ns=since_ns,
            message=f"{self._who(name)} more readings.",
            advice="Check the sensor, its cable and the feed.",
        )

    def _ended(self, event: Event, end_ns: int) -> Event:
        lasted = duration_text((end_ns - event.start_ns) / NS_PER_S)
        message = f"{self._who(event.name)} readings for {lasted}."
        return msgspec.structs.replace(event, end_ns=end_ns, message=message)

    def _who(self, name: str) -> str:
        channel = self._profile.channels.get(name)
        return "No" if not name else f"{channel.title if channel else name}: no"
