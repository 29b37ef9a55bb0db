"""The simulated adapter behaves as the data sheet says, so that the driver is tested in earnest."""

from __future__ import annotations

import asyncio
import re

import pytest

from telltale.errors import SettingsError
from telltale.simulators.elm327 import Elm327
from telltale.simulators.elm327_defects import Defects, parse_defects
from telltale.simulators.elm327_play import simulated_adapter
from telltale.simulators.elm327_server import Session
from tests.waiting import until


def said(adapter: Elm327, *lines: str) -> str:
    """Return all that is written for these lines; the pauses are left out."""
    return "".join(
        step.data.decode("latin-1") for line in lines for step in adapter.command(line)
    ).replace("\r", "|")


def ready(**how: object) -> Elm327:
    adapter = simulated_adapter("focus_st", **how)  # type: ignore[arg-type]
    said(adapter, "ATE0", "ATS0", "ATH1", "0100")
    return adapter


def test_it_introduces_itself_and_takes_settings() -> None:
    adapter = simulated_adapter("focus_st")
    assert said(adapter, "ATI") == "ELM327 v2.2||>"
    assert said(adapter, "at h1") == "OK||>"
    assert said(adapter, "ATRV") == "14.1V||>"
    assert said(adapter, "ATXYZ") == "?||>"
    assert said(adapter, "hello") == "?||>"


def test_it_searches_the_bus_and_then_knows_it() -> None:
    adapter = simulated_adapter("focus_st")
    said(adapter, "ATS0", "ATH0")
    assert said(adapter, "ATDPN") == "0||>"
    assert said(adapter, "0100").startswith("SEARCHING...|4100")
    assert said(adapter, "0100").startswith("4100")
    assert said(adapter, "ATDPN") == "A6||>"


def test_a_wrong_bus_is_an_error() -> None:
    assert said(simulated_adapter("focus_st"), "ATSP5", "0100").endswith("ERROR||>")
    assert said(simulated_adapter("toyota_2jz_gte"), "ATSP5", "0100").startswith(
        "OK||>BUS INIT: ...OK|"
    )


def test_long_answers_are_split_by_iso_tp_with_and_without_headers() -> None:
    adapter = ready()
    lines = said(adapter, "0902").split("|")
    assert [line[:5] for line in lines[:3]] == ["7E810", "7E821", "7E822"]
    lines = said(adapter, "ATH0", "0902").removeprefix("OK||>").split("|")
    assert [line[:2] for line in lines[:4]] == ["01", "0:", "1:", "2:"]


def test_two_computers_answer_and_one_can_be_asked_alone() -> None:
    adapter = ready()
    assert said(adapter, "010D").count("|7E9") + said(adapter, "010D").count("7E8") == 2
    said(adapter, "ATSH7E1")
    assert said(adapter, "010D").startswith("7E9")
    said(adapter, "ATSH7E0")
    assert "7E9" not in said(adapter, "010D")
    assert said(adapter, "220000") == "7E8037F2231||>"


def test_the_digit_for_expected_answers_ends_the_wait() -> None:
    adapter = ready()
    slow = sum(step.after_s for step in adapter.command("010C"))
    quick = sum(step.after_s for step in adapter.command("010C1"))
    assert quick < slow


def test_readings_change_with_the_car() -> None:
    adapter = ready(scenario="hard")
    answers = {said(adapter, "010C") for _ in range(20)}
    assert len(answers) > 1
    assert len([one for one in adapter.car.log if one.pid == 0x0C]) >= 20


@pytest.mark.parametrize(
    ("defects", "words"),
    [
        (Defects(no_data=1.0), "NO DATA"),
        (Defects(stopped=1.0), "STOPPED"),
        (Defects(buffer_full=1.0), "BUFFER FULL"),
        (Defects(bus_error=1.0), "CAN ERROR"),
        (Defects(rx_error=1.0), "<RX ERROR"),
        (Defects(garbage=1.0), "\xff"),
        (Defects(ignores_count=True), "?"),
        (Defects(spaces_stuck=True), "7E8 04 41 0C"),
        (Defects(is_padded=True), "000000"),
        (Defects(linefeeds_stuck=True), "\n"),
        (Defects(reset_every=1), "LV RESET|ELM327"),
        (Defects(is_ignition_off=True), "NO DATA"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_each_defect_shows(defects: Defects, words: str) -> None:
    adapter = ready()
    adapter.defects = defects
    assert words in said(adapter, "010C1")
    adapter.defects = Defects()
    said(adapter, "ATZ", "ATE0", "ATS0", "ATH1", "0100")
    assert re.fullmatch(r"7E804410C[0-9A-F]{4}\|\|>", said(adapter, "010C1"))


def test_defects_are_named_in_words() -> None:
    defects = parse_defects(("echo_stuck", "no_data=0.02", "reset_every=100"))
    assert (defects.echo_stuck, defects.no_data, defects.reset_every) == (True, 0.02, 100)
    with pytest.raises(SettingsError, match="Did you mean 'echo_stuck'"):
        parse_defects(("echo_stick",))
    with pytest.raises(SettingsError, match="Give a number"):
        parse_defects(("no_data=often",))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"profile": "industrial_pump"}, "can be simulated"),
        ({"profile": "focus_st", "stored": ("301",)}, "no trouble code"),
        ({"profile": "focus_st", "protocol": "Z"}, "protocol"),
        ({"profile": "focus_st", "scenario": "flying"}, "scenario"),
    ],
)
def test_what_cannot_be_simulated_is_told(how: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        simulated_adapter(**how)  # type: ignore[arg-type]


async def test_a_byte_while_it_works_interrupts_it() -> None:
    written = bytearray()
    adapter = simulated_adapter("focus_st", answer_s=5.0)
    session = Session(adapter, written.extend, lambda: None)
    session.feed(b"ATE0\r")
    await until(lambda: written.endswith(b">"))
    session.feed(b"0100\r")
    await asyncio.sleep(0.1)
    session.feed(b"\r")
    assert written.endswith(b"STOPPED\r\r>")
    session.feed(b"ATI\r")
    await until(lambda: b"ELM327" in written)
    session.close()


async def test_the_echo_comes_as_it_is_typed() -> None:
    written = bytearray()
    session = Session(simulated_adapter("focus_st"), written.extend, lambda: None)
    session.feed(b"AT")
    assert written == b"AT"
    session.feed(b"I\r")
    await until(lambda: written.endswith(b">"))
    assert written == b"ATI\rELM327 v2.2\r\r>"
    session.close()
