"""Components are told once per cycle, by a model that can be written, loaded and cut anywhere."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Input
from telltale.models.faults.cycles import cycle_summary, learnt_cycles
from telltale.models.folder import complete, made_model, read_folder, write_folder
from telltale.models.parameters import FILE

SAMPLES = 24
INPUTS = {"pressure_bar": Input("bar"), "temp_c": Input("degC")}


def made_cycles(n: int, seed: int) -> tuple[FloatArray, dict[str, FloatArray]]:
    rng = np.random.default_rng(seed)
    pump, valve = rng.choice([0.0, 1.0, 2.0], n), rng.choice([73.0, 100.0], n)
    cycles = rng.normal(0.0, 0.3, (n, SAMPLES, 2))
    cycles[:, :, 0] += 10.0 - pump[:, None]
    cycles[:, 12:, 1] += (valve[:, None] - 73.0) / 10.0
    return cycles, {"pump": pump, "valve": valve}


def as_batch(cycles: FloatArray) -> Batch:
    seconds = np.arange(len(cycles))[:, None] * 100 + np.arange(SAMPLES)
    rows = cycles.reshape(-1, 2)
    columns = {name: rows[:, at].copy() for at, name in enumerate(INPUTS)}
    return Batch("rig", seconds.ravel() * NS_PER_S, columns)


CYCLES, STATES = made_cycles(300, 1)
CARD, FILES = learnt_cycles(CYCLES, INPUTS, STATES, rate_hz=1.0, data="made by a test")
FRESH, TRUTH = made_cycles(60, 2)


def test_the_states_of_fresh_cycles_are_told_at_their_last_sample() -> None:
    model = made_model(CARD, FILES)
    prediction, _ = model.run(as_batch(FRESH), model.start())
    for name, truth in TRUTH.items():
        told = prediction.columns[name].reshape(-1, SAMPLES)
        assert np.isnan(told[:, :-1]).all()
        assert np.mean(told[:, -1] == truth) > 0.95
        share = prediction.columns[f"{name}_share"].reshape(-1, SAMPLES)[:, -1]
        assert ((share > 0.3) & (share <= 1.0)).all()


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 60 * SAMPLES), max_size=5))
def test_cutting_the_stream_anywhere_changes_no_bit(cuts: list[int]) -> None:
    model, batch = made_model(CARD, FILES), as_batch(FRESH)
    whole, _ = model.run(batch, model.start())
    state, found = model.start(), []
    edges = [0, *sorted(cuts), len(batch)]
    for at in range(len(edges) - 1):
        prediction, state = model.run(batch.rows(edges[at], edges[at + 1]), state)
        found.append(prediction.columns["pump"])
    np.testing.assert_array_equal(np.concatenate(found), whole.columns["pump"])


def test_the_model_is_the_same_after_it_was_written_and_loaded(tmp_path: Path) -> None:
    write_folder(tmp_path / "cycle_state", *complete(CARD, FILES, as_batch(FRESH[:10])))
    loaded, model = read_folder(tmp_path / "cycle_state").model, made_model(CARD, FILES)
    batch = as_batch(FRESH)
    before, _ = model.run(batch, model.start())
    after, _ = loaded.run(batch, loaded.start())
    np.testing.assert_array_equal(after.columns["valve"], before.columns["valve"])


def test_a_summary_knows_where_in_the_cycle_something_happened() -> None:
    cycle = np.zeros((SAMPLES, 1))
    cycle[5] = 12.0
    summary = cycle_summary(cycle)
    assert np.flatnonzero(summary[:12]).tolist() == [2]
    assert summary[24:].tolist() == [12.0, 0.0, pytest.approx(cycle.std()), 0.5]


def test_a_component_that_never_changes_cannot_be_learnt() -> None:
    with pytest.raises(ModelError, match="nothing to tell"):
        learnt_cycles(CYCLES, INPUTS, {"pump": np.zeros(300)}, rate_hz=1.0, data="x")


def test_files_that_do_not_fit_the_card_are_refused() -> None:
    wider = msgspec.structs.replace(
        CARD, columns=("pressure_bar",), inputs={"pressure_bar": Input("bar")}
    )
    with pytest.raises(ModelError, match="must be numbers of shape"):
        made_model(wider, FILES)
    with pytest.raises(ModelError, match=FILE):
        made_model(CARD, {})
