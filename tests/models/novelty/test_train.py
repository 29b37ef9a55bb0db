"""The limit of a novelty detector comes from how strange normal readings look to it."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import Batch, FloatArray
from telltale.errors import ModelError
from telltale.models.card import Card, Input
from telltale.models.folder import check_parity, made_model
from telltale.models.novelty.detector import NoveltySettings
from telltale.models.novelty.memory import MAX_SIGMAS
from telltale.models.novelty.train import train_novelty
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream

INPUTS = {"a": Input("bar"), "still": Input("1")}


def wave(n: int, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(n) / 9.0) + rng.normal(0.0, 0.1, n)


def readings(n: int = 3000, seed: int = 0) -> Batch:
    return stream({"a": wave(n, seed), "still": np.ones(n)}, step_s=1.0)


def learnt(batch: Batch, budget: float = 1.0) -> tuple[Card, dict[str, bytes]]:
    training_set = TrainingSet.of_normal(batch, INPUTS, is_simulated=True)
    return train_novelty("new", training_set, NoveltySettings(), alarms_per_week=budget)


def test_normal_operation_stays_below_the_limit_and_what_is_new_does_not() -> None:
    card, files = learnt(readings())
    model = made_model(card, files)
    check_parity(model, files)
    _, state = model.run(readings(), model.start())
    later = readings(3000, seed=1)
    later = Batch("m", later.time_ns + 3000 * 10**9, {**later.columns})
    values = later.columns["a"].copy()
    values[2000:2010] = 90.0
    prediction, _ = model.run(later.adding({"a": values}), state)
    score = prediction.columns["new_score"]
    assert (score[:2000] > 1.0).sum() == 0
    assert score[2000] > 1.0


def test_the_card_says_what_was_left_out_and_how_many_alarms_are_expected() -> None:
    card, _ = learnt(readings())
    assert tuple(card.inputs) == ("a",)
    assert card.training.data.startswith(
        "3000 samples of normal operation for the limit; left out: still: constant. It goes on"
    )
    assert card.training.is_simulated
    assert card.threshold is not None
    assert "the later 1450 of 2900 samples of normal operation" in card.threshold.method
    assert card.threshold.alarms_per_week == pytest.approx(1.0, rel=0.05)


def test_a_larger_budget_gives_a_lower_limit() -> None:
    strict, usual, loose = (learnt(readings(), budget)[0].threshold for budget in (0.1, 1.0, 1e4))
    assert strict is not None
    assert usual is not None
    assert loose is not None
    assert strict.value > usual.value > loose.value


@pytest.mark.parametrize("kind", ["normal", "laplace"])
def test_over_four_hours_of_noise_no_more_alarms_come_than_were_expected(kind: str) -> None:
    """After one hour: by the budget about 0.3 of an alarm on each of four machines."""
    alarms = 0
    for seed in range(4):
        noise = getattr(np.random.default_rng(seed), kind)(size=18_000)
        whole = stream({"a": noise, "still": np.ones(18_000)}, step_s=1.0)
        card, files = learnt(whole.rows(0, 3600))
        model = made_model(card, files)
        prediction, _ = model.run(whole, model.start())
        alarms += int((prediction.columns["new_score"][3600:] > 1.0).sum())
    assert alarms <= 2


def test_too_few_readings_are_told() -> None:
    with pytest.raises(ModelError, match="50 samples are left after the 100 that it learns from"):
        learnt(readings(150))


def test_what_stands_still_and_then_changes_gives_no_limit() -> None:
    column = np.ones(3000)
    column[2500:] = 1.0 + np.arange(500) % 2
    still = stream({"a": column, "still": np.ones(3000)}, step_s=1.0)
    with pytest.raises(ModelError, match=f"up to {MAX_SIGMAS:.0f} standard deviations strange"):
        learnt(still)
