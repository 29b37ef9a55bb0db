"""What still plays into a machine, or out of it, and so keeps it from being removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from telltale.api.context import Context
from telltale.sources.base import SourceState


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that runs, in words, and how it is stopped."""

    what: str
    stop: Callable[[], Awaitable[Any]]


def uses(shared: Context, machine: str) -> Iterator[Use]:
    """Yield what runs for a machine: replays, imports, simulators and watched folders.

    A port that anybody may send to does not count: it has no end to wait for.
    """
    runtime = shared.runtime
    replayed: set[str] = set()
    for replay in shared.replays.all():
        if not replay.has_ended and machine in {replay.machine, replay.played_as}:
            replayed.add(replay.source.name)
            yield Use(f"replay {replay.id}", partial(shared.replays.remove, replay.id))
    for job in shared.imports.all():
        if job.is_running and machine in job.machines:
            yield Use(f"import {job.id}", partial(shared.imports.stop_job, job.id))
    for source in runtime.feeds.all():
        is_its_own = source.name in {runtime.machine(machine).source, f"simulator:{machine}"}
        has_ended = source.status.state is SourceState.ENDED
        if (
            is_its_own
            and not has_ended
            and source.name not in replayed
            and not getattr(source, "is_shared", False)
        ):
            yield Use(source.name, partial(runtime.feeds.remove, source.name))
