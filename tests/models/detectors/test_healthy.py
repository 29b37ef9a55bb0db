"""Which channels can be learnt from, and why others cannot."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Input
from telltale.models.detectors.healthy import Healthy, healthy_of
from telltale.models.detectors.statistics import window_statistic
from telltale.models.training_set import TrainingSet
from tests.models.detectors.machines import batch_of, readings

N = 600
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=N)


def learnt_from(
    batch: Batch, inputs: dict[str, Input] | None = None, alarms_per_week: float = 1.0
) -> Healthy:
    """Return normal readings made ready; all their columns, unless inputs are given."""
    inputs = inputs or {name: Input("1") for name in batch.columns}
    return healthy_of(TrainingSet.of_normal(batch, inputs), alarms_per_week)


def test_channels_that_cannot_be_learnt_from_are_left_out_with_the_reason() -> None:
    mostly_missing = np.where(np.arange(N) % 3 == 0, NOISE, np.nan)
    batch = batch_of(
        {
            "good": NOISE,
            "constant": np.full(N, 230.0),
            "rounding": 230.0 + 1e-12 * NOISE,
            "counter_s": np.arange(N, dtype=np.float64),
            "sparse": mostly_missing,
            "nothing": np.full(N, np.nan),
            "huge": NOISE * 1e200,
        }
    )
    healthy = learnt_from(batch)
    assert healthy.names == ("good",)
    assert healthy.left_out == {
        "constant": "constant",
        "rounding": "constant",
        "counter_s": "only ever rises, as a counter does",
        "sparse": "missing in 67% of the samples",
        "nothing": "missing in 100% of the samples",
        "huge": "too large",
    }


def test_a_channel_that_the_readings_do_not_have_is_left_out() -> None:
    batch = batch_of({"good": NOISE})
    healthy = healthy_of(
        TrainingSet.of_normal(batch, {"good": Input("1"), "absent": Input("bar")}), 1.0
    )
    assert dict(healthy.left_out) == {"absent": "missing in 100% of the samples"}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": np.full(N, 1.0)}, "no channel can be learnt from .a: constant."),
        ({"a": np.arange(20.0)}, "20 samples of normal operation; at least 60"),
    ],
)
def test_readings_that_do_not_suffice_are_refused_with_the_reason(
    columns: dict[str, np.ndarray], says: str
) -> None:
    batch = batch_of(columns)
    with pytest.raises(ModelError, match=says):
        learnt_from(batch)


@pytest.mark.parametrize("budget", [0.0, -1.0, 1e-300, 1e300, float("inf"), float("nan")])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    with pytest.raises(ModelError, match=r"alarms_per_week is .*; give a number from 0\.0001"):
        learnt_from(batch_of({"a": NOISE}), alarms_per_week=budget)


def test_constant_channels_and_counters_can_be_asked_for_unmeasured_ones_cannot() -> None:
    count = np.arange(N, dtype=np.float64)
    batch = batch_of({"still": np.full(N, 7.0), "counter_s": count, "none": np.full(N, np.nan)})
    inputs = {name: Input("1") for name in batch.columns}
    taken = healthy_of(TrainingSet.of_normal(batch, inputs), 1.0, takes_any_course=True)
    assert taken.names == ("still", "counter_s")


def test_runs_are_learnt_from_apart_and_in_order_of_time() -> None:
    batch = batch_of({"a": NOISE})
    late, early = batch.rows(300, N), batch.rows(0, 290)
    learnt = healthy_of(TrainingSet.of_normal((late, early), {"a": Input("1")}), 1.0)
    assert [len(run) for run in learnt.runs] == [290, 300]
    found = learnt.statistics(learnt.window(15.0), "mean")
    assert len(found) == (290 - 14) + (300 - 14)
    assert learnt.end(100).time_ns[0] == batch.time_ns[N - 100]
    assert len(learnt.end(295)) == 295
    assert len(learnt.end(10_000)) == 300


def test_runs_that_overlap_are_refused() -> None:
    batch = batch_of({"a": NOISE})
    twice = TrainingSet.of_normal((batch, batch.rows(100, 200)), {"a": Input("1")})
    with pytest.raises(ModelError, match="overlap in time"):
        healthy_of(twice, 1.0)


def test_readings_of_one_time_are_refused() -> None:
    batch = batch_of({"a": NOISE}, step_s=0.0)
    with pytest.raises(ModelError, match="All samples have one time"):
        learnt_from(batch)


def test_a_drifting_channel_has_slow_variance_and_noise_has_not() -> None:
    batch = batch_of({"noise": NOISE, "drift": np.sin(np.arange(N) / 200.0) + 0.05 * NOISE})
    noise, drift = learnt_from(batch).slow_shares()
    assert noise < 0.2
    assert drift > 0.9


def test_the_window_counts_samples_of_the_usual_step_and_fast_readings_are_thinned() -> None:
    at_2_hz = learnt_from(readings(600, step_s=0.5)).window(10.0)
    assert (at_2_hz.samples, at_2_hz.every_s, at_2_hz.gap_s) == (20, 0.0, 10.0)
    at_1_khz = learnt_from(readings(600, step_s=0.001)).window(10.0)
    assert (at_1_khz.samples, at_1_khz.every_s) == (128, 10.0 / 128)


def test_statistics_are_those_of_whole_windows_without_gaps() -> None:
    batch = batch_of({"a": NOISE})
    late = batch.time_ns.copy()
    late[300:] += 10**12
    pausing = Batch(batch.machine, late, batch.columns)
    healthy = learnt_from(pausing)
    window = healthy.window(15.0)
    found = healthy.statistics(window, "mean")
    assert len(found) == 2 * (300 - 14)
    first = window_statistic("mean", NOISE[None, :15, None])
    assert found[0].tobytes() == first[0].tobytes()


def test_too_few_whole_windows_are_refused() -> None:
    holes = np.where(np.arange(N) % 10 < 9, NOISE, np.nan)
    batch = batch_of({"a": holes}, step_s=4.0)
    healthy = learnt_from(batch)
    with pytest.raises(ModelError, match="at least 60"):
        healthy.statistics(healthy.window(3600.0 * 4), "mean")
