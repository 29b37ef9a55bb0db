"""How a CSV file is written, told from its first part."""

from __future__ import annotations

import pytest

from telltale.errors import DecodeError
from telltale.formats.csv_dialect import sniff


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    lines = [["time", "a", "b"], ["1", "2.5", "3"], ["2", "2.6", ""]]
    dialect = sniff("\n".join(delimiter.join(line) for line in lines).encode())
    assert (dialect.delimiter, dialect.decimal) == (delimiter, ".")
    assert dialect.header == ("time", "a", "b")
    assert dialect.skip_lines == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_the_encoding_is_found(encoding: str) -> None:
    dialect = sniff("time;Öltemp [°C]\n1;2,5\n2;3,5\n".encode(encoding))
    assert dialect.header == ("time", "Öltemp")
    assert dialect.units == {"Öltemp": "°C"}
    assert dialect.decimal == ","
    assert bool(dialect.warnings) == (encoding == "latin-1")


def test_a_unit_row_is_no_data() -> None:
    dialect = sniff(b"Time,Oil,Speed\ns,degC,[km/h]\n0,90,10\n1,91,12\n")
    assert dialect.units == {"Time": "s", "Oil": "degC", "Speed": "km/h"}
    assert dialect.skip_lines == 2


def test_a_preamble_is_skipped() -> None:
    text = b"Made by some logger\nVehicle: red one\n\ntime,a,b\n1,2,3\n2,3,4\n3,4,5\n"
    assert sniff(text).skip_lines == 4


def test_a_table_without_header_is_named_by_place() -> None:
    dialect = sniff(b"1,2,3\n4,5,6\n")
    assert dialect.header == ("column_1", "column_2", "column_3")
    assert dialect.skip_lines == 0
    assert "no header" in dialect.warnings[0]


def test_names_that_are_there_twice_are_told_apart() -> None:
    dialect = sniff(b"t,a,a,,a\n1,2,3,4,5\n1,2,3,4,5\n")
    assert dialect.header == ("t", "a", "a_2", "column_4", "a_3")


@pytest.mark.parametrize("body", [b"", b"\n\n ", b"\xef\xbb\xbf", b"a\x00b\x01,1\n"])
def test_what_holds_no_table_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        sniff(body)
