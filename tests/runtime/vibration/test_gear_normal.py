"""What is normal for a gear says on its card whose waveforms it was learnt from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from telltale.models.card import Card
from telltale.runtime.vibration.gear_finding import gear_window
from telltale.runtime.vibration.gear_normal import LEAST, HealthyWaveform, learnt
from telltale.store.base import Machine
from tests.doubles import START_NS
from tests.models.vibration.signals import gear_waveform

RATE_HZ, SAMPLES, S = 4000.0, 200, 1_000_000_000


def healthy(seed: int) -> HealthyWaveform:
    waveform = gear_waveform(np.random.default_rng(seed), seconds=8.0, rate_hz=RATE_HZ)
    levels = gear_window(RATE_HZ, SAMPLES).levels(waveform[:, :1])
    return HealthyWaveform(levels, RATE_HZ, 1800.0, SAMPLES, START_NS + seed * S)


def card_of(*, simulated: bool = False, seeds: range = range(LEAST)) -> Card:
    machine = Machine("m", "M", "motor", simulated=simulated)
    return learnt("gearbox", [healthy(seed) for seed in seeds], machine, "Said so.")[0]


@pytest.mark.parametrize("simulated", [False, True])
def test_what_a_simulated_machine_taught_is_called_simulated(*, simulated: bool) -> None:
    training = card_of(simulated=simulated).training
    assert training.is_simulated is simulated
    assert training.machine == "m"
    assert (training.start_ns, training.end_ns) == (START_NS, START_NS + (LEAST - 1) * S)


def test_the_same_waveforms_give_the_same_hash_and_others_another() -> None:
    first = card_of().training.sha256
    assert len(first) == 64
    assert card_of().training.sha256 == first
    assert card_of(seeds=range(1, LEAST + 1)).training.sha256 != first


def test_waveforms_that_were_recorded_otherwise_are_not_learnt_from() -> None:
    alike = [healthy(seed) for seed in range(LEAST)]
    machine = Machine("m", "M", "motor")
    card, _ = learnt("gearbox", [*alike, replace(healthy(9), rate_hz=8000.0)], machine, "")
    assert card.settings["waveforms"] == LEAST
