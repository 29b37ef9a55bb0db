"""Which PIDs to ask next: each as often as it was asked for, as far as the adapter gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from telltale.formats.obd.pids import GROUPED_BELOW
from telltale.rate import RateMeter
from telltale.sources.obd.wanted import CURRENT, Wanted

MISSES = 5  # in a row; then a PID rests
REST_S = 30.0
FAILURES = 4  # in a row; chance alone hardly makes so many
FIRST_PATIENCE = 50
LONGEST_PATIENCE = 10_000


@dataclass(slots=True)
class Poll:
    """One PID in the schedule.

    Attributes:
        wanted: What it is.
        address: Where it is asked; "" for all computers.
        owner: Whose answer counts; "" for any.
        due_s: When it should be asked next.
        misses: How often in a row it was not answered.
        is_resting: It has not answered for so long that it is asked once in 30 s.
        meter: Answers a second.
    """

    wanted: Wanted
    address: str = ""
    owner: str = ""
    due_s: float = 0.0
    misses: int = 0
    is_resting: bool = False
    meter: RateMeter = field(default_factory=RateMeter)

    @property
    def period_s(self) -> float:
        """How long from one asking to the next."""
        return 1.0 / self.wanted.hz

    @property
    def can_be_grouped(self) -> bool:
        """True if others may be asked in the same request."""
        return self.wanted.service == CURRENT and self.wanted.number < GROUPED_BELOW


class Schedule:
    """The order of requests. No clock of its own: it is told the time.

    What is due is asked in the order of how late it is, measured in its own periods. So when the
    adapter cannot keep up, rates sink together, those of the slow group a little less.
    """

    def __init__(self, polls: Iterable[Poll]) -> None:
        self.polls = list(polls)

    def next(self, now_s: float, at_most: int) -> list[Poll]:
        """Return what to ask now, in one request; nothing if nothing is due.

        Args:
            now_s: Any clock that does not go back.
            at_most: PIDs in a request.
        """
        due = [poll for poll in self.polls if poll.due_s <= now_s]
        if not due:
            return []
        due.sort(key=lambda poll: (now_s - poll.due_s) / poll.period_s, reverse=True)
        first, *others = due
        if not first.can_be_grouped:
            return [first]
        alike = [p for p in others if p.can_be_grouped and p.address == first.address]
        return [first, *alike[: at_most - 1]]

    def wait_s(self, now_s: float) -> float:
        """Return how long it is until something is due; 60 s if nothing is asked for."""
        return max(0.0, min((poll.due_s for poll in self.polls), default=now_s + 60.0) - now_s)

    def answered(self, polls: Sequence[Poll], now_s: float, now_ns: int) -> None:
        """Note that these were answered."""
        for poll in polls:
            poll.misses, poll.is_resting = 0, False
            poll.meter.add(1, now_ns)
            # A period that is over is not made up for: then who waits longest comes first.
            poll.due_s = max(poll.due_s + poll.period_s, now_s)

    def missed(self, polls: Sequence[Poll], now_s: float, *, is_refused: bool = False) -> None:
        """Note that these were not; they are asked again at once, and rest after five times.

        `is_refused` says that the car has told that it does not have them.
        """
        for poll in polls:
            poll.misses += 1
            if is_refused or poll.is_resting or poll.misses >= MISSES:
                poll.is_resting = True
                poll.due_s = now_s + REST_S

    def has_unasked(self) -> bool:
        """True while there is something that was neither answered nor given up."""
        return any(not poll.meter.counts and not poll.is_resting for poll in self.polls)

    def rates(self, now_ns: int) -> list[dict[str, object]]:
        """Return what each PID should reach and does, as plain values."""
        return [
            {
                "pid": poll.wanted.key,
                "channels": [name for name, _ in poll.wanted.columns],
                "asked_hz": poll.wanted.hz,
                "achieved_hz": round(poll.meter.per_second(now_ns), 2),
                "state": "not answered" if poll.is_resting else "read",
            }
            for poll in self.polls
        ]


class Ability:
    """Something that an adapter may do badly: less of it after failures, more after successes.

    Args:
        most: What is asked for when all is well.
        least: What every adapter can do.

    Attributes:
        now: What is asked for at present.
    """

    def __init__(self, most: int, least: int) -> None:
        self.now = most
        self._most, self._least = most, least
        self._failures = self._successes = 0
        self._patience = FIRST_PATIENCE

    def worked(self) -> None:
        """Note a success; after many the most is tried again, each time after twice as many."""
        self._failures = 0
        self._successes += 1
        if self._successes >= self._patience:
            self._successes, self.now = 0, self._most

    def failed(self) -> None:
        """Note a failure; after four in a row half of it is asked for."""
        self._successes = 0
        self._failures += 1
        if self._failures >= FAILURES and self.now > self._least:
            self._failures, self.now = 0, max(self._least, self.now // 2)
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)


def frames_of(length: int) -> int:
    """Return how many CAN frames a message of so many bytes has, by ISO-TP."""
    return 1 if length < 8 else 1 + -(-(length - 6) // 7)
