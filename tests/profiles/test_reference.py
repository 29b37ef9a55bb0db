"""The reference page says every key and every unit, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from telltale.profiles import points, schema
from telltale.profiles.parse import parse_profile
from telltale.units import UNITS, WEAK_SUFFIXES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "profiles.md").read_text(
    encoding="utf-8"
)
TABLES: dict[str, type[msgspec.Struct]] = {
    "The file": schema.Profile,
    "Channel": schema.Channel,
    "Alias": schema.Alias,
    "Limits": schema.Limits,
    "OBD-II": schema.Obd2,
    "Metric": schema.Metric,
    "Measuring point": points.Point,
    "Simulator": schema.SimulatorSettings,
}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_explained_and_no_other(title: str) -> None:
    explained = re.findall(r"^\| `(\w+)` \| \S", section(title), flags=re.MULTILINE)
    fields = [name for name in TABLES[title].__struct_fields__ if name not in schema.NOT_IN_FILE]
    assert explained == fields


def test_no_table_of_the_schema_is_left_out() -> None:
    structs = {
        value
        for value in vars(schema).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__struct_fields__
    }
    assert structs - {schema.Output} == set(TABLES.values())  # an output is in no file


def test_every_unit_is_listed_with_its_ending() -> None:
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (`.*) \|$", section("Units"), flags=re.MULTILINE))
    for unit in UNITS:
        ending = "" if unit.suffix in WEAK_SUFFIXES else f" `_{unit.suffix}`"
        assert f"`{unit.id}`{ending}" in rows[unit.quantity].split(", "), unit.id


def test_the_example_is_a_profile() -> None:
    example = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    profile = parse_profile(example, id="compressor", file="compressor.toml")
    assert profile.channels["oil_temp_c"].limits


def test_the_error_shown_is_the_error_given() -> None:
    example = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    shown = re.findall(r"```text\n(.*?)\n```", PAGE, flags=re.DOTALL)[0]
    with pytest.raises(Exception, match=re.escape(shown)):
        parse_profile(
            example.replace("warn_above", "warn_abov"), id="compressor", file="compressor.toml"
        )
