"""Late samples are kept apart; gaps are filled forward, with a limit and a flag."""

from __future__ import annotations

import numpy as np

from telltale.batch import Batch
from telltale.pipeline.align import Align
from telltale.pipeline.base import Result
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Channel, Metric, Profile
from tests.pipeline.streams import column, profile_of, seconds

NAN = np.nan


def total(*inputs: str) -> Metric:
    return Metric(title="Total", unit="1", function="linear", inputs=inputs)


def test_samples_older_than_the_newest_are_late_and_not_worked_out() -> None:
    pipeline = Pipeline(profile_of({"a": None}, {"it": Metric("It", "1", "integral", ("a",))}))
    _, state = pipeline.run(Batch("m", seconds(10), {"a": column(1)}), pipeline.start())
    mixed = Batch("m", seconds(8, 9, 10, 11), {"a": column(100, 100, 1, 1)})
    result, state = pipeline.run(mixed, state)
    assert result.late is not None
    assert result.late.time_ns.tolist() == seconds(8, 9).tolist()
    assert result.late.columns["a"].tolist() == [100, 100]
    assert result.batch.columns["it"].tolist() == [0.0, 1.0]


def test_a_batch_of_late_samples_only_changes_nothing() -> None:
    pipeline = Pipeline(profile_of({"a": None}, {"it": Metric("It", "1", "integral", ("a",))}))
    _, state = pipeline.run(Batch("m", seconds(10), {"a": column(1)}), pipeline.start())
    result, after = pipeline.run(Batch("m", seconds(3), {"a": column(5)}), state)
    assert len(result.batch) == 0
    assert result.batch.columns["it"].shape == (0,)
    assert result.late is not None
    assert len(result.late) == 1
    assert pipeline.encode(after) == pipeline.encode(state)


def test_a_gap_is_filled_as_far_as_the_channel_reaches_and_flagged() -> None:
    channels = {
        "a": Channel(title="A", unit="1", range=(0, 9), fill_s=1.0),
        "b": Channel(title="B", unit="1", range=(0, 9)),
    }
    profile = Profile(
        id="p", title="P", description="P.", channels=channels, metrics={"sum": total("a", "b")},
        fill_s=100.0,
    )  # fmt: skip
    pipeline = Pipeline(profile)
    batch = Batch("m", seconds(0, 1, 2), {"a": column(5, NAN, NAN), "b": column(1, 2, 3)})
    result, _ = pipeline.run(batch, pipeline.start())
    assert result.filled["a"].tolist() == [False, True, False]
    assert "b" not in result.filled
    np.testing.assert_array_equal(result.batch.columns["sum"], [6, 7, NAN])
    np.testing.assert_array_equal(result.batch.columns["a"], [5, NAN, NAN])


def test_channels_that_come_one_at_a_time_are_still_combined() -> None:
    scaled = Metric(
        title="B x 2", unit="1", function="product", inputs=("b",), settings={"scale": 2}
    )
    pipeline = Pipeline(
        profile_of({"a": None, "b": None}, {"twice": scaled, "sum": total("a", "twice")}, fill_s=5)
    )
    state, sums = pipeline.start(), []
    for t, columns in enumerate([{"a": 1.0}, {"b": 10.0}, {"a": 2.0}, {"b": 20.0}]):
        batch = Batch("m", seconds(t), {name: column(value) for name, value in columns.items()})
        result, state = pipeline.run(batch, pipeline.decode(pipeline.encode(state)))
        sums.append(result.batch.columns["sum"][0])
    np.testing.assert_array_equal(sums, [NAN, 21, 22, 42])


def test_a_row_on_which_nothing_was_measured_gets_no_derived_value() -> None:
    pipeline = Pipeline(profile_of({"a": None, "b": None}, {"sum": total("a", "b")}, fill_s=5))
    batch = Batch("m", seconds(0, 1), {"a": column(1, NAN), "b": column(1, NAN)})
    result, _ = pipeline.run(batch, pipeline.start())
    np.testing.assert_array_equal(result.batch.columns["sum"], [2, NAN])


def test_a_channel_that_is_used_alone_is_never_filled() -> None:
    profile = profile_of({"a": None, "b": None}, {"it": Metric("It", "1", "difference", ("a",))})
    step = Align(profile)
    batch = Batch("m", seconds(0, 1), {"a": column(1, NAN), "b": column(1, NAN)})
    result, _ = step.run(Result(batch), step.start())
    assert result.filled == {}
    assert result.aligned == {}


def test_a_reach_without_end_is_no_error() -> None:
    pipeline = Pipeline(profile_of({"a": None, "b": None}, {"sum": total("a", "b")}, fill_s=1e300))
    batch = Batch("m", seconds(0, 1e8), {"a": column(1, NAN), "b": column(NAN, 2)})
    result, _ = pipeline.run(batch, pipeline.start())
    np.testing.assert_array_equal(result.batch.columns["sum"], [NAN, 3])
