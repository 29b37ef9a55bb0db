"""A waveform is cut into windows in the same way however it arrives."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.folder import (
    complete,
    made_model,
    packed_arrays,
    read_arrays,
    read_folder,
    write_folder,
)
from telltale.models.parameters import FILE
from telltale.models.vibration.bearing_model import WEIGHTS, bearing_card, bearing_model
from telltale.models.vibration.bearings import SKF_6205, Part
from telltale.models.vibration.gear_model import SCORE, GearWindow, gear_model, learnt_gear
from telltale.models.vibration.gears import BandKind, Bands
from telltale.models.vibration.waveform_model import WaveformModel
from tests.models.vibration.signals import RATE_HZ, SHAFT_RPM, bearing_waveform, gear_waveform

GEAR_HZ = 2000.0
SAMPLES = 200
BANDS = Bands(GEAR_HZ, BandKind.ALL, GEAR_HZ / 4.0)


def waveform_batch(values: FloatArray, names: tuple[str, ...], rate_hz: float) -> Batch:
    time_ns = np.rint(np.arange(len(values)) * NS_PER_S / rate_hz).astype(np.int64)
    return Batch("m", time_ns, {n: values[:, at].copy() for at, n in enumerate(names)})


HEALTHY = [
    gear_waveform(np.random.default_rng(seed), seconds=20.0, rate_hz=GEAR_HZ) for seed in (1, 2)
]
WINDOW = GearWindow(("a1", "a2"), BANDS, SAMPLES)
GEAR_CARD, GEAR_FILES = learnt_gear(
    [WINDOW.levels(each) for each in HEALTHY], WINDOW, data="made by a test"
)
GEAR = gear_model(GEAR_CARD, GEAR_FILES)
GEAR_BATCH = waveform_batch(
    gear_waveform(np.random.default_rng(3), seconds=1.0, rate_hz=GEAR_HZ), ("a1", "a2"), GEAR_HZ
)


def fed(model: WaveformModel, batch: Batch, cuts: list[int]) -> FloatArray:
    state, found = model.start(), []
    edges = [0, *sorted(cuts), len(batch)]
    for start, stop in pairwise(edges):
        prediction, state = model.run(batch.rows(start, stop), state)
        found.append(prediction.columns[SCORE])
        packed = msgspec.Raw(msgspec.msgpack.encode(model.pack(state)))
        state = model.unpack(packed)
    return np.concatenate(found)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 2000), max_size=6),
    missing=st.lists(st.integers(0, 1999), max_size=2),
)
def test_the_answer_does_not_depend_on_where_the_stream_is_cut(
    cuts: list[int], missing: list[int]
) -> None:
    values = GEAR_BATCH.columns["a1"].copy()
    values[missing] = np.nan
    batch = GEAR_BATCH.adding({"a1": values})
    np.testing.assert_array_equal(fed(GEAR, batch, cuts), fed(GEAR, batch, []))


def test_one_answer_stands_at_the_last_sample_of_each_window() -> None:
    score = fed(GEAR, GEAR_BATCH, [])
    assert np.flatnonzero(np.isfinite(score)).tolist() == list(range(199, 2000, 200))


def test_a_missing_value_begins_the_window_again() -> None:
    values = GEAR_BATCH.columns["a2"].copy()
    values[250] = np.nan
    score = fed(GEAR, GEAR_BATCH.adding({"a2": values}), [])
    assert np.flatnonzero(np.isfinite(score)).tolist() == [199, *range(450, 2000, 200)]


def test_a_pause_begins_the_window_again() -> None:
    time_ns = GEAR_BATCH.time_ns.copy()
    time_ns[250:] += NS_PER_S
    score = fed(GEAR, Batch("m", time_ns, GEAR_BATCH.columns), [240, 250, 260])
    assert np.flatnonzero(np.isfinite(score)).tolist() == [199, *range(449, 2000, 200)]


def test_a_waveform_of_another_rate_gets_no_answer() -> None:
    slower = Batch("m", GEAR_BATCH.time_ns * 5 // 4, GEAR_BATCH.columns)
    assert not np.isfinite(fed(GEAR, slower, [])).any()
    as_marked = Batch("m", GEAR_BATCH.time_ns * 201 // 200, GEAR_BATCH.columns)
    assert np.isfinite(fed(GEAR, as_marked, [])).sum() == 10


def test_what_comes_later_changes_nothing_before_it() -> None:
    later = {n: np.concatenate([c[:1000], c[:999:-1]]) for n, c in GEAR_BATCH.columns.items()}
    shuffled = Batch("m", GEAR_BATCH.time_ns, later)
    np.testing.assert_array_equal(fed(GEAR, GEAR_BATCH, [])[:1000], fed(GEAR, shuffled, [])[:1000])


def test_progress_counts_the_samples_of_the_window_in_progress() -> None:
    _, state = GEAR.run(GEAR_BATCH.rows(0, 350), GEAR.start())
    assert GEAR.progress(state) == (150, 200)


def test_a_kept_window_of_another_shape_is_refused() -> None:
    packed = msgspec.Raw(msgspec.msgpack.encode({"time_ns": b"12345678", "values": b"1234"}))
    with pytest.raises(msgspec.ValidationError, match="another shape"):
        GEAR.unpack(packed)


def test_the_bearing_model_answers_as_its_diagnosis_does() -> None:
    rng = np.random.default_rng(4)
    waveform = bearing_waveform(Part.INNER_RACE, SKF_6205.orders(), rng, seconds=4.5)
    values = np.stack([waveform, np.full(len(waveform), SHAFT_RPM)], axis=1)
    batch = waveform_batch(values, ("acceleration_g", "speed_rpm"), RATE_HZ)
    model = bearing_model(bearing_card(SKF_6205, RATE_HZ, top_hz=6000.0), {})
    prediction, _ = model.run(batch, model.start())
    outer, inner, ball = (prediction.columns[name] for name in WEIGHTS)
    assert np.flatnonzero(np.isfinite(inner)).tolist() == [23_999, 47_999]
    assert (inner[[23_999, 47_999]] > 1.0).all()
    assert (np.fmax(outer, ball)[[23_999, 47_999]] < inner[[23_999, 47_999]]).all()


def test_a_bearing_at_rest_or_without_a_signal_gets_no_answer() -> None:
    silent = np.stack([np.zeros(24_000), np.full(24_000, SHAFT_RPM)], axis=1)
    resting = np.stack([np.random.default_rng(1).normal(size=24_000), np.zeros(24_000)], axis=1)
    model = bearing_model(bearing_card(SKF_6205, RATE_HZ, top_hz=6000.0), {})
    for values in (silent, resting):
        batch = waveform_batch(values, ("acceleration_g", "speed_rpm"), RATE_HZ)
        prediction, _ = model.run(batch, model.start())
        assert all(np.isnan(column).all() for column in prediction.columns.values())


def test_a_card_without_geometry_or_rate_is_refused() -> None:
    card = bearing_card(SKF_6205, RATE_HZ, top_hz=6000.0)
    for missing, told in (("bearing", "n_balls"), ("rate_hz", "positive number")):
        left = {name: value for name, value in card.settings.items() if name != missing}
        with pytest.raises(ModelError, match=told):
            bearing_model(msgspec.structs.replace(card, settings=left), {})


def test_the_accelerometer_that_shakes_otherwise_has_the_largest_share() -> None:
    shaken = GEAR_BATCH.columns["a2"] * 3.0
    state = GEAR.run(GEAR_BATCH.rows(0, 150), GEAR.start())[1]
    prediction, _ = GEAR.run(GEAR_BATCH.adding({"a2": shaken}).rows(150, 2000), state)
    assert prediction.evidence is not None
    ends = np.flatnonzero(np.isfinite(prediction.columns[SCORE]))
    assert np.isnan(prediction.evidence(ends - 1).share).all()
    share = prediction.evidence(ends).share
    np.testing.assert_allclose(np.abs(share).sum(axis=1), 1.0)
    assert (share[1:, 1] > 0.5).all()


def test_a_gear_whose_normal_is_not_known_is_refused() -> None:
    width = len(read_arrays(GEAR_FILES[FILE], "gear")["mean"])
    unknown = {"mean": np.full(width, np.nan), "whitening": np.eye(width)}
    with pytest.raises(ModelError, match="'mean' must be numbers"):
        made_model(GEAR.card, {FILE: packed_arrays(unknown)})


@pytest.mark.parametrize("kind", ["bearing", "gear"])
def test_a_model_answers_the_same_after_it_was_written_and_loaded(
    kind: str, tmp_path: Path
) -> None:
    if kind == "gear":
        card, files, batch = GEAR.card, GEAR_FILES, GEAR_BATCH
    else:
        card, files = bearing_card(SKF_6205, RATE_HZ, top_hz=6000.0), {}
        waveform = bearing_waveform(Part.BALL, SKF_6205.orders(), np.random.default_rng(6))
        values = np.stack([waveform, np.full(len(waveform), SHAFT_RPM)], axis=1)
        batch = waveform_batch(values, card.columns, RATE_HZ)
    write_folder(tmp_path / kind, *complete(card, files, batch))
    loaded = read_folder(tmp_path / kind)
    model = made_model(card, files)
    after, _ = loaded.model.run(batch, loaded.model.start())
    before, _ = model.run(batch, model.start())
    for name, column in before.columns.items():
        assert np.isfinite(column).any()
        np.testing.assert_array_equal(after.columns[name], column)


@pytest.mark.parametrize("n", [0, 1, 300])
def test_missing_and_empty_columns_are_survived_and_answered_by_nothing(n: int) -> None:
    time_ns = GEAR_BATCH.time_ns[:n]
    for columns in ({}, {"a1": np.full(n, np.nan), "a2": np.ones(n)}):
        prediction, state = GEAR.run(Batch("m", time_ns, columns), GEAR.start())
        assert prediction.columns[SCORE].shape == (n,)
        assert np.isnan(prediction.columns[SCORE]).all()
        assert GEAR.progress(state) == (0, SAMPLES)


@pytest.mark.parametrize("shaft_rpm", [60.0, 1e9])
def test_at_a_speed_at_which_nothing_can_be_told_the_bearing_has_no_number(
    shaft_rpm: float,
) -> None:
    model = bearing_model(bearing_card(SKF_6205, RATE_HZ, top_hz=RATE_HZ / 2.0), {})
    noise = np.random.default_rng(5).normal(size=24_000)
    rows = np.stack([noise, np.full(24_000, shaft_rpm)], axis=1)
    batch = waveform_batch(rows, ("acceleration_g", "speed_rpm"), RATE_HZ)
    prediction, _ = model.run(batch, model.start())
    for name in WEIGHTS:
        assert np.isnan(prediction.columns[name]).all()
