"""`telltale modbus`: looks at registers of a real server, checks register maps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from telltale.cli.modbus import asked_place
from telltale.errors import SettingsError
from telltale.formats.registers import Table
from tests.cli.conftest import Run
from tests.modbus_devices import lasting_address


def test_a_probe_shows_all_orders_side_by_side_and_claims_nothing(run: Run) -> None:
    said = run("modbus", "probe", lasting_address(), "0").stdout
    assert "holding 0 of device 1" in said
    assert "4148 0000 FFFB 0000" in said
    for order in ("ABCD", "BADC", "CDAB", "DCBA"):
        assert order in said
    (line,) = [line for line in said.splitlines() if line.startswith("float32")]
    assert "12.5 *" in line
    assert "a hint, no proof" in said


def test_a_probe_gives_every_reading_to_scripts(run: Run) -> None:
    found = json.loads(run("modbus", "probe", lasting_address(), "40001", "--json").stdout)
    assert (found["table"], found["address"], found["words"][0]) == ("holding", 0, 0x4148)
    assert len(found["readings"]) == 8 * 4
    (float32,) = [
        one for one in found["readings"] if one["type"] == "float32" and one["order"] == "ABCD"
    ]
    assert (float32["value"], float32["is_plausible"]) == (12.5, True)


def test_a_probe_shows_bits_and_tells_a_refusal_in_words(run: Run) -> None:
    said = run("modbus", "probe", lasting_address(), "0", "--table", "coil").stdout
    assert said.rstrip().endswith(": 1 0 1 0")
    refused = run("modbus", "probe", lasting_address(), "9000", check=False)
    assert refused.returncode == 1
    assert "illegal data address" in refused.stderr
    assert "Traceback" not in refused.stderr
    nobody = run("modbus", "probe", "127.0.0.1:9", "0", check=False)
    assert "nothing answers at 127.0.0.1 port 9" in nobody.stderr


def test_a_map_is_checked_with_its_requests(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "pump.csv"
    place.write_text("channel,table,address,type\na,holding,0,float32\nb,holding,2,int16\n")
    said = run("modbus", "check", "pump.csv").stdout
    assert "2 channels in 1 requests" in said
    assert "every 1 s: holding 0 to 2 of device 1" in said
    found = json.loads(run("modbus", "check", "pump.csv", "--json").stdout)
    assert [one["channel"] for one in found["channels"]] == ["a", "b"]
    place.write_text("channel,table,adress\na,holding,0\n")
    wrong = run("modbus", "check", "pump.csv", check=False)
    assert wrong.returncode == 1
    assert "pump.csv:1: unknown column 'adress'. Did you mean 'address'?" in wrong.stderr


@pytest.mark.parametrize(
    ("table", "address", "place"),
    [
        (None, "7", (Table.HOLDING, 7)),
        (None, "0x1F", (Table.HOLDING, 31)),
        (None, "30012", (Table.INPUT, 11)),
        ("holding", "40001", (Table.HOLDING, 40_001)),
        ("coil", "3", (Table.COIL, 3)),
    ],
)
def test_an_address_is_as_on_the_wire_or_a_reference(
    table: str | None, address: str, place: tuple[Table, int]
) -> None:
    assert asked_place(table, address) == place


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="ADDRESS is '4x1'"):
        asked_place(None, "4x1")
