"""`Fleet`: all machines of a runtime; how they become known, change, and are taken up again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
import numpy as np
import structlog

from telltale.batch import FOREVER_NS, Batch
from telltale.errors import (
    ProfileError,
    SettingsError,
    StoreBusyError,
    UnknownMachineError,
)
from telltale.events import Event, note
from telltale.formats.base import Decoded, shown
from telltale.formats.raw_columns import BAD_ID, is_machine_id
from telltale.pipeline.run import PipelineState
from telltale.profiles.choose import chosen_profile
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.runtime.machine import STATE_ORDER, LiveMachine
from telltale.runtime.notes import changes_told, registration_told
from telltale.store.base import Machine, RangeQuery, Store, Write
from telltale.stream.base import Stream

log = structlog.get_logger(__name__)

MAX_MACHINES = 1_000  # each takes about 100 KB, and some milliseconds at the start


class Fleet:
    """All machines by id. All methods belong to one event loop.

    Args:
        store: Remembers them.
        stream: Where events that no batch caused are shown.
        profiles: What machines can be.
        max_machines: A feed that invents machines for ever is refused beyond so many.
        clock: UTC nanoseconds now.
    """

    def __init__(
        self,
        *,
        store: Store,
        stream: Stream,
        profiles: ProfileBook,
        max_machines: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._stream = stream
        self._profiles = profiles
        self._max_machines = max_machines
        self._clock = clock
        self._machines: dict[str, LiveMachine] = {}
        self._registering = asyncio.Lock()

    async def restore(self) -> None:
        """Take up every machine that the store knows where it was left."""
        for record in await self._store.machines():
            await self._restore(record)

    def find(self, machine: str) -> LiveMachine | None:
        """Return one machine, None if there is none of this id."""
        return self._machines.get(machine)

    def all(self) -> list[LiveMachine]:
        """Return all machines, worst first, then by title."""
        return sorted(
            self._machines.values(),
            key=lambda live: (STATE_ORDER.index(live.state_word()), live.machine.title),
        )

    def get(self, machine: str) -> LiveMachine:
        """Return one machine. Raises UnknownMachineError."""
        try:
            return self._machines[machine]
        except KeyError:
            raise UnknownMachineError(
                f"No machine has the id {machine!r}. {suggest(machine, self._machines)}"
            ) from None

    async def register(
        self,
        machine: str,
        *,
        profile: str,
        title: str | None = None,
        place: str = "",
        simulated: bool = False,
    ) -> LiveMachine:
        """Make a machine known, or return it unchanged if it is.

        Raises:
            ProfileError: There is no such profile.
            SettingsError: The id cannot name a machine, or there are too many already.
        """
        async with self._registering:
            known = self._machines.get(machine)
            return known or await self._add(
                Machine(machine, title or machine, profile, simulated, place)
            )

    async def _add(self, new: Machine) -> LiveMachine:
        self._check_new(new.id)
        self._profiles.get(new.profile)  # an unknown one is an error
        record = msgspec.structs.replace(new, created_ns=self._clock())
        await self._store.save_machine(record)
        live = await self._restore(record)
        log.info(
            "machine_registered",
            machine=record.id,
            profile=record.profile,
            simulated=record.simulated,
        )
        return live

    def _check_new(self, machine: str) -> None:
        if not is_machine_id(machine):
            raise SettingsError(f"{shown(machine)!r} {BAD_ID}")
        if len(self._machines) >= self._max_machines:
            raise SettingsError(
                f"{self._max_machines} machines are known, as many as this telltale takes, and "
                f"{machine!r} is not one of them. Check the ids that the feed sends, or start "
                "with a higher --max-machines."
            )

    async def change(
        self,
        machine: str,
        *,
        title: str | None = None,
        place: str | None = None,
        profile: str | None = None,
    ) -> LiveMachine:
        """Rename a machine, move it, or give it another profile (which starts its state anew)."""
        live = self.get(machine)
        changes: dict[str, str] = {}
        if title is not None:
            changes["title"] = title or machine
        if place is not None:
            changes["place"] = place
        if profile is not None:
            changes["profile"] = self._profiles.get(profile).id
        before, record = live.machine, msgspec.structs.replace(live.machine, **changes)
        await self._store.save_machine(record)
        if record.profile != before.profile:
            live = await self._restore(record)
        live.machine = record
        for what, message in changes_told(before, record):
            self.note(machine, what, message)
        return live

    def note(self, machine: str, what: str, message: str) -> None:
        """Keep and show that something was done to a machine; `what` is that in one word."""
        self.keep_events(self.get(machine), (note(machine, what, message, self._clock()),))

    async def _restore(self, record: Machine) -> LiveMachine:
        """Make the live machine of a record and give it what the store remembers."""
        profile, problem = self._profile_of(record)
        live = LiveMachine(record, profile, problem=problem)
        state = await self._store.last_state(record.id)
        if state is not None:
            live.state = live.committed = await self._caught_up(live, state)
        newest = await self._store.read(
            RangeQuery(record.id, -FOREVER_NS, FOREVER_NS, limit=1, newest=True)
        )
        if len(newest):
            live.last_time_ns = int(newest.time_ns[-1])
            live.note_newest(newest)
        live.rows = sum(session.rows for session in await self._store.sessions(record.id))
        self._machines[record.id] = live
        kept_open = await self._store.events(record.id, open_only=True)
        live.note_events(tuple(kept_open))
        self.keep_events(live, live.orphans(kept_open))
        return live

    async def _caught_up(self, live: LiveMachine, encoded: bytes) -> PipelineState:
        """Return the state after the newest kept sample: it is not kept with every commit."""
        pipeline, channels = live.pipeline, tuple(live.profile.channels)
        state = pipeline.decode(encoded)
        newest_ns = pipeline.newest_ns(state)
        if newest_ns is None or not channels:
            return state
        since = await self._store.read(
            RangeQuery(live.machine.id, newest_ns + 1, FOREVER_NS, names=channels)
        )
        return pipeline.run(since, state)[1] if len(since) else state

    def _profile_of(self, record: Machine) -> tuple[Profile, str | None]:
        """Return the profile, or an empty one and what is wrong: the other machines go on."""
        try:
            return self._profiles.get(record.profile), None
        except ProfileError as error:
            file = self._profiles.problems.get(f"{record.profile}.toml")
            problem = f"Its profile cannot be used: {file or error}"
            log.warning("profile_missing", machine=record.id, problem=problem)
            empty = Profile(id=record.profile, title=record.profile, description="", channels={})
            return empty, problem

    async def register_unknown(
        self, batch: Batch, decoded: Decoded, profile: str | None, *, simulated: bool
    ) -> LiveMachine:
        """Register a machine that nobody announced, on the profile its channels fit best."""
        machine = batch.machine
        async with self._registering:
            if machine in self._machines:  # another input was quicker
                return self._machines[machine]
            if profile is not None:
                return await self._add(Machine(machine, machine, profile, simulated))
            self._check_new(machine)  # before a profile is written for it
            chosen, fit = chosen_profile(batch, decoded, self._profiles)
            live = await self._add(Machine(machine, machine, chosen.id, simulated))
        self.note(machine, "registered", registration_told(chosen, fit, len(batch.columns)))
        return live

    def keep_events(self, live: LiveMachine, events: tuple[Event, ...]) -> None:
        """Keep and show events that no batch caused."""
        if not events:
            return
        live.note_events(events)
        nothing = Batch(live.machine.id, np.zeros(0, dtype=np.int64), {})
        with contextlib.suppress(StoreBusyError):  # shown all the same; kept when it closes
            self._store.submit(Write(live.profile, nothing, events))
        for event in events:
            self._stream.publish_event(event)
