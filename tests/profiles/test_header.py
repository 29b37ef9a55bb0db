from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from telltale.profiles.header import channel_name, titled, units_of
from telltale.units import unit_id

FEEDS = tomllib.loads(
    (resources.files("telltale.profiles") / "feeds.toml").read_text(encoding="utf-8")
)


def test_every_well_known_feed_has_a_source_and_known_units() -> None:
    for feed in FEEDS.values():
        assert feed["source"]
        assert {unit for unit in feed["units"].values() if unit_id(unit) is None} == set()


def test_the_columns_of_every_well_known_feed_get_their_units() -> None:
    for feed in FEEDS.values():
        assert units_of([*feed["units"], "more"], {}) == feed["units"]


def test_what_the_file_says_goes_before_what_a_document_says() -> None:
    names = list(FEEDS["kit_obd"]["units"])
    assert units_of(names, {"coolant_c": "degF"})["coolant_c"] == "degF"


def test_a_name_never_grows_beyond_what_the_store_takes() -> None:
    assert len(channel_name("x" * 200, "delta_degC", {"y"})) <= 63


@pytest.mark.parametrize(
    ("header", "unit", "title"),
    [
        ("bearing_temp_c", "degC", "Bearing temperature"),
        ("Oil Temp (°F)", "degF", "Oil temperature"),
        ("COOLANT_TEMPERATURE ()", "degC", "Coolant temperature"),
        ("flow_l_min", "l/min", "Flow"),
        ("speed kmh", "km/h", "Speed"),
        ("rpm", "rpm", "Rpm"),
        ("FlowRateRMS", "l/min", "Flow Rate RMS"),
        ("sensor_a", "1", "Sensor a"),
        ("temp_files", "count", "Temp files"),
        ("AIR/FUEL", "1", "Air fuel"),
    ],
)
def test_a_title_is_the_header_in_words_without_its_unit(
    header: str, unit: str, title: str
) -> None:
    assert titled(header, unit) == title
