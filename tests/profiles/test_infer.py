from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.batch import NS_PER_S, Batch
from telltale.errors import ProfileError
from telltale.formats.base import Decoded
from telltale.profiles.conform import Conformer
from telltale.profiles.infer import infer_profile
from telltale.profiles.load import parse_profile
from telltale.profiles.schema import Profile
from telltale.profiles.write import to_toml

SKAB = (
    "Accelerometer1RMS", "Accelerometer2RMS", "Current", "Pressure", "Temperature",
    "Thermocouple", "Voltage", "Volume Flow RateRMS",
)  # fmt: skip


def log(columns: dict[str, list[float]], step_s: float = 1.0) -> Batch:
    n = len(next(iter(columns.values())))
    time_ns = (np.arange(n) * step_s * NS_PER_S).astype(np.int64)
    return Batch("log", time_ns, {k: np.array(v, dtype=np.float64) for k, v in columns.items()})


def inferred(*batches: Batch, **extra: dict[str, str]) -> Profile:
    return infer_profile(Decoded(batches, units=extra.get("units", {})), id="log", title="Log")


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Oil Temp (°C)", "oil_temp_c", "degC"),
        ("Boost [psi]", "boost_psi", "psi"),
        ("bearing_temp_c", "bearing_temp_c", "degC"),
        ("speed_kmh", "speed_km_h", "km/h"),
        ("ENGINE_RPM", "engine_rpm", "rpm"),
        ("engine/rpm", "engine_rpm", "rpm"),
        ("FlowRate (L/min)", "flow_rate_l_min", "l/min"),
        ("Energy (kWh)", "energy_kwh", "kWh"),
        ("COOLANT_TEMPERATURE ()", "coolant_temperature", "1"),
        ("Oil (left)", "oil_left", "1"),
        ("value", "value", "1"),
        ("rpm", "rpm", "1"),
        ("RPM (1/min)", "rpm", "rpm"),
        ("time", "time_value", "1"),
        ("1st gear", "x_1st_gear", "1"),
        ("???", "column", "1"),
        ("Ölstand", "olstand", "1"),
    ],
)
def test_a_header_becomes_a_plain_name_with_its_unit(header: str, name: str, unit: str) -> None:
    channels = inferred(log({header: [1.0, 2.0]})).channels
    assert {key: channel.unit for key, channel in channels.items()} == {name: unit}


def test_units_come_from_the_feed_where_it_says_them() -> None:
    profile = inferred(log({"Oil": [90.0, 91.0]}), units={"Oil": "deg C"})
    assert {key: channel.unit for key, channel in profile.channels.items()} == {"oil_c": "degC"}


def test_units_of_a_well_known_feed_come_from_its_document() -> None:
    channels = inferred(log({name: [1.0, 2.0] for name in SKAB})).channels
    assert {name: channel.unit for name, channel in channels.items()} == {
        "accelerometer1_rms_g": "g",
        "accelerometer2_rms_g": "g",
        "current_a": "A",
        "pressure_bar": "bar",
        "temperature_c": "degC",
        "thermocouple_c": "degC",
        "voltage_v": "V",
        "volume_flow_rate_rms_l_min": "l/min",
    }


def test_one_common_name_is_not_a_well_known_feed() -> None:
    assert inferred(log({"Temperature": [1.0, 2.0]})).channels["temperature"].unit == "1"


def test_letters_that_count_sensors_are_no_units() -> None:
    channels = inferred(log({f"sensor_{k}": [1.0, 2.0] for k in "abc"})).channels
    assert {channel.unit for channel in channels.values()} == {"1"}
    assert len(channels) == 3


def test_names_that_would_be_the_same_are_numbered_and_keep_their_data() -> None:
    batch = log({"Temp (C)": [1.0, 2.0], "temp_c": [3.0, 4.0], "temp-c": [5.0, 6.0]})
    profile = inferred(batch)
    done = Conformer(profile).conform(batch, now_ns=NS_PER_S)
    assert {k: v.tolist() for k, v in done.batch.columns.items()} == {
        "temp_c": [3.0, 4.0],
        "temp_2_c": [1.0, 2.0],
        "temp_3_c": [5.0, 6.0],
    }


def test_rate_decimals_and_usual_values_come_from_the_data() -> None:
    profile = inferred(log({"a": [n / 4 for n in range(101)], "b": [7.0] * 101}, step_s=0.1))
    assert profile.rate_hz == 10.0
    assert profile.channels["a"].decimals == 2
    assert profile.channels["a"].normal == (1.25, 23.75)
    assert profile.channels["b"].normal is None
    assert profile.inferred


def test_the_scale_holds_the_data_and_little_more() -> None:
    low, high = inferred(log({"a": [3.1, 96.9, 50.0]})).channels["a"].scale or (0.0, 0.0)
    assert -20.0 <= low <= 3.1
    assert 96.9 <= high <= 120.0


def test_the_page_shows_the_ten_columns_that_say_most() -> None:
    columns = {f"dull{n}": [1.0] * 50 for n in range(8)}
    columns |= {f"busy{n}": [float(k % (n + 2)) for k in range(50)] for n in range(8)}
    profile = inferred(log(columns))
    assert len(profile.cards) == 10
    assert set(profile.cards) >= {f"busy{n}" for n in range(8)}


def test_a_column_that_is_empty_so_far_is_kept_for_what_may_come() -> None:
    profile = inferred(log({"a": [1.0, 2.0], "Oil (°C)": [math.nan, math.nan]}))
    later = log({"a": [1.0], "Oil (°C)": [90.0]})
    done = Conformer(profile).conform(later, now_ns=NS_PER_S)
    assert done.batch.columns["oil_c"].tolist() == [90.0]


def test_columns_without_a_header_are_left_out() -> None:
    assert list(inferred(log({"a": [1.0, 2.0], " ": [1.0, 2.0]})).channels) == ["a"]


def test_a_log_without_numbers_is_refused() -> None:
    with pytest.raises(ProfileError, match="no column with numbers"):
        inferred(log({"a": [math.nan]}))


def test_words_become_codes_that_conform() -> None:
    batch = log({"FLAG": [0.0, 1.0, 0.0]})
    codes = {"FLAG": {"GF": 0.0, "FCY": 1.0}}
    profile = infer_profile(Decoded((batch,), codes=codes), id="log", title="Log")
    done = Conformer(profile).conform(batch, now_ns=NS_PER_S, codes=codes)
    assert done.batch.columns["flag"].tolist() == [0.0, 1.0, 0.0]


headers = st.text(min_size=1, max_size=20) | st.sampled_from(
    ["Temp (C)", "temp_c", "TEMP_C", "a", "A", "x_a", "x_b", "rpm", "time", "kWh", "m3/h", "F (°F)"]
)
numbers = st.floats(allow_infinity=False, min_value=-1e12, max_value=1e12) | st.sampled_from(
    [1e-300, 1e200, -1e200, 0.1, 5e-324]
)


@given(
    st.dictionaries(headers, st.lists(numbers, min_size=4, max_size=4), min_size=1, max_size=8),
    st.sampled_from([0.001, 1.0, 3600.0]),
)
def test_an_inferred_profile_reads_back_equal_and_takes_all_of_its_data(
    columns: dict[str, list[float]], step_s: float
) -> None:
    batch = log(columns, step_s)
    if not any(np.isfinite(v).any() for k, v in batch.columns.items() if k.strip()):
        return
    profile = inferred(batch)
    assert parse_profile(to_toml(profile), id="log", file="log.toml") == profile
    done = Conformer(profile).conform(batch, now_ns=10**18)
    assert done.rejected_values == 0
