"""One side of a limit as a rule, and an episode beyond it, told as an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from telltale import units
from telltale.batch import NS_PER_S
from telltale.errors import ProfileError
from telltale.events import Cause, Event, EventKind, Level
from telltale.pipeline.compiled import fingerprint
from telltale.pipeline.sentences import duration_text, limit_text, value_text
from telltale.profiles.schema import Channel, Limits, Metric, Output

PENDING, WARN, CRITICAL = 0, 1, 2
LEVELS = {WARN: Level.WARN, CRITICAL: Level.CRITICAL}


class Episode(msgspec.Struct, frozen=True):
    """One episode under way.

    Attributes:
        start_ns: When the value went beyond the mildest bound.
        level: 0 until it has held long enough to be told, then the worst so far: 1 warn,
            2 critical.
        worst: Most extreme value so far.
        is_beyond: Whether the last sample was beyond, or not yet back by the hysteresis.
        inside_ns: When it came back, if it is not beyond.
        is_critical: As `is_beyond`, for the critical bound.
        critical_ns: When the value went beyond the critical bound, if it is.
        causes, because: Of a model's finding, what explains it, as values and as a sentence.
    """

    start_ns: int
    level: int
    worst: float
    is_beyond: bool = True
    inside_ns: int = 0
    is_critical: bool = False
    critical_ns: int = 0
    causes: tuple[Cause, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class LimitRule:
    """One side of the limits of one channel or metric.

    Attributes:
        name: Channel or metric.
        side: Which way is abnormal.
        mild, severe: The bound that opens an episode, and the critical one if that is another.
        opens_at: Level of the mild bound.
        hysteresis, hold_ns, clear_ns, when: As in `Limits`.
        title, unit, decimals, advice: For the message.
    """

    name: str
    side: Literal["above", "below"]
    mild: float
    severe: float | None
    opens_at: int
    hysteresis: float
    hold_ns: int
    clear_ns: int
    when: tuple[str, Literal["above", "below"], float] | None
    title: str
    unit: str
    decimals: int
    advice: str | None

    @property
    def key(self) -> str:
        """Unique among the rules of a profile."""
        return f"{self.name}/{self.side}"

    @property
    def sign(self) -> float:
        """What turns a value so that greater is worse."""
        return 1.0 if self.side == "above" else -1.0

    @property
    def fingerprint(self) -> str:
        """Changes when an episode under the old rule would mean something else."""
        return fingerprint(
            (self.mild, self.severe, self.opens_at),
            (self.hysteresis, self.hold_ns, self.clear_ns, self.when, self.unit),
        )

    def event(self, machine: str, episode: Episode, end_ns: int | None = None) -> Event:
        """Return the episode as an event: open, or ended at end_ns."""
        limit = self._limit(episode)
        level = LEVELS[episode.level]
        return Event(
            key=f"{machine}/limit/{self.key}/{episode.start_ns}",
            machine=machine,
            kind=EventKind.LIMIT,
            level=level,
            name=self.name,
            rule=f"{level}_{self.side}",
            start_ns=episode.start_ns,
            end_ns=end_ns,
            value=episode.worst,
            limit=limit,
            message=f"{self._told(episode, end_ns)} {episode.because}".rstrip(),
            advice=self.advice,
            causes=episode.causes,
        )

    def sentence(self, episode: Episode, value: float, time_ns: int) -> str:
        """Return how an open episode stands: a bound, and how long the value is beyond that one.

        Args:
            episode: After the newest sample.
            value: The newest one.
            time_ns: When it was measured.
        """
        limit = self._limit(episode)
        reached = f"reached {self._value(episode.worst, limit)}, limit {limit_text(limit)}"
        bound, since_ns = self.mild, episode.start_ns
        if limit != self.mild and episode.is_critical:
            bound, since_ns = limit, episode.critical_ns
        if (value - bound) * self.sign <= 0:  # not yet back for good
            return f"{self.title} {reached}; now {self._value(value, bound)}."
        text = f"{self.title} {self._value(value, bound)}, limit {limit_text(bound)}"
        lasting = duration_text((time_ns - since_ns) / NS_PER_S)
        stands = f"{text}, for {lasting}{'' if bound == limit else f'; {reached}'}."
        # what explains it was read when it was found, and may have moved since
        return f"{stands} When found: {episode.because}" if episode.because else stands

    def _limit(self, episode: Episode) -> float:
        """Return the bound of the episode's level."""
        if self.severe is None or episode.level != CRITICAL:
            return self.mild
        return self.severe

    def _told(self, episode: Episode, end_ns: int | None) -> str:
        """Return what stays true of an episode: its peak, and the time beyond its mild bound."""
        limit = self._limit(episode)
        peak = self._value(episode.worst, limit)
        if end_ns is None:
            return f"{self.title} reached {peak}, limit {limit_text(limit)}."
        lasted = duration_text((end_ns - episode.start_ns) / NS_PER_S)
        mild = f"{limit_text(self.mild)} {self.unit}".rstrip()
        severe = "" if limit == self.mild else f", limit {limit_text(limit)}"
        return f"{self.title} was {self.side} {mild} for {lasted} and reached {peak}{severe}."

    def _value(self, value: float, limit: float) -> str:
        return f"{value_text(value, self.decimals, limit)} {self.unit}".rstrip()


def rules_of(profile: str, name: str, signal: Channel | Metric | Output) -> Iterator[LimitRule]:
    """Give a rule for each side on which a channel or metric has a limit.

    Raises:
        ProfileError: The critical bound lies inside the warning bound.
    """
    limits = signal.limits or Limits()
    sides: tuple[tuple[Literal["above", "below"], float | None, float | None], ...] = (
        ("above", limits.warn_above, limits.critical_above),
        ("below", limits.warn_below, limits.critical_below),
    )
    for side, warn, critical in sides:
        mild = critical if warn is None else warn
        if mild is None:
            continue
        severe = None if warn is None else critical
        sign = 1.0 if side == "above" else -1.0
        if severe is not None and sign * severe < sign * mild:
            raise ProfileError(
                f"{profile}: limits of {name!r}: critical_{side} {severe} is reached before "
                f"warn_{side} {mild}. Exchange them."
            )
        yield LimitRule(
            name=name,
            side=side,
            mild=mild,
            severe=severe,
            opens_at=CRITICAL if warn is None else WARN,
            hysteresis=limits.hysteresis,
            hold_ns=round(limits.hold_s * NS_PER_S),
            clear_ns=round(limits.clear_s * NS_PER_S),
            when=limits.when,
            title=signal.title,
            unit=units.symbol(signal.unit),
            decimals=signal.decimals,
            advice=limits.advice,
        )
