"""Whatever can be learnt is learnt the same way, and is a model that gives its score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Input
from telltale.models.folder import check_parity, made_model
from telltale.models.trainers import DEFAULT, kinds, train
from tests.models.toys import stream

INPUTS = {"a": Input("1"), "b": Input("bar")}
QUICK: dict[str, dict[str, Any]] = {
    "autoencoder": {"samples": 8, "units": 6, "training": {"epochs": 2}},
    "forecaster": {"samples": 8, "width": 8, "heads": 2, "wide": 8, "training": {"epochs": 2}},
}


def readings(n: int = 600) -> Batch:
    rng = np.random.default_rng(4)
    a = np.sin(np.arange(n) / 3.0) + rng.normal(0.0, 0.1, n)
    return stream({"a": a, "b": 5.0 + 0.5 * a + rng.normal(0.0, 0.1, n)}, step_s=1.0)


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_gives_a_model_whose_score_tells_normal_from_not(kind: str) -> None:
    settings = QUICK.get(kind, {})
    card, files = train(kind, "it", readings(), INPUTS, settings=settings, is_simulated=True)
    model = made_model(card, files)
    check_parity(model, files)
    assert card.training.is_simulated
    assert card.outputs["it_score"].limits is not None
    prediction, state = model.run(readings(), model.start())
    usual = prediction.columns["it_score"]
    assert np.isfinite(usual).sum() > 300
    noise = np.random.default_rng(5).normal(0.0, 20.0, (2, 300))
    odd = stream({"a": noise[0], "b": noise[1]}, step_s=1.0)
    later = Batch("m", odd.time_ns + 600 * 10**9, odd.columns)
    prediction, _ = model.run(later, state)
    assert np.nanmedian(prediction.columns["it_score"]) > np.nanmedian(usual)
    assert np.nanmax(prediction.columns["it_score"]) > 1.0


def test_the_default_is_one_of_the_kinds() -> None:
    assert DEFAULT in kinds()


@pytest.mark.parametrize("kind", ["shapes", "autoencoder", DEFAULT])
def test_an_unknown_setting_is_named(kind: str) -> None:
    with pytest.raises(ModelError, match="colour"):
        train(kind, "it", readings(), INPUTS, settings={"colour": 1}, is_simulated=False)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ModelError, match="Did you mean 'mahalanobis'"):
        train("mahalanobi", "it", readings(), INPUTS, settings={}, is_simulated=False)


def test_a_budget_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(ModelError, match="Leave alarms_per_week at 1"):
        train(
            "shapes",
            "it",
            readings(),
            INPUTS,
            alarms_per_week=7.0,
            settings={},
            is_simulated=False,
        )
