from __future__ import annotations

import msgspec
import pytest

from telltale.profiles.fit import best_fit
from telltale.profiles.load import builtin_profiles


@pytest.mark.parametrize(
    ("names", "profile_id"),
    [
        (["rpm", "boost", "afr", "oil_temp", "coolant_temp", "knock"], "toyota_2jz_gte"),
        (["rpm", "map", "tps", "coolant"], "toyota_2jz_gte"),
        (["Motor_RPM", "Bearing_Temperature_C", "Vibration_mm_s"], "industrial_pump"),
        (["RPM", "SPEED", "THROTTLE", "BOOST", "OIL_TEMP", "AFR"], "focus_st"),
        (["accx_can", "accy_can", "nmot", "aps", "pbrake_f", "gear"], "gr86_cup"),
        (
            ["lap", "lapdist_m", "speed_kmh", "accx_can", "accy_can", "Steering_Angle", "rpm"],
            "gr86_cup",
        ),
        (["Rotation Speed", "Temperature", "Level", "PEAK_Axial", "8-16 kHz"], "rotating_machine"),
    ],
)  # fmt: skip
def test_a_feed_of_a_known_system_fits_its_profile(names: list[str], profile_id: str) -> None:
    fit = best_fit(names, builtin_profiles().values())
    assert fit.profile_id == profile_id
    assert fit.share == len(fit.matched) / len(names)


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["value"],
        ["bearing_temp_c"],
        ["Temperature", "Level"],
        ["speed", "gear", "lap"],
        ["rpm", "temperature"],
        # Half of SKAB's columns are a pump's, but the other half would be lost.
        ["Accelerometer1RMS", "Accelerometer2RMS", "Current", "Pressure", "Temperature",
         "Thermocouple", "Voltage", "Volume Flow RateRMS"],
        ["AIR_TEMP", "TRACK_TEMP", "HUMIDITY", "PRESSURE", "WIND_SPEED", "WIND_DIRECTION", "RAIN"],
    ],
)  # fmt: skip
def test_few_or_common_names_fit_nothing(names: list[str]) -> None:
    assert best_fit(names, builtin_profiles().values()).profile_id is None


def test_matched_names_the_channels() -> None:
    fit = best_fit(["Motor_RPM", "Motor_Current_A"], builtin_profiles().values())
    assert fit.matched == {"Motor_RPM": "motor_speed_rpm", "Motor_Current_A": "motor_current_a"}


def test_of_two_that_know_the_same_names_the_checked_one_wins() -> None:
    pump = builtin_profiles()["industrial_pump"]
    two = {name: pump.channels[name] for name in ("vibration_mm_s", "bearing_temp_c")}
    inferred = msgspec.structs.replace(pump, id="lookalike", channels=two, inferred=True)
    for candidates in ([inferred, pump], [pump, inferred]):
        assert best_fit(list(two), candidates).profile_id == "industrial_pump"
