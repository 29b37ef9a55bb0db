from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import UnitError
from telltale.units import (
    UNITS,
    WEAK_SUFFIXES,
    conversion,
    quantity,
    suffix_of,
    symbol,
    unit_id,
    unit_of_name,
)

CONVERTIBLE = [
    (one.id, other.id)
    for one in UNITS
    for other in UNITS
    if one.quantity == other.quantity and one.pint and other.pint
]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("bearing_temp_c", "degC"),
        ("boost_bar", "bar"),
        ("map_kpa", "kPa"),
        ("boost_psi", "psi"),
        ("vibration_mm_s", "mm/s"),
        ("engine_speed_rpm", "rpm"),
        ("flow_l_min", "l/min"),
        ("motor_current_a", "A"),
        ("battery_voltage_v", "V"),
        ("throttle_pct", "%"),
        ("accx_g", "g"),
        ("speed_km_h", "km/h"),
        ("steering_deg", "deg"),
        ("maf_g_s", "g/s"),
        ("torque_nm", "Nm"),
        ("power_kw", "kW"),
        ("energy_kwh", "kWh"),
        ("shaft_hz", "Hz"),
        ("ultrasound_8_16k_db", "dB"),
        ("lap_time_s", "s"),
        ("latency_ms", "ms"),
        ("lapdist_m", "m"),
        ("air_fuel_ratio", "1"),
        ("gear_shift_count", "count"),
        ("coolant_rise_c_per_s", "degC/s"),
        ("boost_gradient_bar_per_s", "bar/s"),
        ("starts_per_min", "count/min"),
        ("bearing_over_ambient_c_diff", "delta_degC"),
    ],
)
def test_the_longest_ending_of_a_name_says_its_unit(name: str, unit: str) -> None:
    assert unit_of_name(name) == unit


@pytest.mark.parametrize(
    "name", ["afr", "c", "_c", "knock", "mount_in", "gear_h", "kurtosis_axial"]
)
def test_a_name_without_a_known_ending_says_no_unit(name: str) -> None:
    assert unit_of_name(name) is None


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [
        *[(s, "degC") for s in ("°C", "degC", "C", "deg C", "℃", "Celsius")],
        *[(s, "degF") for s in ("°F", "degF", "F", "deg F")],
        *[(s, "psi") for s in ("psi", "PSI", "psig")],
        *[(s, "bar") for s in ("bar", "BAR", "bar(g)")],
        *[(s, "km/h") for s in ("km/h", "kmh", "KPH")],
        *[(s, "mph") for s in ("mph", "MPH")],
        *[(s, "rpm") for s in ("RPM", "rev/min", "1/min")],
        *[(s, "l/min") for s in ("l/min", "L/min", "L / min")],
        *[(s, "g") for s in ("g", "G")],
        *[(s, "deg") for s in ("deg", "°")],
        *[(s, "us") for s in ("us", "µs", "μs")],
        ("kPa", "kPa"),
        ("%", "%"),
        ("V", "V"),
        ("A", "A"),
        ("mm/s", "mm/s"),
        ("s", "s"),
        ("ms", "ms"),
        ("dB", "dB"),
        ("lambda", "lambda"),
    ],
)
def test_spellings_found_in_the_wild_are_understood(spelling: str, unit: str) -> None:
    assert unit_id(spelling) == unit


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (212.0, "°F", "degC", 100.0),
        (-40.0, "degF", "degC", -40.0),
        (100.0, "degC", "degF", 212.0),
        (0.0, "degC", "K", 273.15),
        (14.5037738, "psi", "bar", 1.0),
        (101.325, "kPa", "bar", 1.01325),
        (60.0, "mph", "km/h", 96.56064),
        (1500.0, "rpm", "Hz", 25.0),
        (1.0, "g", "m/s2", 9.80665),
        (0.5, "1", "%", 50.0),
        (180.0, "deg", "rad", 3.141592653589793),
        (9.0, "delta_degF", "delta_degC", 5.0),
        (6.0, "m3/h", "l/min", 100.0),
        (1.0, "kWh", "kJ", 3600.0),
    ],
)
def test_values_convert_as_in_the_tables_of_physics(
    value: float, source: str, target: str, expected: float
) -> None:
    scale, offset = conversion(source, target)
    assert value * scale + offset == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("source", "target"), [("degC", "bar"), ("%", "deg"), ("dB", "1"), ("count", "1"), ("g", "kg")]
)
def test_units_of_different_quantities_are_refused_by_name(source: str, target: str) -> None:
    with pytest.raises(UnitError) as error:
        conversion(source, target)
    assert repr(source) in str(error.value)
    assert repr(target) in str(error.value)


def test_an_unknown_unit_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnitError, match=r"'barr'.*'bar'"):
        quantity("barr")


@given(st.sampled_from(CONVERTIBLE), st.floats(-1e6, 1e6))
def test_there_and_back_gives_the_same_value(units: tuple[str, str], value: float) -> None:
    there = conversion(*units)
    back = conversion(units[1], units[0])
    returned = (value * there[0] + there[1]) * back[0] + back[1]
    assert returned == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_no_spelling_and_no_ending_means_two_units() -> None:
    spelled = [
        ("".join(word.casefold().split()), unit.id)
        for unit in UNITS
        for word in (unit.id, *unit.spellings)
    ]
    suffixes = [unit.suffix for unit in UNITS if unit.suffix]
    assert len({word for word, _ in spelled}) == len(set(spelled))
    assert len(suffixes) == len(set(suffixes))
    assert len({unit.id for unit in UNITS}) == len(UNITS)


def test_every_ending_leads_back_to_its_unit() -> None:
    for unit in UNITS:
        suffix = suffix_of(unit.id)
        if suffix and suffix not in WEAK_SUFFIXES:
            assert unit_of_name(f"x_{suffix}") == unit.id


def test_a_unit_is_shown_by_its_symbol_and_an_unknown_one_as_it_is() -> None:
    assert [symbol(u) for u in ("degC", "1", "l/min", "furlong")] == ["°C", "", "L/min", "furlong"]


def test_importing_units_does_not_import_pint() -> None:
    code = "import sys, telltale.units; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
