"""Models that must not run: too slow, or with more columns than there is room for."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.formats.base import Decoded
from telltale.runtime.core import Runtime
from telltale.runtime.models.deploying import IMPORTED, TRAINED, Deploying
from telltale.runtime.models.shelf import Shelf
from telltale.store.base import RangeQuery, Role
from tests.doubles import START_NS
from tests.models.graphs import sums
from tests.runtime.conftest import OpenRuntime

S = 1_000_000_000
T0 = START_NS - 1_000 * S
SOME = 700


def flow(at_s: int) -> Decoded:
    columns = {"flow_l_min": np.array([300.0 + at_s])}
    return Decoded((Batch("pump-1", np.array([T0 + at_s * S]), columns),))


async def test_a_model_that_every_reading_would_wait_for_is_not_taken_in(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(flow(0), profile="industrial_pump")
        slow = sums("slow", ballast_bytes=1_000_000)
        strict = Deploying(runtime.fleet, max_answer_s=1e-6)
        with pytest.raises(ModelError, match=r"slow: one answer takes \d+ ms here"):
            await strict.keep(*slow, machine="pump-1", origin=IMPORTED)
        assert await runtime.store.models() == []
        kept = await runtime.models.keep(*slow, machine="pump-1", origin=IMPORTED)
        assert kept.number == 1


async def many_outputs(runtime: Runtime, name: str) -> int:
    card, files = sums(name, [f"{name}_{i}" for i in range(SOME)])
    kept = await runtime.models.keep(card, files, machine="pump-1", origin=TRAINED)
    return kept.number


async def test_a_model_without_room_for_its_columns_is_refused_and_no_reading_is_lost(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(flow(0), profile="industrial_pump")
        numbers = {name: await many_outputs(runtime, name) for name in ("a", "b", "c")}
        for at_s, name in enumerate(("a", "b"), start=1):
            await runtime.models.deploy("pump-1", numbers[name])
            await runtime.ingest(flow(at_s))
            await runtime.models.withdraw("pump-1", name)
        with pytest.raises(ModelError, match=r"at most 1900 columns\. .* Name the outputs as"):
            await runtime.models.deploy("pump-1", numbers["c"])
        assert runtime.machine("pump-1").tools.deployed == ()
        (receipt,) = await runtime.ingest(flow(3))
        assert receipt.accepted == 1
        await runtime.models.deploy("pump-1", numbers["a"])
        await runtime.ingest(flow(4))
        kept = await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10 * S, names=("a_0", "b_0")))
        wanted = {"a_0": [301.0, 304.0], "b_0": [302.0]}
        for name, values in wanted.items():
            column = kept.columns[name]
            assert column[np.isfinite(column)].tolist() == values


async def test_a_shadow_of_nothing_is_refused_before_it_is_loaded(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(flow(0), profile="industrial_pump")
        kept = await runtime.models.keep(*sums(), machine="pump-1", origin=TRAINED)
        with pytest.raises(ModelError, match="no active model named 'sums'"):
            await runtime.models.deploy("pump-1", kept.number, Role.SHADOW)
        assert await runtime.store.deployments() == []


async def test_a_model_that_takes_more_memory_than_there_is_for_all_is_refused(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(flow(0), profile="industrial_pump")
        small = await runtime.models.keep(*sums(), machine="pump-1", origin=TRAINED)
        large = await runtime.models.keep(
            *sums(ballast_bytes=2_000_000), machine="pump-1", origin=TRAINED
        )
        shelf = Shelf(runtime.store, max_bytes=1_000_000)
        assert (await shelf.load(small.number)).card.name == "sums"
        with pytest.raises(ModelError, match=r"model 2 takes about 3\.\d MB of memory"):
            await shelf.load(large.number)
        first = await shelf.load(small.number)
        assert (await shelf.load(small.number)).model is first.model
