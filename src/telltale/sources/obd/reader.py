"""Reads a car that answers, request after request, at the rates that were asked for."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telltale.formats.obd.frames import Framing
from telltale.formats.obd.pids import pid_table
from telltale.formats.obd.replies import Problem, Reply
from telltale.sources.clock import Clock
from telltale.sources.obd.adapter import DATA_S, AdapterSilentError
from telltale.sources.obd.car import Car, address_of
from telltale.sources.obd.connect import Connected
from telltale.sources.obd.find_adapter import prepare
from telltale.sources.obd.find_bus import CarSilentError
from telltale.sources.obd.replied import answers_from, data_by_pid, has, is_refused
from telltale.sources.obd.schedule import Ability, Poll, Schedule, frames_of
from telltale.sources.obd.wanted import CURRENT, Wanted

PIDS_PER_REQUEST = 6  # SAE J1979, on CAN
KEEP_ALIVE_S = 4.0  # some adapters and cars go to sleep after five seconds of silence
LOST_S = 6.0  # without a single answer: the ignition is off
SHORT_WAIT_S = 0.2  # so that closing is quick
SPOILT_IN_A_ROW = 3  # then the adapter has perhaps forgotten its settings
SILENT_IN_A_ROW = 3
MOST_EXPECTED = 15  # one hex digit
KEEP_ALIVE = "0100"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one request gave.

    Attributes:
        time_ns: UTC, when the answer was complete.
        values: By column; NaN where the car has nothing.
        units: By column.
    """

    time_ns: int
    values: dict[str, float]
    units: dict[str, str]


class CarReader:
    """Asks a car for what is wanted, as often as it is wanted and the adapter allows.

    Args:
        connected: An adapter in a car that answers.
        car: What the car has.
        wanted: What is to be read. What the car does not have is left out.
        clock: Tells the time of readings.

    Attributes:
        schedule: What is asked, with its rates.
        missing: What is wanted and the car does not have.
        failures: How often what went wrong; bounded by the kinds there are.
        resets: How often the adapter lost its settings.
    """

    def __init__(
        self, connected: Connected, car: Car, wanted: Iterable[Wanted], clock: Clock
    ) -> None:
        self._connected, self._car, self._clock = connected, car, clock
        given = list(wanted)
        self.missing = [one for one in given if not has(car, one)]
        self.schedule = Schedule(self._poll(one) for one in given if one not in self.missing)
        self.failures: Counter[str] = Counter()
        self.resets = 0
        self._group = Ability(PIDS_PER_REQUEST if connected.is_can else 1, 1)
        self._count = Ability(1, 0)
        self._good_s = self._asked_s = time.monotonic()
        self._spoilt = self._silent = 0

    async def next(self) -> Reading | None:
        """Ask what is due, or wait a little. None if that gave no reading.

        Raises:
            CarSilentError: No answer for 6 s.
            SourceUnavailableError: The adapter is gone.
        """
        now_s = time.monotonic()
        polls = self.schedule.next(now_s, self._group.now)
        if polls:
            return await self._ask(polls)
        if now_s - self._asked_s > KEEP_ALIVE_S:
            await self._keep_alive()
        else:
            await asyncio.sleep(min(self.schedule.wait_s(now_s), SHORT_WAIT_S))
        return None

    def _poll(self, wanted: Wanted) -> Poll:
        """Return where a PID is asked: at the computer that has it, if that can be."""
        car, now_s = self._car, time.monotonic()
        if wanted.ecu:
            return Poll(wanted, wanted.ecu, answers_from(wanted.ecu), now_s)
        owner = car.owner(wanted.number) if wanted.service == CURRENT else car.engine
        if owner == car.engine or not car.address:
            return Poll(wanted, car.address, owner, now_s)
        return Poll(wanted, address_of(self._connected, owner), owner, now_s)

    async def _ask(self, polls: list[Poll]) -> Reading | None:
        reply = await self._reply(polls)
        now_s, now_ns = time.monotonic(), self._clock.now_ns()
        if reply is None:
            self.schedule.missed(polls, now_s)
            self._check_alive(now_s)
            return None
        data = data_by_pid(polls, reply)
        answered = [poll for poll in polls if poll.wanted.key in data]
        left = [poll for poll in polls if poll.wanted.key not in data]
        self.schedule.answered(answered, now_s, now_ns)
        if left:
            self._note_failure(reply, polls, is_partial=bool(answered))
            refused = len(polls) == 1 and is_refused(reply)
            self.schedule.missed(left, now_s, is_refused=refused)
        else:
            self._group.worked()
            self._count.worked()
        if not answered:
            await self._after_failure(reply, now_s)
            return None
        self._good_s, self._spoilt = now_s, 0
        values: dict[str, float] = {}
        units: dict[str, str] = {}
        for poll in answered:
            values |= poll.wanted.values(data[poll.wanted.key])
            units |= poll.wanted.units()
        return Reading(now_ns, values, units)

    async def _reply(self, polls: Sequence[Poll]) -> Reply | None:
        """Send the request; None if the adapter cannot, or did not end its answer."""
        adapter = self._connected.adapter
        if not await adapter.head_for(polls[0].address):
            self.failures["address not taken"] += 1
            return None
        self._asked_s = time.monotonic()
        try:
            reply = await adapter.command(self._request(polls), DATA_S)
        except AdapterSilentError:
            self.failures["no answer"] += 1
            self._silent += 1
            if self._silent >= SILENT_IN_A_ROW:
                raise
            return None
        self._silent = 0
        return reply

    def _request(self, polls: Sequence[Poll]) -> str:
        """Return the digits of a request, with that for how many frames will come."""
        pids = "".join(poll.wanted.pid.hex() for poll in polls).upper()
        frames = self._frames(polls) if self._count.now else 0
        digit = f"{frames:X}" if 0 < frames <= MOST_EXPECTED else ""
        return f"{polls[0].wanted.service:02X}{pids}{digit}"

    def _frames(self, polls: Sequence[Poll]) -> int:
        """Return how many lines the answer will have; 0 where that cannot be known."""
        framing, first = self._connected.adapter.framing, polls[0]
        if framing is Framing.BARE or framing is None:
            return 0
        if first.wanted.service != CURRENT:
            length = 1 + len(first.wanted.pid) + max(n.at + n.size for _, n in first.wanted.columns)
            return frames_of(length) if first.address or framing is Framing.LEGACY else 0
        if not first.can_be_grouped:
            return 0  # its length differs between editions of the standard
        asked = {poll.wanted.number for poll in polls}
        computers = self._car.computers
        owners = [first.owner] if first.address else list(computers)
        lengths = [
            1 + sum(1 + pid_table()[pid].size for pid in asked & computers.get(ecu, frozenset()))
            for ecu in owners
        ]
        return sum(frames_of(length) for length in lengths if length > 1)

    def _note_failure(self, reply: Reply, polls: Sequence[Poll], *, is_partial: bool) -> None:
        """Count what went wrong, and blame what may be too much for the adapter."""
        what = next(iter(reply.problems), None)
        words = "spoilt" if reply.broken or reply.messages else "empty"
        self.failures["partial" if is_partial else what.value if what else words] += 1
        is_grouped = len(polls) > 1
        if is_grouped and (is_partial or what in (Problem.NO_DATA, Problem.BUFFER_FULL)):
            self._group.failed()
        elif what in (None, Problem.UNKNOWN_COMMAND):
            self._count.failed()

    async def _after_failure(self, reply: Reply, now_s: float) -> None:
        """Set the adapter up again if it has forgotten how; give up a car that is silent."""
        is_spoilt = bool(reply.broken) or not reply.problems
        self._spoilt = self._spoilt + 1 if is_spoilt else 0
        if reply.is_reset or self._spoilt >= SPOILT_IN_A_ROW:
            self.resets += reply.is_reset
            self._spoilt = 0
            await prepare(self._connected.adapter, self._connected.setting)
        self._check_alive(now_s, reply)

    def _check_alive(self, now_s: float, reply: Reply | None = None) -> None:
        if now_s - self._good_s < LOST_S:
            return
        said = ", ".join(dict.fromkeys(reply.problems)) if reply and reply.problems else "nothing"
        raise CarSilentError(
            f"{self._connected.adapter.link.address}: the car has not answered for "
            f"{LOST_S:.0f} s (the adapter says {said}). Is the ignition on?"
        )

    async def _keep_alive(self) -> None:
        """Say something, so that neither adapter nor car goes to sleep."""
        self._asked_s = time.monotonic()
        reply = await self._connected.adapter.command(KEEP_ALIVE, DATA_S)
        now_s = time.monotonic()
        if reply.messages:
            self._good_s = now_s
        else:
            await self._after_failure(reply, now_s)
