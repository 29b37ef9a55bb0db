"""A whole recording is diagnosed from its windows together, with all lines that were looked for."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.errors import ModelError
from telltale.models.vibration.bearings import PARTS, SKF_6205, Part
from telltale.models.vibration.diagnosis import LEAST_SHARE, LEAST_WEIGHT, Answer
from telltale.models.vibration.examination import MOST_WINDOWS, examine
from telltale.models.vibration.lines import cage_comb
from telltale.profiles import point_channels
from tests.models.vibration.signals import RATE_HZ, SHAFT_RPM, bearing_waveform, struck

ORDERS = SKF_6205.orders()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("shaft_rpm", [120.0, 600.0, SHAFT_RPM, 6000.0])
def test_each_part_is_named_at_slow_and_fast_shafts(part: Part, shaft_rpm: float) -> None:
    waveform = bearing_waveform(
        part,
        ORDERS,
        np.random.default_rng(1),
        seconds=max(4.0, 6000.0 / shaft_rpm),
        shaft_rpm=shaft_rpm,
    )
    found = examine(waveform, RATE_HZ, shaft_rpm, ORDERS, RATE_HZ / 2.0)
    assert found.answer.value == part.value
    assert found.certain_shares[part] > LEAST_SHARE
    assert found.weight.max() > LEAST_WEIGHT
    own = [each.line for each in found.lines if each.part == part and not each.line.sideband]
    assert sum(line.is_clear for line in own) >= 3
    shaft_hz = shaft_rpm / 60.0
    assert own[0].expected_hz == pytest.approx(ORDERS.of(part) * shaft_hz)
    assert own[0].frequency_hz == pytest.approx(own[0].expected_hz, rel=0.02)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shaft_rpm", [120.0, SHAFT_RPM])
def test_noise_alone_is_normal_and_has_no_shares(seed: int, shaft_rpm: float) -> None:
    rng, seconds = np.random.default_rng(seed), max(6.0, 6000.0 / shaft_rpm)
    waveform = bearing_waveform(None, ORDERS, rng, seconds=seconds, shaft_rpm=shaft_rpm)
    found = examine(waveform, RATE_HZ, shaft_rpm, ORDERS, RATE_HZ / 2.0)
    assert found.answer is Answer.NONE
    assert max(found.certain_shares.values()) < LEAST_SHARE
    assert "No line of this bearing stands out" in found.sentence


def test_a_cage_that_knocks_by_itself_is_named() -> None:
    rng = np.random.default_rng(2)
    noise = bearing_waveform(None, ORDERS, rng, seconds=10.0)
    knocks = 4.0 * struck(cage_comb(ORDERS), rng, len(noise), shaft_hz=SHAFT_RPM / 60.0)
    found = examine(noise + knocks, RATE_HZ, SHAFT_RPM, ORDERS, RATE_HZ / 2.0)
    assert found.answer is Answer.CAGE
    assert found.certain_shares == {"outer_race": 0, "inner_race": 0, "ball": 0, "cage": 1.0}
    assert "Damage of the cage" in found.sentence
    assert "4 of 4 harmonics of FTF (11." in found.sentence


def test_a_recording_shorter_than_a_window_is_taken_as_one() -> None:
    waveform = bearing_waveform(Part.OUTER_RACE, ORDERS, np.random.default_rng(3), seconds=1.0)
    found = examine(waveform, RATE_HZ, SHAFT_RPM, ORDERS, RATE_HZ / 2.0)
    assert (found.n_windows, found.start_s) == (1, 0.0)
    assert found.answer is Answer.OUTER_RACE
    with pytest.raises(ModelError, match=r"7\.50 s: 15 turns; three times as long"):
        examine(waveform, RATE_HZ, 120.0, ORDERS, RATE_HZ / 2.0)


def test_a_long_recording_is_looked_at_from_beginning_to_end_in_a_bounded_number_of_windows() -> (
    None
):
    rate_hz, rng = 2000.0, np.random.default_rng(4)
    waveform = rng.normal(size=round(2.0 * rate_hz * (3 * MOST_WINDOWS + 1)))
    found = examine(waveform, rate_hz, SHAFT_RPM, ORDERS, rate_hz / 2.0)
    assert found.n_windows == MOST_WINDOWS


def test_the_limit_of_a_points_shares_is_that_from_which_a_part_is_named() -> None:
    assert point_channels.LEAST_SHARE == LEAST_SHARE
