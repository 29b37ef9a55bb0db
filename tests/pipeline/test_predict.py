"""Models in the pipeline: columns and events like any other, one failure costs only its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.events import Event
from telltale.models.card import Card, Input, Window
from telltale.models.composed import ComposedModel
from telltale.pipeline.run import Pipeline
from telltale.profiles.schema import Limits, Output
from tests.models.toys import SumOfSquares, stream, toy, toy_card
from tests.pipeline.streams import batches, cuts, outcome, profile_of, run_whole

PROFILE = profile_of({"a": None, "b": None}, fill_s=0.25)


def told(events: tuple[Event, ...]) -> list[tuple[str, str]]:
    return [(event.name, event.rule) for event in events]


@given(data=st.data(), samples=st.sampled_from([1, 5]))
def test_any_cut_and_any_restart_give_the_same_columns_events_and_state(
    data: st.DataObject, samples: int
) -> None:
    pipeline = Pipeline(PROFILE, {"toy": toy(samples)}, {"toy": toy(1)})
    batch = data.draw(batches(["a", "b"], scale=1.0))
    whole = outcome(pipeline, batch, [0, len(batch)])
    edges = data.draw(cuts(len(batch)))
    assert outcome(pipeline, batch, edges, restarts=data.draw(st.booleans())) == whole


def test_an_output_is_a_column_and_its_threshold_an_ordinary_limit_told_with_its_causes() -> None:
    pipeline = Pipeline(PROFILE, {"toy": toy()})
    batch = stream({"a": np.zeros(40), "b": np.repeat([0.0, 3.0], 20)})
    result, state = pipeline.run(batch, pipeline.start())
    assert float(result.batch.columns["smooth"][-1]) > 1.0
    (event,) = result.events
    assert (event.name, event.rule) == ("smooth", "warn_above")
    assert [(cause.name, cause.share, cause.value) for cause in event.causes] == [("b", 1.0, 3.0)]
    assert event.message.endswith("Mostly B: 3 where 0 is usual (100 %). Would be normal below 1.")
    (open_event,) = pipeline.open_events("m", state)
    assert open_event.causes == event.causes
    after = stream({"a": np.zeros(200), "b": np.zeros(200)})
    later = Batch("m", after.time_ns + 10**11, after.columns)
    result, _ = pipeline.run(later, state)
    (ended,) = result.events
    assert ended.end_ns is not None
    assert ended.causes == event.causes


def test_a_short_gap_of_an_input_is_filled_as_for_a_metric() -> None:
    pipeline = Pipeline(PROFILE, {"toy": toy()})
    b = np.array([1.0, np.nan, np.nan, np.nan, np.nan])
    columns, _ = run_whole(pipeline, stream({"a": np.ones(5), "b": b}))
    assert np.isfinite(columns["smooth"]).tolist() == [True, True, True, False, False]
    assert np.isnan(columns["b"][1:]).all()  # what is kept is what was measured


class Breaks(SumOfSquares):
    """Cannot be run on large values."""

    def run(self, windows: FloatArray) -> FloatArray:
        if (windows > 5.0).any():
            raise ModelError("too large")
        return super().run(windows)


def test_a_model_that_fails_costs_only_its_own_columns_and_is_told_once() -> None:
    broken = ComposedModel(
        toy_card(name="broken", after={}, outputs={"size": Output("Size", "1")}), Breaks()
    )
    pipeline = Pipeline(PROFILE, {"broken": broken, "toy": toy()})
    first = stream({"a": np.zeros(3), "b": np.full(3, 9.0)})
    result, state = pipeline.run(first, pipeline.start())
    assert np.isnan(result.batch.columns["size"]).all()
    assert np.isfinite(result.batch.columns["smooth"]).all()
    assert ("", "model_failed") in told(result.events)
    assert "too large. The readings are kept." in result.events[0].message
    later = Batch("m", first.time_ns + 10**9, {"a": np.zeros(3), "b": np.full(3, 6.0)})
    result, state = pipeline.run(later, state)
    assert ("", "model_failed") not in told(result.events)
    assert pipeline.failures("broken", state) == 2
    well = Batch("m", first.time_ns + 2 * 10**9, {"a": np.zeros(3), "b": np.ones(3)})
    result, _ = pipeline.run(well, state)
    assert result.batch.columns["size"].tolist() == [1.0, 1.0, 1.0]


def test_a_shadow_adds_no_column_and_its_differences_are_counted() -> None:
    class Double(SumOfSquares):
        def run(self, windows: FloatArray) -> FloatArray:
            return 2.0 * super().run(windows)

    card = toy_card(after={}, outputs={"size": Output("S", "1", limits=Limits(warn_above=1.0))})
    active, shadow = ComposedModel(card, SumOfSquares()), ComposedModel(card, Double())
    pipeline = Pipeline(PROFILE, {"toy": active}, {"toy": shadow})
    batch = stream({"a": np.zeros(4), "b": [0.5, 0.9, 1.5, np.nan]})
    result, state = pipeline.run(batch, pipeline.start())
    assert set(result.batch.columns) == {"a", "b", "size"}
    difference = pipeline.difference("toy", state)
    assert difference is not None
    counts = (difference.asked, difference.both, difference.only_active, difference.only_shadow)
    assert counts == (4, 2, 0, 1)  # the gap is filled from the sample before
    assert difference.most_apart == pytest.approx(1.5**2)


def test_another_version_of_a_model_starts_afresh_and_the_others_go_on() -> None:
    def pipeline_of(**changes: Any) -> Pipeline:
        size = {"size": Output("S", "1")}
        other = toy_card(name="other", after={}, outputs=size, window=Window(3))
        models: Mapping[str, Any] = {
            "toy": ComposedModel(toy_card(window=Window(3), **changes), SumOfSquares()),
            "other": ComposedModel(other, SumOfSquares()),
        }
        return Pipeline(PROFILE, models)

    before = pipeline_of()
    _, state = before.run(stream({"a": np.ones(5), "b": np.ones(5)}), before.start())
    after = pipeline_of(title="Toy, the second")
    taken_up = after.decode(before.encode(state))
    assert after.progress("toy", taken_up) == (0, 3)
    assert after.progress("other", taken_up) == (3, 3)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (toy_card(inputs={"a": Input("1"), "bb": Input("1")}, columns=("a",)), "reads 'bb'"),
        (toy_card(inputs={"a": Input("bar"), "b": Input("1")}), "reads 'a' in bar"),
        (toy_card(after={}, core_outputs=("a",), outputs={"a": Output("A", "1")}), "already"),
        (
            toy_card(after={}, core_outputs=("time_ns",), outputs={"time_ns": Output("T", "1")}),
            "taken by the store",
        ),
        (
            toy_card(after={}, core_outputs=("A",), outputs={"A": Output("A", "1")}),
            "lower-case letters",
        ),
        (
            toy_card(after={}, core_outputs=("a\nb",), outputs={"a\nb": Output("A", "1")}),
            "lower-case letters",
        ),
        (toy_card(outputs={"smooth": Output("A", "furlongs")}), "unknown unit 'furlongs'"),
        (
            toy_card(
                outputs={"smooth": Output("A", "1", limits=Limits(warn_above=5, critical_above=1))}
            ),
            "1 must not be below warn_above = 5",
        ),
    ],
)
def test_a_model_that_does_not_fit_the_profile_is_refused(card: Card, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Pipeline(PROFILE, {"toy": ComposedModel(card, SumOfSquares())})


def test_runs_are_timed_and_times_are_no_part_of_the_state() -> None:
    pipeline = Pipeline(PROFILE, {"toy": toy(1)})
    state = pipeline.start()
    assert pipeline.run_time("toy").runs == 0
    batch = stream({"a": [1.0, 2.0, 3.0, 4.0], "b": [0.0] * 4})
    for _ in range(3):
        pipeline.run(batch, state)
    time = pipeline.run_time("toy")
    assert (time.runs, time.rows) == (3, 12)
    assert 0.0 < time.longest_s <= time.seconds
    again = Pipeline(PROFILE, {"toy": toy(1)})
    states = [one.run(batch, one.start())[1] for one in (pipeline, again)]
    assert pipeline.encode(states[0]) == again.encode(states[1])
