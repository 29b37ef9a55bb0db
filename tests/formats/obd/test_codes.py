"""Trouble codes: two bytes to a name, a name to a sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.obd.codes import (
    CodeKind,
    TroubleCode,
    bytes_of_code,
    code_of,
    code_text,
    code_texts,
    codes_in,
)
from telltale.formats.obd.replies import parse_reply


@pytest.mark.parametrize(
    ("data", "code"),
    [("0133", "P0133"), ("0301", "P0301"), ("1A2B", "P1A2B"), ("4123", "C0123"), ("8001", "B0001")],
)
def test_two_bytes_are_a_code(data: str, code: str) -> None:
    assert code_of(*bytes.fromhex(data)) == code
    assert code_of(*bytes.fromhex("C121")) == "U0121"


@given(st.integers(0, 0xFFFF))
def test_a_code_is_its_bytes_again(number: int) -> None:
    raw = number.to_bytes(2, "big")
    assert bytes_of_code(code_of(*raw)) == raw
    assert len(code_text(code_of(*raw))) > 10


def test_codes_of_can_are_counted_and_those_of_older_buses_filled_up() -> None:
    can = parse_reply(b"7E8064302013301 71\r".replace(b" ", b""), request="03").messages
    assert [one.code for one in codes_in(can, 0x03)] == ["P0133", "P0171"]
    old = parse_reply(b"43013301710000\r43042000000000\r", request="03").messages
    assert [one.code for one in codes_in(old, 0x03)] == ["P0133", "P0171", "P0420"]
    assert codes_in(parse_reply(b"43000000000000\r", request="03").messages, 0x03) == []
    assert codes_in(parse_reply(b"7E8024300\r", request="03").messages, 0x03) == []


def test_codes_keep_kind_and_computer() -> None:
    messages = parse_reply(b"7E80447010299\r7E90447010700\r", request="07").messages
    assert codes_in(messages, 0x07) == [
        TroubleCode("P0299", CodeKind.PENDING, "7E8"),
        TroubleCode("P0700", CodeKind.PENDING, "7E9"),
    ]


def test_an_answer_to_another_service_holds_no_codes() -> None:
    assert codes_in(parse_reply(b"7E804410C1AF8\r", request="010C").messages, 0x03) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("P0301", "cylinder 1"),
        ("P0420", "Catalyst, bank 1"),
        ("P0171", "too lean"),
        ("P0299", "boost too low"),
        ("P0115", "Coolant temperature sensor: circuit fault"),
        ("P0162", "O2 sensor 3, bank 2"),
        ("P0210", "cylinder 10"),
        ("P0755", "Shift solenoid B"),
        ("C0050", "rear right"),
        ("U0100", "engine computer"),
        ("U0155", "instrument panel"),
        ("P1234", "the maker's own code"),
        ("P0ABC", "hybrid drive"),
        ("B3FFF", "Body"),
    ],
)
def test_a_code_says_what_it_means(code: str, words: str) -> None:
    assert words in code_text(code)


def test_every_listed_code_has_a_name_and_one_short_sentence() -> None:
    texts = code_texts()
    assert len(texts) >= 700
    for code, text in texts.items():
        assert re.fullmatch(r"[PCBU][0-3][0-9A-F]{3}", code), code
        assert text.endswith("."), code
        assert 10 < len(text) <= 110, code
