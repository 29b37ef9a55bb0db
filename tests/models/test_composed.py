"""`ComposedModel`: windows of whole samples, the same bits in any cut, evidence by input."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Window
from telltale.models.composed import ComposedModel
from tests.models.toys import SumOfSquares, stream, toy, toy_card
from tests.pipeline.streams import batches, cuts


def packed_again(model: ComposedModel, state: Any) -> Any:
    return model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))


def in_pieces(model: ComposedModel, batch: Batch, edges: list[int]) -> FloatArray:
    state, found = model.start(), []
    for start, stop in pairwise(edges):
        prediction, state = model.run(batch.rows(start, stop), state)
        found.append(prediction.columns["smooth"])
        state = packed_again(model, state)
    return np.concatenate(found) if found else np.zeros(0)


@given(
    data=st.data(),
    samples=st.sampled_from([1, 2, 7]),
    every_s=st.sampled_from([0.0, 0.25, 2.0]),
    gap_s=st.sampled_from([None, 0.5]),
)
def test_cutting_the_stream_anywhere_changes_no_bit(
    data: st.DataObject, samples: int, every_s: float, gap_s: float | None
) -> None:
    model = toy(samples, every_s, gap_s)
    batch = data.draw(batches(["a", "b"]))
    whole, _ = model.run(batch, model.start())
    edges = data.draw(cuts(len(batch)))
    np.testing.assert_array_equal(in_pieces(model, batch, edges), whole.columns["smooth"])


def test_nothing_is_said_before_the_window_is_full_and_progress_tells() -> None:
    model = toy(samples=4)
    batch = stream({"a": np.ones(6), "b": np.ones(6)})
    prediction, state = model.run(batch.rows(0, 3), model.start())
    assert np.isnan(prediction.columns["smooth"]).all()
    assert model.progress(state) == (3, 4)
    prediction, state = model.run(batch.rows(3, 6), state)
    assert prediction.columns["smooth"].tolist() == [8.0, 8.0, 8.0]
    assert model.progress(state) == (4, 4)


def test_a_window_never_bridges_a_pause() -> None:
    model = toy(samples=3, gap_s=1.0)
    batch = stream({"a": np.ones(8), "b": np.ones(8)}, step_s=0.5)
    paused = Batch("m", batch.time_ns + np.repeat([0, 60_000_000_000], 4), batch.columns)
    prediction, _ = model.run(paused, model.start())
    known = np.isfinite(prediction.columns["smooth"])
    assert known.tolist() == [False, False, True, True, False, False, True, True]


def test_one_sample_per_step_of_time_is_taken() -> None:
    model = toy(every_s=1.0)
    batch = stream({"a": np.ones(40), "b": np.ones(40)})
    prediction, _ = model.run(batch, model.start())
    known = np.flatnonzero(np.isfinite(prediction.columns["smooth"]))
    whole_s = batch.time_ns // 10**9
    assert known.tolist() == [0, *(np.flatnonzero(np.diff(whole_s)) + 1).tolist()]


def test_a_missing_input_gives_a_missing_output() -> None:
    batch = stream({"a": [1.0, np.nan, 1.0], "b": [1.0, 1.0, np.nan]})
    prediction, _ = toy().run(batch, toy().start())
    assert np.isfinite(prediction.columns["smooth"]).tolist() == [True, False, False]


def test_evidence_is_told_by_input_and_only_where_there_is_an_answer() -> None:
    model = toy()
    batch = stream({"a": [3.0, np.nan], "b": [1.0, 1.0]})
    prediction, _ = model.run(batch, model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([0, 1]))
    assert evidence.share[0].tolist() == pytest.approx([0.9, 0.1])
    assert evidence.value[0].tolist() == [3.0, 1.0]
    assert evidence.expected[0].tolist() == [0.0, 0.0]
    assert np.isnan(evidence.share[1]).all()


def test_the_whole_batch_is_not_held_by_the_state() -> None:
    model = toy(samples=3)
    batch = stream({"a": np.ones(5000), "b": np.ones(5000)})
    _, state = model.run(batch, model.start())
    assert state.kept.shape == (2, 2)
    assert state.kept.base is None


def test_a_state_of_another_window_is_refused() -> None:
    model = toy(samples=3)
    batch = stream({"a": np.ones(9), "b": np.ones(9)})
    _, state = model.run(batch, model.start())
    packed = msgspec.Raw(msgspec.msgpack.encode(model.pack(state)))
    with pytest.raises(msgspec.ValidationError):
        toy(samples=2).unpack(packed)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"columns": ("a_mean", "c")}, "'c' is not declared"),
        ({"columns": ()}, "no columns"),
        ({"core_outputs": ("other",)}, "no channel, and no metric before it, is named 'size'"),
    ],
)
def test_a_card_whose_parts_do_not_fit_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        ComposedModel(toy_card(**changes), SumOfSquares())


def test_a_core_that_gives_another_shape_is_told() -> None:
    class Wrong(SumOfSquares):
        def run(self, windows: FloatArray) -> FloatArray:
            return np.zeros((len(windows), 2))

    model = ComposedModel(toy_card(window=Window(1)), Wrong())
    with pytest.raises(ModelError, match=r"gave shape \(1, 2\) for 1 windows"):
        model.run(stream({"a": [1.0], "b": [1.0]}), model.start())
