"""`Newest`: the newest value of each channel of one machine, with its state, for live frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from telltale.batch import Batch, age_s, newest_values
from telltale.events import (
    Event,
    Freshness,
    follow_open,
    freshness_of,
    machine_state,
    value_states,
)
from telltale.rate import RateMeter

ALL = ("*",)
States: TypeAlias = tuple[str, Freshness, Mapping[str, str]]  # the last: of its values by name


class MachineFrame(msgspec.Struct, frozen=True):
    """One machine in a live frame. `states` names only what is not ok, `ages_s` only the older."""

    time_ns: int
    age_s: float
    state: str
    freshness: Freshness
    rate_hz: float
    values: dict[str, float]
    states: dict[str, str]
    ages_s: dict[str, float]


@dataclass(slots=True)
class Newest:
    """What is shown of one machine.

    Attributes:
        version: The hub's count when this machine last changed; a viewer that saw an older
            count is given this machine again.
        time_ns: Newest sample; 0 before the first.
        values, times_ns: Newest finite value per name, and when it was measured.
        open_events: By key; the machine's and the values' states follow from them.
    """

    version: int = 0
    time_ns: int = 0
    values: dict[str, float] = field(default_factory=dict)
    times_ns: dict[str, int] = field(default_factory=dict)
    open_events: dict[str, Event] = field(default_factory=dict)
    rate: RateMeter = field(default_factory=RateMeter)

    def take(self, batch: Batch, now_ns: int) -> None:
        """Note the last finite value of each column."""
        if not len(batch):
            return
        self.rate.add(len(batch), now_ns)
        self.time_ns = max(self.time_ns, int(batch.time_ns[-1]))
        for name, value, time_ns in newest_values(batch):
            self.values[name], self.times_ns[name] = value, time_ns

    def seed(self, time_ns: int, values: Mapping[str, float], times_ns: Mapping[str, int]) -> None:
        """Take up the values that were kept before this start."""
        self.time_ns = time_ns
        self.values = dict(values)
        self.times_ns = dict(times_ns)

    def forget_values(self, names: Iterable[str]) -> None:
        """Show no value of these names any more."""
        for name in names:
            self.values.pop(name, None)
            self.times_ns.pop(name, None)

    def note_events(self, events: Iterable[Event]) -> None:
        """Keep those that are open, forget those that ended."""
        follow_open(self.open_events, events)

    def states(self) -> States:
        """Return how the machine and its values are, as far as its events tell."""
        events = self.open_events.values()
        freshness = freshness_of(events) if self.time_ns else Freshness.NO_DATA
        states = value_states(events, self.values, freshness)
        return machine_state(events, freshness), freshness, states

    def frame(
        self, channels: tuple[str, ...], now_ns: int, told: States | None = None
    ) -> MachineFrame:
        """Return the newest values of these channels (`ALL` for all of them).

        Args:
            channels: Names, or `ALL`.
            now_ns: UTC nanoseconds now.
            told: The states, from who knows more than the events.
        """
        state, freshness, states = told or self.states()
        values = self.values
        if channels != ALL:
            values = {name: values[name] for name in channels if name in values}
        return MachineFrame(
            time_ns=self.time_ns,
            age_s=age_s(self.time_ns, now_ns) if self.time_ns else 0.0,
            state=state,
            freshness=freshness,
            rate_hz=round(self.rate.per_second(now_ns), 2),
            values=values,
            states={name: word for name, word in states.items() if name in values},
            ages_s={
                name: age_s(self.times_ns[name], now_ns)
                for name in values
                if self.times_ns[name] < self.time_ns
            },
        )
