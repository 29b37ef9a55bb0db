"""Remaining life on live machines: learnt from labelled failures, and begun anew after each."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.formats.base import Decoded
from telltale.labels import Label, LabelKind
from telltale.models.base import ModelState
from telltale.runtime.core import Runtime
from telltale.runtime.life.fleet import fleet_lives
from telltale.runtime.models.view import machine_models
from telltale.runtime.training.job import TrainingJob, Wish
from telltale.runtime.training.labelling import NEW_LIFE
from telltale.store.base import RangeQuery
from tests.doubles import HandClock
from tests.runtime.conftest import OpenRuntime
from tests.waiting import until

T0 = 1_763_711_000_000_000_000
S = 1_000_000_000
STEP_S = 30
LIVES_S = (9_000, 12_000, 7_500, 10_500)


@pytest.fixture(autouse=True)
def _late(clock: HandClock) -> None:
    clock.jump(1_000_000.0)


def life(start_s: int, life_s: int, until_s: int | None = None) -> Decoded:
    """Return readings of a pump's life: vibration grows with wear."""
    times_s = np.arange(0, life_s if until_s is None else until_s, STEP_S)
    rng = np.random.default_rng(start_s)
    columns = {
        "vibration_mm_s": 2.0 + 3.0 * (times_s / life_s) ** 2 + rng.normal(0, 0.1, len(times_s)),
        "flow_l_min": rng.normal(300.0, 4.0, len(times_s)),
    }
    return Decoded((Batch("pump-1", T0 + (start_s + times_s) * S, columns),))


def failure(at_s: int) -> Label:
    return Label("pump-1", T0 + at_s * S, T0 + at_s * S, LabelKind.FAILURE, "bearing_wear")


async def lived(runtime: Runtime) -> int:
    """Let a pump live and fail some times; return when the next life begins, in seconds."""
    start_s = 0
    for life_s in LIVES_S:
        await runtime.ingest(life(start_s, life_s), profile="industrial_pump")
        added = await runtime.labels.add(failure(start_s + life_s - STEP_S))
        assert (added.told, added.jobs) == (NEW_LIFE, ())
        start_s += life_s
    return start_s


async def learnt(runtime: Runtime) -> TrainingJob:
    wish = Wish(kind="remaining_life", name="remaining_life")
    job = runtime.trainings.start("pump-1", wish)
    await until(lambda: job.is_over, within_s=30.0)
    assert job.state == "done", job.detail
    return job


def left_s(runtime: Runtime) -> float:
    return runtime.machine("pump-1").values["remaining_life_s"]


async def test_a_model_deployed_in_the_midst_of_a_life_knows_its_age_and_goes_on(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        start_s = await lived(runtime)
        await runtime.ingest(life(start_s, 10_000, until_s=6_000))
        job = await learnt(runtime)
        assert job.report is not None
        assert "4 lives of 1 machines" in job.report.data
        assert "Lives that ended in a labelled failure: labels 1 (bearing_wear)" in job.report.data
        await runtime.ingest(Decoded((life(start_s, 10_000).batches[0].rows(200, 210),)))
        (model,) = machine_models(runtime.machine("pump-1"))
        assert model.state is ModelState.READY
        assert 1_500.0 < left_s(runtime) < 9_000.0
        kept = await runtime.store.read(
            RangeQuery("pump-1", T0, T0 + 10**15, names=("remaining_life_s",))
        )
        scored = kept.columns["remaining_life_s"]
        assert np.isfinite(scored).mean() > 0.5  # no number in the first half of the shortest life
        whole = runtime.machine("pump-1").pipeline
        again = await runtime.store.read(
            RangeQuery("pump-1", T0, T0 + 10**15, names=("vibration_mm_s", "flow_l_min"))
        )
        replayed, _ = whole.run(again, whole.start())
        np.testing.assert_array_equal(replayed.batch.columns["remaining_life_s"], scored)


async def replayed(runtime: Runtime) -> float:
    """Return what the active model says of all that is kept, asked from the beginning."""
    query = RangeQuery("pump-1", T0, T0 + 10**15, names=("vibration_mm_s", "flow_l_min"))
    kept = await runtime.store.read(query)
    pipeline = runtime.machine("pump-1").pipeline
    result, _ = pipeline.run(kept, pipeline.start())
    return float(result.batch.columns["remaining_life_s"][-1])


async def test_a_labelled_failure_begins_a_new_life_also_when_it_is_said_late(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        start_s = await lived(runtime)
        await learnt(runtime)
        await runtime.ingest(life(start_s, 8_000))
        next_s = start_s + 8_000
        await runtime.ingest(life(next_s, 10_000, until_s=6_000))
        one_long_life = await replayed(runtime)
        assert left_s(runtime) == one_long_life  # nobody has said otherwise
        await runtime.labels.add(failure(next_s - STEP_S))
        await runtime.ingest(Decoded((life(next_s, 10_000).batches[0].rows(200, 201),)))
        assert left_s(runtime) == await replayed(runtime) != one_long_life
    async with open_runtime() as runtime:
        await runtime.ingest(Decoded((life(next_s, 10_000).batches[0].rows(201, 202),)))
        assert left_s(runtime) == await replayed(runtime)
        (label,) = [one for one in await runtime.labels.of_machine("pump-1") if one.id == 5]
        await runtime.labels.remove(label.id)
        await runtime.ingest(Decoded((life(next_s, 10_000).batches[0].rows(202, 203),)))
        assert left_s(runtime) == await replayed(runtime) > one_long_life * 0.5


async def test_failures_tell_how_long_such_machines_live_and_how_likely_the_next_is(
    open_runtime: OpenRuntime,
) -> None:
    async with open_runtime() as runtime:
        await runtime.ingest(life(0, 1_000), profile="industrial_pump")
        early = await fleet_lives(runtime.fleet, "industrial_pump")
        assert early.weibull is None
        assert "0 labelled failures; 3 are needed" in early.reason
        await runtime.fleet.remove("pump-1")
        start_s = await lived(runtime)
        await runtime.ingest(life(start_s, 10_000, until_s=7_230))
        found = await fleet_lives(runtime.fleet, "industrial_pump", (1.0, 24.0))
        assert (found.failures, found.running, found.reason) == (4, 1, "")
        assert found.weibull is not None
        assert found.weibull.shape_low > 1.0  # they wear out
        assert 2.0 < found.weibull.scale_h < 4.0
        (machine,) = found.machines
        assert machine.age_h == pytest.approx(2.0, abs=0.02)
        soon, later = machine.chances
        assert 0.2 < soon.chance < later.chance <= 1.0
