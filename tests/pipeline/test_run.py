"""The whole pipeline: any cut gives the same bits, states survive restarts, profiles may change."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray, IntArray
from telltale.errors import ProfileError
from telltale.events import EventKind
from telltale.pipeline.metrics import METRICS
from telltale.pipeline.run import Pipeline
from telltale.profiles.load import builtin_profiles
from telltale.profiles.schema import Limits, Metric, Profile
from tests.pipeline.streams import (
    START_NS,
    batches,
    column,
    cuts,
    outcome,
    profile_of,
    run_whole,
    seconds,
)

BUILTIN = sorted(builtin_profiles())


def metric(function: str, *inputs: str, **settings: object) -> Metric:
    return Metric(title="It", unit="1", function=function, inputs=inputs, settings=settings)


def busy_profile(**changes: object) -> Profile:
    """Return a profile in which everything depends on something else."""
    limits = Limits(
        warn_above=60, critical_above=120, warn_below=-100, hysteresis=25, hold_s=0.1, clear_s=0.2
    )
    condition = Limits(critical_below=-30, when=("b", "above", 0))
    steep = Metric(
        title="Steep",
        unit="1",
        function="rate",
        inputs=("smooth",),
        settings={"window_s": 0.3},
        limits=Limits(warn_above=10, when=("smooth", "below", 50)),
    )
    metrics = {
        "smooth": metric("rolling_mean", "a", window_s=0.5),
        "work": metric("energy_of_product", "smooth", "b"),
        "steep": steep,
    }
    return profile_of({"a": limits, "b": None, "c": condition}, metrics, fill_s=0.25, **changes)


@given(data=st.data())
def test_cutting_the_stream_anywhere_changes_nothing(data: st.DataObject) -> None:
    pipeline = Pipeline(busy_profile())
    batch = data.draw(batches("abc"))
    edges = data.draw(cuts(len(batch)))
    whole = outcome(pipeline, batch, [0, len(batch)])
    assert outcome(pipeline, batch, edges, restarts=True) == whole


def physical(profile: Profile, unit_batch: Batch) -> Batch:
    """Return a stream that fills, and at times passes, the range of each channel."""
    columns = {}
    for name, channel in profile.channels.items():
        low, high = channel.scale or channel.range
        columns[name] = low + (high - low) * (0.5 + unit_batch.columns[name] * 0.4)
    return Batch(unit_batch.machine, unit_batch.time_ns, columns)


@pytest.mark.parametrize("name", BUILTIN)
@given(data=st.data())
def test_cutting_a_builtin_machines_stream_anywhere_changes_nothing(
    name: str, data: st.DataObject
) -> None:
    profile = builtin_profiles()[name]
    pipeline = Pipeline(profile)
    batch = physical(profile, data.draw(batches(list(profile.channels), scale=1.0)))
    edges = data.draw(cuts(len(batch)))
    whole = outcome(pipeline, batch, [0, len(batch)])
    assert outcome(pipeline, batch, edges, restarts=True) == whole


@pytest.mark.parametrize("name", BUILTIN)
def test_every_metric_of_a_builtin_machine_gives_numbers(name: str) -> None:
    profile = builtin_profiles()[name]
    n = 3000
    time_ns = START_NS + (np.arange(n) / profile.rate_hz * 1e9).astype(np.int64)
    rng = np.random.default_rng(7)
    units = {k: np.clip(rng.normal(0, 1, n).cumsum() / 40, -1.2, 1.2) for k in profile.channels}
    columns, state = run_whole(Pipeline(profile), physical(profile, Batch("m", time_ns, units)))
    assert profile.metrics
    for name_of_metric in profile.metrics:
        assert np.isfinite(columns[name_of_metric]).any(), name_of_metric
    assert len(Pipeline(profile).encode(state)) < 500_000


@given(data=st.data())
def test_no_step_modifies_its_input(data: st.DataObject) -> None:
    batch = data.draw(batches("abc"))
    before = [values.tobytes() for values in batch.columns.values()]
    for values in (batch.time_ns, *batch.columns.values()):
        values.flags.writeable = False
    outcome(Pipeline(busy_profile()), batch, [0, len(batch)])
    assert [values.tobytes() for values in batch.columns.values()] == before
    assert list(batch.columns) == ["a", "b", "c"]


def test_a_state_is_a_value_and_can_be_run_from_twice() -> None:
    pipeline = Pipeline(busy_profile())
    first = Batch("m", seconds(0, 0.1), {"a": column(1, 500)})
    second = Batch("m", seconds(0.2, 0.3), {"a": column(500, 500), "b": column(1, 2)})
    _, state = pipeline.run(first, pipeline.start())
    encoded = pipeline.encode(state)
    once, _ = pipeline.run(second, state)
    again, _ = pipeline.run(second, state)
    assert pipeline.encode(state) == encoded
    assert once.events == again.events
    assert len(once.events) == 1
    assert once.batch.columns["work"].tobytes() == again.batch.columns["work"].tobytes()


def test_a_result_holds_the_readings_as_measured_and_the_derived_columns() -> None:
    pipeline = Pipeline(busy_profile())
    batch = Batch(
        "m", seconds(0, 0.1), {"a": column(1, np.nan), "b": column(2, 3), "extra": column(4, 5)}
    )
    result, _ = pipeline.run(batch, pipeline.start())
    assert list(result.batch.columns) == ["a", "b", "extra", "smooth", "work", "steep"]
    assert np.isnan(result.batch.columns["a"][1])
    assert result.late is None


def test_a_changed_metric_starts_afresh_and_what_stayed_the_same_goes_on() -> None:
    def profile(scale: float) -> Profile:
        return profile_of(
            {"a": None},
            {
                "changed": metric("integral", "a", scale=scale),
                "after": metric("integral", "changed"),
                "same": metric("integral", "a"),
            },
        )

    old, new = Pipeline(profile(1.0)), Pipeline(profile(2.0))
    _, state = old.run(Batch("m", seconds(0, 1), {"a": column(5, 5)}), old.start())
    more = Batch("m", seconds(2), {"a": column(5)})
    result, _ = new.run(more, new.decode(old.encode(state)))
    assert result.batch.columns["same"][0] == 10.0
    assert result.batch.columns["changed"][0] == 0.0
    assert result.batch.columns["after"][0] == 0.0


def test_a_changed_limit_drops_its_episode_and_a_changed_advice_does_not() -> None:
    def pipeline(**limits: object) -> Pipeline:
        return Pipeline(profile_of({"a": msgspec.convert(limits, Limits)}))

    old = pipeline(warn_above=1)
    _, state = old.run(Batch("m", seconds(0), {"a": column(2)}), old.start())
    encoded = old.encode(state)
    assert len(old.open_events("m", old.decode(encoded))) == 1
    moved, reworded = pipeline(warn_above=1.5), pipeline(warn_above=1, advice="Look.")
    assert moved.open_events("m", moved.decode(encoded)) == ()
    (event,) = reworded.open_events("m", reworded.decode(encoded))
    assert event.advice == "Look."


@given(st.binary(max_size=200))
def test_bytes_that_are_no_state_give_a_clean_start(encoded: bytes) -> None:
    pipeline = Pipeline(busy_profile())
    state = pipeline.decode(encoded)
    assert pipeline.encode(state) == pipeline.encode(pipeline.start())


def test_a_damaged_state_gives_a_start_that_works() -> None:
    pipeline = Pipeline(busy_profile())
    batch = Batch("m", seconds(0, 0.1), {"a": column(1, 500), "b": column(1, 2)})
    _, state = pipeline.run(batch, pipeline.start())
    encoded = pipeline.encode(state)
    later = Batch("m", seconds(1), {"a": column(3), "b": column(4)})
    for stop in range(len(encoded)):
        result, _ = pipeline.run(later, pipeline.decode(encoded[:stop]))
        assert result.batch.columns["smooth"].tolist() == [3.0]


def test_open_events_after_a_restart_are_those_before_it_with_the_worst_value() -> None:
    pipeline = Pipeline(
        profile_of({"a": Limits(warn_above=1), "b": Limits(warn_below=1, hold_s=9)})
    )
    batch = Batch("m", seconds(0, 1, 2), {"a": column(2, 7, 3), "b": column(0, 0, 0)})
    result, state = pipeline.run(batch, pipeline.start())
    (event,) = pipeline.open_events("m", pipeline.decode(pipeline.encode(state)))
    assert event.key == result.events[0].key
    assert (result.events[0].value, event.value) == (2.0, 7.0)
    assert event.is_open


def test_a_metric_that_raises_keeps_the_reading_and_is_reported_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(METRICS, "picky", f"{picky.__module__}:picky")  # for this test only
    pipeline = Pipeline(profile_of({"a": None}, {"it": metric("picky", "a")}))
    state = pipeline.start()
    seen = []
    for t, value in enumerate([1.0, -1.0, -2.0, 3.0]):
        result, state = pipeline.run(Batch("m", seconds(t), {"a": column(value)}), state)
        seen.append(result)
    assert [r.batch.columns["a"][0] for r in seen] == [1.0, -1.0, -2.0, 3.0]
    assert np.isfinite([r.batch.columns["it"][0] for r in seen]).tolist() == [
        True,
        False,
        False,
        True,
    ]
    assert [len(r.events) for r in seen] == [0, 1, 0, 0]
    (event,) = seen[1].events
    assert event.kind is EventKind.NOTE
    assert "no negative values" in event.message


class Nothing(msgspec.Struct, frozen=True):
    """The state of `picky`."""


def picky(time_ns: IntArray, x: FloatArray, state: Nothing) -> tuple[FloatArray, Nothing]:
    """A metric, as another package might write it, that fails on odd data."""
    if (x < 0).any():
        raise ValueError("no negative values")
    return x * 2.0, state


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (metric("rolling_meen", "a", window_s=1), "Did you mean 'rolling_mean'"),
        (metric("rolling_mean", "aa", window_s=1), "named 'aa'"),
        (metric("rolling_mean", "a", windows_s=1), "Did you mean 'window_s'"),
        (metric("rolling_mean", "a"), "needs the setting 'window_s'"),
        (metric("rolling_mean", "a", window_s=0), "'window_s' = 0"),
        (metric("rolling_mean", "a", window_s="long"), "'window_s' = 'long'"),
        (metric("rolling_mean", "a", "a", window_s=1), "takes inputs x, but 2 are given"),
        (metric("linear", "a", weights=[1, 2]), "2 of them for 1 inputs"),
        (metric("linear"), "at least 1 input"),
        (metric("difference", "it"), "no channel, and no metric before it, is named 'it'"),
    ],
)
def test_a_wrong_metric_is_refused_when_the_profile_is_compiled(wrong: Metric, says: str) -> None:
    with pytest.raises(ProfileError, match="sample: metric 'it'") as raised:
        Pipeline(profile_of({"a": None}, {"it": wrong}))
    assert says in str(raised.value)
