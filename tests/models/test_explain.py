"""One plain sentence for a score, with numbers that are the evidence's own."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from telltale.models.base import Evidence
from telltale.models.card import Input
from telltale.models.explain import Explanation, explain
from tests.models.detectors.machines import UNITS, changed, detector, readings
from tests.models.toys import toy_card

NAN = float("nan")
INPUTS = {
    "vibration_mm_s": Input("mm/s"),
    "current_a": Input("A"),
    "flow_lpm": Input("l/min"),
    "ratio": Input("1"),
}
TITLES = {"vibration_mm_s": "Vibration", "current_a": "Motor current", "ratio": "RPM ratio"}


def explained(
    share: list[float],
    value: list[float] = [7.9, 3.2, 31.0, 0.5],  # noqa: B006  never changed
    expected: list[float] = [2.1, 2.9, NAN, 0.25],  # noqa: B006
    bound: list[float] = [4.1, NAN, NAN, NAN],  # noqa: B006
) -> Explanation:
    card = msgspec.structs.replace(toy_card(), inputs=INPUTS)
    rows = [np.array([row]) for row in (share, value, expected, bound)]
    evidence = Evidence(rows[0], rows[1], rows[2], rows[3])
    return explain(card, evidence, 0, TITLES)


def test_the_sentence_names_value_usual_value_share_and_the_way_back() -> None:
    assert explained([0.61, 0.25, 0.10, 0.04]).sentence == (
        "Mostly vibration: 7.9 mm/s where 2.1 is usual (61 %), then motor current: 3.2 A where 2.9 "
        "is usual (25 %) and flow_lpm: 31 l/min (10 %). Would be normal below 4.1 mm/s."
    )


def test_only_the_three_greatest_parts_are_shown_the_greatest_first() -> None:
    found = explained([0.1, 0.3, 0.2, 0.4])
    assert [part.name for part in found.parts] == ["ratio", "current_a", "flow_lpm"]
    assert found.sentence.startswith("Above all RPM ratio: 0.5 where 0.25 is usual (40 %)")


def test_parts_that_speak_for_normal_are_kept_with_their_sign_but_not_in_the_sentence() -> None:
    found = explained([0.7, -0.3, 0.0, 0.0])
    assert [part.share for part in found.parts] == [0.7, -0.3]
    assert "motor current" not in found.sentence


def test_what_is_not_known_is_not_made_up() -> None:
    found = explained([NAN] * 4, [NAN] * 4, [NAN] * 4, [NAN] * 4)
    assert found.parts == ()
    assert found.sentence == "The model does not say which input this comes from."
    missing = explained([0.9, 0.1, 0.0, 0.0], value=[NAN, 3.2, 31.0, 0.5])
    assert missing.parts[0].value is None
    assert missing.sentence.startswith("Mostly vibration (90 %)")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1234.56, "1235"),
        (0.012345, "0.0123"),
        (-7.0, "-7"),
        (0.0, "0"),
        (1e12, "1e+12"),
        (90, "90"),
    ],
)
def test_numbers_are_told_with_the_digits_that_count(value: float, told: str) -> None:
    sentence = explained([1.0, 0.0, 0.0, 0.0], value=[value, 0, 0, 0]).sentence
    assert sentence.startswith(f"Mostly vibration: {told} mm/s")


def test_a_bound_above_says_above() -> None:
    low = explained([1.0, 0, 0, 0], value=[1.0, 0, 0, 0], bound=[1.5, NAN, NAN, NAN])
    assert low.sentence.endswith("Would be normal above 1.5 mm/s.")


def test_a_real_detectors_score_is_explained_in_the_channels_units() -> None:
    batch = readings(300, seed=31)
    vibration = batch.columns["vibration_mm_s"].copy()
    vibration[200:] += 6.0
    model = detector("normal")
    prediction, _ = model.run(changed(batch, "vibration_mm_s", vibration), model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([250]))
    found = explain(model.card, evidence, 0, {"vibration_mm_s": "Vibration"})
    first = found.parts[0]
    assert first.name == "vibration_mm_s"
    assert first.unit == UNITS["vibration_mm_s"].unit
    assert first.value == vibration[250]
    assert first.expected == pytest.approx(2.1, abs=0.5)
    assert first.bound is not None
    assert 2.1 < first.bound < 8.1
    assert found.sentence.startswith("Mostly vibration: ")
    assert "Would be normal below" in found.sentence
