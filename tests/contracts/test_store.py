"""What every store must keep to. Walks STORES, so a new one is tested once it is registered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import NS_PER_S, Batch, concat
from telltale.errors import SettingsError, StoreError
from telltale.labels import (
    MAX_LABELS,
    ContradictionError,
    Label,
    LabelError,
    LabelKind,
    UnknownLabelError,
)
from telltale.registry import load
from telltale.store import STORES
from telltale.store.base import Deployment, KeptModel, Machine, RangeQuery, Role, Store, Write
from tests.store.samples import START_NS, batch, event, profile, ramp, same

PUMP = profile()
NAMES = PUMP.names
FOREVER = (-(2**62), 2**62)

WAYS: dict[str, tuple[str, dict[str, bool]]] = {  # one more where a store has two ways of working
    **{name: (name, {}) for name in STORES},
    "sqlite apart": ("sqlite", {"is_apart": True}),
}

every_store = pytest.mark.parametrize("name", sorted(WAYS))


@asynccontextmanager
async def store_of(name: str, folder: Path) -> AsyncIterator[Store]:
    registered, settings = WAYS[name]
    make = load(STORES, registered, group="telltale.stores", error=StoreError)
    store: Store = make(folder, **settings)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def keep(store: Store, *writes: Write) -> None:
    for future in [store.submit(write) for write in writes]:
        await asyncio.wrap_future(future)


def everything(machine: str = "pump-1") -> RangeQuery:
    return RangeQuery(machine, *FOREVER)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    number = st.floats(allow_nan=True, allow_infinity=True, width=64)
    times = draw(st.lists(st.integers(-(2**61), 2**61) | st.integers(0, 9), max_size=30))
    columns = {
        name: np.array(
            draw(st.lists(number, min_size=len(times), max_size=len(times))), dtype=float
        )
        for name in NAMES
    }
    return Batch("pump-1", np.array(sorted(times), dtype=np.int64), columns)


def folded(parts: list[Batch]) -> Batch:
    """What a store must give back, worked out one value at a time."""
    rows: dict[int, dict[str, float]] = {}
    for part in parts:
        for index, time_ns in enumerate(part.time_ns.tolist()):
            row = rows.setdefault(time_ns, dict.fromkeys(NAMES, np.nan))
            row.update({n: v[index] for n, v in part.columns.items() if not np.isnan(v[index])})
    times = sorted(rows)
    return Batch(
        "pump-1",
        np.array(times, dtype=np.int64),
        {name: np.array([rows[t][name] for t in times], dtype=float) for name in NAMES},
    )


@every_store
def test_what_is_written_in_any_pieces_reads_back_equal(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @settings(max_examples=25, deadline=None)
    @given(st.lists(batches(), min_size=1, max_size=4))
    def check(parts: list[Batch]) -> None:
        async def run() -> tuple[Batch, int]:
            async with store_of(name, tmp_path_factory.mktemp("store")) as store:
                await keep(store, *(Write(PUMP, part) for part in parts))
                return await store.read(everything()), (await store.status()).rows

        expected = folded(parts)
        found, rows = asyncio.run(run())
        assert rows == len(expected)
        if rows:
            assert same(found, expected)
        else:
            assert len(found) == 0

    check()


@every_store
async def test_submitting_the_same_again_changes_nothing(name: str, tmp_path: Path) -> None:
    async with store_of(name, tmp_path) as store:
        write = Write(PUMP, ramp(500), events=(event(START_NS),))
        await keep(store, write)
        first = await store.read(everything()), await store.sessions(), await store.events()
        await keep(store, write, Write(PUMP, ramp(500).rows(100, 200)))
        assert same(await store.read(everything()), first[0])
        assert (await store.sessions(), await store.events()) == first[1:]
        assert (await store.status()).rows == 500


@every_store
async def test_the_last_arrival_wins_per_channel_and_a_missing_value_erases_nothing(
    name: str, tmp_path: Path
) -> None:
    async with store_of(name, tmp_path) as store:
        await keep(
            store,
            Write(PUMP, batch([1], bearing_temp_c=[70.0], motor_temp_c=[50.0])),
            Write(PUMP, batch([1], bearing_temp_c=[71.0], motor_temp_c=[np.nan])),
            Write(PUMP, batch([1], motor_temp_c=[51.0])),
        )
        found = await store.read(everything())
        assert same(found, batch([1], bearing_temp_c=[71.0], motor_temp_c=[51.0]))


@every_store
async def test_a_range_includes_its_start_and_excludes_its_end(name: str, tmp_path: Path) -> None:
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(10)))
        query = RangeQuery("pump-1", START_NS + 3 * NS_PER_S, START_NS + 6 * NS_PER_S)
        assert same(await store.read(query), ramp(10).rows(3, 6))


@every_store
async def test_a_limit_keeps_the_first_or_the_newest_samples_in_time_order(
    name: str, tmp_path: Path
) -> None:
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(20_000)))
        first = await store.read(RangeQuery("pump-1", *FOREVER, limit=7))
        newest = await store.read(RangeQuery("pump-1", *FOREVER, limit=15_000, newest=True))
        assert same(first, ramp(20_000).rows(0, 7))
        assert same(newest, ramp(20_000).rows(5_000, 20_000))


@every_store
async def test_an_unknown_machine_range_or_name_reads_empty(name: str, tmp_path: Path) -> None:
    async with store_of(name, tmp_path) as store:
        assert len(await store.read(everything("nobody"))) == 0
        assert await store.last_state("nobody") is None
        await keep(store, Write(PUMP, ramp(5)))
        assert len(await store.read(RangeQuery("pump-1", 0, 1))) == 0
        found = await store.read(RangeQuery("pump-1", *FOREVER, names=("no_such_c",)))
        assert len(found) == 5
        assert bool(np.isnan(found.columns["no_such_c"]).all())


@every_store
@pytest.mark.parametrize("points", [1, 10, 333])
async def test_decimation_keeps_the_minimum_and_maximum_of_every_bucket(
    name: str, points: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(50.0, 5.0, 5_000)
    values[rng.integers(0, 5_000, 500)] = np.nan
    values[4_321] = 1e6
    sent = batch(range(5_000), bearing_temp_c=values.tolist(), motor_temp_c=[np.nan] * 5_000)
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, sent))
        found = await store.read(RangeQuery("pump-1", *FOREVER, points=points))
        assert len(found) <= 2 * points + 2
        assert bool(np.all(found.time_ns[1:] > found.time_ns[:-1]))
        assert set(found.time_ns) <= set(sent.time_ns)
        for start in range(0, len(found) - 1, 2):
            inside = (sent.time_ns >= found.time_ns[start]) & (
                sent.time_ns <= found.time_ns[start + 1]
            )
            kept = found.columns["bearing_temp_c"][start : start + 2]
            bucket = values[inside]
            assert (np.nanmin(kept), np.nanmax(kept)) == (np.nanmin(bucket), np.nanmax(bucket))
        assert bool(np.isnan(found.columns["motor_temp_c"]).all())


@every_store
async def test_few_samples_are_not_decimated_and_a_pause_stays_empty(
    name: str, tmp_path: Path
) -> None:
    sent = concat([ramp(100), ramp(3_000, start_s=90_000.0)])
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, sent))
        assert same(await store.read(RangeQuery("pump-1", *FOREVER, points=5_000)), sent)
        found = await store.read(RangeQuery("pump-1", *FOREVER, points=500))
        assert len(found) > 2
        assert not bool(
            np.any(
                (found.time_ns > START_NS + 99 * NS_PER_S)
                & (found.time_ns < START_NS + 90_000 * NS_PER_S)
            )
        )


@every_store
async def test_a_long_pause_starts_a_session_and_late_samples_join_two(
    name: str, tmp_path: Path
) -> None:
    short = profile(session_gap_s=10.0)
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(short, batch([0, 1, 2, 20, 21], bearing_temp_c=[1.0] * 5)))
        later, earlier = await store.sessions("pump-1")
        assert (earlier.rows, later.rows) == (3, 2)
        assert earlier.id == f"pump-1/{START_NS}"
        named = await store.name_session(later.id, "Cold start")
        assert named.title == "Cold start"
        await keep(store, Write(short, batch([2, 11], bearing_temp_c=[9.0, 9.0])))
        (joined,) = await store.sessions()
        assert (joined.id, joined.title, joined.rows) == (later.id, "Cold start", 6)
        assert (joined.start_ns, joined.end_ns) == (START_NS, START_NS + 21 * NS_PER_S)
        with pytest.raises(StoreError, match="no session 'pump-1/7'"):
            await store.name_session("pump-1/7", "x")


@every_store
async def test_an_event_is_kept_once_by_key_with_its_newest_content(
    name: str, tmp_path: Path
) -> None:
    async with store_of(name, tmp_path) as store:
        opened, closed = event(START_NS), event(START_NS, end_ns=START_NS + 5)
        other = event(START_NS + 9, machine="pump-2")
        await keep(store, Write(PUMP, ramp(1), events=(opened, other)))
        await keep(store, Write(PUMP, ramp(0), events=(closed,)))
        assert await store.events() == [other, closed]
        assert await store.events("pump-1") == [closed]
        assert await store.events(open_only=True) == [other]
        assert await store.events(start_ns=START_NS, end_ns=START_NS + 9) == [closed]
        assert await store.events(limit=1) == [other]
        assert await store.events(rule=closed.rule) == [other, closed]
        assert await store.events("pump-1", rule="registered") == []


@every_store
async def test_the_newest_state_is_kept_and_asked_for_once_per_commit(
    name: str, tmp_path: Path
) -> None:
    asked: list[int] = []

    def state_of(index: int) -> bytes:
        asked.append(index)
        return str(index).encode()

    async with store_of(name, tmp_path) as store:
        writes = [
            Write(PUMP, ramp(10, start_s=10.0 * i), state=partial(state_of, i)) for i in range(100)
        ]
        await keep(store, *writes)
        commits = (await store.status()).commits
    async with store_of(name, tmp_path) as store:
        assert await store.last_state("pump-1") == b"99"
    assert len(asked) <= commits < 100
    assert asked == sorted(set(asked))


@every_store
async def test_a_write_at_fault_fails_alone_and_keeps_nothing_of_itself(
    name: str, tmp_path: Path
) -> None:
    def broken() -> bytes:
        raise ValueError("state cannot be encoded")

    async with store_of(name, tmp_path) as store:
        good = store.submit(Write(PUMP, ramp(3)))
        unknown = store.submit(Write(PUMP, batch([5], no_such_c=[1.0]), (event(START_NS),)))
        unencodable = store.submit(Write(PUMP, ramp(3, machine="pump-2"), state=broken))
        after = store.submit(Write(PUMP, ramp(3, start_s=3.0)))
        await asyncio.wrap_future(good)
        await asyncio.wrap_future(after)
        with pytest.raises(StoreError, match="no channel or metric 'no_such_c'"):
            await asyncio.wrap_future(unknown)
        with pytest.raises(StoreError, match="cannot be encoded"):
            await asyncio.wrap_future(unencodable)
        assert len(await store.read(everything())) == 6
        assert len(await store.read(everything("pump-2"))) == 0
        assert await store.events() == []
        status = await store.status()
        assert (status.failed_commits, status.problem) == (2, None)


@every_store
async def test_a_profile_that_gains_a_channel_keeps_what_was_there(
    name: str, tmp_path: Path
) -> None:
    wider = profile("bearing_temp_c", "motor_temp_c", 'odd "name"; --')
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(2)))
        time_ns = np.array([START_NS + 2 * NS_PER_S])
        await keep(
            store, Write(wider, Batch("pump-1", time_ns, {'odd "name"; --': np.array([7.0])}))
        )
        await keep(store, Write(PUMP, batch([3], bearing_temp_c=[4.0])))
        found = await store.read(everything())
        assert found.columns['odd "name"; --'][2] == 7.0
        assert same(found.select(NAMES).rows(0, 2), ramp(2))
        assert found.columns["bearing_temp_c"][3] == 4.0


@every_store
async def test_a_machine_that_changes_profile_keeps_its_history(name: str, tmp_path: Path) -> None:
    other = profile("oil_temp_c", profile_id="other")
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(3)))
        await keep(store, Write(other, batch([3], oil_temp_c=[80.0])))
        found = await store.read(everything())
        assert len(found) == 4
        assert found.columns["oil_temp_c"][3] == 80.0
        assert found.columns["bearing_temp_c"][:3].tolist() == [0.0, 1.0, 2.0]


@every_store
async def test_machines_are_kept_and_one_that_only_sends_is_registered(
    name: str, tmp_path: Path
) -> None:
    renamed = Machine("pump-1", "Pump 1", "test_pump", simulated=True, place="hall B", created_ns=5)
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(1)))
        (found,) = await store.machines()
        assert (found.id, found.title, found.profile) == ("pump-1", "pump-1", "test_pump")
        await store.save_machine(renamed)
        assert await store.machines() == [renamed]
        assert len(await store.read(everything())) == 1


@every_store
async def test_everything_is_there_after_closing_twice_and_opening_again(
    name: str, tmp_path: Path
) -> None:
    async with store_of(name, tmp_path) as store:
        pending = [store.submit(Write(PUMP, ramp(1, start_s=float(i)))) for i in range(300)]
        await store.close()
        assert all(future.done() and future.exception() is None for future in pending)
        await store.close()
        with pytest.raises(StoreError, match="not open"):
            store.submit(Write(PUMP, ramp(1)))
    async with store_of(name, tmp_path) as store:
        found = await store.read(everything())
        assert found.columns["bearing_temp_c"].tolist() == [float(i) for i in range(300)]
        (session,) = await store.sessions()
        assert session.rows == 300


@pytest.mark.parametrize("name", sorted(STORES))
def test_settings_are_refused_without_touching_the_disk(name: str, tmp_path: Path) -> None:
    kind = load(STORES, name, group="telltale.stores", error=StoreError)
    for wrong in ({"commit_rows": 0}, {"queue_rows": -1}, {"commit_ms": -1.0}, {"keep_days": 0.0}):
        with pytest.raises(SettingsError, match=next(iter(wrong))):
            kind(tmp_path / "nothing", **wrong)
    kind(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def model_of(machine: str, name: str = "anomaly") -> KeptModel:
    return KeptModel(machine, name, "trained", 7, b'{"card": 1}')


@every_store
async def test_versions_of_a_model_are_counted_per_machine_and_kept_with_their_files(
    name: str, tmp_path: Path
) -> None:
    files = {"model.onnx": b"\x00\x01", "parity.npz": b"2"}
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(1)))
        saved = [
            await store.save_model(model, files)
            for model in (model_of("pump-1"), model_of("pump-1"), model_of("pump-2"), model_of(""))
        ]
        assert [(m.number, m.version) for m in saved] == [(1, 1), (2, 2), (3, 1), (4, 1)]
    async with store_of(name, tmp_path) as store:
        assert await store.models() == saved[::-1]
        assert [m.number for m in await store.models("pump-1")] == [4, 2, 1]
        assert await store.model_files(2) == files
        await store.remove_model(4)
        assert [m.number for m in await store.models()] == [3, 2, 1]
        assert (await store.save_model(model_of(""), files)).number == 5  # 4 is never given again
        for number in (4, 99):
            with pytest.raises(StoreError, match=f"no model {number}"):
                await store.model_files(number)
            with pytest.raises(StoreError, match=f"no model {number}"):
                await store.remove_model(number)


@every_store
async def test_one_version_runs_per_role_until_it_is_withdrawn_or_the_machine_goes(
    name: str, tmp_path: Path
) -> None:
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(1)))
        for _ in range(2):
            await store.save_model(model_of("pump-1"), {"f": b"1"})
        await store.save_model(model_of(""), {"f": b"1"})
        first = Deployment("pump-1", "anomaly", Role.ACTIVE, 1, 10)
        second = Deployment("pump-1", "anomaly", Role.ACTIVE, 2, 20)
        shadow = Deployment("pump-1", "anomaly", Role.SHADOW, 1, 30)
        for deployment in (first, second, shadow):
            await store.deploy(deployment)
        assert await store.deployments("pump-1") == await store.deployments() == [second, shadow]
        assert await store.deployments("pump-2") == []
        with pytest.raises(StoreError, match="Model 2 runs on pump-1"):
            await store.remove_model(2)
        await store.withdraw("pump-1", "anomaly", Role.SHADOW)
        await store.withdraw("pump-1", "anomaly", Role.SHADOW)
        await store.remove_model(1)
        await store.remove_machine("pump-1")
        assert await store.deployments() == []
        assert [model.machine for model in await store.models()] == [""]


@every_store
async def test_labels_are_kept_once_in_order_until_they_or_their_machine_go(
    name: str, tmp_path: Path
) -> None:
    calm = Label("pump-1", 100, 200, LabelKind.NORMAL, note="as new", created_ns=7)
    worn = Label("pump-1", 50, 90, LabelKind.FAULT, "worn_bearing", teaches=False)
    other = Label("pump-2", 100, 200, LabelKind.NORMAL)
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(1)), Write(PUMP, ramp(1, machine="pump-2")))
        saved = [await store.save_label(label) for label in (calm, worn, other)]
        assert [label.id for label in saved] == [1, 2, 3]
        again = await store.save_label(msgspec.structs.replace(calm, note="again", created_ns=9))
        assert again == msgspec.structs.replace(saved[0], note="again")  # the newest note
        saved[0] = again
    async with store_of(name, tmp_path) as store:
        assert await store.labels() == [saved[1], saved[0], saved[2]]
        assert await store.labels("pump-1") == [saved[1], saved[0]]
        assert await store.remove_label(2) == saved[1]
        assert await store.labels("pump-1") == [saved[0]]
        with pytest.raises(UnknownLabelError, match="no label 2"):
            await store.remove_label(2)
        await store.remove_machine("pump-1")
        assert await store.labels() == [saved[2]]
        await keep(store, Write(PUMP, ramp(1)))
        assert await store.labels("pump-1") == []  # the same id is another machine now
        assert (await store.save_label(worn)).id == 4  # an id is never given again


@every_store
async def test_of_two_contradicting_labels_at_once_one_is_kept_and_the_other_refused(
    name: str, tmp_path: Path
) -> None:
    calm = Label("pump-1", 100, 200, LabelKind.NORMAL)
    worn = Label("pump-1", 150, 250, LabelKind.FAULT, "worn_bearing")
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(1)))
        told = await asyncio.gather(
            store.save_label(calm), store.save_label(worn), return_exceptions=True
        )
        (refused,) = [one for one in told if isinstance(one, ContradictionError)]
        (kept,) = await store.labels("pump-1")
        assert f"Label {kept.id} says" in str(refused)


@every_store
async def test_a_machine_has_a_bounded_number_of_labels(name: str, tmp_path: Path) -> None:
    async with store_of(name, tmp_path) as store:
        await keep(store, Write(PUMP, ramp(1)))
        labels = [Label("pump-1", at, at, LabelKind.FAILURE) for at in range(MAX_LABELS)]
        await asyncio.gather(*map(store.save_label, labels))
        with pytest.raises(LabelError, match=f"{MAX_LABELS} labels, and no more"):
            await store.save_label(Label("pump-1", MAX_LABELS, MAX_LABELS, LabelKind.FAILURE))
        assert len(await store.labels("pump-1")) == MAX_LABELS


def test_every_registered_store_was_walked() -> None:
    assert sorted(STORES) == ["sqlite"]
