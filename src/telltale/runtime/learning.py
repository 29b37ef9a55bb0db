"""`SelfLearning`: learns what is normal of machines of which nobody has said it.

It takes their first calm minutes, and again a stretch three times as long, up to a week: minutes
do not show all that is normal. The card says so; whoever knows better trains anew, or switches the
model off.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec
import structlog

from telltale.batch import FOREVER_NS, NS_PER_S
from telltale.errors import TelltaleError
from telltale.events import Event, EventKind, Level
from telltale.runtime.deploying import BY_ITSELF
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.shelf import card_of
from telltale.runtime.training import NAME, Training, Trainings, Wish
from telltale.store.base import RangeQuery

log = structlog.get_logger(__name__)

LEAST_ROWS = 300  # of a slow feed: its seconds alone would be too few readings
LONGER = 3.0  # than the stretch learnt from last
LONGEST_S = 7 * 86_400.0
TOLD = "Nobody has confirmed that this stretch was normal: it is the first calm one."


class Learning(msgspec.Struct, frozen=True):
    """How far a machine is from being learnt.

    Attributes:
        seen_s, needed_s: Calm readings so far, and how many there must be.
        problem: Why the last attempt failed; "" if it did not.
    """

    seen_s: float
    needed_s: float
    problem: str = ""


@dataclass(slots=True)
class _Calm:
    """Since when a machine has been calm, and what came of learning from it.

    Attributes:
        since_ns: Start of the calm stretch.
        needed_s: How long it must be.
        until_ns: End of the stretch that is being learnt from.
        job: The training under way.
        problem: Why the last one failed.
    """

    since_ns: int
    needed_s: float
    until_ns: int = 0
    job: Training | None = None
    problem: str = ""


class SelfLearning:
    """Starts a training for each machine that has been calm for long enough.

    Calm is what lies in one recording and in no episode beyond a limit of the profile; what the
    learnt model itself has found does not count, as a model of minutes often finds what is normal.
    A machine whose newest model somebody trained, imported or switched off is left alone.
    """

    def __init__(self, fleet: Fleet, trainings: Trainings) -> None:
        self._fleet = fleet
        self._trainings = trainings
        self._calm: dict[str, _Calm] = {}

    def progress(self, live: LiveMachine) -> Learning | None:
        """Return how far a machine is; None when nothing is being learnt by itself."""
        calm = self._calm.get(live.machine.id)
        if calm is None or not _is_wanted(live):
            return None
        seen_s = min(max(0, live.last_time_ns - calm.since_ns) / NS_PER_S, calm.needed_s)
        return Learning(round(seen_s, 1), calm.needed_s, calm.problem)

    async def check(self) -> None:
        """Look at every machine. Call it every few seconds; it must not be called twice at once."""
        for live in self._fleet.all():
            try:
                await self._look(live)
            except TelltaleError as error:  # of one machine; the others are looked at
                log.warning("learning_failed", machine=live.machine.id, error=str(error))

    async def catch_up(self, live: LiveMachine) -> None:
        """Look at one machine now, and wait for what that begins; `check` does it by and by."""
        await self._look(live)
        calm = self._calm.get(live.machine.id)
        if calm is not None and calm.job is not None and calm.job.task is not None:
            await asyncio.gather(calm.job.task, return_exceptions=True)

    async def _look(self, live: LiveMachine) -> None:
        machine = live.machine.id
        needed_s = await self._needed_s(live) if _is_wanted(live) and live.last_time_ns else None
        if needed_s is None:
            self._calm.pop(machine, None)
            return
        calm = self._calm.get(machine)
        if calm is None:
            calm = self._calm[machine] = _Calm(await self._newest_start(live), needed_s)
        if calm.job is not None:
            if not calm.job.is_over:
                return
            calm.problem = calm.job.detail
            if calm.job.state != "done":
                calm.since_ns = calm.until_ns  # try with what comes after
            calm.job = None
        calm.needed_s = needed_s
        end_ns = calm.since_ns + round(needed_s * NS_PER_S)
        if live.last_time_ns < end_ns:
            return
        disturbed_ns = await self._disturbed(live, calm.since_ns, end_ns)
        if disturbed_ns is not None:
            calm.since_ns = disturbed_ns
            return
        enough_ns = await self._enough(live, calm.since_ns)
        if enough_ns is None:
            return
        calm.until_ns = max(end_ns, enough_ns)
        wish = Wish(calm.since_ns, calm.until_ns, origin=BY_ITSELF, told=TOLD)
        calm.job = self._trainings.start(live.machine.id, wish)

    async def _needed_s(self, live: LiveMachine) -> float | None:
        """Return how long a calm stretch must be; None if there is nothing to be learnt."""
        own = [
            kept
            for kept in await self._fleet.store.models(live.machine.id)
            if kept.machine == live.machine.id and kept.name == NAME
        ]
        if not own:
            return live.profile.learn_s
        if own[0].origin != BY_ITSELF or not _runs(live, own[0].number):
            return None
        training = card_of(own[0]).training
        longer_s = LONGER * (training.end_ns - training.start_ns) / NS_PER_S
        return longer_s if longer_s <= LONGEST_S else None

    async def _newest_start(self, live: LiveMachine) -> int:
        """Return where the newest recording began."""
        sessions = await self._fleet.store.sessions(live.machine.id)
        return sessions[0].start_ns if sessions else live.last_time_ns

    async def _disturbed(self, live: LiveMachine, start_ns: int, end_ns: int) -> int | None:
        """Return when the last disturbance in a stretch was over; None if there was none."""
        newest_start_ns = await self._newest_start(live)
        if newest_start_ns > start_ns:
            return newest_start_ns
        kept = await self._fleet.store.events(live.machine.id, start_ns=0, end_ns=end_ns)
        ends = [
            FOREVER_NS if event.end_ns is None else event.end_ns
            for event in kept
            if _disturbs(live, event) and (event.end_ns is None or event.end_ns > start_ns)
        ]
        return min(max(ends), live.last_time_ns) if ends else None

    async def _enough(self, live: LiveMachine, start_ns: int) -> int | None:
        """Return when enough readings had come; None if they have not."""
        query = RangeQuery(
            live.machine.id, start_ns, FOREVER_NS, names=live.profile.names[:1], limit=LEAST_ROWS
        )
        batch = await self._fleet.store.read(query)
        return int(batch.time_ns[-1]) + 1 if len(batch) == LEAST_ROWS else None


def _is_wanted(live: LiveMachine) -> bool:
    return live.problem is None and live.profile.learn_s > 0.0


def _runs(live: LiveMachine, number: int) -> bool:
    return any(one.kept.number == number for one in live.tools.deployed)


def _disturbs(live: LiveMachine, event: Event) -> bool:
    is_of_profile = event.name in live.tools.base.names
    return event.kind is EventKind.LIMIT and event.level is not Level.INFO and is_of_profile
