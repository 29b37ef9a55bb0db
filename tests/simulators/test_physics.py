"""Laws that the simulated machines must obey, checked against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import FloatArray
from telltale.simulators import make_simulator
from telltale.simulators.track import GRAVITY_M_S2, Grip, make_lap

START_NS = 1_763_712_000_000_000_000


def readings(name: str, scenario: str, minutes: float = 20.0) -> dict[str, FloatArray]:
    time_ns = START_NS + np.arange(round(minutes * 300), dtype=np.int64) * 200_000_000
    return make_simulator(name, np.random.default_rng(2), scenario=scenario).advance(time_ns)


def correlation(a: FloatArray, b: FloatArray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_a_faster_pump_gives_more_flow_pressure_and_current() -> None:
    """Affinity laws: at a duty point set by friction, flow follows speed, rise its square."""
    slow, fast = readings("pump", "low_demand"), readings("pump", "high_demand")
    mean = {
        key: fast[key][500:].mean() / slow[key][500:].mean()
        for key in ("motor_speed_rpm", "flow_l_min")
    }
    assert mean["flow_l_min"] == pytest.approx(mean["motor_speed_rpm"], rel=0.04)
    rise = [
        (r["discharge_pressure_bar"] - r["suction_pressure_bar"])[500:].mean() for r in (slow, fast)
    ]
    assert rise[1] / rise[0] == pytest.approx(mean["motor_speed_rpm"] ** 2, rel=0.08)


def test_the_track_closes_and_turns_once_around() -> None:
    lap = make_lap(Grip())
    step_m = lap.length_m / len(lap.curvature_per_m)
    assert lap.curvature_per_m.sum() * step_m == pytest.approx(2 * np.pi, rel=1e-3)


def test_no_point_of_the_lap_asks_for_more_than_the_grip() -> None:
    grip = Grip()
    lap = make_lap(grip)
    side_g = lap.speed_m_s**2 * np.abs(lap.curvature_per_m) / GRAVITY_M_S2
    assert side_g.max() <= grip.corner_g * 1.001
    assert lap.accel_m_s2.min() / GRAVITY_M_S2 >= -grip.brake_g * 1.01
    assert lap.speed_m_s.max() <= grip.top_m_s


def test_lateral_g_is_speed_squared_times_curvature_and_yaw_speed_times_curvature() -> None:
    car = readings("race_car", "race", 5)
    speed_m_s = car["speed_km_h"] / 3.6
    expected_g = speed_m_s * np.radians(car["yaw_rate_deg_s"]) / GRAVITY_M_S2
    assert correlation(car["accy_g"], expected_g) > 0.98
    assert np.abs(car["accy_g"] - expected_g).mean() < 0.05


def test_laps_follow_each_other_and_tyres_slow_them() -> None:
    car = readings("race_car", "race", 40)
    starts = np.flatnonzero(np.diff(car["lap"]) > 0)
    assert np.all(np.diff(car["lap"])[starts] == 1)
    lap_s = np.diff(starts) * 0.2
    assert len(lap_s) > 15
    assert lap_s[-5:].mean() > lap_s[:5].mean()
    assert lap_s.std() / lap_s.mean() < 0.03


def test_boost_follows_load_and_mixture_follows_boost() -> None:
    engine = readings("engine_2jz", "track")
    assert correlation(engine["boost_bar"], engine["throttle_pct"]) > 0.8
    assert correlation(engine["boost_bar"], engine["afr"]) < -0.8
    assert correlation(engine["boost_bar"], engine["maf_g_s"]) > 0.8


def test_coolant_is_held_by_the_thermostat_and_oil_follows_load() -> None:
    idle, track = readings("engine_2jz", "idle"), readings("engine_2jz", "track")
    assert 78 < idle["coolant_temp_c"][-500:].mean() < 90
    assert 78 < track["coolant_temp_c"][-500:].mean() < 95
    assert track["oil_temp_c"][-500:].mean() > idle["oil_temp_c"][-500:].mean() + 15


def test_the_focus_stands_while_idling_and_runs_its_plan_otherwise() -> None:
    idle, hard = readings("focus_st", "idle", 5), readings("focus_st", "hard", 10)
    assert idle["speed_km_h"].max() == 0
    assert 800 < idle["engine_speed_rpm"].mean() < 900
    assert hard["speed_km_h"].max() > 140
    assert hard["boost_bar"].max() > 1.0
    assert np.abs(np.diff(hard["speed_km_h"])).max() < 12  # km/h in 0.2 s: no jumps


def test_peak_kurtosis_and_effective_value_agree() -> None:
    machine = readings("rotating_machine", "normal", 10)
    for axis in ("axial", "vertical", "horizontal"):
        crest = machine[f"peak_{axis}_g"] / machine[f"vibration_acc_{axis}_g"]
        assert 2.5 < crest.min() < crest.max() < 5.5
    bands = [values for name, values in machine.items() if name.startswith("band_")]
    total_g = np.sqrt(np.sum(np.square(bands), axis=0))
    assert machine["vibration_acc_vertical_g"].mean() == pytest.approx(
        1.10 * total_g.mean(), rel=0.03
    )


def test_vibration_grows_with_the_square_of_speed() -> None:
    slow, fast = readings("rotating_machine", "slow", 10), readings("rotating_machine", "fast", 10)
    speed = fast["speed_rpm"][500:].mean() / slow["speed_rpm"][500:].mean()
    acc = fast["vibration_acc_axial_g"][500:].mean() / slow["vibration_acc_axial_g"][500:].mean()
    assert acc == pytest.approx(speed**2, rel=0.08)
