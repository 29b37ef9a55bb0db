"""The fault models that ship load with every check, and find what a fresh simulation breaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import telltale.models
from telltale.batch import NS_PER_S, Batch
from telltale.models.faults.catalogue import catalogue
from telltale.models.folder import Loaded, read_folder
from telltale.profiles.load import builtin_profiles
from telltale.simulators import make_simulator

SHIPPED = Path(telltale.models.__file__).parent / "data"
ROTATING = read_folder(SHIPPED / "rotating_machine_faults")
ENGINE = read_folder(SHIPPED / "toyota_2jz_gte_health")
RATE_HZ = 2.0
SEED = 987  # of no training


def simulated(name: str, scenario: str, faults: dict[str, float], seconds: float) -> Batch:
    """Return readings of the live simulator, from when the faults have developed."""
    simulator = make_simulator(name, np.random.default_rng(SEED), scenario=scenario)
    for fault, severity in faults.items():
        simulator.set_fault(fault, severity)
    n = round(seconds * RATE_HZ)
    time_ns = 1_767_225_600 * NS_PER_S + np.arange(n) * round(NS_PER_S / RATE_HZ)
    return Batch("m", time_ns, simulator.advance(time_ns)).rows(n - 240, n)


def last_mean(loaded: Loaded, batch: Batch) -> dict[str, float]:
    prediction, _ = loaded.model.run(batch, loaded.model.start())
    return {name: float(np.nanmean(column)) for name, column in prediction.columns.items()}


@pytest.mark.parametrize("loaded", [ROTATING, ENGINE], ids=lambda loaded: loaded.card.name)
def test_the_card_says_simulated_how_good_and_fits_its_profile(loaded: Loaded) -> None:
    card = loaded.card
    profile = card.name.rpartition("_")[0]
    assert card.training.is_simulated
    assert card.training.rows > 100_000
    assert len(card.training.sha256) == 64
    assert all("none trained on" in each.protocol for each in card.quality)
    channels = builtin_profiles()[profile].channels
    assert {name: given.unit for name, given in card.inputs.items()} == {
        name: channels[name].unit for name in card.inputs
    }
    kinds = [name for name in card.outputs if name.startswith("fault_")]
    assert kinds == [f"fault_{kind}_pct" for kind in catalogue(profile).categories]


def test_the_network_has_35_inputs_and_eight_intensities_under_a_megabyte() -> None:
    folder = SHIPPED / "rotating_machine_faults"
    assert len(ROTATING.card.inputs) == 35
    assert len(ROTATING.card.outputs) == 8
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_a_sound_machine_is_given_no_intensity_worth_an_alarm() -> None:
    found = last_mean(ROTATING, simulated("rotating_machine", "normal", {}, 900.0))
    assert max(found.values()) < 15.0


@pytest.mark.parametrize(
    ("fault", "severity", "kind"),
    [
        ("lubrication", 0.9, "lubrication"),
        ("imbalance", 0.9, "rotation_frequency"),
        ("misalignment", 0.9, "rotation_harmonics"),
        ("looseness", 0.9, "low_frequency"),
        ("bearing_defect", 0.35, "early_damage"),
        ("bearing_defect", 0.95, "late_wear"),
    ],
)
def test_each_fault_of_the_simulator_is_found_as_its_kind(
    fault: str, severity: float, kind: str
) -> None:
    found = last_mean(ROTATING, simulated("rotating_machine", "fast", {fault: severity}, 1200.0))
    assert found[f"fault_{kind}_pct"] > 60.0
    if fault == "bearing_defect" and severity < 0.5:
        assert found["fault_late_wear_pct"] < 20.0


def test_a_sound_engine_is_called_healthy_by_both_in_agreement() -> None:
    found = last_mean(ENGINE, simulated("engine_2jz", "motorway", {}, 900.0))
    assert found["failure_fast_pct"] < 20.0
    assert found["failure_deep_pct"] < 20.0
    assert found["health_agreement_pct"] > 80.0


@pytest.mark.parametrize("fault", ["coolant_loss", "boost_leak", "oil_cooler_blocked"])
def test_a_broken_engine_is_called_so_by_both_and_the_fault_is_named(fault: str) -> None:
    found = last_mean(ENGINE, simulated("engine_2jz", "track", {fault: 0.9}, 900.0))
    assert found["failure_fast_pct"] > 50.0
    assert found["failure_deep_pct"] > 50.0
    kinds = {name: share for name, share in found.items() if name.startswith("fault_")}
    assert max(kinds, key=lambda name: kinds[name]) == f"fault_{fault}_pct"


@pytest.mark.parametrize("loaded", [ROTATING, ENGINE], ids=lambda loaded: loaded.card.name)
def test_cutting_the_stream_anywhere_changes_no_bit(loaded: Loaded) -> None:
    name = "rotating_machine" if loaded is ROTATING else "engine_2jz"
    batch = simulated(name, "normal" if loaded is ROTATING else "road", {}, 200.0)
    whole, _ = loaded.model.run(batch, loaded.model.start())
    for cuts in ([0, 1, 2, 3, 100, 240], [0, 37, 38, 200, 240]):
        state, found = loaded.model.start(), []
        for at in range(len(cuts) - 1):
            prediction, state = loaded.model.run(batch.rows(cuts[at], cuts[at + 1]), state)
            found.append(prediction.columns)
        for output, column in whole.columns.items():
            np.testing.assert_array_equal(np.concatenate([f[output] for f in found]), column)


def test_a_missing_channel_gives_no_number() -> None:
    batch = simulated("rotating_machine", "normal", {}, 200.0)
    partial = batch.adding({"temp_c": np.full(len(batch), np.nan)})
    prediction, _ = ROTATING.model.run(partial, ROTATING.model.start())
    assert all(np.isnan(column).all() for column in prediction.columns.values())
