"""Register maps: what is right is read, what is wrong is told with its line and the nearest key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.errors import SettingsError
from telltale.formats.registers import Order, Register, RegisterType, Table
from telltale.sources.modbus.register_map import MAX_PROBLEMS, map_of, read_map

CSV = """# pump station, manual page 12
channel,table,address,type,order,scale,offset,unit,device,bit,interval_s,missing
flow_l_min,holding,0,float32,CDAB,,,l/min,,,,
temp_c,input,0x0A,int16,,0.1,-40,degC,2,,5,-32768
running,coil,3,,,,,,,,,
fault,holding,40,bit,,,,,,7,,
level_pct,,30011,uint16,,0.01,,%,,,,
"""
TOML = """
order = "CDAB"  # for all
interval_s = 2.0

[[register]]
channel = "flow_l_min"
table = "holding"
address = 0
type = "float32"

[[register]]
channel = "power_kw"
address = "400011"
type = "int32"
order = "ABCD"
"""


def test_a_table_is_read_with_every_column() -> None:
    flow, temp, running, fault, level = read_map(CSV.encode(), "pump.csv")
    assert flow == Register(
        "flow_l_min", Table.HOLDING, 0, RegisterType.FLOAT32, Order.CDAB, unit="l/min"
    )
    assert temp == Register(
        "temp_c",
        Table.INPUT,
        10,
        RegisterType.INT16,
        scale=0.1,
        offset=-40.0,
        unit="degC",
        device=2,
        interval_s=5.0,
        missing=-32_768.0,
    )
    assert running == Register("running", Table.COIL, 3, RegisterType.BIT)
    assert fault == Register("fault", Table.HOLDING, 40, RegisterType.BIT, bit=7)
    assert (level.table, level.address) == (Table.INPUT, 10)


def test_semicolons_a_mark_and_windows_line_ends_do() -> None:
    text = "\ufeffchannel;table;address\r\na;holding;1\r\n\r\nb;holding;2\r\n"
    assert [one.address for one in read_map(text.encode(), "m.csv")] == [1, 2]


def test_toml_takes_what_is_for_all_from_its_head() -> None:
    flow, power = read_map(TOML.encode(), "pump.toml")
    assert (flow.order, flow.interval_s) == (Order.CDAB, 2.0)
    assert (power.order, power.table, power.address) == (Order.ABCD, Table.HOLDING, 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channel,table,adress\nx,holding,1", "m.csv:1: unknown column 'adress'. Did you mean 'ad"),
        ("channel,table,address\n\nx,holdin,1", "m.csv:3: table is 'holdin'. Did you mean 'hold"),
        ("channel,table,address\nx,holding,70000", "m.csv:2: address is '70000'. Give a whole nu"),
        ("channel,table,address,type\nx,holding,65535,int32", "m.csv:2: address 65535 leaves no"),
        ("channel,address\nx,17", "m.csv:2: address is '17' and there is no table"),
        ("channel,table,address,type\nx,holding,1,flot32", "Did you mean 'float32'"),
        ("channel,table,address,type\nx,coil,1,int16", "a coil is one bit"),
        ("channel,table,address,type\nx,input,1,bit", "bit is missing"),
        ("channel,table,address,scale\nx,input,1,1;5", "scale is '1;5'. Give a number"),
        ("channel,table,address\nx,input,1\nx,input,2", "m.csv:3: channel 'x' is there twice"),
        ("channel,table,address\nx,input,1,0,5", "m.csv:2: 5 cells under 3 columns"),
        ("channel,table,address\n,input,1", "m.csv:2: channel is 'null'"),
        ("channel,table,address", "no register in it"),
        ("", "no register in it"),
    ],
)
def test_faults_of_a_table_are_told_with_their_line(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_map(text.encode(), "m.csv")
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[register]]\nchannel = 'x'\ntabel = 'coil'", "m.toml:3: unknown key 'tabel'. Did you"),
        ("ordr = 'ABCD'\n[[register]]", "m.toml:1: unknown key 'ordr'. Did you mean 'order'"),
        (
            "\n[[register]]\nchannel = 'x'\ntable = 'coil'\naddress = true",
            "m.toml:5: address is 'true'",
        ),
        ("register = 5", "write [[register]]"),
        ("register = [5]", "m.toml:1: a register is a table"),
        ("[[register]", "no TOML: "),
        ("x = " + "[" * 5000, "no TOML: "),
        ("[[register]]\nchannel='x'\ntable='coil'\naddress=0x" + "f" * 9000, "thousands of digits"),
    ],
)
def test_faults_of_a_toml_map_are_told_with_their_line(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_map(text.encode(), "m.toml")
    assert said in str(told.value)


def test_a_byte_that_is_no_text_is_told_with_its_line() -> None:
    with pytest.raises(SettingsError, match=r"m\.csv:2: not UTF-8"):
        read_map(b"channel,table,address\n\xff\xfe,coil,1", "m.csv")


def test_all_faults_are_told_at_once_and_many_are_counted() -> None:
    rows = "\n".join(f"c{i},nowhere,{i}" for i in range(MAX_PROBLEMS + 5))
    with pytest.raises(SettingsError) as told:
        read_map(f"channel,table,address\n{rows}".encode(), "m.csv")
    assert str(told.value).count("nowhere") == MAX_PROBLEMS
    assert str(told.value).endswith("and 5 more.")


def test_a_setting_lists_registers_with_the_same_keys() -> None:
    (one,) = map_of([{"channel": "x", "table": "input", "address": 4}], "registers")
    assert one == Register("x", Table.INPUT, 4)
    with pytest.raises(SettingsError, match="registers:2: it is no table"):
        map_of([{"channel": "x", "table": "input", "address": 4}, "y"], "registers")


WORDS = "channel table address type bit scale , ; # holding coil 0 1 40001 -1 1e999 nan float32 ="
PIECES = st.sampled_from([*WORDS.split(), '"', "\n", "[[register]]", "'x'", "é"])


def told_fault(data: bytes, name: str) -> str:
    """Return what is said of a map's faults; "" if it has none and its registers can be read."""
    try:
        registers = read_map(data, name)
    except SettingsError as error:
        return str(error)
    assert registers
    assert all(0 <= one.address < one.end <= 65_536 for one in registers)
    return ""


@given(st.binary(max_size=300), st.sampled_from(["m.csv", "m.toml"]))
def test_any_bytes_are_a_map_or_a_told_fault(data: bytes, name: str) -> None:
    fault = told_fault(data, name)
    assert not fault or fault.startswith(name)


@given(st.lists(PIECES, max_size=40), st.sampled_from(["m.csv", "m.toml"]))
def test_pieces_of_maps_are_a_map_or_a_told_fault(pieces: list[str], name: str) -> None:
    for text in ("".join(pieces), "channel,table,address,type\n" + ",".join(pieces)):
        fault = told_fault(text.encode(), name)
        assert not fault or fault.startswith(name)
