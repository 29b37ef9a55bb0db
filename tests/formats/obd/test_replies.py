"""Whatever an adapter writes is read: its habits, its complaints, and noise without harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telltale.formats.obd.answers import pid_data, readiness_of, refusal_of, vin_of
from telltale.formats.obd.frames import Framing, j1850_check, sum_check
from telltale.formats.obd.replies import MAX_REPLY_BYTES, Problem, PromptReader, parse_reply

RPM = bytes.fromhex("410C1AF8")
VIN = "1D4GP00R55B123456"  # the example of the ELM327's data sheet


@pytest.mark.parametrize(
    ("raw", "ecu"),
    [
        (b"41 0C 1A F8\r\r", ""),
        (b"410C1AF8\r\r", ""),
        (b"010C\r41 0C 1A F8\r\r", ""),
        (b"01 0c\r\n41 0C 1A F8\r\n\r\n", ""),
        (b"7E8 04 41 0C 1A F8\r\r", "7E8"),
        (b"7E804410C1AF8\r", "7E8"),
        (b"7E8 04 41 0C 1A F8 00 00 00\r", "7E8"),
        (b"18 DA F1 10 04 41 0C 1A F8\r", "18DAF110"),
        (b"18DAF11004410C1AF8AAAAAA\r", "18DAF110"),
        (b"48 6B 10 41 0C 1A F8 22\r", "10"),
        (b"84 F1 10 41 0C 1A F8 E4\r", "10"),
        (b"SEARCHING...\r7E804410C1AF8\r", "7E8"),
        (b"SEARCHING...7E804410C1AF8\r", "7E8"),
        (b"BUS INIT: ...OK\r48 6B 10 41 0C 1A F8 22\r", "10"),
        (b"BUS INIT: OK\r41 0C 1A F8\r", ""),
        (b"\x00\x00410C\x001AF8\r\x00", ""),
        (b"7E803410D33\r7E804410C1AF8\r7E9037F0112\r", "7E8"),
    ],
)
def test_one_answer_is_found_in_every_form(raw: bytes, ecu: str) -> None:
    reply = parse_reply(raw, request="010C")
    assert (ecu, RPM) in [(one.ecu, one.data) for one in reply.messages]
    assert reply.problems == ()


def test_the_checksums_of_the_examples_are_right() -> None:
    assert sum_check(bytes.fromhex("486B10410C1AF8")) == 0x22
    assert sum_check(bytes.fromhex("84F110410C1AF8")) == 0xE4
    # 68 6A F1 01 00 17 is how a J1850 bus asks for PID 00.
    assert j1850_check(bytes.fromhex("686AF10100")) == 0x17


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"NO DATA\r", Problem.NO_DATA),
        (b"NODATA\r", Problem.NO_DATA),
        (b"SEARCHING...\rUNABLE TO CONNECT\r", Problem.UNABLE_TO_CONNECT),
        (b"BUS INIT: ...ERROR\r", Problem.BUS_INIT),
        (b"BUS INIT: ERROR\r", Problem.BUS_INIT),
        (b"CAN ERROR\r", Problem.CAN_ERROR),
        (b"BUS BUSY\r", Problem.BUS_BUSY),
        (b"BUS ERROR\r", Problem.BUS_ERROR),
        (b"FB ERROR\r", Problem.FEEDBACK_ERROR),
        (b"STOPPED\r", Problem.STOPPED),
        (b"7E8 04 41 0C 1A F8\rBUFFER FULL\r", Problem.BUFFER_FULL),
        (b"48 6B 10 41 0C 1A F8 22 <DATA ERROR\r", Problem.DATA_ERROR),
        (b"7E8 04 41 0C 1A <RX ERROR\r", Problem.RX_ERROR),
        (b"DATA ERROR\r", Problem.DATA_ERROR),
        (b"LV RESET\r\rELM327 v2.1\r", Problem.LOW_VOLTAGE_RESET),
        (b"ACT ALERT\r", Problem.ALERT),
        (b"ERR94\r", Problem.INTERNAL),
        (b"?\r", Problem.UNKNOWN_COMMAND),
    ],
)
def test_a_complaint_is_understood(raw: bytes, problem: Problem) -> None:
    assert problem in parse_reply(raw, request="010C").problems


def test_a_spoilt_line_gives_no_data() -> None:
    assert parse_reply(b"48 6B 10 41 0C 1A F8 22 <DATA ERROR\r", request="010C").messages == ()


def test_a_reset_is_noticed() -> None:
    assert parse_reply(b"LV RESET\r\rELM327 v1.5\r", request="010C").is_reset
    assert parse_reply(b"ELM327 v1.5\r", request="010C").is_reset
    assert not parse_reply(b"NO DATA\r", request="010C").is_reset


@pytest.mark.parametrize(
    "raw",
    [
        b"014\r0: 49 02 01 31 44 34\r1: 47 50 30 30 52 35 35\r2: 42 31 32 33 34 35 36\r",
        b"014\r0:490201314434\r1:47503030523535\r2:42313233343536\r",
        b"7E8 10 14 49 02 01 31 44 34\r7E8 21 47 50 30 30 52 35 35\r7E8 22 42 31 32 33 34 35 36\r",
        b"18DAF1101014490201314434\r18DAF1102147503030523535\r18DAF1102242313233343536\r",
        b"49 02 01 00 00 00 31\r49 02 02 44 34 47 50\r49 02 03 30 30 52 35\r"
        b"49 02 04 35 42 31 32\r49 02 05 33 34 35 36\r",
        b"87 F1 10 49 02 01 00 00 00 31 05\r87 F1 10 49 02 02 44 34 47 50 E4\r"
        b"87 F1 10 49 02 03 30 30 52 35 BD\r87 F1 10 49 02 04 35 42 31 32 B1\r"
        b"87 F1 10 49 02 05 33 34 35 36 AA\r",
    ],
)
def test_the_vehicle_s_number_is_put_together_on_every_bus(raw: bytes) -> None:
    assert vin_of(parse_reply(raw, request="0902").messages) == VIN


def test_long_messages_of_two_computers_may_be_mixed() -> None:
    raw = (
        b"7E8 10 14 49 02 01 31 44 34\r7E9 10 0A 49 04 01 41 42 43\r7E8 21 47 50 30 30 52 35 35\r"
        b"7E9 21 44 45 46 47 00 00 00\r7E8 22 42 31 32 33 34 35 36\r"
    )
    messages = {one.ecu: one.data for one in parse_reply(raw, request="0902").messages}
    assert messages["7E8"][3:].decode() == VIN
    assert messages["7E9"] == b"\x49\x04\x01ABCDEFG"


@pytest.mark.parametrize(
    "raw",
    [
        b"7E8 10 14 49 02 01 31 44 34\r7E8 22 42 31 32 33 34 35 36\r",  # one is missing
        b"7E8 21 47 50 30 30 52 35 35\r",  # without its beginning
        b"7E8 10 14 49 02 01 31 44 34\r",  # never ended
        b"7E8 04 41 0C 1A\r",  # cut off
        b"7E8 04 41 0C 1A F\r",
        b"48 6B 10 41 0C 1A F8 23\r",  # a wrong checksum
        b"7E8 04 41 \xff0C 1A F8\r",
    ],
)
def test_what_is_cut_off_or_garbled_is_counted_and_not_used(raw: bytes) -> None:
    reply = parse_reply(raw, request="010C", framing=None)
    assert reply.messages == ()
    assert reply.broken > 0


WHOLE = [
    (Framing.CAN_11, "010C0D051110", b"7E8100D410C1AF80D33\r7E821057B11FF10012C\r"),
    (Framing.CAN_11, "010C", b"7E8 04 41 0C 1A F8\r7E9 04 41 0C 1A F8\r"),
    (Framing.CAN_29, "010C", b"18DAF11004410C1AF8\r18DAF1110341\r"),
    (Framing.LEGACY, "010C", b"84 F1 10 41 0C 1A F8 E4\r84 F1 11 41 0C 1A F8 E5\r"),
]


@pytest.mark.parametrize(("framing", "request_", "raw"), WHOLE)
@given(data=st.data())
def test_no_lost_byte_makes_a_wrong_message(
    framing: Framing, request_: str, raw: bytes, data: st.DataObject
) -> None:
    right = parse_reply(raw, request=request_, framing=framing).messages
    assert right
    at = data.draw(st.integers(0, len(raw) - 1))
    lost = raw[:at] + raw[at + 1 :]
    for one in parse_reply(lost, request=request_, framing=framing).messages:
        assert one in right
    added = raw[:at] + b"\xff" + raw[at:]
    for one in parse_reply(added, request=request_, framing=framing).messages:
        assert one in right


@given(
    st.binary(max_size=400) | st.text("0123456789ABCDEF: \r>?<", max_size=200).map(str.encode),
    st.sampled_from(["", "010C", "0902", "ATZ", "2204FE", "zz"]),
    st.sampled_from([None, *Framing]),
)
def test_any_bytes_are_survived(raw: bytes, request_: str, framing: Framing | None) -> None:
    reply = parse_reply(raw, request=request_, framing=framing)
    for message in reply.messages:
        assert message.data
        pid_data(message, (0x0C, 0x0D))
        refusal_of(message)
        readiness_of(message.data)
    vin_of(reply.messages)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_replies_do_not_depend_on_how_the_stream_is_cut(raw: bytes, cuts: list[int]) -> None:
    whole = PromptReader()
    expected = whole.feed(raw)
    pieces = PromptReader()
    found: list[bytes] = []
    ends = [*sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    start = 0
    for end in ends:
        found += pieces.feed(raw[start:end])
        start = end
    assert found == expected
    assert pieces.pending() == whole.pending()


def test_noise_without_a_prompt_is_held_up_to_a_bound() -> None:
    reader = PromptReader()
    for _ in range(100):
        reader.feed(b"x" * 10_000)
    assert len(reader.pending()) == MAX_REPLY_BYTES


def test_an_answer_to_several_pids_must_hold_together() -> None:
    (message,) = parse_reply(b"410C1AF80D33\r", request="010C0D").messages
    assert pid_data(message, (0x0C, 0x0D)) == {0x0C: b"\x1a\xf8", 0x0D: b"\x33"}
    assert pid_data(message, (0x0C,)) == {0x0C: b"\x1a\xf8\x0d\x33"}
    assert pid_data(message, (0x0C, 0x05)) is None
    (short,) = parse_reply(b"410C1AF80D\r", request="010C0D").messages
    assert pid_data(short, (0x0C, 0x0D)) is None


def test_a_refusal_is_told_in_words() -> None:
    (message,) = parse_reply(b"7E8037F2231\r", request="2204FE").messages
    assert refusal_of(message) == "value out of range"


def test_readiness_of_a_petrol_and_a_diesel_engine() -> None:
    petrol = readiness_of(bytes.fromhex("830765 04"))
    assert petrol is not None
    assert (petrol.is_lamp_on, petrol.codes) == (True, 3)
    assert {one.name for one in petrol.monitors if not one.is_ready} == {"evaporative system"}
    diesel = readiness_of(bytes.fromhex("000FEB80"))
    assert diesel is not None
    assert "particulate filter" in {one.name for one in diesel.monitors}
    assert {one.name for one in diesel.monitors if not one.is_ready} == {"EGR and valve timing"}
