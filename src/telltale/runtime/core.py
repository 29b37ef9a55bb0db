"""`Runtime`: takes decoded input through profile, pipeline, store and stream, per machine."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from itertools import count

import msgspec
import numpy as np
import structlog

from telltale.batch import Batch, concat
from telltale.errors import ProfileError, StoreBusyError, TelltaleError, UnknownMachineError
from telltale.events import Event
from telltale.formats.base import MAX_REASONS, Decoded, Rejection
from telltale.pipeline.run import PipelineState
from telltale.profiles.fit import best_fit
from telltale.profiles.infer import infer_profile
from telltale.profiles.load import ProfileBook
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.runtime.feeds import Feeds
from telltale.runtime.machine import STATE_ORDER, LiveMachine
from telltale.store.base import Machine, RangeQuery, Store, Write
from telltale.stream.base import Stream

log = structlog.get_logger(__name__)

TICK_S = 0.5  # how often silence is looked for; well under any stale_after_s
TIDY_S = 60.0
FOREVER_NS = 2**63 - 1
MAX_ID_LENGTH = 56  # of a profile made from a machine's id; leaves room for "_2"
MAX_INFERRED_CHANNELS = 500  # a feed that invents names for ever stops being followed here


class Receipt(msgspec.Struct, frozen=True):
    """What became of one machine's share of an input; the API's answer to a push."""

    machine: str
    profile: str
    registered: bool
    accepted: int
    rejected: int
    rejected_values: int
    late: int
    first_time_ns: int | None
    last_time_ns: int | None
    unknown: dict[str, str]
    reasons: tuple[Rejection, ...]


class Runtime:
    """The running system. All methods belong to one event loop.

    Args:
        store: Where everything is kept; opened by `start`.
        stream: Where results are shown.
        profiles: What machines can be.
        clock: UTC nanoseconds now.
    """

    def __init__(
        self,
        *,
        store: Store,
        stream: Stream,
        profiles: ProfileBook,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.store = store
        self.stream = stream
        self.profiles = profiles
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
        for machine in await self.store.machines():
            await self._restore(machine)
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
        """Make a machine known, or return it unchanged if it is. Raises ProfileError."""
        async with self._registering:
            if machine in self._machines:
                return self._machines[machine]
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
            changes["title"] = title
        if place is not None:
            changes["place"] = place
        if profile is not None:
            changes["profile"] = self.profiles.get(profile).id
        record = msgspec.structs.replace(live.machine, **changes)
        await self.store.save_machine(record)
        if record.profile != live.machine.profile:
            return await self._restore(record)
        live.machine = record
        return live

    async def _restore(self, record: Machine) -> LiveMachine:
        """Make the live machine of a record and give it what the store remembers."""
        profile, problem = self._profile_of(record)
        live = LiveMachine(record, profile, problem=problem)
        state = await self.store.last_state(record.id)
        if state is not None:
            live.state = live.committed = live.pipeline.decode(state)
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
    ) -> tuple[list[Receipt], list[Future[None]]]:
        """Take decoded input; the futures end with its commits. For feeds without an answer.

        StoreBusyError comes before anything was taken. When several machines are in the input
        and the queue fills up between two of them, the second waits for room.
        """
        receipts: list[Receipt] = []
        futures: list[Future[None]] = []
        for batch in decoded.batches:
            live = self._machines.get(batch.machine)
            is_new = live is None
            if live is None:
                live = await self._register_unknown(batch, decoded, profile, simulated=simulated)
            if receipts:
                await self.store.room()
            receipt, future = self._take(
                live, batch, decoded, source=source, registered=is_new, is_live=is_live
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
    ) -> tuple[Receipt, Future[None] | None]:
        """Conform, work out, queue and show one batch. No await: order is kept per machine."""
        now_ns = self.clock()
        conformed = live.conformer.conform(
            batch, now_ns=now_ns, units=decoded.units, codes=decoded.codes
        )
        if conformed.unknown and live.profile.inferred:
            self._extend(live, batch, decoded, conformed.unknown)
            conformed = live.conformer.conform(
                batch, now_ns=now_ns, units=decoded.units, codes=decoded.codes
            )
        rejected = conformed.rejected_rows + (
            decoded.rejected_rows if len(decoded.batches) == 1 else 0
        )
        reasons = (*decoded.reasons, *conformed.reasons)[:MAX_REASONS]
        future: Future[None] | None = None
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
            rejected_values=conformed.rejected_values + decoded.rejected_values,
            late=late,
            first_time_ns=int(kept.time_ns[0]) if len(kept) else None,
            last_time_ns=int(kept.time_ns[-1]) if len(kept) else None,
            unknown=conformed.unknown,
            reasons=reasons,
        )
        return receipt, future

    def _submit(self, live: LiveMachine, write: Write, state: PipelineState) -> Future[None]:
        """Queue one write; the machine's state moves on only when the store took it."""
        future = self.store.submit(replace(write, state=partial(live.pipeline.encode, state)))
        live.state = state
        loop = asyncio.get_running_loop()

        def ended(done: Future[None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
                loop.call_soon_threadsafe(self._ended, live, state, done)

        future.add_done_callback(ended)
        return future

    def _ended(self, live: LiveMachine, state: PipelineState, done: Future[None]) -> None:
        """After a failed commit go back to the last kept state, so that a repeat counts anew."""
        error = done.exception()
        if error is None:
            live.committed = state
            live.write_failed = False
            return
        live.state = live.committed
        if not live.write_failed:
            log.error("write_failed", machine=live.machine.id, error=str(error))
        live.write_failed = True

    async def _register_unknown(
        self, batch: Batch, decoded: Decoded, profile: str | None, *, simulated: bool
    ) -> LiveMachine:
        """Register a machine that nobody announced, on the profile its channels fit best."""
        if profile is None:
            fit = best_fit(batch.columns, self.profiles.all().values())
            profile = fit.profile_id or self._inferred(batch, decoded).id
        return await self.register(batch.machine, profile=profile, simulated=simulated)

    def _inferred(self, batch: Batch, decoded: Decoded) -> Profile:
        """Write a profile for a feed that none fits. Raises ProfileError if it has no numbers."""
        taken = self.profiles.all()
        wanted = re.sub(r"[^a-z0-9]+", "_", batch.machine.casefold()).strip("_") or "machine"
        wanted = (wanted if wanted[0].isalpha() else f"m_{wanted}")[:MAX_ID_LENGTH]
        free = (f"{wanted}_{n}" if n > 1 else wanted for n in count(1))
        profile_id = next(name for name in free if name not in taken)
        alone = replace(decoded, batches=(batch,))
        log.info("profile_inferred", profile=profile_id, machine=batch.machine)
        return self.profiles.add(infer_profile(alone, id=profile_id, title=batch.machine))

    def _extend(
        self, live: LiveMachine, batch: Batch, decoded: Decoded, unknown: Collection[str]
    ) -> None:
        """Give an inferred profile the channels that its feed sends only now."""
        news = batch.select([name for name in batch.columns if name in unknown])
        try:
            found = infer_profile(replace(decoded, batches=(news,)), id=live.profile.id, title="")
        except ProfileError:
            return  # nothing but missing values so far
        fresh = {k: v for k, v in found.channels.items() if k not in live.profile.channels}
        if len(live.profile.channels) + len(fresh) > MAX_INFERRED_CHANNELS:
            return
        wider = msgspec.structs.replace(live.profile, channels={**live.profile.channels, **fresh})
        live.become(self.profiles.add(wider, replace=True))

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
