"""One plain sentence for a model's finding, with numbers that are the evidence's own."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.base import Evidence
from telltale.pipeline.causes import Causes, causes_at
from telltale.profiles.schema import Channel, Profile
from tests.models.detectors.machines import changed, detector, readings

NAN = float("nan")
CHANNELS = {
    "vibration_mm_s": ("Vibration", "mm/s"),
    "current_a": ("Motor current", "A"),
    "flow_l_min": ("Flow", "l/min"),
    "ratio": ("RPM ratio", "1"),
}
PROFILE = Profile(
    id="sample",
    title="Sample",
    description="A machine for tests.",
    channels={
        name: Channel(title=title, unit=unit, range=(-1e13, 1e13))
        for name, (title, unit) in CHANNELS.items()
    },
)


def explained(
    share: list[float],
    value: list[float] = [7.9, 3.2, 31.0, 0.5],  # noqa: B006  never changed
    expected: list[float] = [2.1, 2.9, NAN, 0.25],  # noqa: B006
    bound: list[float] = [4.1, NAN, NAN, NAN],  # noqa: B006
) -> Causes:
    rows = [np.array([row]) for row in (share, value, expected, bound)]
    evidence = Evidence(rows[0], rows[1], rows[2], rows[3], tuple(CHANNELS))
    return causes_at(evidence, 0, PROFILE)


def test_the_sentence_names_value_usual_value_share_and_the_way_back() -> None:
    assert explained([0.61, 0.25, 0.10, 0.04]).because == (
        "Mostly vibration: 7.9 mm/s where 2.1 is usual (61 %), then motor current: 3.2 A where 2.9 "
        "is usual (25 %) and flow: 31 L/min (10 %). Would be normal below 4.1 mm/s."
    )


def test_only_the_three_greatest_parts_are_shown_the_greatest_first() -> None:
    found = explained([0.1, 0.3, 0.2, 0.4])
    assert [cause.name for cause in found.causes] == ["ratio", "current_a", "flow_l_min"]
    assert found.because.startswith("Above all RPM ratio: 0.5 where 0.25 is usual (40 %)")


def test_parts_that_speak_for_normal_are_kept_with_their_sign_but_not_in_the_sentence() -> None:
    found = explained([0.7, -0.3, 0.0, 0.0])
    assert [cause.share for cause in found.causes] == [0.7, -0.3]
    assert "motor current" not in found.because


def test_what_is_not_known_is_not_made_up() -> None:
    found = explained([NAN] * 4, [NAN] * 4, [NAN] * 4, [NAN] * 4)
    assert found.causes == ()
    assert found.because == ""
    missing = explained([0.9, 0.1, 0.0, 0.0], value=[NAN, 3.2, 31.0, 0.5])
    assert missing.causes[0].value is None
    assert missing.because.startswith("Mostly vibration (90 %)")


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
    told_all = explained([1.0, 0.0, 0.0, 0.0], value=[value, 0, 0, 0]).because
    assert told_all.startswith(f"Mostly vibration: {told} mm/s")


def test_a_bound_above_says_above() -> None:
    low = explained([1.0, 0, 0, 0], value=[1.0, 0, 0, 0], bound=[1.5, NAN, NAN, NAN])
    assert low.because.endswith("Would be normal above 1.5 mm/s.")


def test_a_real_detectors_score_is_explained_in_the_channels_units() -> None:
    batch = readings(300, seed=31)
    vibration = batch.columns["vibration_mm_s"].copy()
    vibration[200:] += 6.0
    model = detector("normal")
    prediction, _ = model.run(changed(batch, "vibration_mm_s", vibration), model.start())
    assert prediction.evidence is not None
    evidence = prediction.evidence(np.array([250]))
    channels = {
        name: Channel(title=name.split("_")[0].title(), unit=given.unit, range=(-1e9, 1e9))
        for name, given in model.card.inputs.items()
    }
    profile = Profile(id="m", title="M", description="A machine for tests.", channels=channels)
    found = causes_at(evidence, 0, profile)
    first = found.causes[0]
    assert first.name == "vibration_mm_s"
    assert first.value == vibration[250]
    assert first.expected == pytest.approx(2.1, abs=0.5)
    assert first.bound is not None
    assert 2.1 < first.bound < 8.1
    assert found.because.startswith("Mostly vibration: ")
    assert "Would be normal below" in found.because
