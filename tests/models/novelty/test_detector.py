"""The novelty detector: strange is what was never near anything seen, and it is told once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.base import Model
from telltale.models.card import Input
from telltale.models.folder import made_model, read_folder, write_folder
from telltale.models.novelty.detector import (
    NoveltyDetector,
    NoveltySettings,
    novelty_model,
)
from tests.models.toys import stream
from tests.pipeline.streams import batches, cuts

ONE = {"a": Input("1")}
BOTH = {"a": Input("1"), "b": Input("degC")}
QUICK = NoveltySettings(averages=(1, 4), quiet=20, learning=10)


def wave(n: int, shift: int = 0) -> FloatArray:
    """Return what goes up and down between -1 and 1 and never quite repeats."""
    at = np.arange(n) + shift
    found: FloatArray = 0.7 * np.sin(0.7 * at) + 0.3 * np.sin(0.31 * at)
    return found


def score(model: Model, batch: Batch) -> FloatArray:
    prediction, _ = model.run(batch, model.start())
    return prediction.columns["new_score"]


def test_a_spike_and_a_level_between_known_ones_are_told_and_the_usual_is_not() -> None:
    model = made_model(*novelty_model("new", ONE))
    values = np.where(np.arange(3000) % 2, 0.0, 50.0) + wave(3000)
    values[2000], values[2400] = 70.0, 25.0
    found = score(model, stream({"a": values}))
    assert np.flatnonzero(found > 1.0).tolist() == [2000, 2400]


def test_a_slow_shift_shows_in_the_mean_before_any_sample_stands_out() -> None:
    values = wave(4000)
    values[3000:] *= 0.3
    values[3000:] += 0.7
    with_mean = made_model(*novelty_model("new", ONE))
    alone = made_model(*novelty_model("new", ONE, settings=NoveltySettings(averages=(1,))))
    batch = stream({"a": values})
    assert 3000 <= np.flatnonzero(score(with_mean, batch) > 1.0)[0] < 3020
    assert not (score(alone, batch)[3000:3100] > 1.0).any()


def test_what_comes_again_is_known() -> None:
    values = wave(3000)
    values[1000:1003] = values[2000:2003] = 30.0
    found = score(made_model(*novelty_model("new", ONE)), stream({"a": values}))
    assert np.flatnonzero(found > 1.0).tolist() == [1000]


def test_for_a_while_only_what_is_stranger_still_is_told() -> None:
    values = wave(1000)
    values[500], values[520], values[540], values[900] = 40.0, 60.0, 50.0, -40.0
    calm = NoveltySettings(averages=(1,), quiet=100)
    model = made_model(*novelty_model("new", ONE, settings=calm))
    assert np.flatnonzero(score(model, stream({"a": values})) > 1.0).tolist() == [500, 900]


def test_nothing_is_said_while_it_learns_and_progress_tells() -> None:
    model = made_model(*novelty_model("new", ONE, settings=QUICK))
    batch = stream({"a": wave(12)})
    prediction, state = model.run(batch.rows(0, 10), model.start())
    assert np.isnan(prediction.columns["new_score"]).all()
    assert model.progress(state) == (10, 10)
    prediction, _ = model.run(batch.rows(10, 12), state)
    assert np.isfinite(prediction.columns["new_score"]).all()


def test_a_sample_that_lacks_an_input_has_no_score_and_teaches_nothing() -> None:
    model = made_model(*novelty_model("new", BOTH, settings=QUICK))
    a, b = wave(40), wave(40, 1)
    whole = score(model, stream({"a": a, "b": b}))
    with_gap = np.insert(a, 20, 1e9), np.insert(b, 20, np.nan)
    found = score(model, stream({"a": with_gap[0], "b": with_gap[1]}))
    assert np.isnan(found[20])
    np.testing.assert_array_equal(np.delete(found, 20), whole)


def test_the_evidence_names_the_input_and_how_far_it_would_have_to_come_back() -> None:
    model = made_model(*novelty_model("new", BOTH))
    a, b = wave(600), 20.0 + wave(600, 1)
    b[500] = 90.0
    prediction, _ = model.run(stream({"a": a, "b": b}), model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([3, 500]))
    assert np.isnan(evidence.share[0]).all()
    assert evidence.names == ("a", "b")
    assert evidence.share[1, 1] > 0.95
    assert evidence.share[1].sum() == pytest.approx(1.0)
    assert evidence.value[1, 1] == 90.0
    assert evidence.expected[1, 1] == b[:500].max()
    bound = float(evidence.bound[1, 1])
    assert b[:500].max() < bound < 90.0
    for value, is_strange in ((bound + 0.01, True), (bound - 0.01, False)):
        b[500] = value
        assert (score(model, stream({"a": a, "b": b}))[500] > 1.0) == is_strange


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_cutting_the_stream_anywhere_changes_no_bit(data: st.DataObject) -> None:
    few = msgspec.structs.replace(QUICK, learning=2)
    model = made_model(*novelty_model("new", BOTH, settings=few))
    batch = data.draw(batches(["a", "b"]))
    whole = score(model, batch)
    state, found = model.start(), []
    for start, stop in pairwise(data.draw(cuts(len(batch)))):
        prediction, state = model.run(batch.rows(start, stop), state)
        found.append(prediction.columns["new_score"])
        state = model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))
    joined = np.concatenate(found) if found else np.zeros(0)
    np.testing.assert_array_equal(joined, whole)


def test_a_state_is_a_value_that_a_run_leaves_as_it_was() -> None:
    model = made_model(*novelty_model("new", ONE, settings=QUICK))
    batch = stream({"a": wave(60)})
    _, state = model.run(batch.rows(0, 30), model.start())
    before = msgspec.msgpack.encode(state)
    first, _ = model.run(batch.rows(30, 60), state)
    assert msgspec.msgpack.encode(state) == before
    again, _ = model.run(batch.rows(30, 60), state)
    np.testing.assert_array_equal(first.columns["new_score"], again.columns["new_score"])


def test_a_state_of_other_inputs_is_refused() -> None:
    one, both = (made_model(*novelty_model("new", inputs)) for inputs in (ONE, BOTH))
    packed = msgspec.Raw(msgspec.msgpack.encode(one.pack(one.start())))
    with pytest.raises(msgspec.ValidationError, match="other inputs"):
        both.unpack(packed)


def test_a_folder_reads_back_as_the_same_detector(tmp_path: Path) -> None:
    card, files = novelty_model("new", BOTH)
    write_folder(tmp_path / "1", card, files)
    loaded = read_folder(tmp_path / "1")
    assert isinstance(loaded.model, NoveltyDetector)
    assert loaded.card == card


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"threshold": None}, "threshold above 0"),
        ({"settings": {"averages": []}}, "averages"),
        ({"settings": {"quiet": 0}}, "quiet"),
    ],
)
def test_a_card_that_is_not_its_own_is_refused(changes: dict[str, object], told: str) -> None:
    card, _ = novelty_model("new", ONE)
    with pytest.raises(ModelError, match=told):
        NoveltyDetector(msgspec.structs.replace(card, **changes))
