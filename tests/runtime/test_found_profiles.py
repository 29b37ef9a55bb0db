"""A machine on an inferred profile learns, and moves to a checked one when that fits by now."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.events import EventKind, note
from telltale.formats.base import Decoded
from telltale.profiles.load import ProfileBook
from telltale.runtime.core import Runtime
from telltale.store.base import RangeQuery
from tests.runtime.conftest import OpenRuntime

T0 = 1_763_711_000_000_000_000


def fed(machine: str, start_s: int = 0, **values: float) -> Decoded:
    columns = {name: np.full(3, value) for name, value in values.items()}
    return Decoded((Batch(machine, T0 + (start_s + np.arange(3)) * 10**9, columns),))


def flagged(machine: str, start_s: int, *words: str) -> Decoded:
    """Return rows that each hold one word, in this input's own numbering."""
    codes = {word: float(n) for n, word in enumerate(dict.fromkeys(words))}
    columns = {"flag": np.array([codes[word] for word in words])}
    times = T0 + (start_s + np.arange(len(words))) * 10**9
    return Decoded((Batch(machine, times, columns),), codes={"flag": codes})


async def kept_flags(runtime: Runtime) -> list[str]:
    """Return the words that are kept, by the profile's codes."""
    batch = await runtime.store.read(RangeQuery("post", 0, 2**62))
    codes = runtime.machine("post").profile.channels["flag"].codes
    words = {number: word for word, number in codes.items()}
    return [words[number] for number in batch.columns["flag"].tolist()]


async def test_words_that_come_later_are_kept_and_mean_the_same_after_a_restart(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(flagged("post", 0, "GF", "FCY"))
        (receipt,) = await runtime.ingest(flagged("post", 10, "SC", "GF"))
        assert (receipt.accepted, receipt.rejected_values, receipt.unknown) == (2, 0, {})
    async with open_runtime() as runtime:
        await runtime.ingest(flagged("post", 20, "RED", "SC", "FCY"))
        assert await kept_flags(runtime) == ["GF", "FCY", "SC", "GF", "RED", "SC", "FCY"]


async def test_a_first_message_of_one_name_does_not_decide_for_good(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        (first,) = await runtime.ingest(fed("engine", rpm=3000.0))
        (second,) = await runtime.ingest(
            fed("engine", 10, rpm=3100.0, boost=14.5037738, afr=12.0, oil_temp=95.0)
        )
        live = runtime.machine("engine")
        told = [e.message for e in await runtime.store.events("engine") if e.rule == "profile"]
        batch = await runtime.store.read(RangeQuery("engine", 0, 2**62))
    assert (first.profile, second.profile) == ("engine", "toyota_2jz_gte")
    assert (second.accepted, second.unknown) == (3, {})
    assert live.profile.id == "toyota_2jz_gte"
    assert batch.columns["boost_bar"][-1] == pytest.approx(1.0)
    assert batch.columns["rpm"][:3].tolist() == [3000.0] * 3
    assert told == [
        "Profile changed from engine to toyota_2jz_gte: 4 names of all that it has sent fit "
        "Toyota 2JZ-GTE. What is derived starts anew; its readings stay readable."
    ]


async def test_lap_tables_before_telemetry_still_make_a_gr_cup_car(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(fed("GR86-049-88", lap=1.0, outing=0.0), is_live=False)
        assert runtime.machine("GR86-049-88").profile.inferred
        await runtime.ingest(
            fed("GR86-049-88", 10, nmot=5000.0, aps=80.0, pbrake_f=1.0, accx_can=0.2, lap=2.0),
            is_live=False,
        )
        assert runtime.machine("GR86-049-88").profile.id == "gr86_cup"
    async with open_runtime() as runtime:
        assert runtime.machine("GR86-049-88").profile.id == "gr86_cup"
        assert len(await runtime.store.read(RangeQuery("GR86-049-88", 0, 2**62))) == 6


async def test_a_machine_whose_profile_somebody_chose_stays_on_it(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(fed("engine", rpm=3000.0))
        await runtime.ingest(fed("other", zone_a_temp_c=20.0))
        await runtime.fleet.change("engine", profile="other")
        await runtime.ingest(fed("engine", 10, rpm=3000.0, boost=1.0, afr=12.0))
        assert runtime.machine("engine").profile.id == "other"
    async with open_runtime() as runtime:
        await runtime.ingest(fed("engine", 20, oil_temp=90.0, knock=1.0))
        live = runtime.machine("engine")
        assert live.profile.id == "other"
        assert {"rpm", "boost", "afr", "oil_temp"} <= set(live.profile.channels)


async def test_a_machine_that_was_registered_on_an_inferred_profile_stays_on_it(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(fed("other", zone_a_temp_c=20.0))
        await runtime.fleet.register("engine", profile="other")
        await runtime.ingest(fed("engine", rpm=3000.0, boost=1.0, afr=12.0))
    async with open_runtime() as runtime:
        await runtime.ingest(fed("engine", 20, oil_temp=90.0, knock=1.0))
        assert runtime.machine("engine").profile.id == "other"


async def test_a_restart_before_the_rest_comes_changes_nothing(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(fed("engine", rpm=3000.0))
    async with open_runtime() as runtime:
        await runtime.ingest(fed("engine", 10, rpm=3000.0, boost=1.0, afr=12.0))
        assert runtime.machine("engine").profile.id == "toyota_2jz_gte"


async def test_many_events_since_do_not_hide_who_decided_on_a_profile(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        for machine in ("engine", "chosen"):
            await runtime.ingest(fed(machine, rpm=3000.0))
        await runtime.fleet.change("chosen", profile="engine")
        for machine in ("engine", "chosen"):
            later = tuple(
                note(machine, "scenario", "", runtime.clock() + 1 + n) for n in range(1_500)
            )
            runtime.fleet.keep_events(runtime.machine(machine), later)
    async with open_runtime() as runtime:
        for machine in ("engine", "chosen"):
            await runtime.ingest(fed(machine, 10, rpm=3000.0, boost=1.0, afr=12.0))
        assert runtime.machine("engine").profile.id == "toyota_2jz_gte"
        assert runtime.machine("chosen").profile.id == "engine"


async def test_machines_that_share_an_inferred_profile_learn_from_one_another(
    open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(fed("kiln-1", zone_a_temp_c=20.0, zone_b_temp_c=20.0))
        await runtime.ingest(fed("kiln-2", zone_a_temp_c=20.0, zone_b_temp_c=20.0))
        await runtime.ingest(fed("kiln-1", 10, zone_c_temp_c=30.0))
        await runtime.ingest(fed("kiln-2", 10, zone_d_temp_c=40.0))
        profiles = {live.profile.id for live in runtime.machines()}
        titles = {live.profile.title for live in runtime.machines()}
    kept = ProfileBook(tmp_path / "profiles").get("kiln_1")
    assert profiles == {"kiln_1"}
    assert titles == {"Kiln 1 and alike"}
    assert list(kept.channels) == [f"zone_{letter}_temp_c" for letter in "abcd"]


async def test_inputs_at_once_grow_one_profile_and_lose_nothing(
    open_runtime: OpenRuntime,
) -> None:
    def sent(n: int, name: str, value: float) -> Decoded:
        times = T0 + (10 * n + np.arange(3)) * 10**9
        return Decoded((Batch("kiln", times, {name: np.full(3, value)}),))

    async with open_runtime() as runtime:
        await runtime.ingest(fed("kiln", zone_a_temp_c=20.0))
        receipts = await asyncio.gather(
            *(runtime.ingest(sent(n, f"zone_x{n}_temp_c", float(n))) for n in range(1, 9))
        )
        batch = await runtime.store.read(RangeQuery("kiln", 0, 2**62))
        notes = [e for e in await runtime.store.events("kiln") if e.kind is EventKind.NOTE]
    assert [receipt.accepted for (receipt,) in receipts] == [3] * 8
    for n in range(1, 9):
        assert np.nansum(batch.columns[f"zone_x{n}_temp_c"]) == 3.0 * n
    assert len(notes) == 1


async def test_what_waits_to_grow_a_profile_while_its_machine_is_removed_is_of_a_new_one(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(fed("kiln", zone_a_temp_c=20.0))
        await asyncio.gather(
            runtime.ingest(fed("kiln", 10, zone_b_temp_c=30.0)),
            runtime.fleet.remove("kiln"),
            runtime.ingest(fed("kiln", 20, zone_c_temp_c=40.0)),
        )
        assert runtime.machine("kiln").rows == 3
        (record,) = await runtime.store.machines()
        batch = await runtime.store.read(RangeQuery("kiln", 0, 2**62))
    assert (record.id, record.title) == ("kiln", "kiln")
    assert batch.time_ns.tolist() == (T0 + (20 + np.arange(3)) * 10**9).tolist()


async def test_inputs_at_once_move_a_machine_once_and_leave_the_checked_profile_alone(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        before = runtime.profiles.get("toyota_2jz_gte")
        await runtime.ingest(fed("engine", rpm=3000.0))
        receipts = await asyncio.gather(
            *(
                runtime.ingest(fed("engine", 10 * n, rpm=1.0, boost=1.0, afr=12.0, odd_thing=1.0))
                for n in range(1, 5)
            )
        )
        told = [e for e in await runtime.store.events("engine") if e.rule == "profile"]
        assert runtime.profiles.get("toyota_2jz_gte") is before
        assert len(await runtime.store.read(RangeQuery("engine", 0, 2**62))) == 15
    assert len(told) == 1
    assert {receipt.profile for (receipt,) in receipts} == {"toyota_2jz_gte"}
    assert {tuple(receipt.unknown) for (receipt,) in receipts} == {("odd_thing",)}


async def test_true_and_false_are_kept_as_words_by_an_inferred_profile_and_refused_by_a_unit(
    open_runtime: OpenRuntime,
) -> None:
    booleans = {"false": 0.0, "true": 1.0}
    batch = fed("kiln", zone_a_temp_c=20.0, door_open=1.0).batches[0]
    async with open_runtime() as runtime:
        (kept,) = await runtime.ingest(Decoded((batch,), codes={"door_open": booleans}))
        assert runtime.machine("kiln").profile.channels["door_open"].codes == booleans
        wrong = fed("pump", bearing_temp_c=1.0, vibration_mm_s=2.0).batches[0]
        (refused,) = await runtime.ingest(
            Decoded((wrong,), codes={"bearing_temp_c": booleans}), profile="industrial_pump"
        )
    assert (kept.accepted, kept.rejected_values) == (3, 0)
    assert (refused.accepted, refused.rejected_values) == (3, 3)
    assert list(refused.unknown) == ["bearing_temp_c"]
