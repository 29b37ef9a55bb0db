"""`Trainings`: learn what is normal from a stretch of a machine's readings, keep it, let it run."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import msgspec
import numpy as np
import structlog

from telltale.batch import Batch
from telltale.errors import ModelError, SettingsError, TelltaleError
from telltale.models.base import Model
from telltale.models.card import Input, Threshold, check_name
from telltale.models.trainers import DEFAULT, train
from telltale.pipeline.run import Pipeline
from telltale.pipeline.shadows import Difference
from telltale.registry import suggest
from telltale.runtime.beside import beside
from telltale.runtime.deploying import TRAINED, Deploying
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.scoring import score_kept
from telltale.runtime.shelf import running
from telltale.store.base import KeptModel, RangeQuery, Role

log = structlog.get_logger(__name__)

NAME = "anomaly"  # of a model, unless another is wished
MOST_ROWS = 1_000_000  # of a stretch: a day at 10 Hz
MAX_JOBS = 100  # remembered; the oldest that is over makes room
MAX_WAITING = 16
STOPPED = "Stopped. Nothing was kept."


class UnknownTrainingError(TelltaleError):
    """No training has this id."""


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be learnt.

    Attributes:
        kind: Of detector, see `models.trainers.kinds`.
        name: Of the model; the next version of it if there is one.
        start_ns, end_ns: The stretch of normal operation, end exclusive.
        inputs: Channels and metrics to read; none means all channels of the profile.
        alarms_per_week: How many false alarms are allowed.
        settings: Of the kind.
        role: How it runs afterwards; None only keeps it.
        score_kept: Ask it about what was kept before it ran, too.
        origin: How it came about, for the list of models.
        told: Who says that the stretch is normal, for the card.
    """

    start_ns: int
    end_ns: int
    kind: str = DEFAULT
    name: str = NAME
    inputs: tuple[str, ...] = ()
    alarms_per_week: float = 1.0
    settings: dict[str, Any] = {}
    role: Role | None = Role.ACTIVE
    score_kept: bool = True
    origin: str = TRAINED
    told: str = ""


class TrainingReport(msgspec.Struct, frozen=True):
    """What came of a training.

    Attributes:
        rows, seconds: Samples learnt from, and how long that took.
        data: What was used, and what was left out and why.
        threshold: How the limit was set, with the false alarms that are expected.
        compared: The active model against the new one on the same stretch; None without one.
    """

    rows: int
    seconds: float
    data: str
    threshold: Threshold | None
    compared: Difference | None


class TrainingView(msgspec.Struct, frozen=True):
    """Where a training stands. `state`: waiting, running, done, failed or stopped."""

    id: str
    machine: str
    kind: str
    name: str
    start_ns: int
    end_ns: int
    state: str
    phase: str
    detail: str
    model: int | None
    version: int | None
    report: TrainingReport | None


@dataclass(slots=True)
class Training:
    """One training on its way."""

    id: str
    machine: str
    wish: Wish
    state: str = "waiting"
    phase: str = "waiting for another training"
    detail: str = ""
    kept: KeptModel | None = None
    report: TrainingReport | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """True when nothing more will happen."""
        return self.state in {"done", "failed", "stopped"}

    def view(self) -> TrainingView:
        """Return where it stands."""
        return TrainingView(
            id=self.id,
            machine=self.machine,
            kind=self.wish.kind,
            name=self.wish.name,
            start_ns=self.wish.start_ns,
            end_ns=self.wish.end_ns,
            state=self.state,
            phase=self.phase,
            detail=self.detail,
            model=None if self.kept is None else self.kept.number,
            version=None if self.kept is None else self.kept.version,
            report=self.report,
        )


class Trainings:
    """All trainings of one runtime, one at a time, in the order they were asked for."""

    def __init__(self, fleet: Fleet, models: Deploying) -> None:
        self._fleet = fleet
        self._models = models
        self._jobs: dict[str, Training] = {}
        self._numbers = count(1)
        self._turn = asyncio.Lock()

    def all(self) -> list[Training]:
        """Return all trainings, the newest first."""
        return list(reversed(self._jobs.values()))

    def get(self, job: str) -> Training:
        """Return one training. Raises UnknownTrainingError."""
        try:
            return self._jobs[job]
        except KeyError:
            raise UnknownTrainingError(
                f"No training has the id {job!r}. {suggest(job, self._jobs)}"
            ) from None

    def start(self, machine: str, wish: Wish) -> Training:
        """Begin to learn.

        Raises:
            UnknownMachineError: There is no such machine.
            ModelError: The model cannot have this name.
            SettingsError: Too many wait.
        """
        self._fleet.get(machine)
        check_name(wish.name, "training")
        if sum(not job.is_over for job in self._jobs.values()) >= MAX_WAITING:
            raise SettingsError(f"{MAX_WAITING} trainings wait already. Ask again later.")
        if len(self._jobs) >= MAX_JOBS:
            over = next((key for key, job in self._jobs.items() if job.is_over), None)
            if over is not None:
                del self._jobs[over]
        job = Training(str(next(self._numbers)), machine, wish)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job), name=f"telltale-training-{job.id}")
        return job

    async def stop_job(self, job: str) -> Training:
        """Stop one training; nothing of it is kept. Raises UnknownTrainingError."""
        found = self.get(job)
        if found.task is not None and not found.is_over:
            found.task.cancel()
            await asyncio.gather(found.task, return_exceptions=True)
        if not found.is_over:  # it had not begun
            found.state, found.detail = "stopped", STOPPED
        return found

    async def stop(self) -> None:
        """Stop all of them."""
        for job in list(self._jobs):
            await self.stop_job(job)

    async def _run(self, job: Training) -> None:
        try:
            async with self._turn:
                job.state = "running"
                await self._learn(job)
        except asyncio.CancelledError:
            job.state, job.detail = "stopped", STOPPED
            raise
        except TelltaleError as error:
            job.state, job.detail = "failed", str(error)
            log.warning("training_failed", machine=job.machine, error=str(error))
        except Exception as error:  # whatever a trainer does, telltale goes on
            job.state, job.detail = "failed", f"The training broke: {error}"
            log.exception("training_failed", machine=job.machine)
        else:
            job.state, job.phase = "done", ""

    async def _learn(self, job: Training) -> None:
        wish, live = job.wish, self._fleet.get(job.machine)
        job.phase = "reading"
        names = wish.inputs or tuple(live.profile.channels)
        samples = await self._read(live, wish)
        inputs = inputs_of(live, samples, names)
        job.phase = f"learning from {len(samples)} samples"
        began = time.monotonic()
        learn = partial(
            train,
            wish.kind,
            wish.name,
            samples,
            inputs,
            alarms_per_week=wish.alarms_per_week,
            settings=wish.settings,
            is_simulated=live.machine.simulated,
        )
        card, files = await beside(learn)
        seconds = time.monotonic() - began
        job.phase = "keeping"
        if wish.told:
            said = f"{card.training.data} {wish.told}"
            card = msgspec.structs.replace(
                card, training=msgspec.structs.replace(card.training, data=said)
            )
        job.kept = await self._models.keep(card, files, machine=job.machine, origin=wish.origin)
        compared = await self._compared(live, wish.name, job.kept, samples)
        job.report = TrainingReport(
            len(samples), round(seconds, 3), card.training.data, card.threshold, compared
        )
        if wish.role is not None:
            job.phase = "deploying"
            await self._models.deploy(job.machine, job.kept.number, wish.role)
        if wish.role is Role.ACTIVE and wish.score_kept:
            job.phase = "asking about what is kept"
            await score_kept(self._fleet, self._fleet.get(job.machine), wish.name)

    async def _read(self, live: LiveMachine, wish: Wish) -> Batch:
        """Return the stretch as the models see it: with metrics, gaps filled."""
        if wish.start_ns >= wish.end_ns:
            raise ModelError("The stretch ends before it begins. Exchange 'from' and 'to'.")
        channels = tuple(live.profile.channels)
        query = RangeQuery(
            live.machine.id, wish.start_ns, wish.end_ns, names=channels, limit=MOST_ROWS + 1
        )
        batch = await self._fleet.store.read(query)
        if len(batch) > MOST_ROWS:
            raise ModelError(
                f"The stretch holds more than {MOST_ROWS} samples. Choose a shorter one: an hour "
                "of normal operation in each way that the machine runs is often enough."
            )
        return await asyncio.to_thread(_worked_out, live, batch, channels)

    async def _compared(
        self, live: LiveMachine, name: str, kept: KeptModel, samples: Batch
    ) -> Difference | None:
        """Return how the active model and the new one differ on the same samples."""
        active = running(live.tools.deployed, Role.ACTIVE).get(name)
        if active is None:
            return None
        new = (await self._fleet.shelf.load(kept.number)).model
        return await asyncio.to_thread(_differences, live, name, (active, new), samples)


def inputs_of(live: LiveMachine, samples: Batch, names: tuple[str, ...]) -> dict[str, Input]:
    """Return the columns to learn from, with units: those of which a reading came.

    Raises:
        ModelError: A name is no channel or metric, or nothing was measured.
    """
    known = (*live.profile.channels, *live.profile.metrics)
    for name in names:
        if name not in known:
            raise ModelError(f"{live.machine.id} has no channel {name!r}. {suggest(name, known)}")
    inputs = {
        name: Input(live.profile.signal(name).unit)
        for name in names
        if name in samples.columns and np.isfinite(samples.columns[name]).any()
    }
    if not inputs:
        raise ModelError(
            f"{live.machine.id} has no reading of these channels in the stretch. Choose one in "
            "which it was measured."
        )
    return inputs


def _worked_out(live: LiveMachine, batch: Batch, channels: tuple[str, ...]) -> Batch:
    pipeline = Pipeline(live.tools.base, also=channels)
    result, _ = pipeline.run(batch, pipeline.start())
    return result.batch.adding(result.aligned)


def _differences(
    live: LiveMachine, name: str, models: tuple[Model, Model], samples: Batch
) -> Difference | None:
    active, new = models
    pipeline = Pipeline(live.tools.base, {name: active}, {name: new})
    batch = samples.select(tuple(live.profile.channels))
    _, state = pipeline.run(batch, pipeline.start())
    return pipeline.difference(name, state)
