"""The shape detector: a stretch unlike any seen is found and explained."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.detectors.shape_core import Shapes, distances
from telltale.models.detectors.shapes import MOST_WINDOWS, ShapeSettings, train_shapes
from telltale.models.folder import made_model, packed_arrays, read_folder, write_folder
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream

INPUTS = {"a": Input("1"), "b": Input("degC")}
SETTINGS = ShapeSettings(samples=12)


def learnt(
    batch: Batch, settings: ShapeSettings = SETTINGS, alarms_per_week: float = 1.0
) -> tuple[Card, dict[str, bytes]]:
    """Return card and files of a detector of these normal readings."""
    inputs = {name: INPUTS[name] for name in batch.columns}
    training_set = TrainingSet.of_normal(batch, inputs)
    return train_shapes("shape", training_set, settings, alarms_per_week=alarms_per_week)


def readings(n: int = 1500, seed: int = 0) -> dict[str, FloatArray]:
    """Return a wave, and one about 20 degC that follows it."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(n) * 0.5) + rng.normal(0, 0.05, n)
    return {"a": wave, "b": 20.0 + np.cos(np.arange(n) * 0.5) + rng.normal(0, 0.05, n)}


@cache
def trained() -> tuple[Card, dict[str, bytes]]:
    return learnt(stream(readings()))


def score_of(batch: Batch) -> FloatArray:
    model = made_model(*trained())
    prediction, _ = model.run(batch, model.start())
    return prediction.columns["shape_score"]


def test_a_wave_that_stands_still_is_found_though_each_value_is_usual() -> None:
    columns = readings(600, seed=5)
    columns["a"][300:330] = columns["a"][299]
    score = score_of(stream(columns))
    assert np.isnan(score[:11]).all()
    assert np.nanmax(score[:300]) < 1.0
    assert score[310:330].max() > 1.0
    assert np.nanmax(score[345:]) < 1.0


def test_the_distance_is_to_the_nearest_known_window() -> None:
    rng = np.random.default_rng(1)
    known, asked = rng.normal(size=(70, 5, 2)), rng.normal(size=(9, 5, 2))
    scale = np.array([2.0, 0.5])
    nearest, squares = Shapes(known, scale).nearest(asked)
    every = (((asked[:, None] - known[None]) / scale) ** 2).sum(axis=(2, 3))
    np.testing.assert_array_equal(nearest, known[every.argmin(axis=1)])
    np.testing.assert_allclose(distances(squares), np.sqrt(every.min(axis=1) / 10))
    assert distances(Shapes(known, scale).nearest(known[:3])[1]).tolist() == [0.0, 0.0, 0.0]


def test_the_evidence_names_the_column_and_where_its_value_would_have_to_be() -> None:
    columns = readings(200, seed=6)
    columns["b"][150] = 30.0
    batch = stream(columns)
    model = made_model(*trained())
    prediction, _ = model.run(batch, model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([150]))
    assert evidence.share[0, 1] > 0.9
    assert evidence.share[0].sum() == pytest.approx(1.0)
    assert evidence.value[0, 1] == 30.0
    bound = float(evidence.bound[0, 1])
    assert 20.0 < bound < 30.0
    columns["b"][150] = bound
    assert score_of(stream(columns))[150] <= 1.0 + 1e-9


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 77, 149, 150])
def test_the_answer_does_not_depend_on_where_the_stream_is_cut(cut: int) -> None:
    model = made_model(*trained())
    batch = stream(readings(150, seed=7))
    whole = score_of(batch)
    first, state = model.run(batch.rows(0, cut), model.start())
    handed_on = model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))
    second, _ = model.run(batch.rows(cut, 150), handed_on)
    joined = np.concatenate([part.columns["shape_score"] for part in (first, second)])
    assert joined.tobytes() == whole.tobytes()


def test_what_never_moved_alarms_at_the_least_change_that_was_given() -> None:
    still = stream({"a": np.full(400, 7.0)})
    least = ShapeSettings(samples=12, least=0.5)
    model = made_model(*learnt(still, least))
    for change, is_strange in ((0.4, False), (0.6, True)):
        values = np.full(100, 7.0)
        values[50] += change
        prediction, _ = model.run(stream({"a": values}), model.start())
        assert bool((prediction.columns["shape_score"] > 1.0).any()) == is_strange


def test_repeats_are_kept_once_and_a_long_stretch_is_thinned() -> None:
    repeated = stream({"a": np.tile([0.0, 1.0, 2.0, 1.0], 200)})
    card, _ = learnt(repeated)
    assert card.training.data == "789 windows of normal operation, 4 kept."
    long = stream({"a": np.random.default_rng(0).normal(size=MOST_WINDOWS + 500)})
    card, _ = learnt(long)
    assert card.training.data.endswith(f"{MOST_WINDOWS} kept.")


def test_a_folder_reads_back_as_the_same_model(tmp_path: Path) -> None:
    card, files = trained()
    write_folder(tmp_path / "1", card, files)
    assert read_folder(tmp_path / "1").card == card
    assert card.threshold is not None
    assert "later than those kept" in card.threshold.method


def test_too_short_a_stretch_is_told() -> None:
    with pytest.raises(ModelError, match="59 windows of 12 successive samples; at least 60"):
        learnt(stream(readings(70)))


def test_parameters_of_another_shape_or_scale_are_refused() -> None:
    card, _ = trained()
    known = np.zeros((3, 12, 2))
    for arrays in (
        {"known": known[:, :5], "scale": np.ones(2)},
        {"known": known, "scale": np.array([1.0, 0.0])},
        {"known": known[:0], "scale": np.ones(2)},
    ):
        with pytest.raises(ModelError, match="shape"):
            made_model(card, {"parameters.npz": packed_arrays(arrays)})
