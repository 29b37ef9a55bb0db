"""What is normal is learnt by itself from the first calm minutes, and only from those."""

from __future__ import annotations

import numpy as np

from telltale.batch import FloatArray
from telltale.formats.base import Decoded
from telltale.models.base import ModelState
from telltale.models.card import read_card
from telltale.runtime.core import Runtime
from telltale.runtime.models.view import machine_models
from telltale.runtime.self_learning.learning import Learning
from telltale.store.base import Role
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.runtime.training.test_queue import T0, S, pump
from tests.waiting import until


async def looked_at(runtime: Runtime) -> None:
    """Let the chore run, and what it starts."""
    await runtime.learning.check()
    await until(lambda: all(job.is_over for job in runtime.trainings.all()))
    await runtime.learning.check()


def pump_with(vibration_mm_s: FloatArray, start_s: int = 0) -> Decoded:
    """Return a pump's readings with so much more vibration."""
    (batch,) = pump(len(vibration_mm_s), start_s).batches
    shaken = batch.columns["vibration_mm_s"] + vibration_mm_s
    return Decoded((batch.adding({"vibration_mm_s": shaken}),))


def progress_of(runtime: Runtime) -> Learning:
    found = runtime.learning.progress(runtime.machine("pump-1"))
    assert found is not None
    return found


async def test_a_machine_is_learnt_once_it_was_calm_for_long_enough(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(40_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(1_000), profile="industrial_pump")
        live = runtime.machine("pump-1")
        assert runtime.learning.progress(live) is None
        await looked_at(runtime)
        progress = runtime.learning.progress(live)
        assert progress is not None
        assert (progress.seen_s, progress.needed_s, progress.problem) == (999.0, 4500.0, "")
        await runtime.ingest(pump(4_000, 1_000))
        await looked_at(runtime)
        (model,) = machine_models(live)
        assert (model.name, model.state) == ("anomaly", ModelState.LEARNING)
        (kept,) = await runtime.store.models()
        training = read_card(kept.card, "kept").training
        assert (training.start_ns, training.rows) == (T0, 4500)
        assert "Nobody has confirmed" in training.data
        progress = runtime.learning.progress(live)
        assert progress is not None
        assert progress.needed_s == 3 * 4500.0


async def test_it_is_learnt_again_from_a_stretch_three_times_as_long(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(40_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(5_000), profile="industrial_pump")
        await looked_at(runtime)
        await runtime.ingest(pump(9_000, 5_000))
        await looked_at(runtime)
        newest, oldest = await runtime.store.models()
        assert (newest.version, newest.origin) == (2, oldest.origin)
        assert read_card(newest.card, "newest").training.rows == 13_500
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.version == 2
        await runtime.models.roll_back("pump-1", "anomaly")
        await looked_at(runtime)
        assert runtime.learning.progress(runtime.machine("pump-1")) is None


async def test_what_lies_beyond_a_limit_is_not_learnt_from(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(40_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(200), profile="industrial_pump")
        await runtime.ingest(pump(60, 200, vibration_mm_s=10.0))
        await runtime.ingest(pump(4_300, 260))
        live = runtime.machine("pump-1")
        await looked_at(runtime)
        assert machine_models(live) == []
        await runtime.ingest(pump(500, 4_560))
        await looked_at(runtime)
        (kept,) = await runtime.store.models()
        started_s = (read_card(kept.card, "kept").training.start_ns - T0) / S
        assert 255.0 < started_s < 290.0


async def test_a_model_that_somebody_switched_off_is_not_learnt_again(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(40_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(5_000), profile="industrial_pump")
        await looked_at(runtime)
        await runtime.models.withdraw("pump-1", "anomaly")
        await runtime.ingest(pump(5_000, 5_000))
        await looked_at(runtime)
        assert machine_models(runtime.machine("pump-1")) == []
        assert len(list(await runtime.store.models())) == 1


async def test_a_profile_that_does_not_ask_for_it_is_left_alone(open_runtime: OpenRuntime) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(pump(900), profile="focus_st")
        await looked_at(runtime)
        assert runtime.learning.progress(runtime.machine("pump-1")) is None
        assert runtime.trainings.all() == []


async def test_recordings_add_up_and_a_pause_between_them_does_not_count(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(90_000.0)
    async with open_runtime() as runtime:
        for start_s in (0, 20_000, 40_000):
            await runtime.ingest(pump(2_000, start_s), profile="industrial_pump")
            await looked_at(runtime)
        (kept,) = await runtime.store.models()
        training = read_card(kept.card, "kept").training
        assert training.rows == 4_502
        assert [(b - a) // S for a, b in training.asked["stretches"]] == [1_999, 1_999, 501]
        assert progress_of(runtime).needed_s == 3 * 4500.0


async def test_a_channel_that_rose_all_the_time_is_told_in_the_card_and_beside_the_progress(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(40_000.0)
    async with open_runtime() as runtime:
        rising = np.linspace(0.0, 1.0, 5_000)
        await runtime.ingest(pump_with(rising), profile="industrial_pump")
        await looked_at(runtime)
        (kept,) = await runtime.store.models()
        told = "Vibration rose by 0.907 mm/s all the time"
        assert told in read_card(kept.card, "kept").training.data
        assert (
            progress_of(runtime).problem
            == f"{told} while it was learnt, so that may not be normal."
        )


async def test_a_fault_that_grows_is_not_learnt_as_normal_when_it_is_learnt_again(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(90_000.0)
    async with open_runtime() as runtime:
        growing = np.linspace(0.0, 1.5, 20_000)
        await runtime.ingest(pump_with(growing[:5_000]), profile="industrial_pump")
        await looked_at(runtime)
        await runtime.ingest(pump_with(growing[5_000:], 5_000))
        for _ in range(4):
            await looked_at(runtime)
        (kept,) = await runtime.store.models()
        assert kept.version == 1
        assert "Vibration rose by 1.0" in progress_of(runtime).problem
        assert "not taken as normal" in progress_of(runtime).problem
        assert runtime.machine("pump-1").values["anomaly_score"] > 1.0


async def test_what_the_older_version_calls_abnormal_is_learnt_only_beside_it(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(90_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(5_000), profile="industrial_pump")
        await looked_at(runtime)
        worn = np.where(np.arange(9_000) < 6_500, 0.0, 1.5)  # late: not a straight line
        await runtime.ingest(pump_with(worn, 5_000))
        await looked_at(runtime)
        newest, oldest = await runtime.store.models()
        deployed = {
            one.kept.version: one.deployment.role
            for one in runtime.machine("pump-1").tools.deployed
            if one.kept.name == "anomaly"
        }
        assert deployed == {oldest.version: Role.ACTIVE, newest.version: Role.SHADOW}
        assert "Version 1 was beyond its limit in" in read_card(newest.card, "newest").training.data
        assert "runs beside it. Promote that if all was well" in progress_of(runtime).problem


async def test_a_machine_that_was_removed_is_learnt_anew_from_its_start(
    open_runtime: OpenRuntime, clock: HandClock
) -> None:
    clock.jump(40_000.0)
    async with open_runtime() as runtime:
        await runtime.ingest(pump(1_000), profile="industrial_pump")
        await looked_at(runtime)
        assert progress_of(runtime).seen_s == 999.0
        await runtime.fleet.remove("pump-1")
        await looked_at(runtime)
        await runtime.ingest(pump(100, 2_000), profile="industrial_pump")
        assert runtime.learning.progress(runtime.machine("pump-1")) is None
