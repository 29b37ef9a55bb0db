"""`Runtime`: takes decoded input through profile, pipeline, store and stream, per machine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import msgspec
import numpy as np
import structlog

from telltale.batch import FOREVER_NS, Batch, concat
from telltale.errors import (
    ProfileError,
    SettingsError,
    StoreBusyError,
    StoreError,
    TelltaleError,
    UnknownMachineError,
)
from telltale.events import Event, note
from telltale.formats.base import MAX_REASONS, Decoded, shown
from telltale.formats.raw_columns import BAD_ID, is_machine_id
from telltale.pipeline.run import PipelineState
from telltale.profiles.choose import chosen_profile, widened_profile
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.runtime.feeds import Feeds
from telltale.runtime.machine import STATE_ORDER, LiveMachine, Run
from telltale.runtime.notes import changes_told, registration_told
from telltale.runtime.receipt import Receipt, unregistered
from telltale.store.base import Machine, RangeQuery, Store, Write
from telltale.stream.base import Stream

log = structlog.get_logger(__name__)

TICK_S = 0.5  # how often silence is looked for; well under any stale_after_s
TIDY_S = 60.0
MAX_MACHINES = 1_000  # each takes about 100 KB, and some milliseconds at the start


class Runtime:
    """The running system. All methods belong to one event loop.

    Args:
        store: Where everything is kept; opened by `start`.
        stream: Where results are shown.
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
        self.started_ns = clock()
        self.feeds = Feeds(self)
        self._machines: dict[str, LiveMachine] = {}
        self._registering = asyncio.Lock()
        self._ticker: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the store and take up every machine where it was left."""
        await self.store.open()
        try:
            for machine in await self.store.machines():
                await self._restore(machine)
        except BaseException:
            await self.stop()  # the store's thread would keep the process alive for ever
            raise
        self._ticker = asyncio.create_task(self._tick_forever(), name="telltale-ticker")
        self._keeper = asyncio.create_task(self._tidy_forever(), name="telltale-keeper")

    async def stop(self) -> None:
        """Close feeds first, then commit and close the store. Safe to call twice."""
        await self.feeds.stop()
        tasks = [task for task in (self._ticker, self._keeper) if task is not None]
        self._ticker = self._keeper = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.store.close()

    # Machines

    def machines(self) -> list[LiveMachine]:
        """Return all machines, worst first, then by title."""
        return sorted(
            self._machines.values(),
            key=lambda live: (STATE_ORDER.index(live.state_word()), live.machine.title),
        )

    def machine(self, machine: str) -> LiveMachine:
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
                machine, profile=profile, title=title, place=place, simulated=simulated
            )

    async def _add(
        self,
        machine: str,
        *,
        profile: str,
        title: str | None = None,
        place: str = "",
        simulated: bool = False,
    ) -> LiveMachine:
        self._check_new(machine)
        record = Machine(
            id=machine,
            title=title or machine,
            profile=self.profiles.get(profile).id,
            simulated=simulated,
            place=place,
            created_ns=self.clock(),
        )
        await self.store.save_machine(record)
        live = await self._restore(record)
        log.info("machine_registered", machine=machine, profile=profile, simulated=simulated)
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
        live = self.machine(machine)
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
            live = await self._restore(record)
        live.machine = record
        for what, message in changes_told(before, record):
            self.note(machine, what, message)
        return live

    def note(self, machine: str, what: str, message: str) -> None:
        """Keep and show that something was done to a machine; `what` is that in one word."""
        self._keep_events(self.machine(machine), (note(machine, what, message, self.clock()),))

    async def _restore(self, record: Machine) -> LiveMachine:
        """Make the live machine of a record and give it what the store remembers."""
        profile, problem = self._profile_of(record)
        live = LiveMachine(record, profile, problem=problem)
        state = await self.store.last_state(record.id)
        if state is not None:
            live.state = live.committed = await self._caught_up(live, state)
        newest = await self.store.read(
            RangeQuery(record.id, -FOREVER_NS, FOREVER_NS, limit=1, newest=True)
        )
        if len(newest):
            live.last_time_ns = int(newest.time_ns[-1])
            live.note_newest(newest)
        live.rows = sum(session.rows for session in await self.store.sessions(record.id))
        self._machines[record.id] = live
        kept_open = await self.store.events(record.id, open_only=True)
        live.note_events(tuple(kept_open))
        self._keep_events(live, live.orphans(kept_open))
        return live

    async def _caught_up(self, live: LiveMachine, encoded: bytes) -> PipelineState:
        """Return the state after the newest kept sample: it is not kept with every commit."""
        pipeline, channels = live.pipeline, tuple(live.profile.channels)
        state = pipeline.decode(encoded)
        newest_ns = pipeline.newest_ns(state)
        if newest_ns is None or not channels:
            return state
        since = await self.store.read(
            RangeQuery(live.machine.id, newest_ns + 1, FOREVER_NS, names=channels)
        )
        return pipeline.run(since, state)[1] if len(since) else state

    def _profile_of(self, record: Machine) -> tuple[Profile, str | None]:
        """Return the profile, or an empty one and what is wrong: the other machines go on."""
        try:
            return self.profiles.get(record.profile), None
        except ProfileError as error:
            file = self.profiles.problems.get(f"{record.profile}.toml")
            problem = f"Its profile cannot be used: {file or error}"
            log.warning("profile_missing", machine=record.id, problem=problem)
            empty = Profile(id=record.profile, title=record.profile, description="", channels={})
            return empty, problem

    # Readings in

    async def ingest(
        self,
        decoded: Decoded,
        *,
        profile: str | None = None,
        simulated: bool = False,
        source: str = "",
        is_live: bool = True,
    ) -> list[Receipt]:
        """Take decoded input and return once it is committed.

        Args:
            decoded: From a decoder; batches under the feed's names.
            profile: For a machine that is not known yet; default: the one that fits best.
            simulated: A new machine is marked so.
            source: Name of the feed, for the page.
            is_live: False for a recording, which says nothing about when the machine spoke last.

        Raises:
            StoreBusyError: The queue is full; nothing was taken.
            StoreError: The commit failed; nothing of the failing part is kept.
        """
        receipts, futures = await self.submit(
            decoded, profile=profile, simulated=simulated, source=source, is_live=is_live
        )
        for future in futures:
            await asyncio.wrap_future(future)
        return receipts

    async def submit(
        self,
        decoded: Decoded,
        *,
        profile: str | None = None,
        simulated: bool = False,
        source: str = "",
        is_live: bool = True,
    ) -> tuple[list[Receipt], list[Future[int]]]:
        """Take decoded input; the futures end with its commits. For feeds without an answer.

        A new machine that cannot be registered raises ProfileError or SettingsError; when others
        are in the input too, it costs only its own readings.
        StoreBusyError comes before anything was taken. When several machines are in the input
        and the queue fills up between two of them, the second waits for room.
        """
        receipts: list[Receipt] = []
        futures: list[Future[int]] = []
        for batch in decoded.batches:
            share = decoded.without_refusals() if receipts else decoded
            live = self._machines.get(batch.machine)
            is_new = live is None
            if live is None:
                try:
                    live = await self._register_unknown(batch, share, profile, simulated=simulated)
                except (ProfileError, SettingsError) as error:
                    if len(decoded.batches) == 1:
                        raise
                    receipts.append(unregistered(batch, share, str(error)))  # the others are good
                    continue
            if receipts:
                await self.store.room()
            receipt, future = self._take(
                live, batch, share, source=source, registered=is_new, is_live=is_live
            )
            receipts.append(receipt)
            if future is not None:
                futures.append(future)
        return receipts, futures

    def _take(
        self,
        live: LiveMachine,
        batch: Batch,
        decoded: Decoded,
        *,
        source: str,
        registered: bool,
        is_live: bool,
    ) -> tuple[Receipt, Future[int] | None]:
        """Conform, work out, queue and show one batch. No await: order is kept per machine."""
        now_ns = self.clock()
        conformed = live.conformer.conform(
            batch, now_ns=now_ns, units=decoded.units, codes=decoded.codes
        )
        if conformed.unknown and live.profile.inferred:
            wider = widened_profile(live.profile, batch, decoded, conformed.unknown)
            if wider is not None:
                live.become(self.profiles.add(wider, replace=True))
            conformed = live.conformer.conform(
                batch, now_ns=now_ns, units=decoded.units, codes=decoded.codes
            )
        rejected = decoded.rejected_rows + conformed.rejected_rows
        future: Future[int] | None = None
        late = 0
        kept = conformed.batch
        if len(kept):
            fresh = live.pipeline.fresh(kept, live.state)
            result, state = live.pipeline.run(fresh, live.state)
            late = len(result.late) if result.late is not None else 0
            whole = concat([result.late, result.batch]) if result.late and late else result.batch
            future = self._submit(live, Write(live.profile, whole, result.events), state)
            live.take(result, now_ns, is_live=is_live)
            self.stream.publish(result)
        live.rejected += rejected
        live.source = source or live.source
        receipt = Receipt(
            machine=live.machine.id,
            profile=live.profile.id,
            registered=registered,
            accepted=len(kept),
            rejected=rejected,
            rejected_values=decoded.rejected_values + conformed.rejected_values,
            late=late,
            first_time_ns=int(kept.time_ns[0]) if len(kept) else None,
            last_time_ns=int(kept.time_ns[-1]) if len(kept) else None,
            unknown=conformed.unknown,
            reasons=(*decoded.reasons, *conformed.reasons)[:MAX_REASONS],
        )
        return receipt, future

    def _submit(self, live: LiveMachine, write: Write, state: PipelineState) -> Future[int]:
        """Queue one write; the machine's state moves on only when the store took it."""
        run, encode = live.run, live.pipeline.encode
        run.rows += len(write.batch)
        if not live.pipeline.is_plain(write.batch, live.state):
            run.needed = run.rows
        rows, kept_ns = run.rows, 0

        def encoded() -> bytes | None:
            nonlocal kept_ns
            if run.has_failed:
                raise StoreError(
                    f"Earlier readings of {live.machine.id} could not be kept, and these were "
                    "worked out after them. Nothing of this was kept: send it again."
                )
            if not run.is_state_due(rows, now_ns := self.clock()):
                return None
            kept_ns = now_ns
            return encode(state)

        future = self.store.submit(replace(write, state=encoded))
        live.state = state
        loop = asyncio.get_running_loop()

        def ended(done: Future[int]) -> None:  # on the writer's thread, before the next commit
            run.has_failed = run.has_failed or done.exception() is not None
            if kept_ns and not run.has_failed:
                run.kept, run.kept_ns = rows, kept_ns
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
                loop.call_soon_threadsafe(self._ended, live, run, state, done)

        future.add_done_callback(ended)
        return future

    def _ended(self, live: LiveMachine, run: Run, state: PipelineState, done: Future[int]) -> None:
        """After a failed commit go back to the last kept state, so that a repeat counts anew."""
        error = done.exception()
        if error is None:
            live.committed = state
            live.rows += done.result()
            if live.write_failed:
                log.info("write_back", machine=live.machine.id)
            live.write_failed = False
            return
        if run is live.run:  # else what came since began anew already
            live.state, live.run = live.committed, Run()
        if not live.write_failed:
            log.error("write_failed", machine=live.machine.id, error=str(error))
        live.write_failed = True

    async def _register_unknown(
        self, batch: Batch, decoded: Decoded, profile: str | None, *, simulated: bool
    ) -> LiveMachine:
        """Register a machine that nobody announced, on the profile its channels fit best."""
        machine = batch.machine
        async with self._registering:
            if machine in self._machines:  # another input was quicker
                return self._machines[machine]
            if profile is not None:
                return await self._add(machine, profile=profile, simulated=simulated)
            self._check_new(machine)  # before a profile is written for it
            chosen, fit = chosen_profile(batch, decoded, self.profiles)
            live = await self._add(machine, profile=chosen.id, simulated=simulated)
        self.note(machine, "registered", registration_told(chosen, fit, len(batch.columns)))
        return live

    # Silence

    async def _tick_forever(self) -> None:
        """Look for machines and channels that went silent: no arrival would tell."""
        while True:
            await asyncio.sleep(TICK_S)
            for live in self._machines.values():
                if live.silence is not None:
                    self._keep_events(live, live.silence.check(self.clock()))

    async def _tidy_forever(self) -> None:
        """Let the store archive and let go of old samples, now and then."""
        while True:
            await asyncio.sleep(TIDY_S)
            try:
                while await self.store.housekeeping(self.clock()):
                    await asyncio.sleep(0)
            except TelltaleError as error:
                log.warning("housekeeping_failed", error=str(error))

    def _keep_events(self, live: LiveMachine, events: tuple[Event, ...]) -> None:
        """Keep and show events that no batch caused."""
        if not events:
            return
        live.note_events(events)
        nothing = Batch(live.machine.id, np.zeros(0, dtype=np.int64), {})
        with contextlib.suppress(StoreBusyError):  # shown all the same; kept when it closes
            self.store.submit(Write(live.profile, nothing, events))
        for event in events:
            self.stream.publish_event(event)
