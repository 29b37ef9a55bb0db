"""Remaining life learnt from kept readings and labelled failures; age is counted by the model."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.labels import LabelKind
from telltale.models.card import Card, Input
from telltale.models.folder import check_parity, made_model
from telltale.models.life.from_lives import RUNNING
from telltale.models.life.remaining_life import with_made
from telltale.models.trainers import train
from telltale.models.training_set import Run, TrainingSet

T0 = 1_763_711_000_000_000_000
S = 1_000_000_000
INPUTS = {"vibration_mm_s": Input("mm/s"), "flow_l_min": Input("L/min")}
STEP_S = 60


def life(seed: int, hours: float | None = None) -> Batch:
    """Return one life of a machine that is read once a minute: vibration grows with wear."""
    rng = np.random.default_rng(seed)
    hours = rng.uniform(4.0, 12.0) if hours is None else hours
    n = round(hours * 3600.0 / STEP_S)
    worn = np.linspace(0.0, 1.0, n) ** 2
    return Batch(
        f"pump-{seed}",
        T0 + np.arange(n) * STEP_S * S,
        {
            "vibration_mm_s": 2.0 + 3.0 * worn + rng.normal(0.0, 0.1, n),
            "flow_l_min": rng.normal(300.0, 4.0, n),
        },
    )


def learnt(lives: list[Batch], **settings: object) -> tuple[Card, dict[str, bytes]]:
    runs = tuple(Run(one, LabelKind.FAILURE) for one in lives)
    training_set = TrainingSet(runs, INPUTS, is_simulated=True)
    return train("remaining_life", "remaining_life", training_set, settings=settings)


def test_ten_lives_teach_trees_and_age_is_counted_in_running_hours() -> None:
    card, files = learnt([life(seed) for seed in range(12)])
    model = made_model(card, files)
    check_parity(model, files)
    assert set(card.inputs) == set(INPUTS)
    fresh = life(40, hours=8.0)
    found, _ = model.run(fresh, model.start())
    left_h = found.columns["remaining_life_h"]
    truth_h = 8.0 - np.arange(len(fresh)) / 60.0
    late = slice(4 * 60, None)
    assert np.nanmean(np.abs(left_h[late] - truth_h[late])) < 0.8
    assert left_h[-1] < 0.3 * left_h[5 * 60]
    assert "failure_within_24_h_ratio" in card.outputs
    assert "12 lives of 12 machines" in card.training.data


def test_a_pause_is_no_running_time() -> None:
    card, _ = learnt([life(seed) for seed in range(4)])
    fresh = life(41, hours=8.0)
    paused_ns = fresh.time_ns + np.where(np.arange(len(fresh)) >= 200, 50 * 3600 * S, 0)
    made = {RUNNING: card.features[RUNNING]}
    age_s = with_made(Batch("pump", paused_ns, fresh.columns), made).columns[RUNNING]
    assert age_s[-1] == (len(fresh) - 2) * STEP_S


def test_a_handful_of_lives_gives_a_line_on_the_channel_that_grew() -> None:
    card, files = learnt([life(seed) for seed in range(5)])
    model = made_model(card, files)
    check_parity(model, files)
    assert "The sign of wear is vibration_mm_s." in card.training.data
    quality = {one.name: one.value for one in card.quality}
    assert quality["share within the 90% bounds"] >= 0.7
    assert "5 lives left out in turn" in card.quality[0].protocol
    fresh = life(42, hours=8.0)
    found, _ = model.run(fresh, model.start())
    at = 6 * 60
    low, high = (found.columns[f"remaining_life_{end}_s"][at] for end in ("low", "high"))
    assert low < 2.0 * 3600.0 < high


def test_too_few_lives_or_no_sign_of_wear_is_refused_with_what_to_do() -> None:
    with pytest.raises(ModelError, match="2 lives ended in a labelled failure; 3 are needed"):
        learnt([life(0), life(1)])
    flat = [life(seed).select(("flow_l_min",)) for seed in range(4)]
    with pytest.raises(ModelError, match=r"no channel above 0 grew with age.*'sign'"):
        learnt(flat)
    with pytest.raises(ModelError, match="Did you mean 'vibration_mm_s'"):
        learnt([life(seed) for seed in range(4)], sign="vibration_mm")


def test_lives_in_which_the_machine_never_ran_are_refused_with_what_to_set() -> None:
    with pytest.raises(ModelError, match=r"vibration_mm_s never was above 1e\+09. Set 'running'"):
        learnt([life(seed) for seed in range(4)], running="vibration_mm_s", above=1e9)


def test_a_handful_of_lives_is_measured_at_all_ages_with_an_answer() -> None:
    card, _ = learnt([life(seed) for seed in range(5)])
    assert all("at all ages with an answer" in one.protocol for one in card.quality)
    assert len(card.quality) == 2
