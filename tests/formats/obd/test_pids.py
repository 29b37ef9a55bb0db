"""PIDs give what the standard says: worked examples, names that carry their unit, round trips."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.obd.pids import LISTS, Pid, pid_table, profile_number, supported
from telltale.profiles.load import builtin_profiles
from telltale.units import unit_id, unit_of_name

# By hand from the formulas of SAE J1979, several of them the standard's own examples.
EXAMPLES = [
    (0x01, "83 07 65 04", {"mil_is_on": 1, "dtc_count": 3}),
    (0x03, "02 00", {"fuel_system_1": 2, "fuel_system_2": 0}),
    (0x04, "80", {"engine_load_pct": 50.19608}),
    (0x05, "7B", {"coolant_temp_c": 83}),
    (0x06, "00", {"short_fuel_trim_b1_pct": -100}),
    (0x07, "80", {"long_fuel_trim_b1_pct": 0}),
    (0x08, "FF", {"short_fuel_trim_b2_pct": 99.21875}),
    (0x09, "7D", {"long_fuel_trim_b2_pct": -2.34375}),
    (0x0A, "80", {"fuel_pressure_kpa": 384}),
    (0x0B, "65", {"manifold_pressure_kpa": 101}),
    (0x0C, "1A F8", {"engine_speed_rpm": 1726}),
    (0x0C, "FF FF", {"engine_speed_rpm": 16383.75}),
    (0x0D, "33", {"speed_km_h": 51}),
    (0x0E, "8C", {"timing_advance_deg": 6}),
    (0x0F, "00", {"intake_temp_c": -40}),
    (0x10, "01 2C", {"maf_g_s": 3.0}),
    (0x11, "FF", {"throttle_pct": 100}),
    (0x14, "5A 80", {"o2_b1s1_voltage_v": 0.45, "o2_b1s1_trim_pct": 0}),
    (0x1B, "FF FF", {"o2_b2s4_voltage_v": 1.275, "o2_b2s4_trim_pct": 99.21875}),
    (0x1F, "0E 10", {"run_time_s": 3600}),
    (0x21, "00 64", {"distance_with_mil_km": 100}),
    (0x22, "10 00", {"rail_over_manifold_kpa": 323.584}),
    (0x23, "01 F4", {"rail_pressure_kpa": 5000}),
    (0x24, "80 00 80 00", {"o2_1_lambda": 1.0, "o2_1_wide_voltage_v": 4.0}),
    (0x2C, "33", {"egr_commanded_pct": 20}),
    (0x2D, "40", {"egr_error_pct": -50}),
    (0x2F, "66", {"fuel_level_pct": 40}),
    (0x30, "FF", {"warm_up_count": 255}),
    (0x32, "FF FC", {"evap_pressure_kpa": -0.001}),
    (0x33, "64", {"air_pressure_kpa": 100}),
    (0x34, "80 00 80 00", {"o2_1_wide_lambda": 1.0, "o2_1_current_ma": 0}),
    (0x3C, "11 94", {"catalyst_b1s1_temp_c": 410}),
    (0x3D, "11 94", {"catalyst_b2s1_temp_c": 410}),
    (0x3E, "11 94", {"catalyst_b1s2_temp_c": 410}),
    (0x42, "36 B0", {"battery_voltage_v": 14.0}),
    (0x43, "01 FE", {"absolute_load_pct": 200}),
    (0x44, "80 00", {"commanded_lambda": 1.0}),
    (0x46, "3C", {"ambient_temp_c": 20}),
    (0x49, "80", {"pedal_pct": 50.19608}),
    (0x4E, "00 78", {"time_since_clear_minutes": 120}),
    (0x52, "0D", {"ethanol_pct": 5.09804}),
    (0x53, "03 E8", {"evap_absolute_kpa": 5}),
    (0x54, "FF FF", {"evap_wide_kpa": -0.001}),
    (0x59, "01 F4", {"rail_absolute_kpa": 5000}),
    (0x5C, "82", {"oil_temp_c": 90}),
    (0x5D, "6A 00", {"injection_timing_deg": 2}),
    (0x5E, "00 C8", {"fuel_rate_l_h": 10}),
    (0x62, "AF", {"torque_pct": 50}),
    (0x63, "01 2C", {"torque_reference_nm": 300}),
    (0x66, "01 0C 80 00 00", {"maf_a_g_s": 100, "maf_b_g_s": math.nan}),
    (0x67, "03 7B 28", {"coolant_1_temp_c": 83, "coolant_2_temp_c": 0}),
    (0x74, "01 27 10 00 00", {"turbo_a_rpm": 100_000, "turbo_b_rpm": math.nan}),
    (0x7F, "01 00 00 0E 10" + " 00" * 8, {"engine_total_s": 3600}),
    (0x9E, "00 32", {"exhaust_flow_kg_h": 10}),
    (0xA4, "03 30 05 DC", {"gear": 3, "gear_ratio": 1.5}),
    (0xA6, "00 01 E2 40", {"odometer_km": 12345.6}),
]


@pytest.mark.parametrize(("pid", "data", "expected"), EXAMPLES, ids=lambda value: str(value)[:12])
def test_the_examples_of_the_standard_are_decoded(
    pid: int, data: str, expected: dict[str, float]
) -> None:
    values = pid_table()[pid].decode(bytes.fromhex(data))
    assert {name: values[name] for name in expected} == pytest.approx(
        expected, rel=1e-6, abs=1e-9, nan_ok=True
    )


def test_all_pids_up_to_the_newest_are_there_and_most_have_numbers() -> None:
    table = pid_table()
    assert set(LISTS) <= table.keys()
    assert set(range(0x64)) <= table.keys()
    assert set(range(0x64, 0x95)) <= table.keys()
    known = [pid for pid in table.values() if pid.pid not in LISTS]
    assert len(known) >= 150
    assert sum(bool(pid.numbers) for pid in known) >= 120


@pytest.mark.parametrize("pid", pid_table().values(), ids=lambda pid: f"{pid.pid:02X}")
def test_numbers_lie_within_their_bytes_and_names_end_in_their_unit(pid: Pid) -> None:
    for number in pid.numbers:
        assert number.at + number.size <= pid.size
        assert unit_id(number.unit) == number.unit
        assert unit_of_name(number.name) in ({None, "1"} if number.unit == "1" else {number.unit})


def test_no_two_numbers_share_a_name() -> None:
    names = Counter(number.name for pid in pid_table().values() for number in pid.numbers)
    assert [name for name, count in names.items() if count > 1] == []


@given(st.data())
def test_what_is_encoded_is_decoded_again_within_half_a_step(data: st.DataObject) -> None:
    plain = [
        n for pid in pid_table().values() for n in pid.numbers if not n.bits and n.flag is None
    ]
    number = data.draw(st.sampled_from(plain))
    low, high = number.decode(b"\0" * 16), number.decode(b"\xff" * 16)
    if number.is_signed:
        low, high = -abs(number.scale) * 1000, abs(number.scale) * 1000
    value = data.draw(st.floats(min(low, high), max(low, high)))
    raw = b"\0" * number.at + number.encode(value)
    assert number.decode(raw) == pytest.approx(value, abs=abs(number.scale) / 2 * 1.001)


@given(st.binary(max_size=64))
def test_any_bytes_give_numbers_or_nan(data: bytes) -> None:
    for pid in pid_table().values():
        assert set(pid.decode(data)) == {number.name for number in pid.numbers}


def test_a_list_names_its_pids() -> None:
    assert supported(bytes.fromhex("BE1FA813"), 0x00) == {
        *(0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11),
        *(0x13, 0x15, 0x1C, 0x1F, 0x20),
    }
    assert supported(bytes.fromhex("80000001"), 0x20) == {0x21, 0x40}


def test_ford_s_own_pids_are_read_as_the_focus_st_s_profile_says() -> None:
    channels = builtin_profiles()["focus_st"].channels
    for name, raw, expected in (
        ("boost_bar", "05 DC", 1500 * 0.0145 - 14.7),  # psi
        ("oil_temp_c", "07 BC", 198.0),  # degF
        ("octane_adjust_ratio", "FC 18", -1.0),
    ):
        number = profile_number(name, channels[name])
        assert number is not None
        assert number.decode(bytes.fromhex(raw)) == pytest.approx(expected)
    units = {name: profile_number(name, channels[name]) for name in ("boost_bar", "oil_temp_c")}
    assert [number.unit for number in units.values() if number] == ["psi", "degF"]
