"""Learning what is normal from a machine's own readings, and letting it run."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError, UnknownMachineError
from telltale.formats.base import Decoded
from telltale.models.base import ModelState
from telltale.profiles.schema import Limits
from telltale.runtime.core import Runtime
from telltale.runtime.models.earlier_readings import score_kept
from telltale.runtime.models.evidence import evidence_over
from telltale.runtime.models.shelf import card_of
from telltale.runtime.models.view import machine_models, version_view
from telltale.runtime.training.job import Stretch, TrainingJob, Wish
from telltale.runtime.training.queue import TrainingsFullError, UnknownTrainingError
from telltale.store.base import RangeQuery, Role
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.waiting import until

T0 = 1_763_711_000_000_000_000
S = 1_000_000_000
N = 600


def pump(n: int, start_s: int = 0, machine: str = "pump-1", **off: float) -> Decoded:
    """Return a pump's readings at 1 Hz: speed and flow go together, the rest is noise."""
    rng = np.random.default_rng(start_s)
    load: FloatArray = np.sin((start_s + np.arange(n)) / 2.0)
    columns = {
        "motor_speed_rpm": 1500.0 + 40.0 * load + rng.normal(0.0, 3.0, n),
        "flow_l_min": 300.0 + 20.0 * load + rng.normal(0.0, 2.0, n),
        "vibration_mm_s": 2.0 + rng.normal(0.0, 0.1, n),
        "motor_current_a": 15.0 + load + rng.normal(0.0, 0.1, n),
    }
    columns |= {name: columns[name] + offset for name, offset in off.items()}
    return Decoded((Batch(machine, T0 + (start_s + np.arange(n)) * S, columns),))


async def learnt(runtime: Runtime, **wish: object) -> TrainingJob:
    whole = Stretch(T0, T0 + N * S)
    wished = Wish((whole,), kind="mahalanobis", **wish)  # type: ignore[arg-type]
    job = runtime.trainings.start("pump-1", wished)
    await until(lambda: job.is_over)
    return job


async def test_what_was_learnt_runs_at_once_and_finds_what_is_not_normal_and_why(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        assert machine_models(runtime.machine("pump-1")) == []
        job = await learnt(runtime)
        assert (job.state, job.detail) == ("done", "")
        assert job.report is not None
        assert job.report.rows == N
        assert job.report.threshold is not None
        (model,) = machine_models(runtime.machine("pump-1"))
        assert (model.name, model.version, model.state) == ("anomaly", 1, ModelState.LEARNING)

        await runtime.ingest(pump(120, N))
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.state is ModelState.READY
        assert model.values["anomaly_score"] < 1.0
        assert not runtime.machine("pump-1").open_events

        await runtime.ingest(pump(120, N + 120, flow_l_min=-40.0))
        live = runtime.machine("pump-1")
        assert live.values["anomaly_score"] > 2.0
        (event,) = live.open_events.values()
        assert event.name == "anomaly_score"
        assert event.causes[0].name == "flow_l_min"
        assert event.causes[0].share > 0.0
        kept = await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10_000 * S))
        assert kept.columns["anomaly_score"][-1] == live.values["anomaly_score"]

        found = await evidence_over(
            live, runtime.store, "anomaly_score", start_ns=T0, end_ns=T0 + 10_000 * S, points=20
        )
        assert len(found.time_ns) == 20
        newest = dict(zip(found.inputs, found.share[-1], strict=True))
        assert max(newest, key=lambda name: newest[name] or 0.0) == "flow_l_min"


async def test_models_and_their_state_survive_a_restart(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime)
        await runtime.ingest(pump(100, N))
        whole = await runtime.ingest(pump(200, N + 100, "twin-1"))
        assert whole[0].accepted == 200
    async with open_runtime() as runtime:
        (model,) = machine_models(runtime.machine("pump-1"))
        assert (model.state, model.version) == (ModelState.READY, 1)
        await runtime.ingest(pump(1, N + 100))
        score = runtime.machine("pump-1").values["anomaly_score"]
        kept = await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10_000 * S))
    pipeline = runtime.machine("pump-1").pipeline
    channels = kept.select(tuple(runtime.machine("pump-1").tools.base.channels))
    whole_result, _ = pipeline.run(channels.rows(N, len(kept)), pipeline.start())
    assert whole_result.batch.columns["anomaly_score"][-1] == score


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE models SET card = zeroblob(9)", "model 1: JSON is malformed"),
        ("UPDATE model_files SET data = zeroblob(9) WHERE name = 'parity.npz'", "SHA-256 differs"),
    ],
)
async def test_a_model_that_is_spoilt_on_the_disk_has_failed_and_its_machine_goes_on(
    open_runtime: OpenRuntime, tmp_path: Path, statement: str, told: str
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime)
    with closing(sqlite3.connect(tmp_path / "telltale.db")) as connection, connection:
        connection.execute(statement)
    async with open_runtime() as runtime:
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.state is ModelState.FAILED
        assert told in model.reason
        (receipt,) = await runtime.ingest(pump(10, N))
        assert receipt.accepted == 10
        (kept,) = await runtime.store.models()
        assert version_view(kept, []).title


async def test_a_version_whose_limits_contradict_one_another_is_not_deployed(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime)
        (kept,) = await runtime.store.models()
        card = card_of(kept)
        limits = Limits(warn_above=5.0, critical_above=1.0)
        output = msgspec.structs.replace(card.outputs["anomaly_score"], limits=limits)
        wrong = msgspec.structs.replace(card, outputs={"anomaly_score": output})
        files = await runtime.store.model_files(1)
        second = await runtime.models.keep(wrong, files, machine="pump-1", origin="imported")
        with pytest.raises(ModelError, match="must not be below warn_above = 5"):
            await runtime.models.deploy("pump-1", second.number)
    async with open_runtime() as runtime:
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.version == 1


async def test_a_roll_back_goes_to_what_was_kept_before_also_beside_models_of_any_machine(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime)
        await learnt(runtime)
        (_, first) = await runtime.store.models()
        files = await runtime.store.model_files(1)
        shared = await runtime.models.keep(card_of(first), files, machine="", origin="imported")
        assert (shared.number, shared.version) == (3, 1)
        await runtime.models.roll_back("pump-1", "anomaly")
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.model == 1


async def test_a_second_version_runs_as_a_shadow_is_promoted_and_rolled_back(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime)
        clock.jump(1.0)
        job = await learnt(runtime, role=Role.SHADOW, settings={})
        assert job.report is not None
        assert job.report.compared is not None
        assert job.report.compared.asked > 500
        await runtime.ingest(pump(100, N))
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.version == 1
        assert model.shadow is not None
        assert model.shadow.version == 2
        assert model.shadow.difference is not None
        assert model.shadow.difference.asked > 0
        assert model.shadow.difference.most_apart == 0.0  # learnt from the same readings

        clock.jump(1.0)
        await runtime.models.promote("pump-1", "anomaly")
        (model,) = machine_models(runtime.machine("pump-1"))
        assert (model.version, model.shadow) == (2, None)
        clock.jump(1.0)
        await runtime.models.roll_back("pump-1", "anomaly")
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.version == 1
        with pytest.raises(ModelError, match="no version of 'anomaly' before"):
            await runtime.models.roll_back("pump-1", "anomaly")
        clock.jump(1.0)
        await runtime.models.withdraw("pump-1", "anomaly")
        live = runtime.machine("pump-1")
        assert machine_models(live) == []
        assert "anomaly_score" not in live.values
        await runtime.ingest(pump(1, N + 100))  # commits come in order: the notes are kept too
        notes = [e.message for e in await runtime.store.events("pump-1", rule="model")]
        assert notes == [
            "Model anomaly was switched off.",
            "Distance from normal: version 1 is active in place of version 2.",
            "Distance from normal: version 2 is active in place of version 1.",
            "Distance from normal: version 2 runs as a shadow.",
            "Distance from normal: version 1 is active.",
        ]


async def test_what_was_kept_before_is_asked_about_as_if_the_model_had_been_there(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(10_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(6_000), profile="industrial_pump")
        await runtime.ingest(pump(60, 6_000, vibration_mm_s=1.5))
        await runtime.ingest(pump(300, 6_060))
        job = await learnt(runtime)
        assert job.state == "done"
        live = runtime.machine("pump-1")
        kept = await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10_000 * S))
        assert len(kept) == live.rows == 6_360
        pipeline = live.pipeline
        channels = kept.select(tuple(live.tools.base.channels))
        result, _ = pipeline.run(channels, pipeline.start())
        np.testing.assert_array_equal(
            result.batch.columns["anomaly_score"], kept.columns["anomaly_score"]
        )
        events = [e for e in await runtime.store.events("pump-1") if e.name == "anomaly_score"]
        assert [e.start_ns // S * S for e in events][-1] >= T0 + 6_000 * S - S
        assert all(not e.is_open for e in events)


async def test_nothing_is_asked_for_a_model_that_was_switched_off_meanwhile(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime, score_kept=False)
        live = await runtime.models.withdraw("pump-1", "anomaly")
        assert await score_kept(runtime.fleet, live, "anomaly") == 0


@pytest.mark.parametrize("turns", range(8))
async def test_asking_about_what_is_kept_brings_no_removed_machine_back(
    open_runtime: OpenRuntime, turns: int
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime, score_kept=False)
        live = runtime.machine("pump-1")
        asking = asyncio.create_task(score_kept(runtime.fleet, live, "anomaly"))
        await asyncio.sleep(turns * 0.002)
        await runtime.fleet.remove("pump-1")
        assert await asking in {0, N}
        assert not len(await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10_000 * S)))
        assert not await runtime.store.machines()


async def test_a_swap_under_load_loses_no_reading(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await learnt(runtime)
        await learnt(runtime, role=None)
        for at in range(0, 60, 2):
            _, futures = await runtime.submit(pump(2, N + at))
            await runtime.models.deploy("pump-1", 2 - at % 4 // 2)
        await runtime.ingest(pump(1, N + 60))
        kept = await runtime.store.read(RangeQuery("pump-1", T0, T0 + 10_000 * S))
        assert len(kept) == runtime.machine("pump-1").rows == N + 61
        assert futures


async def test_the_model_of_one_machine_is_not_let_run_on_another(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await runtime.ingest(pump(N, machine="pump-2"), profile="industrial_pump")
        await learnt(runtime)
        with pytest.raises(ModelError, match="was learnt on pump-1"):
            await runtime.models.deploy("pump-2", 1)


async def test_a_training_that_cannot_succeed_says_why_and_leaves_nothing(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(30), profile="industrial_pump")
        job = await learnt(runtime)
        assert job.state == "failed"
        assert "30 samples of normal operation; at least 60" in job.detail
        wish = Wish((Stretch(T0, T0 + 30 * S),), kind="mahalanobi")
        job = runtime.trainings.start("pump-1", wish)
        await until(lambda: job.is_over)
        assert "Did you mean 'mahalanobis'?" in job.detail
        assert list(await runtime.store.models()) == []
        assert machine_models(runtime.machine("pump-1")) == []
        with pytest.raises(UnknownMachineError):
            runtime.trainings.start("pump-9", wish)
        with pytest.raises(ModelError, match="must be one word"):
            runtime.trainings.start("pump-1", Wish((Stretch(T0, T0 + S),), name="a/b"))
        with pytest.raises(UnknownTrainingError):
            runtime.trainings.get("99")


async def test_trainings_wait_for_one_another_up_to_a_bound(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        wish = Wish((Stretch(T0, T0 + N * S),), kind="mahalanobis")
        jobs = [runtime.trainings.start("pump-1", wish) for _ in range(16)]
        with pytest.raises(TrainingsFullError, match="16 trainings wait already"):
            runtime.trainings.start("pump-1", wish)
        await runtime.trainings.stop_job(jobs[-1].id)
        assert jobs[-1].state == "stopped"
        await until(lambda: all(job.is_over for job in jobs))
        assert [kept.version for kept in await runtime.store.models()] == list(range(15, 0, -1))


async def test_what_is_learnt_for_a_machine_stops_when_it_is_removed(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(N), profile="industrial_pump")
        await runtime.ingest(pump(N, machine="pump-2"), profile="industrial_pump")
        whole = (Stretch(T0, T0 + N * S),)
        jobs = [
            runtime.trainings.start("pump-1", Wish(whole, kind="mahalanobis")) for _ in range(3)
        ]
        other = runtime.trainings.start("pump-2", Wish(whole, kind="mahalanobis"))
        await until(lambda: jobs[0].state == "running")
        await runtime.fleet.remove("pump-1")
        assert [job.state for job in jobs] == ["stopped"] * 3
        await until(lambda: other.is_over)
        assert other.state == "done", other.detail
        assert [kept.machine for kept in await runtime.store.models()] == ["pump-2"]
