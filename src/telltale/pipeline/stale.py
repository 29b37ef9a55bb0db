"""What has fallen silent: found by a timer, because silence sends nothing that could tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from telltale.batch import NS_PER_S, Batch
from telltale.events import Event, EventKind, Level
from telltale.pipeline.sentences import duration_text
from telltale.profiles.schema import Profile

MISSED_ARRIVALS = 3.0  # a channel is silent after so many of its usual intervals
KNOWN_ARRIVALS = 5  # before that its usual interval is a guess
FORGETTING = 0.1  # share by which a shorter interval pulls the usual one down


class Silence:
    """The silence of one machine and of its channels, by the clock of arrival.

    A channel that comes rarely has a long usual interval and is given time for it; while the whole
    machine is silent, its channels are not reported one by one.
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
        self._names = tuple(profile.channels)
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
                self._open[name] = self._event(name, since_ns, now_ns)
                events.append(self._open[name])
        again = [name for name in self._again_ns if name not in silent]
        events += [_ended(self._open.pop(name), self._again_ns.pop(name)) for name in again]
        return tuple(events)

    @property
    def _patience_ns(self) -> float:
        return self._profile.stale_after_s * NS_PER_S

    def _silent(self, now_ns: int) -> dict[str, int]:
        """Return since when the machine ("") or its channels are silent."""
        if now_ns - self._last_ns > self._patience_ns:
            return {"": self._last_ns}
        patience_ns = np.maximum(self._patience_ns, MISSED_ARRIVALS * self._usual_ns)
        is_silent = (self._arrivals >= KNOWN_ARRIVALS) & (now_ns - self._channel_ns > patience_ns)
        rows = np.flatnonzero(is_silent).tolist()
        return {self._names[row]: int(self._channel_ns[row]) for row in rows}

    def _event(self, name: str, since_ns: int, now_ns: int) -> Event:
        silent_for = duration_text((now_ns - since_ns) / NS_PER_S)
        what = f"{self._profile.channels[name].title}: no reading" if name else "No readings"
        return Event(
            key=f"{self._machine}/stale/{name}/silent/{since_ns}",
            machine=self._machine,
            kind=EventKind.STALE,
            level=Level.WARN,
            name=name,
            rule="silent",
            start_ns=since_ns,
            message=f"{what} for {silent_for}.",
            advice="Check the sensor, its cable and the feed.",
        )


def _ended(event: Event, end_ns: int) -> Event:
    lasted = duration_text((end_ns - event.start_ns) / NS_PER_S)
    head, _, _ = event.message.rpartition(" for ")
    return Event(
        key=event.key,
        machine=event.machine,
        kind=event.kind,
        level=event.level,
        name=event.name,
        rule=event.rule,
        start_ns=event.start_ns,
        end_ns=end_ns,
        message=f"{head} for {lasted}.",
        advice=event.advice,
    )
