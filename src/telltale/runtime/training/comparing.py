"""A new model beside the active one: on the samples it learnt from, and on what is labelled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from telltale.models.base import Model
from telltale.models.training_set import Run
from telltale.pipeline.run import Pipeline
from telltale.pipeline.shadows import Difference
from telltale.runtime.machine import LiveMachine
from telltale.runtime.models.shelf import running
from telltale.runtime.training.label_scores import LabelScores, score_labels
from telltale.store.base import Role, Store


async def on_labels(store: Store, live: LiveMachine, name: str, new: Model) -> LabelScores | None:
    """Return how a model does on a machine's labels, beside the active one of this name."""
    active = running(live.tools.deployed, Role.ACTIVE).get(name)
    labels = list(await store.labels(live.machine.id))
    return await score_labels(store, live, labels, active, new)


async def on_samples(
    live: LiveMachine, name: str, new: Model, runs: Sequence[Run]
) -> Difference | None:
    """Return how a model differs from the active one on this machine's runs; None without one."""
    active = running(live.tools.deployed, Role.ACTIVE).get(name)
    if active is None:
        return None
    own = [run.batch for run in runs if run.batch.machine == live.machine.id and len(run.batch)]
    own.sort(key=lambda batch: int(batch.time_ns[0]))
    pipeline = Pipeline(live.tools.base, {name: active}, {name: new})

    def differ() -> Difference | None:
        state = pipeline.start()
        for batch in own:
            _, state = pipeline.run(batch.select(tuple(live.tools.base.channels)), state)
        return pipeline.difference(name, state)

    return await asyncio.to_thread(differ)
