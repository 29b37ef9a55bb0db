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

from telltale.batch import NS_PER_S
from telltale.errors import ModelError, TelltaleError
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.deploying import BY_ITSELF
from telltale.runtime.models.shelf import card_of, in_role
from telltale.runtime.self_learning.calm import (
    beginning,
    disturbed,
    enough_rows,
    length_s,
    recordings,
    until,
)
from telltale.runtime.self_learning.stretch_check import check_stretch
from telltale.runtime.training.job import NAME, Stretch, TrainingJob, Wish
from telltale.runtime.training.material import MOST_ROWS, material
from telltale.runtime.training.queue import Trainings
from telltale.store.base import Role

log = structlog.get_logger(__name__)

LONGER = 3.0  # than the stretch learnt from last
LONGEST_S = 7 * 86_400.0
TOLD = "Nobody has confirmed that this stretch was normal: it is the first calm one."


class Learning(msgspec.Struct, frozen=True):
    """How far a machine is from being learnt.

    Attributes:
        seen_s, needed_s: Calm readings so far, and how many there must be.
        problem: Why the last attempt came to nothing, or to a model that only runs beside; "" if
            it did not.
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
        seen_ns: Newest reading that is counted in seen_s.
        seen_s: How long it is, pauses left out.
        until_ns: End of the stretch that is being learnt from.
        job: The training under way.
        problem: See `Learning`.
    """

    since_ns: int
    needed_s: float
    seen_ns: int = 0
    seen_s: float = 0.0
    until_ns: int = 0
    job: TrainingJob | None = None
    problem: str = ""

    def begin_at(self, since_ns: int) -> None:
        """Let the stretch begin then."""
        self.since_ns, self.seen_ns, self.seen_s = since_ns, since_ns, 0.0


class SelfLearning:
    """Starts a training for each machine that has been calm for long enough.

    Calm is what lies in recordings and in no episode beyond a limit of the profile. What an earlier
    version found in it does not count, as a model of minutes often finds what is normal; but where
    a channel went one way all the time nothing is learnt anew, and what the earlier version still
    finds at the end is learnt only beside it. A machine whose newest model somebody trained,
    imported or switched off is left alone.
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
        seen_s = min(calm.seen_s, calm.needed_s)
        return Learning(round(seen_s, 1), calm.needed_s, calm.problem)

    async def check(self) -> None:
        """Look at every machine. Call it every few seconds; it must not be called twice at once."""
        machines = self._fleet.all()
        for removed in self._calm.keys() - {live.machine.id for live in machines}:
            del self._calm[removed]
        for live in machines:
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
            week_ns = live.last_time_ns - round(LONGEST_S * NS_PER_S)
            found = await recordings(self._fleet.store, live, week_ns)
            since_ns = found[0].start_ns if found else live.last_time_ns
            calm = self._calm[machine] = _Calm(since_ns, needed_s, since_ns)
        if calm.job is not None and not _is_over(calm, calm.job):
            return
        calm.needed_s = needed_s
        stretches = await self._stretches(live, calm)
        if stretches:
            await self._learn(live, calm, stretches)

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
        learnt = [Stretch(start, end) for start, end in training.asked.get("stretches", ())]
        longer_s = LONGER * length_s(learnt)
        is_short = 0.0 < longer_s <= LONGEST_S and LONGER * training.rows <= MOST_ROWS
        return longer_s if is_short else None

    async def _stretches(self, live: LiveMachine, calm: _Calm) -> tuple[Stretch, ...]:
        """Return what can be learnt from; nothing if it is not enough yet."""
        store = self._fleet.store
        steps_s = (live.last_time_ns - calm.seen_ns) / NS_PER_S
        if calm.seen_s + steps_s < calm.needed_s and steps_s < live.profile.session_gap_s:
            calm.seen_s, calm.seen_ns = calm.seen_s + max(0.0, steps_s), live.last_time_ns
            return ()  # every few seconds, for every machine: without asking the store
        found = await recordings(store, live, calm.since_ns)
        calm.seen_s, calm.seen_ns = length_s(found), live.last_time_ns
        if calm.seen_s < calm.needed_s:
            return ()
        enough = beginning(found, calm.needed_s)
        since_ns, end_ns = enough[0].start_ns, enough[-1].end_ns
        disturbed_ns = await disturbed(store, live, since_ns, end_ns)
        if disturbed_ns is not None:
            calm.begin_at(disturbed_ns)
            return ()
        enough_ns = await enough_rows(store, live, since_ns)
        return () if enough_ns is None else until(found, max(end_ns, enough_ns))

    async def _learn(self, live: LiveMachine, calm: _Calm, stretches: tuple[Stretch, ...]) -> None:
        """Begin to learn from stretches, or tell why not."""
        wish = Wish(stretches, origin=BY_ITSELF, told=TOLD)
        calm.until_ns = stretches[-1].end_ns
        try:
            read = await material(self._fleet, live, wish)
        except ModelError as error:
            calm.problem = str(error)
            calm.begin_at(calm.until_ns)
            return
        runs = in_role(live.tools.deployed, Role.ACTIVE).get(NAME)
        if runs is not None and runs.kept.origin != BY_ITSELF:
            runs = None  # the profile's: it does not know this machine
        model = None if runs is None else runs.model
        found = await asyncio.to_thread(check_stretch, read.training_set, model)
        calm.problem = found.problem(runs is not None)
        if runs is not None and found.went:  # the version that runs knows the machine before that
            calm.begin_at(found.second_ns)
            return
        told = f"{TOLD} {found.told(None if runs is None else runs.kept.version)}".strip()
        role = Role.SHADOW if found.is_disputed else Role.ACTIVE
        wish = msgspec.structs.replace(wish, told=told, role=role)
        calm.job = self._trainings.start(live.machine.id, wish)


def _is_over(calm: _Calm, job: TrainingJob) -> bool:
    """Return whether a training is over; takes up what came of it."""
    if not job.is_over:
        return False
    if job.state != "done":
        calm.problem = job.detail
        calm.begin_at(calm.until_ns)  # try with what comes after
    calm.job = None
    return True


def _is_wanted(live: LiveMachine) -> bool:
    return live.problem is None and live.profile.learn_s > 0.0


def _runs(live: LiveMachine, number: int) -> bool:
    return any(one.kept.number == number for one in live.tools.deployed)
