"""Remaining life from a handful of failures: a line and an honest spread, the same in any cut."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Training
from telltale.models.folder import made_model, read_folder, write_folder
from telltale.models.life.few_lives import FewLivesHow, trained_few_lives
from telltale.models.life.few_lives_core import HIGH, LOW, VALUE, FewLivesCore

HOW = FewLivesHow(age="age_s", sign="rms_g", sign_unit="g", smooth_s=30.0)
TRAINING = Training("Made-up bearings.", is_simulated=True)


def bearing(n: int, seed: int) -> Batch:
    """Return a life of n readings, one in 10 s, the sign of wear tenfold at its end."""
    rng = np.random.default_rng(seed)
    age_s = np.linspace(10.0, 10.0 * n, n)
    wear = np.power(10.0, age_s / age_s[-1])
    sign: FloatArray = 0.3 * wear * np.exp(rng.normal(0.0, 0.02, n))
    return Batch("b", (age_s * NS_PER_S).astype(np.int64), {"age_s": age_s, "rms_g": sign})


def lives() -> list[Batch]:
    return [bearing(n, n) for n in (300, 500, 900, 1600, 2800)]


@pytest.fixture(scope="module")
def trained() -> tuple[Card, dict[str, bytes]]:
    return trained_few_lives("bearing", lives(), HOW, TRAINING)


def test_a_sign_that_tells_the_share_of_life_tells_what_is_left(
    trained: tuple[Card, dict[str, bytes]],
) -> None:
    model = made_model(*trained)
    life = bearing(1200, 7)
    found = model.run(life, model.start())[0].columns
    left = 12_000.0 - life.columns["age_s"]
    rows = slice(700, 1100)
    assert np.abs(np.log(found[VALUE][rows] / left[rows])).mean() < 0.5
    assert ((found[LOW] < left) & (left < found[HIGH]))[rows].mean() > 0.85


def test_a_sign_that_tells_nothing_leaves_the_age_and_a_wide_spread() -> None:
    rng = np.random.default_rng(0)
    blind = [
        Batch("b", life.time_ns, {**life.columns, "rms_g": rng.uniform(1.0, 1.1, len(life))})
        for life in lives()
    ]
    card, _ = trained_few_lives("blind", blind, HOW, TRAINING)
    share = np.linspace(*HOW.cuts, HOW.n_cuts)
    assert card.settings["level"] == pytest.approx(np.log(1 / share - 1).mean(), abs=0.6)
    assert card.settings["spread"] > 0.6


def test_cutting_the_stream_anywhere_changes_no_bit(trained: tuple[Card, dict[str, bytes]]) -> None:
    model, life = made_model(*trained), bearing(150, 8)
    whole = model.run(life, model.start())[0].columns
    for edges in (range(151), (0, 1, 77, 77, 150)):
        state, found = model.start(), []
        for start, stop in pairwise(edges):
            prediction, state = model.run(life.rows(start, stop), state)
            state = model.unpack(msgspec.Raw(msgspec.msgpack.encode(model.pack(state))))
            found.append(prediction.columns)
        for name in (VALUE, LOW, HIGH):
            assert np.concatenate([f[name] for f in found]).tobytes() == whole[name].tobytes()


def test_a_careful_quantile_gives_a_shorter_life() -> None:
    careful = FewLivesHow(age="age_s", sign="rms_g", sign_unit="g", smooth_s=30.0, quantile=0.2)
    median, early = (
        made_model(*trained_few_lives("b", lives(), h, TRAINING)) for h in (HOW, careful)
    )
    life = bearing(400, 9)
    one, other = (m.run(life, m.start())[0].columns[VALUE] for m in (median, early))
    is_known = np.isfinite(one)
    assert is_known.any()
    assert (other < one)[is_known].all()


def test_the_answer_is_the_formula_of_the_card(trained: tuple[Card, dict[str, bytes]]) -> None:
    card, files = trained
    settings = {"level": -1.0, "slope": -0.5, "spread": 0.4}
    core = FewLivesCore(msgspec.structs.replace(card, settings=settings), files)
    value, low, high = core.run(np.array([[[3600.0, 4.0]]]))[0]
    assert value == pytest.approx(3600.0 * math.exp(-1.0 - 0.5 * math.log(4.0)))
    assert (low, high) == pytest.approx(
        (value * math.exp(-0.658), value * math.exp(0.658)), rel=1e-3
    )


def test_the_folder_is_read_again(trained: tuple[Card, dict[str, bytes]], tmp_path: Path) -> None:
    write_folder(tmp_path / "bearing-1", *trained)
    assert read_folder(tmp_path / "bearing-1").card.training.is_simulated


def test_what_cannot_be_learnt_or_served_is_refused(trained: tuple[Card, dict[str, bytes]]) -> None:
    with pytest.raises(ModelError, match="2 lives; 3 are needed"):
        trained_few_lives("b", lives()[:2], HOW, TRAINING)
    card = msgspec.structs.replace(trained[0], settings={"level": 1.0})
    with pytest.raises(ModelError, match=r"card\.json: settings"):
        FewLivesCore(card, {})


def test_there_is_no_number_before_the_ages_that_were_fitted_and_the_card_says_so(
    trained: tuple[Card, dict[str, bytes]],
) -> None:
    model, life = made_model(*trained), bearing(1200, 7)
    found = model.run(life, model.start())[0].columns
    is_early = life.columns["age_s"] < 0.5 * 3_000.0  # half of the shortest life
    for name in (VALUE, LOW, HIGH):
        assert np.isnan(found[name][is_early]).all()
        assert np.isfinite(found[name][~is_early][2:]).all()
    assert "no number before an age of 15" in trained[0].training.data
