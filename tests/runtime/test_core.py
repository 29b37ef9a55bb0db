"""The runtime joins profile, pipeline, store and stream for each machine."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import UnknownMachineError
from telltale.events import EventKind, Level
from telltale.formats.base import Decoded
from telltale.runtime.core import Runtime
from telltale.runtime.machine_view import headline
from telltale.store.base import RangeQuery
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.waiting import until

T0 = 1_763_711_000_000_000_000
PUMP = {"bearing_temp_c": 42.0, "vibration_mm_s": 2.1, "motor_current_a": 15.5}


def readings(machine: str, n: int = 5, start_ns: int = T0, **values: float) -> Decoded:
    columns = {name: np.full(n, value) for name, value in {**PUMP, **values}.items()}
    return Decoded((Batch(machine, start_ns + np.arange(n) * 1_000_000_000, columns),))


async def kept(runtime: Runtime, machine: str) -> Batch:
    return await runtime.store.read(RangeQuery(machine, 0, 2**62))


async def test_an_answered_reading_is_in_the_store_with_its_derived_columns(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        (receipt,) = await runtime.ingest(readings("pump-1"))
        batch = await kept(runtime, "pump-1")
    assert (receipt.accepted, receipt.rejected, receipt.registered) == (5, 0, True)
    assert receipt.profile == "industrial_pump"
    assert batch.columns["bearing_temp_c"].tolist() == [42.0] * 5
    derived = set(batch.columns) - set(PUMP)
    assert any(np.isfinite(batch.columns[name]).any() for name in derived)


async def test_an_unknown_machine_gets_an_inferred_profile_when_none_fits(
    open_runtime: OpenRuntime,
) -> None:
    odd = Decoded(
        (Batch("Kiln 7", T0 + np.arange(3), {"zone_a_temp_c": np.array([800.0, 801, 802])}),)
    )
    async with open_runtime() as runtime:
        (receipt,) = await runtime.ingest(odd)
        live = runtime.machine("Kiln 7")
        assert live.profile.inferred
        assert receipt.profile == live.profile.id
        assert receipt.accepted == 3
        assert "check its units" in headline(live, runtime.clock())


async def test_a_machine_that_nobody_announced_is_noted_with_how_it_got_its_profile(
    open_runtime: OpenRuntime,
) -> None:
    odd = Decoded((Batch("kiln", T0 + np.arange(3), {"zone_a_temp_c": np.array([8.0, 9, 10])}),))
    async with open_runtime() as runtime:
        await runtime.ingest(readings("fits", odd_name=1.0))
        await runtime.ingest(odd)
        await runtime.ingest(readings("told"), profile="industrial_pump")
        await runtime.fleet.register("announced", profile="industrial_pump")
    async with open_runtime() as runtime:
        told = {event.machine: event for event in await runtime.store.events()}
        known = {live.machine.id for live in runtime.machines()}
    assert known == {"fits", "kiln", "told", "announced"}
    assert told.keys() == {"fits", "kiln"}
    assert told["fits"].message == "Registered on Industrial pump: 3 of 4 names fit."
    assert told["kiln"].message == "Profile inferred from 1 channel; check its units."
    assert {(event.kind, event.is_open) for event in told.values()} == {(EventKind.NOTE, False)}


async def test_two_first_inputs_at_once_make_one_machine_and_one_profile(
    open_runtime: OpenRuntime,
) -> None:
    pieces = [
        Decoded((Batch("kiln", T0 + n + np.arange(3), {"zone_a_temp_c": np.array([8.0, 9, 10])}),))
        for n in range(0, 30, 10)
    ]
    async with open_runtime() as runtime:
        receipts = await asyncio.gather(*(runtime.ingest(piece) for piece in pieces))
        assert [profile for profile in runtime.profiles.all() if profile.startswith("kiln")] == [
            "kiln"
        ]
        assert {receipt.profile for (receipt,) in receipts} == {"kiln"}
        notes = [e for e in await runtime.store.events() if e.kind is EventKind.NOTE]
        assert len(notes) == 1
        assert len(await kept(runtime, "kiln")) == 9


async def test_an_inferred_profile_grows_with_the_channels_its_feed_sends_later(
    open_runtime: OpenRuntime,
) -> None:
    first = Decoded((Batch("kiln", T0 + np.arange(3), {"zone_a_temp_c": np.array([8.0, 9, 10])}),))
    second = Decoded(
        (Batch("kiln", T0 + np.arange(5, 8), {"zone_b_temp_c": np.array([3.0, 4, 5])}),)
    )
    async with open_runtime() as runtime:
        await runtime.ingest(first)
        (receipt,) = await runtime.ingest(second)
        batch = await kept(runtime, "kiln")
    assert receipt.accepted == 3
    assert receipt.unknown == {}
    assert batch.columns["zone_b_temp_c"][-3:].tolist() == [3.0, 4.0, 5.0]


async def test_a_channel_that_a_feed_sends_only_later_may_fall_silent_too(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async def send(*names: str) -> None:
        columns = {name: np.array([20.0]) for name in names}
        await runtime.ingest(Decoded((Batch("kiln", np.array([clock()]), columns),)))
        clock.jump(1)

    async with open_runtime() as runtime:
        await send("zone_a_temp_c")
        for _ in range(10):
            await send("zone_a_temp_c", "zone_b_temp_c")
        for _ in range(60):
            await send("zone_a_temp_c")
        live = runtime.machine("kiln")
        await until(lambda: live.value_states() == {"zone_b_temp_c": "stale"})


async def test_a_restart_takes_up_machines_values_and_open_events(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1", n=60, bearing_temp_c=91.0))
        before = runtime.machine("pump-1").open_events
    assert any(event.level is Level.CRITICAL for event in before.values())
    async with open_runtime() as runtime:
        live = runtime.machine("pump-1")
        assert live.open_events.keys() == before.keys()
        assert live.values["bearing_temp_c"] == 91.0
        assert live.rows == 60


async def test_a_restart_takes_up_values_that_a_feed_sends_by_turns(
    open_runtime: OpenRuntime,
) -> None:
    turns = [*PUMP.items()] * 4
    async with open_runtime() as runtime:
        for n, (name, value) in enumerate(turns):
            batch = Batch("pump-1", np.array([T0 + n * 10**9]), {name: np.array([value + n])})
            await runtime.ingest(Decoded((batch,)), profile="industrial_pump")
        live = runtime.machine("pump-1")
        before = {name: (live.values[name], live.times_ns[name]) for name in PUMP}
    async with open_runtime() as runtime:
        live = runtime.machine("pump-1")
        assert {name: (live.values[name], live.times_ns[name]) for name in PUMP} == before


@pytest.mark.parametrize("cut", [1, 7, 30, 59])
async def test_a_restart_between_two_batches_changes_no_derived_value(
    open_runtime: OpenRuntime, cut: int
) -> None:
    rng = np.random.default_rng(5)
    times = T0 + np.arange(60) * 1_000_000_000
    columns = {name: value + rng.normal(0, 0.1, 60) for name, value in PUMP.items()}
    async with open_runtime() as runtime:
        await runtime.ingest(Decoded((Batch("whole", times, columns),)))
        await runtime.ingest(Decoded((Batch("cut", times, columns).rows(0, cut),)))
    async with open_runtime() as runtime:
        await runtime.ingest(Decoded((Batch("cut", times, columns).rows(cut, 60),)))
        whole, pieces = await kept(runtime, "whole"), await kept(runtime, "cut")
    assert whole.columns.keys() == pieces.columns.keys()
    for name, values in whole.columns.items():
        assert values.tobytes() == pieces.columns[name].tobytes(), name


async def test_late_readings_are_kept_and_counted(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1", n=5, start_ns=T0 + 100_000_000_000))
        (receipt,) = await runtime.ingest(readings("pump-1", n=3))
        batch = await kept(runtime, "pump-1")
    assert (receipt.accepted, receipt.late) == (3, 3)
    assert len(batch) == 8


async def test_sending_the_same_readings_twice_keeps_them_once(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1"))
        await runtime.ingest(readings("pump-1"))
        assert len(await kept(runtime, "pump-1")) == 5


async def test_silence_opens_one_event_and_the_next_reading_closes_it(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1", start_ns=clock() - 5_000_000_000))
        assert runtime.machine("pump-1").state_word() == "ok"
        clock.jump(3600)
        await until(lambda: runtime.machine("pump-1").state_word() == "stale")
        await runtime.ingest(readings("pump-1", start_ns=clock() - 5_000_000_000))
        await until(lambda: runtime.machine("pump-1").state_word() == "ok")
    async with open_runtime() as runtime:
        events = [e for e in await runtime.store.events("pump-1") if e.kind is EventKind.STALE]
    assert len(events) == 1
    assert not events[0].is_open


async def test_a_recording_is_never_reported_as_silent(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1"), is_live=False)
        clock.jump(3600)
        await asyncio.sleep(1.2)
        assert EventKind.STALE not in {e.kind for e in await runtime.store.events("pump-1")}


async def test_an_unknown_machine_is_named_with_the_nearest_one(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1"))
        with pytest.raises(UnknownMachineError, match="Did you mean 'pump-1'"):
            runtime.machine("pump-11")


async def test_a_machine_that_is_changed_and_removed_at_once_does_not_come_back(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1"))
        await asyncio.gather(
            runtime.fleet.change("pump-1", profile="rotating_machine"),
            runtime.fleet.remove("pump-1"),
        )
        assert runtime.fleet.find("pump-1") is None
        assert await runtime.store.machines() == []


async def test_a_changed_profile_gives_the_machine_other_channels(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(readings("pump-1"))
        live = await runtime.fleet.change("pump-1", title="Pump 1", profile="rotating_machine")
        assert runtime.machine("pump-1") is live
        assert (live.machine.title, live.profile.id) == ("Pump 1", "rotating_machine")
