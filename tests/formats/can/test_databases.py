"""Databases of every kind become decoding tables; hostile ones become a sentence, soon."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import DecodeError, TelltaleError, TooLargeError
from telltale.formats.can.convert import converted
from telltale.formats.can.databases import load_tables
from telltale.formats.can.tables import Signal
from tests.formats.can import parts

KCD = """<?xml version="1.0"?>
<NetworkDefinition xmlns="http://kayak.2codeornot2code.org/1.0">
  <Document name="small"/>
  <Bus name="Motor">
    <Message id="0x064" name="Engine" length="8">
      <Signal name="Speed" offset="0" length="16" endianess="big">
        <Value type="unsigned" slope="0.25" intercept="0" unit="rpm" min="0" max="16383"/>
      </Signal>
    </Message>
  </Bus>
</NetworkDefinition>
"""
SYM = """FormatVersion=6.0 // Do not edit this line!
Title="small"

{SENDRECEIVE}

[Engine]
ID=064h
Len=8
Var=Speed unsigned 0,16 /u:rpm /f:0.25
Var=Oil signed 16,8 /u:degC /o:-40
"""
ARXML = """<?xml version="1.0" encoding="UTF-8"?>
<AUTOSAR xmlns="http://autosar.org/schema/r4.0">
<AR-PACKAGES><AR-PACKAGE><SHORT-NAME>P</SHORT-NAME><ELEMENTS>
<CAN-CLUSTER><SHORT-NAME>C</SHORT-NAME><CAN-CLUSTER-VARIANTS><CAN-CLUSTER-CONDITIONAL>
<PHYSICAL-CHANNELS><CAN-PHYSICAL-CHANNEL><SHORT-NAME>Ch</SHORT-NAME>
<FRAME-TRIGGERINGS><CAN-FRAME-TRIGGERING><SHORT-NAME>T</SHORT-NAME>
<FRAME-REF DEST="CAN-FRAME">/P/F</FRAME-REF>
<CAN-ADDRESSING-MODE>STANDARD</CAN-ADDRESSING-MODE><IDENTIFIER>100</IDENTIFIER>
</CAN-FRAME-TRIGGERING></FRAME-TRIGGERINGS></CAN-PHYSICAL-CHANNEL></PHYSICAL-CHANNELS>
</CAN-CLUSTER-CONDITIONAL></CAN-CLUSTER-VARIANTS></CAN-CLUSTER>
<CAN-FRAME><SHORT-NAME>F</SHORT-NAME><FRAME-LENGTH>8</FRAME-LENGTH>
<PDU-TO-FRAME-MAPPINGS><PDU-TO-FRAME-MAPPING><SHORT-NAME>M</SHORT-NAME>
<PDU-REF DEST="I-SIGNAL-I-PDU">/P/U</PDU-REF></PDU-TO-FRAME-MAPPING></PDU-TO-FRAME-MAPPINGS>
</CAN-FRAME>
<I-SIGNAL-I-PDU><SHORT-NAME>U</SHORT-NAME><LENGTH>8</LENGTH>
<I-SIGNAL-TO-PDU-MAPPINGS><I-SIGNAL-TO-I-PDU-MAPPING><SHORT-NAME>SM</SHORT-NAME>
<I-SIGNAL-REF DEST="I-SIGNAL">/P/S</I-SIGNAL-REF>
<PACKING-BYTE-ORDER>MOST-SIGNIFICANT-BYTE-LAST</PACKING-BYTE-ORDER>
<START-POSITION>4</START-POSITION></I-SIGNAL-TO-I-PDU-MAPPING></I-SIGNAL-TO-PDU-MAPPINGS>
</I-SIGNAL-I-PDU>
<I-SIGNAL><SHORT-NAME>S</SHORT-NAME><LENGTH>12</LENGTH>
<SYSTEM-SIGNAL-REF DEST="SYSTEM-SIGNAL">/P/Speed</SYSTEM-SIGNAL-REF></I-SIGNAL>
<SYSTEM-SIGNAL><SHORT-NAME>Speed</SHORT-NAME></SYSTEM-SIGNAL>
</ELEMENTS></AR-PACKAGE></AR-PACKAGES></AUTOSAR>
"""


def test_a_dbc_becomes_tables_with_all_that_it_says(tmp_path: Path) -> None:
    tables = parts.tables_of(tmp_path, parts.CAR)
    engine, wheels, battery = tables.messages
    assert (engine.name, engine.id, engine.is_extended, engine.is_j1939) == (
        "Engine", 256, False, False,
    )  # fmt: skip
    speed, torque, gear, counter = engine.signals
    assert torque == Signal(
        "Torque", "Torque", 23, 12, is_big_endian=True, is_signed=True, scale=0.5, offset=-100.0,
        unit="Nm", low=torque.low, high=torque.high,
    )  # fmt: skip
    assert gear.words() == {"Park": 0.0, "Reverse": 1.0, "Neutral": 2.0, "Drive": 3.0}
    assert [signal.column for signal in (speed, counter)] == ["Engine.Speed", "Engine.Counter"]
    assert [s.column for s in wheels.signals] == ["Wheels.Speed", "Slip", "Wheels.Counter"]
    assert wheels.signals[1].is_float
    assert battery.is_extended
    assert [(s.multiplexer, s.multiplexer_ids) for s in battery.signals] == [
        ("", ()), ("Page", (1,)), ("Page", (2,)), ("", ()),
    ]  # fmt: skip
    assert tables.notes == ()


@pytest.mark.parametrize(
    ("name", "text", "payload", "expected"),
    [
        ("small.kcd", KCD, "1770000000000000", {"Speed": 0x1770 * 0.25}),
        ("small.sym", SYM, "70177F0000000000", {"Speed": 0x1770 * 0.25, "Oil": 87.0}),
        ("small.arxml", ARXML, "7017000000000000", {"S": 0x177}),  # its own name, not the system's
    ],
)
def test_kcd_sym_and_arxml_decode_too(
    tmp_path: Path, name: str, text: str, payload: str, expected: dict[str, float]
) -> None:
    tables = parts.tables_of(tmp_path, text, name)
    found = parts.decode_all(tables, [parts.Frame(parts.START_S, "064", payload)])["car"]
    assert {column: rows[0][1] for column, rows in found.items()} == expected


def dbc(*lines: str) -> str:
    return "\n".join(['VERSION ""', "BU_: ECU", *lines, ""])


GOOD = ["BO_ 256 Engine: 8 ECU", ' SG_ Fine : 0|8@1+ (1,0) [0|0] "" ECU']


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (' SG_ Bad : 60|16@1+ (1,0) [0|0] "" ECU', "lies beyond the end"),
        (' SG_ Bad : 0|65@1+ (1,0) [0|0] "" ECU', "has 65 bits"),
        (' SG_ Bad : 0|0@1+ (1,0) [0|0] "" ECU', "has 0 bits"),
        (' SG_ Bad : 8|8@1+ (1e999,0) [0|0] "" ECU', "no number"),
    ],
)
def test_a_signal_that_cannot_be_decoded_is_left_out_and_named(
    tmp_path: Path, line: str, why: str
) -> None:
    try:
        tables = parts.tables_of(tmp_path, dbc(*GOOD, line))
    except DecodeError as error:  # cantools itself refuses some, and says which
        assert "Bad" in str(error) or "length" in str(error)  # noqa: PT017
        return
    assert [signal.name for signal in tables.messages[0].signals] == ["Fine"]
    assert "Engine.Bad is left out" in tables.notes[0]
    assert why in tables.notes[0]


def test_overlapping_signals_are_taken(tmp_path: Path) -> None:
    text = dbc(*GOOD, ' SG_ Over : 4|8@1+ (1,0) [0|0] "" ECU')
    tables = parts.tables_of(tmp_path, text)
    assert [signal.name for signal in tables.messages[0].signals] == ["Fine", "Over"]


def test_multiplexers_that_go_in_a_circle_end_at_once(tmp_path: Path) -> None:
    text = dbc(
        *GOOD,
        ' SG_ A m0M : 8|8@1+ (1,0) [0|0] "" ECU',
        ' SG_ B m0M : 16|8@1+ (1,0) [0|0] "" ECU',
        ' SG_ C m0 : 24|8@1+ (1,0) [0|0] "" ECU',
        "SG_MUL_VAL_ 256 A B 0-0;",
        "SG_MUL_VAL_ 256 B A 0-0;",
        "SG_MUL_VAL_ 256 C A 0-0;",
    )
    try:
        tables = parts.tables_of(tmp_path, text)
    except DecodeError:
        return
    assert [signal.name for signal in tables.messages[0].signals] == ["Fine"]
    assert len(tables.notes) == 3


@pytest.mark.parametrize(
    "text",
    [
        dbc("BO_ 256 Engine: 4294967295 ECU", ' SG_ A : 0|8@1+ (1,0) [0|0] "" ECU'),
        dbc(GOOD[0], ' SG_ A : 0|4294967295@1+ (1,0) [0|0] "" ECU'),
        dbc(GOOD[0], ' SG_ A : 4294967295|8@1+ (1,0) [0|0] "" ECU'),
    ],
)
def test_lengths_that_would_fill_the_memory_are_refused_before_parsing(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(DecodeError, match="1785 bytes at most"):
        parts.tables_of(tmp_path, text)


def test_too_many_messages_and_too_many_bytes_are_refused(tmp_path: Path) -> None:
    many = dbc(*(f"BO_ {i} M{i}: 8 ECU" for i in range(50_000)))
    with pytest.raises(TooLargeError, match="too many messages"):
        parts.tables_of(tmp_path, many)
    path = tmp_path / "large.dbc"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(TooLargeError, match=r"more than 16,777,216 bytes"):
        load_tables(path)


def test_entities_that_unfold_without_end_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(DecodeError, match="XML entities"):
        parts.tables_of(tmp_path, bomb, "bomb.kcd")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("empty.dbc", "", "is empty"),
        ("words.dbc", "these are words", "cannot be read as a DBC file"),
        ("none.dbc", dbc(), "holds no message with a signal"),
        ("log.csv", "a,b\n1,2\n", "no CAN database"),
        ("broken.kcd", "<a><b>", "cannot be read as a KCD file"),
    ],
)
def test_what_is_no_database_is_refused_with_a_sentence(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    with pytest.raises(DecodeError, match=why) as told:
        parts.tables_of(tmp_path, text, name)
    assert str(told.value).count(".") >= 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(parts.CAR.splitlines()),
            st.sampled_from(["SG_MUL_VAL_ 256 Speed Gear 0-9;", 'VAL_ 256 Gear -1 "x" ;']),
            st.text('BO_SG|@+-(,)[]" 0123456789:mM', max_size=40),
        ),
        max_size=20,
    ),
    st.sampled_from([".dbc", ".kcd", ".sym", ".arxml"]),
)
def test_any_text_is_a_database_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"any{suffix}"
    path.write_text("\n".join(lines))
    try:
        tables = load_tables(path)
    except TelltaleError as error:
        assert len(str(error)) > 20  # noqa: PT017
    else:
        parts.decode_all(tables, parts.car_frames(40))


def test_a_process_of_its_own_gives_the_same_tables_and_the_same_refusals(tmp_path: Path) -> None:
    path = parts.database(tmp_path, parts.CAR)
    assert converted(path) == load_tables(path)
    words = parts.database(tmp_path, "these are words", "words.dbc")
    with pytest.raises(DecodeError, match=r"words\.dbc cannot be read as a DBC file"):
        converted(words)


def test_without_cantools_the_answer_is_the_install_command(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['cantools'] = None\n"
        "from pathlib import Path\n"
        "from telltale.formats.can.databases import load_tables\n"
        f"load_tables(Path({str(parts.database(tmp_path, parts.CAR))!r}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert 'pip install "telltale[vehicle]"' in answer.stderr
