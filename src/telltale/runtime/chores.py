"""`Chores`: what is done now and then beside the readings: silence, tidying up, learning."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from telltale.errors import TelltaleError
from telltale.runtime.fleet import Fleet
from telltale.runtime.self_learning.learning import SelfLearning

log = structlog.get_logger(__name__)

SILENCE_S = 0.5  # how often silence is looked for; well under any stale_after_s
TIDY_S = 60.0
FIRST_TIDY_S = 5.0  # when the start's own work is done
LEARN_S = 5.0


class Chores:
    """Runs each chore for ever; one that fails is logged and tried again."""

    def __init__(self, fleet: Fleet, learning: SelfLearning | None) -> None:
        self._fleet = fleet
        self._learning = learning
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; `stop` ends it."""
        chores: list[tuple[Callable[[], Awaitable[None]], float, float]] = [
            (self._look_for_silence, SILENCE_S, SILENCE_S),
            (self._tidy, FIRST_TIDY_S, TIDY_S),
        ]
        if self._learning is not None:
            chores.append((self._learning.check, LEARN_S, LEARN_S))
        self._tasks = [
            asyncio.create_task(_for_ever(chore, first_s, every_s), name=name_of(chore))
            for chore, first_s, every_s in chores
        ]

    async def stop(self) -> None:
        """End all of them. Safe to call twice."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_for_silence(self) -> None:
        """Look for machines and channels that went silent: no arrival would tell."""
        fleet = self._fleet
        for live in fleet.all():
            if live.silence is not None:
                try:
                    fleet.keep_events(live, live.silence.check(fleet.clock()))
                except Exception:  # a fault with one machine must not leave the others unheard
                    log.exception("silence_failed", machine=live.machine.id)

    async def _tidy(self) -> None:
        """Let the store archive and let go of old samples."""
        while await self._fleet.store.housekeeping(self._fleet.clock()):
            await asyncio.sleep(0)


def name_of(chore: Callable[[], Awaitable[None]]) -> str:
    """Return what a chore is called in logs."""
    return getattr(chore, "__qualname__", repr(chore))


async def _for_ever(chore: Callable[[], Awaitable[None]], first_s: float, every_s: float) -> None:
    await asyncio.sleep(first_s)
    while True:
        try:
            await chore()
        except TelltaleError as error:
            log.warning("chore_failed", chore=name_of(chore), error=str(error))
        except Exception:  # the next round may be good
            log.exception("chore_failed", chore=name_of(chore))
        await asyncio.sleep(every_s)
