"""Drift of recent inputs against what a card says of training."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from telltale.models.card import Input
from telltale.models.drift import Verdict, drift_of, worst
from tests.models.detectors.machines import changed, readings, trained
from tests.models.toys import stream, toy_card

CARD = msgspec.structs.replace(
    toy_card(),
    inputs={"a": Input("bar"), "b": Input("1")},
    normal={"a": (10.0, 2.0), "b": (0.0, 1.0)},
)
RNG = np.random.default_rng(0)
AS_USUAL = {"a": 10.0 + 2.0 * RNG.normal(size=2000), "b": RNG.normal(size=2000)}


def verdicts(columns: dict[str, np.ndarray]) -> dict[str, Verdict]:
    return {one.name: one.verdict for one in drift_of(CARD, stream(columns))}


def test_readings_as_in_training_have_not_drifted() -> None:
    found = drift_of(CARD, stream(AS_USUAL))
    assert [one.verdict for one in found] == [Verdict.AS_TRAINED] * 2
    assert worst(found) is Verdict.AS_TRAINED
    assert "as in training" in found[0].sentence


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [(1.0, "as_trained"), (-3.0, "moved"), (3.0, "moved"), (5.0, "drifted"), (-40.0, "drifted")],
)
def test_the_shift_counts_in_spreads_of_training(shift: float, verdict: str) -> None:
    found = drift_of(CARD, stream({**AS_USUAL, "a": AS_USUAL["a"] + shift}))
    by_name = {one.name: one for one in found}
    assert by_name["a"].shift == pytest.approx(shift / 2.0, abs=0.1)
    assert by_name["a"].verdict == verdict
    assert by_name["b"].verdict == "as_trained"


def test_the_greatest_drift_comes_first_and_says_what_to_do() -> None:
    found = drift_of(CARD, stream({**AS_USUAL, "b": AS_USUAL["b"] + 7.0}))
    assert found[0].name == "b"
    assert worst(found) is Verdict.DRIFTED
    assert "7.0 spreads above" in found[0].sentence
    assert found[0].sentence.endswith("Train it again.")


def test_a_machine_that_varies_far_more_has_moved() -> None:
    found = drift_of(CARD, stream({**AS_USUAL, "a": 10.0 + 8.0 * RNG.normal(size=2000)}))
    assert {one.name: one.verdict for one in found}["a"] is Verdict.MOVED
    assert "varying 4." in found[0].sentence or "varying 4." in found[1].sentence


def test_what_is_not_there_is_not_judged() -> None:
    few = {name: column[:30] for name, column in AS_USUAL.items()}
    assert set(verdicts(few).values()) == {Verdict.UNKNOWN}
    assert verdicts({"a": AS_USUAL["a"]})["b"] is Verdict.UNKNOWN
    sparse = np.where(np.arange(2000) % 10 == 0, AS_USUAL["a"], np.nan)
    assert verdicts({**AS_USUAL, "a": sparse})["a"] is Verdict.UNKNOWN
    silent = msgspec.structs.replace(CARD, normal={})
    assert worst(drift_of(silent, stream(AS_USUAL))) is Verdict.UNKNOWN
    assert worst(()) is Verdict.UNKNOWN


def test_a_trained_detector_knows_when_its_machine_has_changed() -> None:
    card, _ = trained("normal")
    later = readings(900, seed=40)
    assert worst(drift_of(card, later)) is Verdict.AS_TRAINED
    worn = changed(later, "vibration_mm_s", later.columns["vibration_mm_s"] + 2.0)
    found = drift_of(card, worn)
    assert found[0].name == "vibration_mm_s"
    assert found[0].verdict is Verdict.DRIFTED
