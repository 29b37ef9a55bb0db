"""Remaining life of live machines: their lives begin after failures that were labelled.

A model that is deployed, or a failure that is labelled later, finds the machine in the midst of a
life. What was kept since the life began is asked about once, and the model goes on from there.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from telltale.batch import FOREVER_NS
from telltale.models.life.one_life import OfOneLife, OneLifeState
from telltale.pipeline.predict import Predict, PredictState
from telltale.pipeline.run import Pipeline, PipelineState
from telltale.runtime.fleet import Fleet
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.shelf import running
from telltale.store.base import RangeQuery, Role

log = structlog.get_logger(__name__)

PIECE_ROWS = 50_000
MOST_PIECES = 400  # 20 million samples: longer ago than the store keeps on most machines
WAIT_S = 0.05
MOST_WAITS = 100


def life_models(live: LiveMachine) -> dict[str, OfOneLife]:
    """Return the models of remaining life that run on a machine, by name."""
    found = running(live.tools.deployed, Role.ACTIVE)
    return {name: model for name, model in found.items() if isinstance(model, OfOneLife)}


async def catch_up(fleet: Fleet, machine: str) -> None:
    """Let models of remaining life know the life in which their machine is now."""
    live = fleet.find(machine)
    if live is None:
        return
    for name, model in life_models(live).items():
        state = _state_of(live.state, name)
        if live.last_time_ns and not (state is not None and state.is_known):
            await _caught_up(fleet, live, name, model)


async def _caught_up(fleet: Fleet, live: LiveMachine, name: str, model: OfOneLife) -> None:
    """Ask a model about all that is kept of the present life, then let it go on from there."""
    pipeline = Pipeline(live.tools.base, {name: model})
    begin_ns = model.life_at(live.last_time_ns + 1)
    state = _with_state(pipeline.start(), name, model.begun(begin_ns))
    start_ns = -FOREVER_NS if begin_ns is None else begin_ns + 1
    pieces = waits = 0
    while pieces < MOST_PIECES and waits < MOST_WAITS:
        query = RangeQuery(
            live.machine.id,
            start_ns,
            FOREVER_NS,
            names=tuple(live.tools.base.channels),
            limit=PIECE_ROWS,
        )
        batch = await fleet.store.read(query)
        if len(batch):
            _, state = await asyncio.to_thread(pipeline.run, batch, state)
            start_ns, pieces = int(batch.time_ns[-1]) + 1, pieces + 1
            continue
        if fleet.find(live.machine.id) is not live or life_models(live).get(name) is not model:
            return  # it was changed meanwhile, and whoever did that begins anew
        newest_ns = live.pipeline.newest_ns(live.state)
        if newest_ns is None or newest_ns < start_ns:
            found = _state_of(state, name)
            live.state = _with_state(live.state, name, found)
            live.committed = _with_state(live.committed, name, found)
            return
        waits += 1
        await asyncio.sleep(WAIT_S)  # what came in between is being committed
    log.warning("life_not_known", machine=live.machine.id, model=name, pieces=pieces)


def _state_of(state: PipelineState, name: str) -> OneLifeState | None:
    predict: PredictState = state.steps[Predict.name]
    found: OneLifeState | None = predict.models.get(name)
    return found


def _with_state(state: PipelineState, name: str, found: OneLifeState | None) -> PipelineState:
    predict: PredictState = state.steps[Predict.name]
    after = msgspec.structs.replace(predict, models={**predict.models, name: found})
    return PipelineState({**state.steps, Predict.name: after})
