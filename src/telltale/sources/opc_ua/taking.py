"""Values of nodes to readings: their times, their quality, and what is told of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asyncua import ua

from telltale.batch import NS_PER_S
from telltale.formats.base import Decoded
from telltale.formats.readings import Found, Reading, Words, decoded_of
from telltale.sources.opc_ua.nodes import Wanted
from telltale.sources.opc_ua.values import columns_of, has_overflown, ns_of, status_of

MAX_TOLD = 100  # channels, and kinds of status
TIMES = ("source", "server", "arrival")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that came.

    Attributes:
        node: Whose.
        value: With status and times.
        arrival_ns: UTC, when it came.
        is_read: It was asked for, so it holds now; else the server told a change.
    """

    node: Wanted
    value: ua.DataValue
    arrival_ns: int
    is_read: bool


@dataclass(slots=True)
class Taker:
    """Turns what comes from one server into readings. Times given never go back.

    Args:
        machine: Whose.
        words: Patterns of the channels whose text is kept.
        times: Which time counts: the source's, the server's, or that of arrival.
        max_clock_error_s: A time further from ours is not believed; the next of the three counts.
        lag_s: Of a subscription, how late the server may tell a change; None where all is read.

    Attributes:
        counts: Values that were good, uncertain, bad, lost in the server's queue, moved in time.
        statuses: How often which status other than good.
        bad_now, uncertain_now: By channel, what its newest value says.
        untold: Channels whose change was read, and not told by the subscription yet.
        overdue: One of those, read changed twice and never told: the subscription is dead.
    """

    machine: str
    words: Sequence[str] = ()
    times: str = "source"
    max_clock_error_s: float = 30.0
    lag_s: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    bad_now: dict[str, str] = field(default_factory=dict)
    uncertain_now: dict[str, str] = field(default_factory=dict)
    untold: set[str] = field(default_factory=set)
    overdue: str = ""
    _numbers: Words = field(default_factory=Words)
    _last: dict[str, ua.DataValue] = field(default_factory=dict)
    _left_out: dict[str, str] = field(default_factory=dict)
    _newest_ns: int = 0

    def take(self, changes: Sequence[Change]) -> Decoded | None:
        """Return the readings of these values; None if there is nothing to give or tell."""
        found = Found()
        for change in changes:
            self._take(change, found)
        if not (found.readings or found.refusals.values or found.left_out):
            return None
        found.readings.sort(key=lambda reading: reading.time)
        self._keep_order(found.readings)
        found.units.update({c.node.channel: c.node.unit for c in changes if c.node.unit})
        decoded = decoded_of(found, arrivals_ns=[0], senders=[], words=self._numbers)
        names = {c.node.channel: c.node.names for c in changes if c.node.names}
        return replace(decoded, names=names)

    def connect_anew(self) -> None:
        """Begin a new connection: times and the numbers of words go on, nothing is owed."""
        self.lag_s, self.overdue = None, ""
        self.untold.clear()

    def quality(self) -> dict[str, Any]:
        """Return what is known of quality and times, for people and scripts."""
        return {
            **{word: self.counts[word] for word in ("good", "uncertain", "bad")},
            "lost_in_server": self.counts["lost in the server"],
            "moved_in_time": self.counts["moved in time"],
            "statuses": dict(self.statuses.most_common(MAX_TOLD)),
            "bad_now": dict(list(self.bad_now.items())[:MAX_TOLD]),
            "uncertain_now": dict(list(self.uncertain_now.items())[:MAX_TOLD]),
        }

    def _take(self, change: Change, found: Found) -> None:
        channel, value = change.node.channel, change.value
        last = self._last.get(channel)
        is_old = last is not None and value.SourceTimestamp == last.SourceTimestamp
        has_source_time = value.SourceTimestamp is not None
        if not change.is_read:
            self.untold.discard(channel)
            if is_old and has_source_time:
                return  # a subscription begins with what was read before
        elif self.lag_s is not None and last is not None:
            self._take_sign_of_life(change, last, found)
            return
        self._last[channel] = value
        self.counts["lost in the server"] += has_overflown(value)
        self._give(change, self._time_ns(change, last), found)

    def _take_sign_of_life(self, change: Change, last: ua.DataValue, found: Found) -> None:
        """Take what was read beside a subscription: only what has not changed.

        What has changed is the subscription's to tell, with what came before it. That may come
        `lag_s` late, so an unchanged value is given as of then: it was the same already.
        """
        channel = change.node.channel
        if not _is_same(change.value, last):
            self.overdue = channel if channel in self.untold else self.overdue
            self.untold.add(channel)
            return
        self.untold.discard(channel)
        self._last[channel] = change.value
        time_ns = self._time_ns(change, last) - round((self.lag_s or 0.0) * NS_PER_S)
        if time_ns > max(self._newest_ns, ns_of(last.SourceTimestamp) or 0):
            self._give(change, time_ns, found)

    def _give(self, change: Change, time_ns: int, found: Found) -> None:
        """Add a value to the readings unless it is bad, or nothing that is kept."""
        if not self._is_usable(change, found):
            return
        channel = change.node.channel
        columns, why_not = columns_of(channel, change.value, self.words)
        if why_not and self._left_out.get(channel) != why_not:  # told once
            self._left_out[channel] = why_not
            found.leave_out(channel, why_not)
        if columns:
            found.readings.append(Reading(self.machine, dict(columns), time_ns))

    def _is_usable(self, change: Change, found: Found) -> bool:
        """Count the status; True unless it is bad."""
        channel, status = change.node.channel, status_of(change.value)
        self.bad_now.pop(channel, None)
        self.uncertain_now.pop(channel, None)
        if status.is_good():
            self.counts["good"] += 1
            return True
        if len(self.statuses) < MAX_TOLD or status.name in self.statuses:
            self.statuses[status.name] += 1
        if status.is_uncertain():
            self.counts["uncertain"] += 1
            self.uncertain_now[channel] = status.name
            return True
        self.counts["bad"] += 1
        self.bad_now[channel] = status.name
        message = f"{channel}: {status.name}: {status.doc.rstrip('.')}. No value is kept."
        found.refusals.value(None, channel, status.name, "a good value", message)
        return False

    def _time_ns(self, change: Change, last: ua.DataValue | None) -> int:
        """Return when a value was measured.

        A time that is the same as the last one says when the value changed. What was read since
        is as old as the reading of it, so the next time counts, in the end that of arrival.
        """
        value = change.value
        source, server = value.SourceTimestamp, value.ServerTimestamp
        known = {"source": [source, server], "server": [server], "arrival": []}[self.times]
        before = (last.SourceTimestamp, last.ServerTimestamp) if last is not None else ()
        for moment in known:
            time_ns = ns_of(moment)
            if time_ns is None or moment in before:
                continue
            if self._is_believed(time_ns, change.arrival_ns):
                return time_ns
        return change.arrival_ns

    def _is_believed(self, time_ns: int, arrival_ns: int) -> bool:
        return abs(time_ns - arrival_ns) <= self.max_clock_error_s * NS_PER_S

    def _keep_order(self, readings: Sequence[Reading]) -> None:
        """Move what lies before the newest time given to that time: two clocks differ a little."""
        for reading in readings:
            if reading.time < self._newest_ns:
                reading.time = self._newest_ns
                self.counts["moved in time"] += 1
            self._newest_ns = reading.time


def _is_same(value: ua.DataValue, other: ua.DataValue) -> bool:
    """Tell whether two values and their qualities are the same, whenever they were measured."""
    if status_of(value).is_bad() and status_of(other).is_bad():
        return True
    one, two = (v.Value.Value if v.Value is not None else None for v in (value, other))
    is_equal = bool(one == two) or repr(one) == repr(two)  # NaN equals nothing
    return is_equal and status_of(value).is_good() == status_of(other).is_good()
