"""What every detector promises once it has learnt, whatever it learnt; and its folder too."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import Batch, FloatArray
from telltale.models import RUNTIMES
from telltale.models.composed import ComposedModel
from telltale.models.folder import read_folder, write_folder
from tests.models.detectors.machines import (
    DETECTORS,
    UNITS,
    changed,
    detector,
    readings,
    scores,
    trained,
    with_fault,
)
from tests.pipeline.streams import batches, cuts

ELSEWHERE = {  # runtimes of no detector's: where they are held to the same promises
    "bearing": "tests/models/vibration",
    "cycle": "tests/models/faults",
    "estimate": "tests/models/estimates",
    "expectation": "tests/models/deep",
    "few_lives": "tests/models/life",
    "gear": "tests/models/vibration",
    "labelled_faults": "tests/models/faults",
    "novelty": "tests/models/novelty",
    "onnx": "tests/models",
    "shapes": "tests/models/detectors",
}
NAMES = list(UNITS)


def packed_again(model: ComposedModel, state: Any) -> Any:
    return model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))


def in_pieces(model: ComposedModel, batch: Batch, edges: list[int]) -> FloatArray:
    state, found = model.start(), []
    for start, stop in pairwise(edges):
        prediction, state = model.run(batch.rows(start, stop), state)
        found.append(prediction.columns["it_score"])
        state = packed_again(model, state)
    return np.concatenate(found) if found else np.zeros(0)


@pytest.mark.parametrize("kind", DETECTORS)
@settings(max_examples=25)
@given(data=st.data())
def test_cutting_any_stream_anywhere_changes_no_bit(kind: str, data: st.DataObject) -> None:
    model = detector(kind)
    batch = data.draw(batches(NAMES))
    edges = data.draw(cuts(len(batch)))
    whole, _ = model.run(batch, model.start())
    found = in_pieces(model, batch, edges)
    assert found.tobytes() == whole.columns["it_score"].tobytes()


@pytest.mark.parametrize("kind", DETECTORS)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 200])
def test_pieces_of_any_size_give_the_bits_of_the_whole(kind: str, size: int) -> None:
    model, batch = detector(kind), readings(400, seed=5)
    whole = scores(model, batch)
    assert np.isfinite(whole).sum() > 200
    edges = [*range(0, len(batch), size), len(batch)]
    assert in_pieces(model, batch, edges).tobytes() == whole.tobytes()


@pytest.mark.parametrize("kind", DETECTORS)
def test_the_folder_gives_the_same_answers_after_a_round_trip(kind: str, tmp_path: Path) -> None:
    card, files = trained(kind)
    write_folder(tmp_path / "it", card, files)
    loaded = read_folder(tmp_path / "it")
    assert loaded.card == card
    batch = readings(300, seed=6)
    prediction, _ = loaded.model.run(batch, loaded.model.start())
    assert prediction.columns["it_score"].tobytes() == scores(detector(kind), batch).tobytes()


@pytest.mark.parametrize("kind", DETECTORS)
def test_the_window_is_learning_until_it_is_full(kind: str) -> None:
    model, batch = detector(kind), readings(100, seed=7)
    samples = model.card.window.samples
    score = scores(model, batch)
    assert np.isnan(score[: samples - 1]).all()
    assert np.isfinite(score[samples - 1 :]).all()
    _, state = model.run(batch.rows(0, samples // 2), model.start())
    assert model.progress(state) == (samples // 2, samples)


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_missing_input_gives_a_missing_score_and_no_guess(kind: str) -> None:
    model, batch = detector(kind), readings(200, seed=8)
    flow = batch.columns["flow_lpm"].copy()
    flow[100:110] = np.nan
    score = scores(model, changed(batch, "flow_lpm", flow))
    assert np.isnan(score[100:110]).all()
    assert np.isfinite(score[99])


@pytest.mark.parametrize("kind", DETECTORS)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_missing_all_nan_and_empty_columns_are_survived(kind: str, n: int) -> None:
    model = detector(kind)
    nothing = {name: np.full(n, np.nan) for name in NAMES}
    for columns in (nothing, {}):
        time_ns = readings(max(n, 1)).time_ns[:n]
        prediction, _ = model.run(Batch("m", time_ns, columns), model.start())
        assert prediction.columns["it_score"].shape == (n,)
        assert np.isnan(prediction.columns["it_score"]).all()


@pytest.mark.parametrize("kind", DETECTORS)
def test_inputs_are_not_modified(kind: str) -> None:
    batch = readings(120, seed=9)
    before = {name: values.tobytes() for name, values in batch.columns.items()}
    batch.time_ns.flags.writeable = False
    for values in batch.columns.values():
        values.flags.writeable = False
    prediction, _ = detector(kind).run(batch, detector(kind).start())
    assert prediction.evidence is not None
    prediction.evidence(np.array([60, 100]))
    assert {name: values.tobytes() for name, values in batch.columns.items()} == before


@pytest.mark.parametrize("kind", DETECTORS)
def test_later_normal_operation_stays_below_the_limit_and_a_gross_fault_does_not(kind: str) -> None:
    model, batch = detector(kind), readings(900, seed=10)
    assert (scores(model, batch)[200:] > 1.0).mean() < 0.01
    flow = with_fault(kind, batch.columns["flow_lpm"], 600, 40.0)
    faulty = scores(model, changed(batch, "flow_lpm", flow))
    assert np.nanmax(faulty[600:700]) > 1.0
    np.testing.assert_array_equal(faulty[:600], scores(model, batch)[:600])


@pytest.mark.parametrize("kind", DETECTORS)
def test_the_evidence_of_a_fault_names_the_channel_it_lies_in(kind: str) -> None:
    model, batch = detector(kind), readings(300, seed=11)
    vibration = with_fault(kind, batch.columns["vibration_mm_s"], 200, 30.0)
    prediction, _ = model.run(changed(batch, "vibration_mm_s", vibration), model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([205, 2]))
    assert NAMES[int(np.argmax(evidence.share[0]))] == "vibration_mm_s"
    assert np.abs(evidence.share[0]).sum() == pytest.approx(1.0)
    assert evidence.value[0, 3] == vibration[205]
    if model.card.window.samples > 1:  # no window, no evidence
        assert np.isnan(evidence.share[1]).all()


def test_no_runtime_is_left_out() -> None:
    here = {trained(kind)[0].runtime for kind in DETECTORS}
    assert not here & set(ELSEWHERE)
    assert set(RUNTIMES) <= here | set(ELSEWHERE)
