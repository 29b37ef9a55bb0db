"""What every built-in profile promises, and that it knows every name of the system it replaces."""

from __future__ import annotations

import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from telltale.pipeline.run import Pipeline
from telltale.profiles.conform import Conformer
from telltale.profiles.load import builtin_profiles
from telltale.profiles.names import NameTable
from telltale.profiles.schema import Alias, Profile
from telltale.simulators import make_simulator

PROFILES = builtin_profiles()
NOW_NS = 1_700_000_000 * NS_PER_S
EVERY = pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.id)

KINDS = ("KURTOSIS", "PEAK", "VIBRATION_ACC", "VIBRATION_VEL")
AXES = ("Axial", "Vertical", "Horizontal")
FD_NAMES = (
    "Rotation Speed", "Temperature", "Level",
    *(f"{kind}_{axis}" for kind in KINDS for axis in AXES),
    "0-8 kHz", "8-16 kHz", "16-24 kHz", "24-32 kHz", "32-40 kHz", "40-48 kHz", "48-56 kHz",
    "56-64 kHz", "64-72 kHz", "72-80 kHz", "0-200 Hz", "200-400 Hz", "400-600 Hz", "600-800 Hz",
    "800-1000 Hz", "1-1.2 kHz", "1.2-1.4 kHz", "1.4-1.6 kHz", "1.6-1.8 kHz", "1.8-2 kHz",
)  # fmt: skip
FD_COLUMNS = (
    "rotation_speed", "temperature", "level",
    *(f"{kind}_{axis}".lower() for kind in KINDS for axis in AXES),
    *(f"band_{low}_{low + 8}k" for low in range(0, 80, 8)),
    *(f"band_{low}_{low + 200}" for low in range(0, 1000, 200)),
    "band_1_1_2k", "band_1_2_1_4k", "band_1_4_1_6k", "band_1_6_1_8k", "band_1_8_2k",
)  # fmt: skip

# Profile: names as the systems write them. From seeds.md, sections 1.1 to 1.5, and their files.
SEED_NAMES: dict[str, tuple[str, ...]] = {
    "toyota_2jz_gte": (
        "rpm", "boost", "afr", "oil_temp", "coolant_temp", "knock",
        "throttle_pos", "engine_temp", "maf", "map", "tps", "coolant",
        "010C", "0105", "010B", "010F", "0110", "0111", "010D", "coolant_c", "map_kpa", "iat_c",
    ),
    "industrial_pump": (
        "Motor_RPM", "Bearing_Temperature_C", "Oil_Pressure_bar", "Vibration_mm_s",
        "Flow_Rate_L_min", "Suction_Pressure_bar", "Discharge_Pressure_bar", "Motor_Current_A",
        "Casing_Temperature_C", "Ambient_Temperature_C", "motor_rpm", "bearing_temperature_c",
        "Current", "Pressure", "Volume Flow RateRMS",
    ),
    "gr86_cup": (
        "accx_can", "accy_can", "ath", "aps", "pbrake_f", "pbrake_r", "gear", "Steering_Angle",
        "nmot", "speed", "Laptrigger_lapdist_dls", "VBOX_Lat_Min", "VBOX_Long_Minutes", "lap",
        "outing", "lap_time", "lap_start", "lap_end", "lap_timed",
        "lapdist_m", "speed_kmh", "rpm", "throttle_pct", "brake_pct", "tire_temp", "tire_pressure",
        "yaw_rate", "sector", "lateral_g", "longitudinal_g", "fuel_level", "fuel_consumption_rate",
        *(f"{what}_{corner}" for corner in ("fl", "fr", "rl", "rr")
          for what in ("tire_temp", "tire_pressure", "tire_stress", "brake_temp")),
    ),
    "focus_st": (
        "RPM", "SPEED", "THROTTLE", "ENGINE_LOAD", "COOLANT_TEMP", "INTAKE_TEMP", "MAF",
        "INTAKE_PRESSURE", "TIMING_ADVANCE", "FUEL_PRESSURE", "BOOST", "OIL_TEMP", "TURBO_SPEED",
        "AFR", "FUEL_LEVEL", "BATTERY_VOLTAGE", "2204FE", "220546", "2203E8", "boost", "oil_temp",
        "oar", "COOLANT_TEMPERATURE", "ENGINE_RPM", "VEHICLE_SPEED", "INTAKE_AIR_TEMP",
        "CONTROL_MODULE_VOLTAGE", "FUEL_TANK", "INTAKE_MANIFOLD_PRESSURE", "maf_gps",
    ),
    "rotating_machine": (*FD_NAMES, *FD_COLUMNS),
}  # fmt: skip

# Profile: CAN signals as their DBC names them, each with the channel that it is.
DBC_NAMES: dict[str, dict[str, str]] = {
    "toyota_2jz_gte": {
        "RPM": "engine_speed_rpm", "EngineSpeed": "engine_speed_rpm", "FORWARD_SPEED": "speed_km_h",
        "CAN 0x100 rpm": "engine_speed_rpm", "CAN 0x100 throttle": "throttle_pct",
        "CAN 0x100 engine_temp": "coolant_temp_c",
    },
    "gr86_cup": {
        "Engine_RPM": "engine_speed_rpm", "Steering_Angle": "steering_angle_deg",
        "Throttle_Pedal": "pedal_pct", "Oil_Temp": "oil_temp_c", "Coolant_Temp": "coolant_temp_c",
        "Gear": "gear", "Speed": "speed_km_h", "STEER_ANGLE": "steering_angle_deg",
        "YAW_RATE": "yaw_rate_deg_s", "ACCEL_X": "accx_g", "ACCEL_Y": "accy_g",
    },
    "focus_st": {
        "EngAout_N_Actl": "engine_speed_rpm", "Veh_V_ActlEng": "speed_km_h",
        "ApedPos_Pc_ActlArb": "pedal_pct", "EngLoad_Pc_CalcDiag": "engine_load_pct",
        "EngClnt_Te_Actl": "coolant_temp_c", "EngAirIn_Te_Actl": "intake_temp_c",
        "EngOil_Te_Actl": "oil_temp_c", "FuelLvl_Pc_Dsply": "fuel_level_pct",
        "BattULo_U_Actl": "battery_voltage_v",
    },
}  # fmt: skip

# Profile, name, value as sent, channel, value as kept.
CONVERTED = [
    ("toyota_2jz_gte", "boost", 14.5037738, "boost_bar", 1.0),
    ("toyota_2jz_gte", "oil_temp", 95.0, "oil_temp_c", 95.0),
    ("focus_st", "SPEED", 60.0, "speed_km_h", 96.56064),
    ("focus_st", "COOLANT_TEMP", 212.0, "coolant_temp_c", 100.0),
    ("focus_st", "COOLANT_TEMPERATURE", 90.0, "coolant_temp_c", 90.0),
    ("focus_st", "OIL_TEMP", 260.0, "oil_temp_c", 126.6667),
    ("focus_st", "INTAKE_PRESSURE", 14.5037738, "intake_pressure_bar", 1.0),
    ("focus_st", "INTAKE_MANIFOLD_PRESSURE", 100.0, "intake_pressure_bar", 1.0),
    ("industrial_pump", "Flow_Rate_L_min", 145.3, "flow_l_min", 145.3),
    ("gr86_cup", "tire_pressure_fl", 29.0, "tyre_pressure_fl_bar", 1.99948),
    ("gr86_cup", "nmot", 7000.0, "engine_speed_rpm", 7000.0),
    ("gr86_cup", "ACCEL_X", 9.80665, "accx_g", 1.0),
    ("gr86_cup", "GAS_PEDAL", 0.5, "pedal_pct", 50.0),
    ("focus_st", "EngClnt_Te_Actl", 90.0, "coolant_temp_c", 90.0),
    ("focus_st", "Veh_V_ActlEng", 120.0, "speed_km_h", 120.0),
    ("rotating_machine", "1.8-2 kHz", 0.0292, "band_1800_2000_g", 0.0292),
    ("rotating_machine", "8-16 kHz", -25.9, "ultrasound_8_16k_db", -25.9),
]


def test_the_five_profiles_are_there() -> None:
    assert set(PROFILES) == set(SEED_NAMES)


@pytest.mark.parametrize("profile_id", SEED_NAMES)
def test_every_name_of_the_system_it_replaces_is_known(profile_id: str) -> None:
    table = NameTable(PROFILES[profile_id])
    assert [name for name in SEED_NAMES[profile_id] if table.find(name) is None] == []


@pytest.mark.parametrize("profile_id", DBC_NAMES)
def test_a_can_signal_means_the_channel_that_its_dbc_says(profile_id: str) -> None:
    table = NameTable(PROFILES[profile_id])
    names = DBC_NAMES[profile_id]
    assert {name: found.channel for name in names if (found := table.find(name))} == names


@EVERY
def test_every_alias_with_its_source_leads_to_its_channel(profile: Profile) -> None:
    table = NameTable(profile)
    told = 0
    for name, channel in profile.channels.items():
        for alias in channel.aliases:
            if isinstance(alias, Alias) and alias.source:
                found = table.find(alias.name)
                assert found is not None, alias
                assert (found.channel, found.unit) == (name, alias.unit), alias
                told += 1
    assert told >= len(profile.channels) / 2


@EVERY
def test_a_channel_has_limits_or_says_why_it_has_none(profile: Profile) -> None:
    for name, channel in profile.channels.items():
        assert (channel.limits is None) != (channel.no_limit is None), name
        if channel.no_limit:
            assert channel.no_limit[0].isupper(), name
            assert channel.no_limit.endswith("."), name


def test_the_35_names_of_fd_are_35_channels() -> None:
    table = NameTable(PROFILES["rotating_machine"])
    for names in (FD_NAMES, FD_COLUMNS):
        assert [found.channel for name in names if (found := table.find(name))] == list(
            PROFILES["rotating_machine"].channels
        )


@pytest.mark.parametrize(("profile_id", "name", "sent", "channel", "kept"), CONVERTED)
def test_a_systems_own_value_is_kept_in_the_channels_unit(
    profile_id: str, name: str, sent: float, channel: str, kept: float
) -> None:
    batch = Batch("m", np.array([NOW_NS]), {name: np.array([sent])})
    done = Conformer(PROFILES[profile_id]).conform(batch, now_ns=NOW_NS)
    assert done.batch.columns[channel][0] == pytest.approx(kept, rel=1e-4)


@EVERY
def test_a_person_can_read_it(profile: Profile) -> None:
    titles = [profile.signal(name).title for name in profile.names]
    assert len(set(titles)) == len(titles)
    assert all(title[0].isupper() and len(title) <= 40 for title in titles)
    assert profile.description.endswith(".")
    assert profile.sources


@EVERY
def test_the_page_has_cards_and_charts_with_scales(profile: Profile) -> None:
    assert 8 <= len(profile.cards) <= 20
    assert 4 <= len(profile.charts) <= 8
    for name in profile.charts:
        assert profile.signal(name).scale or name in profile.channels


@EVERY
def test_every_limit_has_its_source_its_advice_and_no_flutter(profile: Profile) -> None:
    limited = {name: limits for name in profile.names if (limits := profile.signal(name).limits)}
    assert len(limited) >= 4
    for name, limits in limited.items():
        assert limits.source, name
        assert limits.advice, name
        assert limits.hysteresis > 0, name
        assert limits.clear_s > 0, name


@EVERY
def test_usual_values_break_no_limit(profile: Profile) -> None:
    for name, channel in profile.channels.items():
        if not (channel.limits and channel.normal) or channel.limits.when:
            continue
        low, high = channel.normal
        assert channel.limits.warn_above is None or high <= channel.limits.warn_above, name
        assert channel.limits.warn_below is None or low >= channel.limits.warn_below, name


@EVERY
def test_a_pid_of_an_adapter_is_also_an_alias_where_it_is_the_standards(profile: Profile) -> None:
    for channel in profile.channels.values():
        if channel.obd2:
            names = {a.name if isinstance(a, Alias) else a for a in channel.aliases}
            assert f"{channel.obd2.service}{channel.obd2.pid}" in names


@EVERY
def test_its_simulator_plays_it_healthy_without_a_false_alarm(profile: Profile) -> None:
    assert profile.simulator
    simulator = make_simulator(profile.simulator.name, np.random.default_rng(7))
    n = int(240 * profile.simulator.rate_hz)
    time_ns = (
        NOW_NS
        - 3600 * NS_PER_S
        + (np.arange(n) * NS_PER_S / profile.simulator.rate_hz).astype(np.int64)
    )
    fed = Batch("m", time_ns, simulator.advance(time_ns))
    done = Conformer(profile).conform(fed, now_ns=NOW_NS)
    assert (done.unknown, done.rejected_rows, done.rejected_values) == ({}, 0, 0)

    pipeline = Pipeline(profile)
    result, _ = pipeline.run(done.batch, pipeline.start())
    assert [event.message for event in result.events] == []
    measured = set(done.batch.columns)
    for name, metric in profile.metrics.items():
        if measured.issuperset(metric.inputs):
            measured.add(name)
            assert np.isfinite(result.batch.columns[name]).any(), name
    assert len(measured & set(profile.cards)) >= 0.9 * len(profile.cards)


def test_a_worn_bearing_of_the_pump_is_found() -> None:
    profile = PROFILES["industrial_pump"]
    simulator = make_simulator("pump", np.random.default_rng(7))
    simulator.set_fault("bearing_wear", 1.0)
    time_ns = NOW_NS - 3600 * NS_PER_S + np.arange(6000) * (NS_PER_S // 10)
    done = Conformer(profile).conform(
        Batch("m", time_ns, simulator.advance(time_ns)), now_ns=NOW_NS
    )
    pipeline = Pipeline(profile)
    result, _ = pipeline.run(done.batch, pipeline.start())
    assert ("vibration_mm_s", "critical_above") in {(e.name, e.rule) for e in result.events}
