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


ROAD_CARS = [
    ("engine_2jz", (3.83, 2.36, 1.69, 1.31, 1.00, 0.79), 3.27, 0.32, "track"),
    ("focus_st", (3.23, 1.95, 1.32, 1.03, 0.82, 0.69), 3.82, 0.318, "hard"),
]


@pytest.mark.parametrize(("name", "ratios", "final", "wheel_m", "scenario"), ROAD_CARS)
def test_engine_and_road_speed_are_tied_by_the_gear(
    name: str, ratios: tuple[float, ...], final: float, wheel_m: float, scenario: str
) -> None:
    car = readings(name, scenario)
    moving = car["speed_km_h"] > 30
    wheel_rpm = car["speed_km_h"][moving] / 3.6 / wheel_m * 30.0 / np.pi
    share = car["engine_speed_rpm"][moving] / wheel_rpm / final
    off = np.min([np.abs(share / ratio - 1.0) for ratio in ratios], axis=0)
    assert np.mean(off < 0.03) > 0.9, "only a shift takes it between two gears"
    used = [bool(np.any(np.abs(share / ratio - 1.0) < 0.02)) for ratio in ratios]
    assert sum(used) >= 4


@pytest.mark.parametrize("name", ["engine_2jz", "focus_st", "race_car"])
def test_no_car_pulls_or_brakes_harder_than_its_tyres_hold(name: str) -> None:
    scenario = {"engine_2jz": "track", "focus_st": "hard", "race_car": "qualifying"}[name]
    speed_m_s = readings(name, scenario)["speed_km_h"] / 3.6
    accel_g = (speed_m_s[5:] - speed_m_s[:-5]) / GRAVITY_M_S2  # over one second
    assert -1.2 < accel_g.min() < -0.3
    assert 0.25 < accel_g.max() < 0.7


@pytest.mark.parametrize(("name", "mass_kg"), [("engine_2jz", 1580.0), ("focus_st", 1480.0)])
def test_the_wheels_get_less_work_than_the_fuel_holds_and_more_than_none(
    name: str, mass_kg: float
) -> None:
    """Speeding up costs at least the kinetic energy, at most what an engine makes of its air."""
    car = readings(name, {"engine_2jz": "track", "focus_st": "hard"}[name])
    speed_m_s = car["speed_km_h"] / 3.6
    gained_j = np.diff(0.5 * mass_kg * speed_m_s**2)
    resisted_j = (0.4 * speed_m_s**2 + 190.0)[1:] * speed_m_s[1:] * 0.2
    work_j = np.clip(gained_j + resisted_j, 0.0, None).sum()
    fuel_j = (car["maf_g_s"] / car["afr"]).sum() * 0.2 * 43_000.0
    assert 0.15 < work_j / fuel_j < 0.40


def test_the_race_cars_oil_is_hotter_the_harder_it_is_driven() -> None:
    hard, easy = readings("race_car", "qualifying"), readings("race_car", "safety_car")
    for car in (hard, easy):
        assert car["oil_temp_c"][-500:].mean() > car["coolant_temp_c"][-500:].mean()
        assert 82 < car["coolant_temp_c"][-500:].mean() < 95, "the thermostat holds it"
    assert hard["oil_temp_c"][-500:].mean() > easy["oil_temp_c"][-500:].mean() + 10


def test_boost_lags_behind_the_throttle() -> None:
    """The turbo needs its time: pressure is most like the pedal of some tenths of a second ago."""
    time_ns = START_NS + np.arange(6_000, dtype=np.int64) * 100_000_000
    plan = make_simulator("engine_2jz", np.random.default_rng(5), scenario="track")
    engine = plan.advance(time_ns)
    alike = [
        correlation(engine["boost_bar"][lag:], engine["throttle_pct"][: 6_000 - lag])
        for lag in range(30)
    ]
    assert 2 <= int(np.argmax(alike)) <= 15


def test_a_warm_machine_cools_with_its_own_time_constant() -> None:
    """A first-order lag: what is left of the distance falls to 1/e in one time constant."""
    pump = make_simulator("pump", np.random.default_rng(4))
    steps = np.arange(18_000, dtype=np.int64) * 100_000_000
    pump.set_fault("bearing_wear", 1.0)
    worn = pump.advance(START_NS + steps)["bearing_temp_c"]
    pump.set_fault("bearing_wear", 0.0)
    mended = pump.advance(START_NS + int(steps[-1]) + steps)["bearing_temp_c"]
    rest_c = mended[-600:].mean()
    at_tau_c = mended[1_790:1_810].mean()  # 180 s: see _heat
    assert (at_tau_c - rest_c) / (worn[-20:].mean() - rest_c) == pytest.approx(
        np.exp(-1.0), abs=0.06
    )


def test_cavitation_never_calms_the_pump() -> None:
    pump = make_simulator("pump", np.random.default_rng(4))
    steps = np.arange(3_000, dtype=np.int64) * 100_000_000
    healthy = pump.advance(START_NS + steps)["vibration_mm_s"]
    pump.set_fault("cavitation", 1.0)
    shaken = pump.advance(START_NS + int(steps[-1]) + steps)["vibration_mm_s"][1_500:]
    assert shaken.min() > healthy.mean()
    assert shaken.mean() > 2.0 * healthy.mean()
