"""Whatever can be learnt is learnt the same way, and is a model that gives its score."""

from __future__ import annotations

import contextlib
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import Batch
from telltale.errors import ModelError
from telltale.models.card import Input
from telltale.models.folder import check_parity, made_model
from telltale.models.trainers import (
    DEFAULT,
    TRAINERS,
    LearnsFrom,
    kinds,
    settings_class,
    settings_schema,
    train,
)
from telltale.models.training_set import TrainingSet
from tests.models.toys import stream

NORMAL = LearnsFrom.NORMAL
INPUTS = {"a": Input("1"), "b": Input("bar")}
SCORES = [k for k, one in TRAINERS.items() if one.has_budget and one.learns_from is NORMAL]
QUICK: dict[str, dict[str, Any]] = {
    "autoencoder": {"samples": 8, "units": 6, "training": {"epochs": 2}},
    "forecaster": {"samples": 8, "width": 8, "heads": 2, "wide": 8, "training": {"epochs": 2}},
}


def readings(n: int = 600) -> Batch:
    rng = np.random.default_rng(4)
    a = np.sin(np.arange(n) / 3.0) + rng.normal(0.0, 0.1, n)
    return stream({"a": a, "b": 5.0 + 0.5 * a + rng.normal(0.0, 0.1, n)}, step_s=1.0)


SET = TrainingSet.of_normal(readings(), INPUTS, is_simulated=True)


@pytest.mark.parametrize("kind", SCORES)
def test_every_kind_gives_a_model_whose_score_tells_normal_from_not(kind: str) -> None:
    card, files = train(kind, "it", SET, settings=QUICK.get(kind, {}))
    model = made_model(card, files)
    check_parity(model, files)
    assert card.training.is_simulated
    assert card.outputs["it_score"].limits is not None
    prediction, state = model.run(readings(), model.start())
    usual = prediction.columns["it_score"]
    assert np.isfinite(usual).sum() > 300
    noise = np.random.default_rng(5).normal(0.0, 20.0, (2, 300))
    a = np.zeros(300) if kind == "stuck" else noise[0]
    odd = stream({"a": a, "b": noise[1]}, step_s=1.0)
    later = Batch("m", odd.time_ns + 600 * 10**9, odd.columns)
    prediction, _ = model.run(later, state)
    assert np.nanmedian(prediction.columns["it_score"]) > np.nanmedian(usual)
    assert np.nanmax(prediction.columns["it_score"]) > 1.0


def test_the_default_is_one_of_the_kinds() -> None:
    assert DEFAULT in kinds()


@pytest.mark.parametrize("kind", ["shapes", "autoencoder", DEFAULT])
def test_an_unknown_setting_is_named(kind: str) -> None:
    with pytest.raises(ModelError, match="colour"):
        train(kind, "it", SET, settings={"colour": 1})


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ModelError, match="Did you mean 'mahalanobis'"):
        train("mahalanobi", "it", SET)


def test_every_kind_says_what_it_is_for_and_what_can_be_set() -> None:
    for kind, one in TRAINERS.items():
        assert one.title[0].isupper()
        assert one.use.endswith(".")
        schema = settings_schema(kind)
        (name,) = schema["$defs"].keys() & {settings_class(kind).__name__}
        fields = {field.name for field in msgspec.structs.fields(settings_class(kind))}
        assert schema["$defs"][name]["properties"].keys() == fields


@pytest.mark.parametrize("kind", SCORES)
def test_every_score_has_a_limit_that_a_stricter_budget_does_not_lower(kind: str) -> None:
    """And the card tells how many alarms are expected, about as many as were allowed."""
    expected = {}
    for budget in (0.5, 1.0, 1e5):
        made = train(kind, "it", SET, settings=QUICK.get(kind, {}), alarms_per_week=budget)
        threshold = made[0].threshold
        assert threshold is not None
        assert threshold.alarms_per_week is not None
        expected[budget] = threshold.alarms_per_week
    assert expected[0.5] <= 0.625
    assert expected[1.0] <= 1.25
    assert expected[0.5] <= expected[1.0] <= expected[1e5]


@pytest.mark.parametrize("kind", SCORES)
def test_every_score_leaves_out_what_cannot_be_learnt_from_and_says_so(kind: str) -> None:
    still = TrainingSet.of_normal(
        readings().adding({"c": np.full(600, 7.0)}), {**INPUTS, "c": Input("1")}
    )
    card, _ = train(kind, "it", still, settings=QUICK.get(kind, {}))
    assert "c" not in card.inputs
    assert "c: constant" in card.training.data


def test_a_budget_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(ModelError, match="gives no score, so it has no false alarms to allow"):
        train("forecast", "it", SET, settings={"channel": "a"}, alarms_per_week=7.0)


@pytest.mark.parametrize("budget", [1e-300, 0.0, float("nan"), float("inf")])
@pytest.mark.parametrize("kind", ["normal", "shapes", "autoencoder", "novelty"])
def test_a_budget_out_of_reach_is_refused(kind: str, budget: float) -> None:
    with pytest.raises(ModelError, match="give a number from"):
        train(kind, "it", SET, alarms_per_week=budget)


WILD: tuple[Any, ...] = (
    -1,
    0,
    1,
    2,
    3,
    1e-300,
    0.5,
    17,
    1024,
    10_000,
    10**9,
    10**30,
    1e300,
    "x",
    None,
    [],
    True,
)
ONE_EPOCH = {"training": {"epochs": 1, "batch_windows": 512}}  # how long is not asked here


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_setting_breaks_anything_or_takes_all_memory(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(SCORES))
    fields = [f.name for f in msgspec.structs.fields(settings_class(kind)) if f.name != "training"]
    names = data.draw(st.lists(st.sampled_from(fields), max_size=2, unique=True))
    chosen = {name: data.draw(st.sampled_from(WILD)) for name in names}
    usual = QUICK.get(kind, {}) | (ONE_EPOCH if kind in QUICK else {})
    tracemalloc.start()
    with contextlib.suppress(ModelError):  # in a sentence: see the test below
        card, files = train(kind, "it", SET, settings=usual | chosen)
        check_parity(made_model(card, files), files)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**31


@pytest.mark.parametrize(
    ("kind", "chosen", "says"),
    [
        ("normal", {"window_s": 1e300}, "window_s"),
        ("normal", {"window_s": 86_400}, "windows of 128 samples without a gap"),
        ("autoencoder", {"units": 1_000_000_000}, "units"),
        ("autoencoder", {"units": 1024, "samples": 200}, "takes more than 1 GB"),
        ("autoencoder", {"every_s": 1e-300}, "give 1e-06 or more, or 0"),
        ("forecaster", {"samples": 10_000}, "takes more than 1 GB"),
        ("forecaster", {"width": 1024, "wide": 1024, "blocks": 64}, "takes more than 1 GB"),
        ("shapes", {"samples": 1000}, "at least 60 are needed"),
        ("isolation_forest", {"seed": -1}, "seed"),
        ("forecast", {"channel": "a", "horizon_s": 1e9}, "horizon_s"),
    ],
)
def test_what_would_take_too_much_is_refused_in_a_sentence(
    kind: str, chosen: dict[str, Any], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        train(kind, "it", SET, settings=chosen)
