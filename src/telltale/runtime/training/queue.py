"""`Trainings`: learn from readings that are kept, keep the model, let it run. One at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from itertools import count

import msgspec
import structlog

from telltale.errors import TelltaleError
from telltale.models.card import Card, check_name
from telltale.models.folder import made_model
from telltale.models.progress import Step
from telltale.models.trainers import train
from telltale.registry import suggest
from telltale.runtime.beside import beside
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.deploying import UPDATED, Deploying, check_role
from telltale.runtime.models.earlier_readings import score_kept
from telltale.runtime.models.shelf import Deployed, in_role
from telltale.runtime.training.comparing import on_labels, on_samples
from telltale.runtime.training.job import JobState, Outcome, TrainingJob, TrainingReport, Wish
from telltale.runtime.training.label_scores import Verdict
from telltale.runtime.training.material import Material, material
from telltale.store.base import Role

log = structlog.get_logger(__name__)

MAX_JOBS = 100  # remembered; the oldest that is over makes room
MAX_WAITING = 16
GATHER_S = 0.5  # an update waits so long for the next label
STOPPED = "Stopped. Nothing was kept."
BUDGET_ROUNDING = 1.01  # an expected count is rounded to two digits


class UnknownTrainingError(TelltaleError):
    """No training has this id."""


class TrainingsFullError(TelltaleError):
    """So many trainings wait that no other is taken. Ask again later."""


class Trainings:
    """All trainings of one runtime, one at a time, in the order they were asked for.

    Attributes:
        on_over: Called after each training that is over: there is room for another.
    """

    def __init__(self, fleet: Fleet, models: Deploying) -> None:
        self._fleet = fleet
        self._models = models
        self._jobs: dict[str, TrainingJob] = {}
        self._numbers = count(1)
        self._turn = asyncio.Lock()
        self._is_stopping = False
        self.on_over: Callable[[], None] | None = None
        fleet.on_removed = self._forget

    def all(self) -> list[TrainingJob]:
        """Return all trainings, the newest first."""
        return list(reversed(self._jobs.values()))

    def get(self, job: str) -> TrainingJob:
        """Return one training. Raises UnknownTrainingError."""
        try:
            return self._jobs[job]
        except KeyError:
            raise UnknownTrainingError(
                f"No training has the id {job!r}. {suggest(job, self._jobs)}"
            ) from None

    def start(self, machine: str, wish: Wish) -> TrainingJob:
        """Begin to learn.

        Raises:
            UnknownMachineError: There is no such machine.
            ModelError: The model cannot have this name or role.
            TrainingsFullError: Too many wait.
        """
        live = self._fleet.get(machine)
        check_name(wish.name, "training")
        check_role(live, wish.name, wish.role)
        if sum(not job.is_over for job in self._jobs.values()) >= MAX_WAITING:
            raise TrainingsFullError(f"{MAX_WAITING} trainings wait already. Ask again later.")
        if len(self._jobs) >= MAX_JOBS:
            over = next((key for key, job in self._jobs.items() if job.is_over), None)
            if over is not None:
                del self._jobs[over]
        job = TrainingJob(str(next(self._numbers)), machine, wish)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job), name=f"telltale-training-{job.id}")
        job.task.add_done_callback(self._over)
        return job

    async def stop_job(self, job: str) -> TrainingJob:
        """Stop one training; nothing of it is kept. Raises UnknownTrainingError."""
        found = self.get(job)
        if found.task is not None and not found.is_over:
            found.task.cancel()
            await asyncio.gather(found.task, return_exceptions=True)
        if not found.is_over:  # it had not begun
            found.state, found.detail = JobState.STOPPED, STOPPED
        return found

    async def stop(self) -> None:
        """Stop all of them."""
        self._is_stopping = True
        for job in list(self._jobs):
            await self.stop_job(job)

    def _forget(self, machine: str) -> None:
        """Stop what is being learnt for a machine that was removed."""
        for job in self._jobs.values():
            if job.machine == machine and job.task is not None and not job.is_over:
                job.task.cancel()
                job.state, job.detail = JobState.STOPPED, STOPPED

    def _over(self, _: asyncio.Task[None]) -> None:
        if self.on_over is not None and not self._is_stopping:
            self.on_over()

    async def _run(self, job: TrainingJob) -> None:
        try:
            if job.wish.origin == UPDATED:  # labels often come several at once
                job.phase = "waiting for further labels"
                await asyncio.sleep(GATHER_S)
            async with self._turn:
                job.state = JobState.RUNNING
                await self._learn(job)
        except asyncio.CancelledError:
            job.state, job.detail = JobState.STOPPED, STOPPED
            raise
        except TelltaleError as error:
            job.state, job.detail = JobState.FAILED, str(error)
            log.warning("training_failed", machine=job.machine, error=str(error))
        except Exception as error:  # whatever a trainer does, telltale goes on
            job.state, job.detail = JobState.FAILED, f"The training broke: {error}"
            log.exception("training_failed", machine=job.machine)
        else:
            job.state, job.phase = JobState.DONE, ""

    async def _learn(self, job: TrainingJob) -> None:
        wish, live = job.wish, self._fleet.get(job.machine)
        job.phase = "reading"
        learnt_from = await material(self._fleet, live, wish)
        known = _knows(live, wish.name, learnt_from) if wish.origin == UPDATED else None
        if known is not None:
            await self._look_again(job, live, known)
            return
        card, files, seconds = await self._trained(job, learnt_from)
        job.phase = "comparing"
        new = await asyncio.to_thread(made_model, card, files)
        runs = learnt_from.training_set.runs
        job.report = TrainingReport(
            rows=learnt_from.training_set.rows,
            seconds=round(seconds, 3),
            data=card.training.data,
            threshold=card.threshold,
            compared=await on_samples(live, wish.name, new, runs),
            labels=await on_labels(self._fleet.store, live, wish.name, new),
        )
        job.phase = "keeping"
        job.kept = await self._models.keep(card, files, machine=job.machine, origin=wish.origin)
        await self._place(job, self._role(job, card))

    async def _trained(
        self, job: TrainingJob, learnt_from: Material
    ) -> tuple[Card, dict[str, bytes], float]:
        """Return card, files, and how long it took, seconds."""
        wish, rows = job.wish, learnt_from.training_set.rows
        job.phase = f"learning from {rows} samples"
        began = time.monotonic()
        card, files = await beside(
            partial(
                train,
                wish.kind,
                wish.name,
                learnt_from.training_set,
                alarms_per_week=wish.alarms_per_week,
                settings=wish.settings,
            ),
            partial(_tell, job, job.phase),
        )
        return _with_origin(card, wish, learnt_from), files, time.monotonic() - began

    async def _look_again(self, job: TrainingJob, live: LiveMachine, known: Deployed) -> None:
        """Learn nothing, as a model that runs knows it all; a shadow may have earned its place."""
        job.phase, card = "comparing", known.card
        scores = None
        if known.model is not None:
            scores = await on_labels(self._fleet.store, live, job.wish.name, known.model)
        data = f"Nothing new to learn: {card.training.data}"
        job.report = TrainingReport(card.training.rows, 0.0, data, card.threshold, None, scores)
        job.outcome = Outcome.UNCHANGED
        is_shadow = known.deployment.role is Role.SHADOW
        if is_shadow and self._role(job, card) is Role.ACTIVE:
            job.kept = known.kept
            await self._place(job, Role.ACTIVE)

    def _role(self, job: TrainingJob, card: Card) -> Role | None:
        """Return how a new model runs: an update only as it has earned."""
        if job.wish.origin != UPDATED:
            return job.wish.role
        scores = None if job.report is None else job.report.labels
        live = self._fleet.get(job.machine)
        expected = None if card.threshold is None else card.threshold.alarms_per_week
        keeps_budget = expected is None or expected <= job.wish.alarms_per_week * BUDGET_ROUNDING
        if scores is not None and scores.verdict is Verdict.BETTER and keeps_budget:
            return Role.ACTIVE
        shadow = in_role(live.tools.deployed, Role.SHADOW).get(job.wish.name)
        is_somebodys = shadow is not None and shadow.kept.origin != UPDATED
        return None if is_somebodys else Role.SHADOW

    async def _place(self, job: TrainingJob, role: Role | None) -> None:
        """Let a kept model run in its role."""
        job.outcome = Outcome.KEPT
        if role is None or job.kept is None:
            return
        job.phase = "deploying"
        await self._models.deploy(job.machine, job.kept.number, role)
        job.outcome = Outcome(role.value)
        if role is Role.ACTIVE and job.wish.score_kept:
            job.phase = "asking about what is kept"
            await score_kept(self._fleet, self._fleet.get(job.machine), job.wish.name)


def _tell(job: TrainingJob, phase: str, step: Step) -> None:
    job.phase = f"{phase}: {step}"


def _with_origin(card: Card, wish: Wish, learnt_from: Material) -> Card:
    """Return the card with who says that it is so, and how it could be learnt anew."""
    said = " ".join(part for part in (card.training.data, learnt_from.told, wish.told) if part)
    training = msgspec.structs.replace(
        card.training, data=said, asked=wish.asked(learnt_from.learnt, learnt_from.seen)
    )
    return msgspec.structs.replace(card, training=training)


def _knows(live: LiveMachine, name: str, learnt_from: Material) -> Deployed | None:
    """Return the version that runs on a machine and has learnt from these very stretches."""
    wanted = [list(one) for one in learnt_from.learnt]
    versions = [in_role(live.tools.deployed, role).get(name) for role in Role]  # active first
    for one in versions:
        if one is not None and one.card.training.asked.get("learnt") == wanted:
            return one
    return None
