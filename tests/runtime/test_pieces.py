"""A large input of a machine whose model takes long: in pieces, in order, and beside the others."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import StoreError
from telltale.formats.base import Decoded
from telltale.runtime.core import Runtime
from telltale.runtime.pieces import (
    FIRST_ROWS,
    LEAST_ROWS,
    MOST_COSTS,
    MOST_ROWS,
    PIECE_S,
    Pieces,
    together,
)
from telltale.store.base import RangeQuery
from tests.doubles import START_NS
from tests.models.graphs import sums
from tests.runtime.conftest import OpenRuntime

S = 1_000_000_000
T0 = START_NS - 100_000 * S
N = 1_500


def flow(n: int, start: int = 0, machine: str = "pump-1") -> Decoded:
    times = T0 + (start + np.arange(n)) * S
    columns = {"flow_l_min": 300.0 + (start + np.arange(n, dtype=np.float64)) % 97}
    return Decoded((Batch(machine, times, columns),))


async def with_slow_model(runtime: Runtime) -> None:
    """Let pump-1 run a model that takes about half a millisecond for an answer."""
    await runtime.ingest(flow(1), profile="industrial_pump")
    await runtime.ingest(flow(1, machine="pump-2"), profile="industrial_pump")
    kept = await runtime.models.keep(
        *sums(ballast_bytes=1_000_000), machine="pump-1", origin="imported"
    )
    await runtime.models.deploy("pump-1", kept.number)


async def test_others_are_answered_while_a_large_input_is_taken(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await with_slow_model(runtime)
        large = asyncio.create_task(runtime.ingest(flow(N, 1)))
        await asyncio.sleep(0)
        answered = 0
        while not large.done():
            (receipt,) = await runtime.ingest(flow(1, 1 + answered, "pump-2"))
            answered += receipt.accepted
        (receipt,) = await large
        assert answered >= 3
        assert (receipt.accepted, receipt.late, receipt.replaced) == (N, 0, 0)
        assert (receipt.first_time_ns, receipt.last_time_ns) == (T0 + S, T0 + N * S)


async def test_what_comes_meanwhile_of_the_same_machine_waits_for_its_turn(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await with_slow_model(runtime)
        receipts = await asyncio.gather(
            runtime.ingest(flow(N, 1)),
            runtime.ingest(flow(5, N + 1)),
            runtime.ingest(flow(N, N + 6)),
            runtime.ingest(flow(5, 2 * N + 6)),
        )
        assert [one.accepted for (one,) in receipts] == [N, 5, N, 5]
        assert [one.late for (one,) in receipts] == [0, 0, 0, 0]
        kept = await runtime.store.read(RangeQuery("pump-1", T0 + S, T0 + 10_000 * S))
        assert len(kept) == 2 * N + 10
        np.testing.assert_allclose(kept.columns["sum_of_flow"], kept.columns["flow_l_min"])


async def test_a_machine_that_goes_meanwhile_loses_what_was_its_own_only(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await with_slow_model(runtime)
        large = asyncio.create_task(runtime.ingest(flow(N, 1), profile="industrial_pump"))
        await asyncio.sleep(0.05)
        await runtime.fleet.remove("pump-1")
        (receipt,) = await large
        assert receipt.accepted == N
        kept = await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10_000 * S))
        assert 0 < len(kept) < N
        assert kept.time_ns[-1] == T0 + N * S
        assert runtime.machine("pump-1").rows == len(kept)


def test_pieces_are_as_large_as_their_cost_allows() -> None:
    pieces = Pieces(store=None)  # type: ignore[arg-type]  # takes nothing here
    assert pieces.rows("m") == FIRST_ROWS
    pieces.measured("m", 1_000, 1.0)
    assert pieces.rows("m") == round(PIECE_S / 0.001)
    for _ in range(50):
        pieces.measured("m", 1_000, 1e-6)
    assert pieces.rows("m") == MOST_ROWS
    for _ in range(50):
        pieces.measured("m", 1_000, 1e6)
    assert pieces.rows("m") == LEAST_ROWS


def test_the_cost_of_the_machine_measured_longest_ago_makes_room() -> None:
    pieces = Pieces(store=None)  # type: ignore[arg-type]  # takes nothing here
    for machine in (*range(MOST_COSTS), 0, MOST_COSTS):
        pieces.measured(str(machine), 1_000, 1.0)
    assert pieces.rows("0") == pieces.rows(str(MOST_COSTS)) == round(PIECE_S / 0.001)
    assert pieces.rows("1") == FIRST_ROWS


def test_one_future_stands_for_several() -> None:
    assert together([]) is None
    futures: list[Future[int]] = [Future() for _ in range(3)]
    joint = together(futures)
    assert joint is not None
    for future in futures[:2]:
        future.set_result(5)
    assert not joint.done()
    futures[2].set_exception(StoreError("full"))
    with pytest.raises(StoreError, match="full"):
        joint.result(1)
