"""What is normal is learnt by itself from the first calm minutes, and only from those."""

from __future__ import annotations

from telltale.models.base import ModelState
from telltale.models.card import read_card
from telltale.runtime.core import Runtime
from telltale.runtime.model_view import machine_models
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.runtime.test_training import T0, S, pump
from tests.waiting import until


async def looked_at(runtime: Runtime) -> None:
    """Let the chore run, and what it starts."""
    await runtime.learning.check()
    await until(lambda: all(job.is_over for job in runtime.trainings.all()))
    await runtime.learning.check()


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
        assert progress.needed_s == 3 * 4499.0


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
        assert read_card(newest.card, "newest").training.rows == 13_497
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
