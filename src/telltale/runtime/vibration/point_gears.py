"""`PointGears`: learns what is normal for the gears at measuring points, and remembers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from telltale.errors import ModelError, StoreError
from telltale.runtime.beside import beside
from telltale.runtime.models.deploying import BY_ITSELF, TRAINED
from telltale.runtime.vibration.gear_finding import LearntGear
from telltale.runtime.vibration.gear_normal import NEEDED, GearState, gear_of, learnt, model_name
from telltale.runtime.vibration.record import gear_samples_of, healthy_of, view_of
from telltale.runtime.vibration.views import NORMAL, NOT_DIAGNOSED
from telltale.store.base import KeptModel, KeptWaveform

if TYPE_CHECKING:
    from telltale.runtime.core import Runtime

SOMEBODY = "Somebody said that they are healthy."
NOBODY = "Nobody has confirmed that they are healthy: nothing was found in them."


MOST_FAILURES = 256  # remembered; older ones are let go, and tried again


@dataclass(frozen=True, slots=True)
class _Failure:
    """The waveforms from which nothing could be learnt, and why."""

    numbers: tuple[int, ...]
    problem: str


class PointGears:
    """What is normal is a kept model of the machine; the newest version counts."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._failures: dict[tuple[str, str], _Failure] = {}

    async def known(self, machine: str, point: str) -> LearntGear | None:
        """Return what is known of a point's healthy gear; None while it is not learnt."""
        kept = await self._model(machine, point)
        return None if kept is None else gear_of(await self._runtime.fleet.shelf.load(kept.number))

    async def state(self, machine: str, point: str) -> GearState:
        """Return how well a point's gear is known."""
        kept = await self._model(machine, point)
        if kept is None:
            sound = await self._sound(machine, point)
            problem = self._problem(machine, point, sound)
            return GearState("learning", len(sound), NEEDED, problem=problem)
        gear = gear_of(await self._runtime.fleet.shelf.load(kept.number))
        return GearState("ready", gear.waveforms, NEEDED, kept.number, kept.version)

    async def window_samples(self, earlier: Sequence[KeptWaveform]) -> int:
        """Return how long a gear's window was in the newest waveform; 0 if there is none."""
        if not earlier:
            return 0
        newest = earlier[0]
        return gear_samples_of(await self._store.waveform(newest.machine, newest.id))

    async def learn(self, machine: str, point: str, start_ns: int, end_ns: int) -> None:
        """Learn from the kept waveforms of a stretch that somebody says is healthy.

        Raises:
            ModelError: There are too few.
        """
        kept = await self._store.waveforms(machine, point)
        chosen = [one for one in kept if start_ns <= one.time_ns < end_ns]
        await self._learn(machine, point, chosen, TRAINED, SOMEBODY)

    async def learn_by_itself(self, machine: str, point: str) -> None:
        """Learn once enough waveforms in a row had no finding; what fails waits for more."""
        sound = await self._sound(machine, point)
        if len(sound) < NEEDED or self._problem(machine, point, sound) is not None:
            return
        self._failures.pop((machine, point), None)
        try:
            await self._learn(machine, point, sound, BY_ITSELF, NOBODY)
        except ModelError as error:  # recorded too differently; a further one may make it enough
            self._remember(machine, point, _Failure(_numbers(sound), str(error)))

    def _remember(self, machine: str, point: str, failure: _Failure) -> None:
        while len(self._failures) >= MOST_FAILURES:
            self._failures.pop(next(iter(self._failures)))
        self._failures[machine, point] = failure

    def _problem(self, machine: str, point: str, sound: Sequence[KeptWaveform]) -> str | None:
        """Return why nothing could be learnt from just these waveforms; None if untried."""
        failure = self._failures.get((machine, point))
        return failure.problem if failure and failure.numbers == _numbers(sound) else None

    async def _learn(
        self, machine: str, point: str, chosen: Sequence[KeptWaveform], origin: str, told: str
    ) -> None:
        details = [await self._store.waveform(machine, one.id) for one in chosen]
        healthy = [one for one in map(healthy_of, details) if one is not None]
        if not healthy:
            raise ModelError(
                f"{machine} has no waveform of {point} with a gear in this stretch. Send some "
                "while the gear is healthy; the point needs gear and shaft_rpm."
            )
        owner = self._runtime.machine(machine).machine
        card, files = await beside(partial(learnt, point, healthy, owner, told))
        await self._runtime.models.keep(card, files, machine=machine, origin=origin)
        self._runtime.fleet.note(
            machine, "model", f"What is normal for the gear at {point} was learnt."
        )

    async def _sound(self, machine: str, point: str) -> list[KeptWaveform]:
        """Return the newest waveforms in a row in which nothing was found or doubted."""
        sound: list[KeptWaveform] = []
        for kept in await self._store.waveforms(machine, point):
            try:
                view = view_of(kept)
            except StoreError:
                continue
            if view.warnings or view.answer not in {NORMAL, NOT_DIAGNOSED} or not view.gear:
                break
            sound.append(kept)
        return sound

    async def _model(self, machine: str, point: str) -> KeptModel | None:
        name = model_name(point)
        for kept in await self._store.models(machine):
            if kept.machine == machine and kept.name == name:
                return kept
        return None


def _numbers(kept: Sequence[KeptWaveform]) -> tuple[int, ...]:
    return tuple(one.id for one in kept)
