"""Asks a model about readings that were kept before it ran, so that its history is there too."""

from __future__ import annotations

import asyncio

from telltale.batch import FOREVER_NS
from telltale.events import Event, Freshness
from telltale.models.base import Model
from telltale.pipeline.base import Result
from telltale.pipeline.run import Pipeline
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.shelf import in_role
from telltale.store.base import RangeQuery, Role, Write

PIECE_ROWS = 5_000  # one write: small beside the store's queue
MOST_ROWS = 500_000  # the newest; older ones stay without


async def score_kept(fleet: Fleet, live: LiveMachine, name: str) -> int:
    """Keep an active model's outputs, and what they found, for readings from before it ran.

    The stream is run anew from the oldest of them, so the answers are those that the model would
    have given live. It ends early when the model or the machine goes. Returns how many samples
    were asked about.
    """
    deployed = in_role(live.tools.deployed, Role.ACTIVE).get(name)
    if deployed is None or deployed.model is None:
        return 0
    pipeline = Pipeline(live.tools.base, {name: deployed.model})
    state, stop_ns = pipeline.start(), deployed.deployment.since_ns
    start_ns = await _first_ns(fleet, live)
    rows = 0
    while True:
        query = RangeQuery(
            live.machine.id,
            start_ns,
            FOREVER_NS,
            names=tuple(live.tools.base.channels),
            limit=PIECE_ROWS,
        )
        batch = await fleet.store.read(query)
        if not len(batch) or rows >= MOST_ROWS:
            return rows
        result, state = await asyncio.to_thread(pipeline.run, batch, state)
        if not await _keep(fleet, live, deployed.model, result):
            return rows
        rows += len(batch)
        start_ns = int(batch.time_ns[-1]) + 1
        if len(batch) < PIECE_ROWS or start_ns > max(stop_ns, live.last_time_ns):
            return rows


async def _first_ns(fleet: Fleet, live: LiveMachine) -> int:
    """Return the time of the oldest sample among the newest `MOST_ROWS`."""
    query = RangeQuery(
        live.machine.id,
        -FOREVER_NS,
        FOREVER_NS,
        names=tuple(live.tools.base.channels)[:1],
        limit=MOST_ROWS,
        newest=True,
    )
    newest = await fleet.store.read(query)
    return int(newest.time_ns[0]) if len(newest) else FOREVER_NS


async def _keep(fleet: Fleet, live: LiveMachine, model: Model, result: Result) -> bool:
    """Add the outputs to the samples that are there; False if model or machine have gone."""
    outputs = tuple(model.card.outputs)
    batch = result.batch.select(outputs)
    found: tuple[Event, ...] = tuple(e for e in result.events if e.name in outputs)
    await fleet.store.room()
    is_there = fleet.find(live.machine.id) is live
    if not is_there or not model.card.outputs.keys() <= live.profile.outputs.keys():
        return False
    write = Write(live.profile, batch, found)
    await asyncio.wrap_future(fleet.store.submit(write))
    is_newest = len(batch) > 0 and batch.time_ns[-1] >= live.last_time_ns
    if is_newest and live.freshness() is Freshness.RECORDED:
        live.note_newest(batch)  # nothing comes that would bring a newer one
    return True
