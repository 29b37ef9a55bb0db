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


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ('a,b\n"1,480","2,300"\n"1,481","2,301"\n', "."),  # thousands as well as decimals
        ('a,b\n"1,48","2,300"\n"1,49","2,301"\n', ","),
        ("a;b\n1,480;2,300\n1,481;2,301\n", ","),
        ("a;b\n1,5;2,3\n1,6;2,4\n1,7;2,5\n", ","),
        ("a;b;c\n1,480;2,300;61.5\n", "."),
    ],
)
def test_three_digits_behind_a_comma_alone_make_it_no_decimal_sign(text: str, decimal: str) -> None:
    assert sniff(text.encode()).decimal == decimal


def test_marks_in_a_header_do_not_hide_what_parts_the_rows() -> None:
    assert sniff(b"time,v_;;;\n1763712000,1.5\n").delimiter == ","
