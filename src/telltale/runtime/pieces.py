"""Large inputs of a machine whose models take long, in pieces: the others have their turn between.

Everything runs on one event loop. A model of ONNX is asked about one window at a time, so ten
thousand readings at once would hold all machines up for seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from itertools import count
from typing import TypeAlias

from telltale.batch import Batch, IntArray
from telltale.errors import StoreBusyError
from telltale.formats.base import Decoded
from telltale.runtime.machine import LiveMachine
from telltale.runtime.receipt import Receipt, whole
from telltale.store.base import Store

Taken: TypeAlias = tuple[Receipt, Future[int] | None]

PIECE_S = 0.02  # about as long as one piece may hold the others up
PAUSE_SHARE = 0.5  # theirs after each, of the time that it took
FIRST_ROWS = 64  # of a machine of which no cost is known yet
LEAST_ROWS, MOST_ROWS = 4, 20_000
MOST_COSTS = 10_000  # machines; the one measured longest ago makes room
NEWEST_SHARE = 0.5  # of the newest measurement in a machine's cost


class Pieces:
    """Takes inputs; knows what readings cost, and whose large input is under way.

    Args:
        store: Has room or not.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._row_s: dict[str, float] = {}
        self._under_way: dict[str, asyncio.Event] = {}

    def measured(self, machine: str, rows: int, seconds: float) -> None:
        """Note what readings of a machine have cost; a few of them seem dear, which passes."""
        cost_s = seconds / max(rows, 1)
        before_s = self._row_s.pop(machine, cost_s)
        self._row_s[machine] = before_s + NEWEST_SHARE * (cost_s - before_s)
        if len(self._row_s) > MOST_COSTS:
            del self._row_s[next(iter(self._row_s))]

    def rows(self, machine: str) -> int:
        """Return how many readings of a machine with models are taken at once."""
        cost_s = self._row_s.get(machine)
        if cost_s is None:
            return FIRST_ROWS
        return max(LEAST_ROWS, min(MOST_ROWS, round(PIECE_S / max(cost_s, 1e-9))))

    async def take(
        self,
        batch: Batch,
        decoded: Decoded,
        places: IntArray | None,
        ready: Callable[[Batch, Decoded], Awaitable[LiveMachine]],
        take: Callable[[LiveMachine, Batch, Decoded, IntArray | None], Taken],
    ) -> Taken:
        """Take one machine's share of an input, whole or in pieces, after those before it.

        Args:
            batch: The share.
            decoded: What is told of the input.
            places: Of the samples in the input, where that is known.
            ready: Gives the machine; it is taken for before anything else is awaited.
            take: Takes a batch of the machine.

        Raises:
            StoreBusyError: There is no room; nothing was taken.
        """
        machine = batch.machine
        live = await ready(batch, decoded)
        while (under_way := self._under_way.get(machine)) is not None:
            await under_way.wait()
            live = await ready(batch, decoded)
        if not live.tools.deployed or len(batch) <= self.rows(machine):
            return take(live, batch, decoded, places)
        self._under_way[machine] = asyncio.Event()
        try:
            taken = await self._one_by_one(batch, decoded, places, ready, take)
        finally:
            self._under_way.pop(machine).set()
        futures = [future for _, future in taken if future is not None]
        return whole([receipt for receipt, _ in taken], decoded, machine), together(futures)

    async def _one_by_one(
        self,
        batch: Batch,
        decoded: Decoded,
        places: IntArray | None,
        ready: Callable[[Batch, Decoded], Awaitable[LiveMachine]],
        take: Callable[[LiveMachine, Batch, Decoded, IntArray | None], Taken],
    ) -> list[Taken]:
        taken: list[Taken] = []
        start, took_s = 0, 0.0
        while start < len(batch):
            stop = min(start + self.rows(batch.machine), len(batch))
            piece = batch.rows(start, stop)
            told = decoded.without_refusals() if taken else decoded
            if taken:
                await asyncio.sleep(PAUSE_SHARE * took_s)
                await self._store.room()
            try:
                live = await ready(piece, told)
                began_s = time.perf_counter()
                taken.append(take(live, piece, told, _part(places, start, stop)))
                took_s = time.perf_counter() - began_s
            except StoreBusyError:
                if not taken:
                    raise
            else:
                start = stop
        return taken


def _part(places: IntArray | None, start: int, stop: int) -> IntArray | None:
    return None if places is None else places[start:stop]


def together(futures: Sequence[Future[int]]) -> Future[int] | None:
    """Return one future of several: their sum, or the first failure; None of none."""
    if len(futures) < 2:
        return futures[0] if futures else None
    joint: Future[int] = Future()
    joint.set_running_or_notify_cancel()
    left = count(len(futures) - 1, -1)  # counted on the writer's thread and on this one

    def ended(_: Future[int]) -> None:
        if next(left):
            return
        errors = [error for one in futures if (error := one.exception()) is not None]
        if errors:
            joint.set_exception(errors[0])
        else:
            joint.set_result(sum(one.result() for one in futures))

    for future in futures:
        future.add_done_callback(ended)
    return joint
