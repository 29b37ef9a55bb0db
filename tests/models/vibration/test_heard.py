"""What cannot be vibration holds nothing in which a bearing could be heard."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.models.vibration.bearings import SKF_6205, Part
from telltale.models.vibration.heard import HEARD_SHARE, heard_share
from tests.models.vibration.signals import RATE_HZ, bearing_waveform

TIME_S = np.arange(48_000) / RATE_HZ
FROM_HZ, TOP_HZ = 160.0, 6000.0


@pytest.mark.parametrize(
    "movement",
    [
        TIME_S,
        np.sin(2.0 * np.pi * TIME_S),
        np.round(32_767.0 * np.sin(2.0 * np.pi * TIME_S)),
        np.sin(2.0 * np.pi * 29.5 * TIME_S),
    ],
    ids=["ramp", "1 Hz", "1 Hz in 16 bits", "imbalance"],
)
def test_slow_movement_alone_is_not_heard(movement: np.ndarray) -> None:
    assert heard_share(movement, RATE_HZ, FROM_HZ, TOP_HZ) < HEARD_SHARE


def test_noise_and_knocks_are_heard_also_on_a_drift_that_is_far_larger() -> None:
    for part in (None, Part.OUTER_RACE):
        waveform = bearing_waveform(part, SKF_6205.orders(), np.random.default_rng(1), seconds=4.0)
        assert heard_share(waveform, RATE_HZ, FROM_HZ, TOP_HZ) > 0.1
        drifting = waveform + 1000.0 * TIME_S
        assert heard_share(drifting, RATE_HZ, FROM_HZ, TOP_HZ) > HEARD_SHARE
