"""Training: what stands in the card, what is refused, and how long a day of readings takes."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.card import read_card, written_card
from telltale.models.folder import made_model, packed_arrays, read_arrays, training_hash
from telltale.models.parameters import FILE
from telltale.models.trainers import train
from tests.models.detectors.machines import DETECTORS, UNITS, normal, readings, trained


@pytest.mark.parametrize("kind", DETECTORS)
def test_the_card_says_what_was_learnt_from_what_and_how_the_limit_was_set(kind: str) -> None:
    card, files = trained(kind)
    batch = readings(900)
    assert card.task == "anomaly"
    output = card.outputs["it_score"]
    assert output.unit == "1"
    assert output.limits is not None
    assert (output.limits.warn_above, output.limits.critical_above) == (1.0, 2.0)
    assert card.threshold is not None
    assert re.search("false alarms? a week", card.threshold.method)
    assert re.search("1[45] min or about [0-9]+ independent windows", card.threshold.method)
    assert card.threshold.alarms_per_week is not None
    assert card.threshold.alarms_per_week <= 1.05
    assert card.training.rows == 900
    assert card.training.is_simulated
    assert card.training.sha256 == training_hash(batch.select(tuple(card.inputs)))
    assert card.normal["flow_lpm"] == pytest.approx(
        (batch.columns["flow_lpm"].mean(), batch.columns["flow_lpm"].std())
    )
    assert card.inputs.items() <= UNITS.items()
    assert set(files) == {FILE, "parity.npz"}
    assert read_card(written_card(card), "it") == card


def test_the_card_names_the_channels_that_drift_through_the_stretch() -> None:
    steady = train("normal", "it", normal(readings(900)))[0]
    assert steady.training.data == "900 samples of normal operation."
    batch = readings(900)
    warming = batch.adding({"flow_lpm": batch.columns["flow_lpm"] + np.linspace(0.0, 20.0, 900)})
    card = train("normal", "it", normal(warming))[0]
    assert card.training.data.endswith("a longer stretch is needed to know: flow_lpm.")


@pytest.mark.parametrize("kind", DETECTORS)
def test_learning_twice_gives_the_same_parameters(kind: str) -> None:
    again = train(kind, "it", normal(readings(900)))[1]
    assert again[FILE] == trained(kind)[1][FILE]


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("mahalanobi", {}, "Did you mean 'mahalanobis'"),
        ("normal", {"window": 3}, "unknown field `window`"),
        ("normal", {"window_s": -1}, "window_s"),
        ("noise", {"window_s": "long"}, "window_s"),
        ("isolation_forest", {"trees": 10**9}, "trees"),
    ],
)
def test_a_wrong_kind_or_setting_is_refused_by_name(
    kind: str, settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        train(kind, "it", normal(readings(300)), settings=settings)


@pytest.mark.parametrize("kind", DETECTORS)
def test_readings_with_holes_at_their_end_can_be_learnt_from(kind: str) -> None:
    batch = readings(900)
    flow = batch.columns["flow_lpm"].copy()
    flow[880:] = np.nan
    flow[100:120] = np.nan
    card, files = train(kind, "it", normal(batch.adding({"flow_lpm": flow})))
    assert made_model(card, files).card == card


@pytest.mark.parametrize("kind", DETECTORS)
def test_parameters_that_do_not_fit_the_card_are_refused(kind: str) -> None:
    card, files = trained(kind)
    arrays = read_arrays(files[FILE], FILE)
    for name, array in arrays.items():
        for wrong in (array[..., :0], np.full(array.shape, np.nan), array[..., None]):
            broken = {**files, FILE: packed_arrays({**arrays, name: wrong})}
            if wrong.shape == array.shape and not array.size:
                continue  # nothing can be wrong with nothing
            with pytest.raises(ModelError):
                made_model(card, broken)
    with pytest.raises(ModelError, match="missing"):
        made_model(card, {})


@pytest.mark.parametrize("kind", ["noise", "course"])
def test_a_card_that_names_no_known_statistic_is_refused(kind: str) -> None:
    card, files = trained(kind)
    for settings in ({}, {"statistics": ["mode"]}):
        with pytest.raises(ModelError, match=r"settings\.statistics"):
            made_model(msgspec.structs.replace(card, settings=settings), files)


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_day_at_1_hz_is_learnt_in_seconds(kind: str) -> None:
    """The aim is 1 s; what is measured stands in the benchmarks. This finds what grows badly."""
    batch = readings(86_400)
    begin_s = time.process_time()
    train(kind, "it", normal(batch))
    assert time.process_time() - begin_s < 5.0
