"""The grid, the sensors and the commands that all simulators share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import IntArray
from telltale.errors import BatchError, SettingsError
from telltale.simulators import SIMULATORS, make_simulator
from telltale.simulators.base import Sensor
from telltale.simulators.sensors import SensorBank, held
from telltale.simulators.stepped import MAX_GAP_NS

START_NS = 1_763_712_000_000_000_000


def times(n: int, rate_hz: float = 20.0, start_ns: int = START_NS) -> IntArray:
    return start_ns + np.round(np.arange(n) / rate_hz * 1e9).astype(np.int64)


def test_time_that_goes_back_is_refused() -> None:
    pump = make_simulator("pump", np.random.default_rng(1))
    pump.advance(times(10))
    with pytest.raises(BatchError, match="time goes back"):
        pump.advance(times(10))


def test_no_sample_asked_for_gives_empty_columns() -> None:
    pump = make_simulator("pump", np.random.default_rng(1))
    readings = pump.advance(np.empty(0, dtype=np.int64))
    assert set(readings) == set(pump.channels)
    assert all(len(values) == 0 for values in readings.values())


def test_a_machine_stands_still_across_a_long_pause() -> None:
    """A night without samples costs no computing: the next one follows the last."""
    pump = make_simulator("pump", np.random.default_rng(1))
    before = pump.advance(times(200))
    after = pump.advance(times(5, start_ns=START_NS + 20 * MAX_GAP_NS))
    speed_change_rpm = abs(after["motor_speed_rpm"][0] - before["motor_speed_rpm"][-1])
    assert speed_change_rpm < 20.0
    assert np.isfinite(after["flow_l_min"]).all()


@settings(max_examples=25, deadline=None)
@given(
    gaps_ms=st.lists(st.integers(0, 700_000), min_size=2, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=5),
)
def test_cutting_the_time_axis_anywhere_changes_no_bit(gaps_ms: list[int], cuts: list[int]) -> None:
    """Also at equal times, at long pauses and at empty blocks."""
    time_ns = START_NS + np.cumsum(np.array(gaps_ms, dtype=np.int64)) * 1_000_000
    whole, pieces = (make_simulator("engine_2jz", np.random.default_rng(3)) for _ in range(2))
    expected = whole.advance(time_ns)
    parts = [pieces.advance(part) for part in np.split(time_ns, sorted(cuts))]
    for name, values in expected.items():
        assert np.array_equal(values, np.concatenate([part[name] for part in parts])), name


def test_commands_between_blocks_take_effect_alike_however_time_is_cut() -> None:
    time_ns = times(1200)
    whole, pieces = (make_simulator("focus_st", np.random.default_rng(5)) for _ in range(2))
    expected = []
    for simulator, cuts in ((whole, [600]), (pieces, [1, 33, 600, 601, 900])):
        parts = []
        for part in np.split(time_ns, cuts):
            if part[0] == time_ns[600]:
                simulator.set_scenario("hard")
                simulator.set_fault("boost_leak", 0.7)
            parts.append(simulator.advance(part)["boost_bar"])
        expected.append(np.concatenate(parts))
    assert np.array_equal(expected[0], expected[1])


def test_a_fault_develops_gradually_and_goes_when_it_is_repaired() -> None:
    pump = make_simulator("pump", np.random.default_rng(1))
    healthy = pump.advance(times(1200))["vibration_mm_s"].mean()
    pump.set_fault("bearing_wear", 1.0)
    readings = pump.advance(times(12_000, start_ns=START_NS + 60_000_000_000))["vibration_mm_s"]
    early, late = readings[:100].mean(), readings[-600:].mean()
    assert early < healthy + 1.5
    assert late > healthy + 5.0
    pump.set_fault("bearing_wear", 0.0)
    repaired = pump.advance(times(1200, start_ns=START_NS + 660_000_000_000))["vibration_mm_s"]
    assert abs(repaired[-300:].mean() - healthy) < 0.5


def test_a_half_severe_fault_shows_less_than_a_full_one() -> None:
    shown = []
    for severity in (0.0, 0.5, 1.0):
        pump = make_simulator("pump", np.random.default_rng(1))
        pump.set_fault("bearing_wear", severity)
        shown.append(pump.advance(times(12_000))["motor_current_a"][-600:].mean())
    assert shown[0] + 2.0 < shown[1] < shown[2] - 2.0


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_a_severity_outside_0_to_1_is_refused(severity: float) -> None:
    pump = make_simulator("pump", np.random.default_rng(1))
    with pytest.raises(SettingsError, match="from 0"):
        pump.set_fault("bearing_wear", severity)


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    rng = np.random.default_rng(1)
    pump = make_simulator("pump", rng)
    with pytest.raises(SettingsError, match="Did you mean 'cavitation'"):
        pump.set_fault("cavitaton", 1.0)
    with pytest.raises(SettingsError, match="Did you mean 'low_demand'"):
        pump.set_scenario("low_demnd")
    with pytest.raises(SettingsError, match="Did you mean 'pump'"):
        make_simulator("pmup", rng)
    with pytest.raises(SettingsError, match="colour"):
        make_simulator("pump", rng, colour="red")
    assert set(SIMULATORS) >= {"pump"}


def test_readings_fall_on_the_steps_of_the_converter_and_inside_its_ends() -> None:
    bank = SensorBank((Sensor("a", 0.25, -1.0, 1.0, noise=2.0),), np.random.default_rng(0))
    seen = bank.read(np.zeros((1, 500)), {})[0]
    assert np.array_equal(seen, np.round(seen * 4) / 4)
    assert seen.min() == -1.0
    assert seen.max() == 1.0


def test_a_stuck_sensor_repeats_the_last_good_value_across_blocks() -> None:
    sensor = Sensor("a", 0.001, -100.0, 100.0, noise=1.0, stuck_by="stuck")
    bank = SensorBank((sensor,), np.random.default_rng(0))
    good = bank.read(np.zeros((1, 5)), {"stuck": np.zeros(5)})[0]
    stuck = bank.read(np.zeros((1, 5)), {"stuck": np.ones(5)})[0]
    assert np.array_equal(stuck, np.full(5, good[-1]))


def test_hold_takes_the_newest_good_value_within_a_block() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    stuck = np.array([True, False, True, False])
    assert held(values, stuck, 9.0).tolist() == [9.0, 2.0, 2.0, 4.0]
    assert held(values, stuck, float("nan")).tolist() == [1.0, 2.0, 2.0, 4.0]
