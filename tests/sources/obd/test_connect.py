"""From a cable to a car: what is tried in turn, and a plain verdict when it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from telltale.errors import MissingExtraError, SettingsError, SourceUnavailableError
from telltale.formats.obd.frames import Framing
from telltale.simulators.elm327_play import simulated_adapter
from telltale.simulators.elm327_terminal import TerminalAdapter
from telltale.sources.obd import serial_link
from telltale.sources.obd.adapter import Adapter, AdapterSilentError
from telltale.sources.obd.address import make_link
from telltale.sources.obd.car import clear_codes, look_at, read_codes, read_readiness
from telltale.sources.obd.connect import connect
from telltale.sources.obd.doctor import examine
from telltale.sources.obd.find_adapter import BAUDS
from telltale.sources.obd.find_bus import CarSilentError
from telltale.sources.obd.fingerprint import fingerprint
from telltale.sources.obd.link import LinkLostError
from telltale.sources.obd.serial_link import SerialLink
from telltale.sources.obd.tcp_link import TcpLink
from telltale.sources.obd.trace import Trace
from tests.elm import plugged_in


@pytest.mark.parametrize(
    ("protocol", "framing"),
    [
        ("6", Framing.CAN_11),
        ("7", Framing.CAN_29),
        ("8", Framing.CAN_11),
        ("9", Framing.CAN_29),
        ("5", Framing.LEGACY),
        ("4", Framing.LEGACY),
        ("3", Framing.LEGACY),
        ("2", Framing.LEGACY),
        ("1", Framing.LEGACY),
    ],
)
async def test_every_bus_is_found(protocol: str, framing: Framing) -> None:
    async with plugged_in(protocol=protocol, stored=("P0301",)) as (_, address):
        link = make_link(address)
        connected = await connect(link)
        car = await look_at(connected)
        assert (connected.protocol, connected.adapter.framing) == (protocol, framing)
        assert len(car.computers) == 2
        assert car.vin == "TELLTALE0SAMPLE01"
        assert [one.code for one in await read_codes(connected)] == ["P0301"]
        readiness = await read_readiness(connected, car.engine)
        assert readiness is not None
        assert (readiness.is_lamp_on, readiness.codes) == (True, 1)
        await link.close()


async def test_buses_are_tried_one_by_one_where_the_adapter_s_search_fails() -> None:
    steps: list[tuple[str, str]] = []
    async with plugged_in(protocol="5", defects=("connect_errors=1",)) as (_, address):
        link = make_link(address)
        trace = Trace(on_step=lambda what, outcome: steps.append((what, outcome)))
        connected = await connect(link, trace=trace)
        await link.close()
    assert connected.setting == "5"
    assert ("car on the adapter's own search", "UNABLE TO CONNECT") in steps
    assert ("car on CAN 11 bit, 500 kbit/s", "CAN ERROR") in steps
    assert ("car on KWP 2000, fast start", "it answers") in steps


async def test_a_given_bus_is_the_only_one_tried() -> None:
    async with plugged_in(protocol="6") as (_, address):
        link = make_link(address)
        with pytest.raises(CarSilentError, match=r"does not \(KWP 2000, fast start"):
            await connect(link, protocol="5")


async def test_a_bus_that_does_not_wake_up_is_told_with_its_advice() -> None:
    async with plugged_in("toyota_2jz_gte", defects=("connect_errors=1",)) as (_, address):
        link = make_link(address)
        with pytest.raises(CarSilentError, match=r"BUS INIT: ERROR.*press the plug home"):
            await connect(link, protocol="5")
        connected = await connect(link, protocol="5")
        assert (await look_at(connected)).computers
        await link.close()


async def test_codes_are_cleared_but_permanent_ones_stay() -> None:
    async with plugged_in(stored=("P0301", "P0420")) as (adapter, address):
        adapter.car.codes.permanent.append("P0420")
        link = make_link(address)
        connected = await connect(link)
        assert len(await read_codes(connected)) == 3
        assert await clear_codes(connected)
        assert [one.code for one in await read_codes(connected)] == ["P0420"]
        await link.close()


@pytest.mark.parametrize(
    ("version", "doubt"),
    [("ELM327 v2.2", ""), ("ELM327 v1.5", "never made"), ("ELM327 v1.4", "")],
)
async def test_a_copy_is_told_from_the_real_thing(version: str, doubt: str) -> None:
    async with plugged_in(defects=(f"version={version}",)) as (_, address):
        link = make_link(address)
        await link.open()
        found = await fingerprint(Adapter(link))
        await link.close()
    assert found.name == version
    assert found.is_clone == bool(doubt)
    assert doubt in found.told()


async def test_an_adapter_that_is_silent_is_told_so() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    link = make_link(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await link.open()
    with pytest.raises(AdapterSilentError, match=r"no answer to ATI within 0\.2 s"):
        await Adapter(link).command("ATI", 0.2)
    await link.close()
    server.close()


async def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    async with plugged_in(answer_s=0.4) as (_, address):
        link = make_link(address)
        connected = await connect(link)
        with pytest.raises(AdapterSilentError):
            await connected.adapter.command("010C", 0.1)
        for request, head in (("0105", b"\x41\x05"), ("010D", b"\x41\x0d")):
            reply = await connected.adapter.command(request, 2.0)
            assert reply.messages
            assert all(one.data.startswith(head) for one in reply.messages)
        await link.close()


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("192.168.0.10:35000", TcpLink),
        ("tcp://adapter.local:35000", TcpLink),
        ("[::1]:35000", TcpLink),
        ("/dev/ttyUSB0", SerialLink),
        ("COM3", SerialLink),
    ],
)
def test_an_address_says_what_kind_of_link_it_is(address: str, kind: type) -> None:
    assert isinstance(make_link(address), kind)


def test_without_pyserial_a_serial_port_ends_in_the_install_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(serial_link, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r'pip install "telltale\[vehicle\]"'):
        make_link("/dev/ttyUSB0")
    make_link("127.0.0.1:35000")  # Wi-Fi needs nothing


async def test_a_port_that_is_not_there_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    link = make_link(str(tmp_path / "nowhere"))
    with pytest.raises(LinkLostError, match=r"nowhere: cannot be opened: .*dialout"):
        await link.open()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="Give tcp://HOST:PORT"):
        make_link("tcp://host")


async def test_the_doctor_finds_a_good_car_good() -> None:
    async with plugged_in(stored=("P0301",)) as (_, address):
        report = await examine(make_link(address))
    assert report.is_good
    assert report.verdict.startswith("It works: 23 PIDs over CAN 11 bit, 500 kbit/s.")
    assert ("trouble codes", "P0301 (stored)") in report.steps
    text = report.transcript()
    assert "0100" in text
    assert "7E8064100" in text


async def test_the_doctor_says_that_the_ignition_is_off() -> None:
    async with plugged_in(defects=("is_ignition_off",)) as (_, address):
        report = await examine(make_link(address))
    assert not report.is_good
    assert "the adapter answers, the car does not" in report.verdict
    assert "Switch the ignition on" in report.verdict
    assert report.exchanges


async def test_the_doctor_says_that_nobody_is_there() -> None:
    report = await examine(make_link("127.0.0.1:9"))
    assert not report.is_good
    assert "cannot connect" in report.verdict


async def test_the_doctor_warns_of_bad_and_copied_adapters() -> None:
    defects = ("no_data=0.3", "version=ELM327 v1.5")
    async with plugged_in(defects=defects) as (_, address):
        report = await examine(make_link(address))
    assert report.is_good
    assert "% of the requests failed" in report.verdict
    assert "probably a copy" in report.verdict


async def test_the_doctor_names_the_speeds_that_were_tried(tmp_path: Path) -> None:
    adapter = simulated_adapter("focus_st")
    terminal = TerminalAdapter(adapter, link=tmp_path / "cable", baud=1200)
    await terminal.open()
    try:
        report = await examine(make_link(str(tmp_path / "cable")), bauds=BAUDS[:2])
    finally:
        await terminal.close()
    assert "nothing answers like an ELM327 at 38400, 115200 baud" in report.verdict


async def test_what_is_refused_while_closed_is_an_error_that_may_be_retried() -> None:
    link = make_link("127.0.0.1:9")
    with pytest.raises(SourceUnavailableError):
        await link.write(b"ATI\r")
