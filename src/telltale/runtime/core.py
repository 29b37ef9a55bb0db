"""`Runtime`: takes decoded input through profile, pipeline, store and stream, per machine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog

from telltale.batch import Batch, IntArray, concat
from telltale.errors import (
    ProfileError,
    SettingsError,
    StoreBusyError,
    StoreError,
)
from telltale.formats.base import Decoded
from telltale.pipeline.run import PipelineState
from telltale.runtime.chores import Chores
from telltale.runtime.feeds import Feeds
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine, Run
from telltale.runtime.models.deploying import Deploying
from telltale.runtime.outputs import Outputs
from telltale.runtime.pieces import Pieces
from telltale.runtime.receipt import Receipt, kept_share, unregistered, with_replaced
from telltale.runtime.self_learning.learning import SelfLearning
from telltale.runtime.source_book import SourceBook
from telltale.runtime.training.labelling import Labels
from telltale.runtime.training.queue import Trainings
from telltale.runtime.vibration.waveforms import Waveforms
from telltale.store.base import Machine, Write

log = structlog.get_logger(__name__)

IN_ONE_TURN = 8  # machines; then the event loop reads and sends: about 3 ms


class Runtime:
    """The running system. All methods belong to one event loop.

    Args:
        fleet: The machines, and what they share. Its store is opened by `start`.
        is_learning: Learn by itself what is normal on machines of which nobody has said it.
        source_file: Keeps which sources are set up; None keeps nothing.
    """

    def __init__(
        self, fleet: Fleet, *, is_learning: bool = True, source_file: Path | None = None
    ) -> None:
        self.fleet = fleet
        self.store = fleet.store
        self.stream = fleet.stream
        self.profiles = fleet.profiles
        self.clock = fleet.clock
        self.started_ns = fleet.clock()
        self.feeds = Feeds(self)
        self.outputs = Outputs(self)
        self.sources = SourceBook(self, source_file)
        self.models = Deploying(fleet)
        self.trainings = Trainings(fleet, self.models)
        self.learning = SelfLearning(fleet, self.trainings)
        self.labels = Labels(fleet, self.trainings)
        self.waveforms = Waveforms(self)
        self._pieces = Pieces(self.store)
        self._chores = Chores(fleet, self.learning if is_learning else None)

    async def start(self) -> None:
        """Open the store and take up every machine where it was left."""
        await self.store.open()
        try:
            await self.fleet.restore()
            await self.labels.resume()
        except BaseException:
            await self.stop()  # the store's thread would keep the process alive for ever
            raise
        self._chores.start()

    async def stop(self) -> None:
        """Close feeds first, then commit and close the store. Safe to call twice."""
        await self.outputs.stop()
        await self.feeds.stop()
        await self.trainings.stop()
        await self._chores.stop()
        await self.store.close()

    def machines(self) -> list[LiveMachine]:
        """Return all machines, worst first, then by title."""
        return self.fleet.all()

    def machine(self, machine: str) -> LiveMachine:
        """Return one machine. Raises UnknownMachineError."""
        return self.fleet.get(machine)

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
        new_rows = [await asyncio.wrap_future(future) for future in futures]
        return with_replaced(receipts, new_rows)

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

        A new machine that cannot be registered raises ProfileError or SettingsError, and so do
        measurements for a simulated machine; with others in the input they cost only their own.
        StoreBusyError comes before anything was taken. When several machines are in the input
        and the queue fills up between two of them, the second waits for room.
        """
        receipts: list[Receipt] = []
        futures: list[Future[int]] = []
        for batch, rows in decoded.shares():
            share = decoded.without_refusals() if receipts else decoded
            if len(receipts) % IN_ONE_TURN == IN_ONE_TURN - 1:
                await asyncio.sleep(0)
            is_new = self.fleet.find(batch.machine) is None
            future: Future[int] | None = None
            receipt: Receipt | None = None
            while receipt is None:
                if receipts:
                    await self.store.room()
                try:
                    take = partial(self._take, source=source, registered=is_new, is_live=is_live)
                    ready = partial(self._ready, profile=profile, simulated=simulated)
                    receipt, future = await self._pieces.take(batch, share, rows, ready, take)
                except StoreBusyError:
                    if not receipts:
                        raise  # else others took the room first
                except (ProfileError, SettingsError) as error:
                    if len(decoded.batches) == 1:
                        raise
                    receipt = unregistered(batch, share, str(error))  # the others are good
            receipts.append(receipt)
            if future is not None:
                futures.append(future)
        return receipts, futures

    async def _ready(
        self, batch: Batch, decoded: Decoded, profile: str | None, *, simulated: bool
    ) -> LiveMachine:
        """Return the machine of a batch, known and with a profile for all that the batch holds.

        Whoever awaits this must take the batch before awaiting anything else: the machine may be
        removed then.
        """
        while True:
            live = self.fleet.find(batch.machine) or await self.fleet.register_unknown(
                batch, decoded, profile, simulated=simulated
            )
            _check_kind(live.machine, simulated=simulated)
            if not live.profile.inferred:
                return live
            fitted = await self.fleet.fitted(live, batch, decoded)
            if fitted is not None:
                return fitted

    def _take(
        self,
        live: LiveMachine,
        batch: Batch,
        decoded: Decoded,
        rows: IntArray | None,
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
        future: Future[int] | None = None
        late = 0
        kept = conformed.batch
        if len(kept):
            fresh = live.pipeline.fresh(kept, live.state)
            began_s = time.perf_counter()
            result, state = live.pipeline.run(fresh, live.state, decoded.because)
            if live.tools.deployed:
                self._pieces.measured(live.machine.id, len(fresh), time.perf_counter() - began_s)
            late = len(result.late) if result.late is not None else 0
            both = concat([result.late, result.batch]) if result.late and late else result.batch
            future = self._submit(live, Write(live.profile, both, result.events), state)
            live.take(result, now_ns, is_live=is_live)
            self.stream.publish(result)
        receipt = kept_share(
            live.machine.id,
            live.profile.id,
            conformed,
            decoded,
            times_ns=batch.time_ns,
            rows=rows,
            registered=registered,
            late=late,
        )
        live.rejected += receipt.rejected
        live.source = source or live.source
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


def _check_kind(machine: Machine, *, simulated: bool) -> None:
    """Refuse to mix measurements and simulated readings: nobody could tell them apart again."""
    if machine.simulated and not simulated:
        raise SettingsError(
            f"{machine.id} is simulated, so readings from elsewhere are not kept with its own. "
            "Send them to a machine of another id."
        )
    if simulated and not machine.simulated:
        raise SettingsError(
            f"{machine.id} is a real machine, so simulated readings are not kept with its own. "
            "Let the simulator play a machine of another id."
        )
