"""`Fleet`: all machines of a runtime; how they become known, change, and are taken up again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import msgspec
import numpy as np
import structlog

from telltale.batch import Batch
from telltale.errors import (
    ProfileError,
    SettingsError,
    StoreBusyError,
    UnknownMachineError,
)
from telltale.events import Event, note
from telltale.formats.base import Decoded, shown
from telltale.formats.raw_columns import BAD_ID, is_machine_id
from telltale.profiles.choose import better_profile, chosen_profile, widened_profile
from telltale.profiles.fit import Fit
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.runtime.machine import STATE_ORDER, LiveMachine
from telltale.runtime.models.shelf import Shelf, fitting
from telltale.runtime.notes import changes_told, found_told, registration_told
from telltale.runtime.restorer import Restorer
from telltale.store.base import Machine, Session, Store, Write
from telltale.stream.base import Stream

log = structlog.get_logger(__name__)

MAX_MACHINES = 1_000  # each takes about 100 KB, and some milliseconds at the start


class Fleet:
    """All machines by id. All methods belong to one event loop.

    Args:
        store: Remembers them, and where everything else of them is kept.
        stream: Where results are shown, and events that no batch caused.
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
        max_machines: int = MAX_MACHINES,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.store = store
        self.stream = stream
        self.profiles = profiles
        self._max_machines = max_machines
        self.clock = clock
        self.shelf = Shelf(store)
        self._restorer = Restorer(store, profiles, self.shelf)
        self._machines: dict[str, LiveMachine] = {}
        self._changing = asyncio.Lock()
        self.on_removed: Callable[[str], None] | None = None  # told the machine's id

    async def restore(self) -> None:
        """Take up every machine that the store knows where it was left."""
        for record in await self.store.machines():
            await self._take_up(record)

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
        async with self._changing:
            known = self._machines.get(machine)
            return known or await self._add(
                Machine(machine, title or machine, profile, simulated, place)
            )

    async def _add(self, new: Machine) -> LiveMachine:
        self._check_new(new.id)
        self.profiles.get(new.profile)  # an unknown one is an error
        record = msgspec.structs.replace(new, created_ns=self.clock())
        await self.store.save_machine(record)
        live = await self._take_up(record)
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
        async with self._changing:
            live = self.get(machine)
            changes: dict[str, str] = {}
            if title is not None:
                changes["title"] = title or machine
            if place is not None:
                changes["place"] = place
            if profile is not None:
                changes["profile"] = self.profiles.get(profile).id
            before, record = live.machine, msgspec.structs.replace(live.machine, **changes)
            await self.store.save_machine(record)
            if record.profile != before.profile:
                live = await self._take_up(record)
            live.machine, live.is_guessed = record, live.is_guessed and profile is None
        for what, message in changes_told(before, record):
            self.note(machine, what, message)
        return live

    def note(self, machine: str, what: str, message: str) -> None:
        """Keep and show that something was done to a machine; `what` is that in one word."""
        self.keep_events(self.get(machine), (note(machine, what, message, self.clock()),))

    async def remove(self, machine: str) -> LiveMachine:
        """Remove a machine and all that is kept of it; return what it was.

        What arrives meanwhile waits, and is of a new machine. Raises UnknownMachineError.
        """
        async with self._changing:
            live = self.get(machine)
            del self._machines[machine]
            if self.on_removed is not None:  # at once: what is learnt for it is in vain
                self.on_removed(machine)
            try:
                await self.store.remove_machine(machine)
            except BaseException:
                self._machines[machine] = live
                raise
        self.stream.hub.forget(machine)
        log.info("machine_removed", machine=machine, rows=live.rows)
        return live

    async def remove_session(self, session: Session) -> None:
        """Remove one recording. With the newest, what is derived starts anew."""
        await self.store.remove_session(session.id)
        log.info("session_removed", machine=session.machine, session=session.id, rows=session.rows)
        async with self._changing:
            live = self.get(session.machine)
            if live.last_time_ns > session.end_ns:
                live.rows -= session.rows
            else:
                live = await self._take_up(live.machine)
                self.stream.hub.forget(session.machine)
                self.show_kept(live)

    def show_kept(self, live: LiveMachine) -> None:
        """Let viewers see the newest kept values of a machine, before anything new arrives."""
        if live.last_time_ns:
            newest = self.stream.hub.newest(live.machine.id)
            newest.seed(live.last_time_ns, live.values, live.times_ns)
            newest.note_events(live.open_events.values())

    async def _take_up(self, record: Machine) -> LiveMachine:
        """Put a machine among the others, with what the store remembers of it."""
        live, kept_open = await self._restorer.restored(record)
        self._machines[record.id] = live
        if live.problem is None:  # else its rules are not known, and may come back
            self.keep_events(live, live.orphans(kept_open))
        return live

    async def register_unknown(
        self, batch: Batch, decoded: Decoded, profile: str | None, *, simulated: bool
    ) -> LiveMachine:
        """Register a machine that nobody announced, on the profile its channels fit best."""
        machine = batch.machine
        async with self._changing:
            if machine in self._machines:  # another input was quicker
                return self._machines[machine]
            if profile is not None:
                return await self._add(Machine(machine, machine, profile, simulated))
            self._check_new(machine)  # before a profile is written for it
            chosen, fit = await asyncio.to_thread(chosen_profile, batch, decoded, self.profiles)
            self._follow(chosen)
            live = await self._add(Machine(machine, machine, chosen.id, simulated))
            live.is_guessed = True
        self.note(machine, "registered", registration_told(chosen, fit, len(batch.columns)))
        return live

    async def fitted(self, live: LiveMachine, batch: Batch, decoded: Decoded) -> LiveMachine | None:
        """Return a machine whose profile is inferred, ready for all that a batch holds.

        It moves to a checked profile if all that it has sent fits one by now; else its own grows.
        None if it was removed meanwhile.
        """
        if not live.conformer.news(batch, decoded.units, decoded.codes):
            return live
        async with self._changing:
            known = self._machines.get(batch.machine)  # another input may have been quicker
            if known is None or not known.profile.inferred:
                return known
            live = known
            latest = self.profiles.get(live.profile.id)
            if latest is not live.tools.base:  # it grew with another machine
                self._become(live, latest)
            news = live.conformer.news(batch, decoded.units, decoded.codes)
            better = better_profile(live.tools.base, batch, self.profiles) if news.names else None
            if better is not None and live.is_guessed:
                return await self._moved(live, *better)
            wider = widened_profile(live.tools.base, batch, decoded, news)
            if wider is not None:
                await self._widen(live, wider)
            return live

    def _follow(self, profile: Profile) -> None:
        """Let the machines of a profile that was written anew, but has no new column, have it."""
        for live in self._machines.values():
            if live.profile.id == profile.id and live.tools.base is not profile:
                self._become(live, profile)

    def _become(self, live: LiveMachine, profile: Profile) -> None:
        """Let a machine follow its profile, and keep its models."""
        live.become(self._restorer.tools(profile, fitting(profile, live.tools.deployed)))

    async def equip(self, machine: str) -> LiveMachine:
        """Let a machine run what is deployed on it now. Between two batches: none is lost."""
        async with self._changing:
            live = self.get(machine)
            before = live.profile.outputs
            live.become(await self._restorer.equipped(live.machine, live.tools.base))
            gone = before.keys() - live.profile.outputs.keys()
            self.stream.hub.newest(machine).forget_values(gone)
            self.keep_events(live, live.orphans(tuple(live.open_events.values())))
            return live

    async def _widen(self, live: LiveMachine, wider: Profile) -> None:
        try:
            kept = await asyncio.to_thread(self.profiles.add, wider, replace=True)
        except ProfileError as error:  # somebody is editing it: what they write goes before
            log.warning("profile_not_widened", machine=live.machine.id, error=str(error))
        else:
            self._become(live, kept)

    async def _moved(self, live: LiveMachine, profile: Profile, fit: Fit) -> LiveMachine:
        """Return the machine on a checked profile; what it kept stays under the inferred one."""
        before, record = live.machine, msgspec.structs.replace(live.machine, profile=profile.id)
        await self.store.save_machine(record)
        moved = await self._take_up(record)
        moved.source, moved.rejected, moved.late = live.source, live.rejected, live.late
        log.info("profile_found", machine=record.id, before=before.profile, profile=profile.id)
        self.note(record.id, "profile", found_told(before.profile, profile, fit))
        return moved

    def keep_events(self, live: LiveMachine, events: tuple[Event, ...]) -> None:
        """Keep and show events that no batch caused."""
        if not events:
            return
        live.note_events(events)
        nothing = Batch(live.machine.id, np.zeros(0, dtype=np.int64), {})
        with contextlib.suppress(StoreBusyError):  # shown all the same; kept when it closes
            self.store.submit(Write(live.profile, nothing, events))
        for event in events:
            self.stream.publish_event(event)
