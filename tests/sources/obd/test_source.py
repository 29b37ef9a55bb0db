"""A car is read over a real TCP connection or terminal: every reading right, at the asked rate."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.base import Decoded
from telltale.formats.obd.codes import CodeKind
from telltale.formats.obd.pids import profile_number
from telltale.profiles.load import builtin_profiles
from telltale.runtime.build import embedded_runtime
from telltale.simulators.elm327 import Elm327
from telltale.simulators.elm327_play import simulated_adapter
from telltale.simulators.elm327_server import TcpAdapter
from telltale.simulators.elm327_terminal import TerminalAdapter
from telltale.sources import make_source
from telltale.sources.base import SourceState
from telltale.sources.obd import reader
from telltale.sources.obd.source import Obd2Source
from tests.doubles import Collector
from tests.elm import plugged_in
from tests.waiting import until

DEFECTS = (
    *("echo_stuck", "spaces_stuck", "linefeeds_stuck"),
    *("no_data=0.02", "stopped=0.01", "buffer_full=0.01", "bus_error=0.01", "rx_error=0.01"),
    *("garbage=0.01", "dropped=0.005", "connect_errors=1", "reset_every=700"),
)
GOOD_SHARE = 0.92  # of the requests, with these defects; spoilt ones are repeated


def car(address: str, **how: Any) -> Obd2Source:
    source = make_source("obd2", machine="car", port=address, **{"profile": "focus_st", **how})
    assert isinstance(source, Obd2Source)
    return source


def check_every_reading(taken: list[Decoded], adapter: Elm327, profile: str) -> int:
    """Compare each value with the bytes that the car put on the bus last; return how many."""
    channels = builtin_profiles()[profile].channels
    sent: dict[tuple[int, int], tuple[list[int], list[bytes]]] = {}
    for one in list(adapter.car.log):
        times, data = sent.setdefault((one.service, one.pid), ([], []))
        times.append(one.time_ns)
        data.append(one.data)
    checked = 0
    for decoded in taken:
        (batch,) = decoded.batches
        for name, values in batch.columns.items():
            obd2, number = channels[name].obd2, profile_number(name, channels[name])
            assert obd2 is not None
            assert number is not None
            times, data = sent[int(obd2.service, 16), int(obd2.pid, 16)]
            last = data[bisect_right(times, int(batch.time_ns[0])) - 1]
            raw = int.from_bytes(last[: number.size], "big", signed=number.is_signed)
            assert values[0] == pytest.approx(number.offset + number.scale * raw, abs=1e-9), name
            assert decoded.units[name] == number.unit
            checked += 1
    return checked


@pytest.mark.parametrize(
    ("profile", "protocol"),
    [("focus_st", "6"), ("focus_st", "7"), ("toyota_2jz_gte", "5"), ("toyota_2jz_gte", "2")],
)
async def test_every_channel_of_a_profile_is_read_right_on_every_bus(
    profile: str, protocol: str
) -> None:
    channels = builtin_profiles()[profile].channels
    readable = {name for name, channel in channels.items() if channel.obd2}
    async with plugged_in(profile, protocol=protocol) as (adapter, address):
        async with Collector(car(address, profile=profile)) as taken:
            await taken.until_rows(60)
        read = {name for decoded in taken.taken for name in decoded.batches[0].columns}
        assert check_every_reading(taken.taken, adapter, profile) >= 60
    assert read == readable
    assert np.all(np.diff(taken.times_ns()) >= 0)


@pytest.mark.parametrize(
    "defects",
    [
        ("headers_stuck",),
        ("ignores_count", "spaces_stuck"),
        ("ignores_address",),
        ("wrong_count",),
        ("single_only", "echo_stuck"),
        ("is_padded", "linefeeds_stuck"),
        ("version=ELM327 v1.5", "latency_s=0.02"),
        ("connect_errors=1",),
        ("reset_every=25",),
        ("no_prompt=0.03",),
    ],
    ids=lambda names: names[0],
)
async def test_an_adapter_with_a_defect_is_read_right(defects: tuple[str, ...]) -> None:
    async with plugged_in(defects=defects) as (adapter, address):
        source = car(address)
        async with Collector(source) as taken:
            await taken.until_rows(100, within_s=20.0)
        assert check_every_reading(taken.taken, adapter, "focus_st") >= 100
        read = {name for decoded in taken.taken for name in decoded.batches[0].columns}
        assert {"engine_speed_rpm", "boost_bar", "oil_temp_c"} <= read


async def test_asked_rates_are_reached_where_the_adapter_can() -> None:
    async with plugged_in() as (_, address):
        source = car(address, codes_every_s=0)
        async with Collector(source):
            await asyncio.sleep(4.0)
            rates = source.status.details["rates"]
    assert len(rates) == 16
    for rate in rates:
        assert rate["achieved_hz"] >= 0.9 * rate["asked_hz"], rate
        assert rate["state"] == "read"


async def session(seconds: float) -> None:
    """Read a slow adapter with defects for so long, asking for more than it can."""
    async with plugged_in(answer_s=0.025, wait_s=0.03, defects=DEFECTS) as (adapter, address):
        source = car(address, codes_every_s=20)
        async with Collector(source) as taken:
            requests, busy_s, began_s = adapter.requests, adapter.busy_s, time.monotonic()
            checked = 0
            rows = taken.rows
            while time.monotonic() - began_s < seconds:
                await asyncio.sleep(min(5.0, seconds))
                assert not taken.ended
            spent_s = time.monotonic() - began_s
            limit_hz = (adapter.requests - requests) / (adapter.busy_s - busy_s)
            achieved_hz = (taken.rows - rows) / spent_s
            checked = check_every_reading(taken.taken, adapter, "focus_st")
            details = source.status.details
    assert achieved_hz >= 0.9 * GOOD_SHARE * limit_hz, (achieved_hz, limit_hz)
    assert checked > 20 * seconds
    assert {"NO DATA", "STOPPED", "spoilt"} <= details["failures"].keys()
    total_hz = sum(rate["achieved_hz"] for rate in details["rates"])
    assert total_hz > limit_hz, "several PIDs come with each request"
    print(f"{checked} readings right; {achieved_hz:.1f} of {limit_hz:.1f} answers a second")  # noqa: T201


async def test_a_session_with_defects_has_every_reading_right_at_the_adapter_s_limit() -> None:
    await session(8.0)


@pytest.mark.long
async def test_ten_minutes_with_defects_have_every_reading_right_at_the_adapter_s_limit() -> None:
    await session(600.0)


async def test_a_cable_is_read_at_whatever_speed_it_has(tmp_path: Path) -> None:
    adapter = simulated_adapter("focus_st", answer_s=0.003, wait_s=0.01)
    terminal = TerminalAdapter(adapter, link=tmp_path / "cable", baud=9600)
    await terminal.open()
    try:
        source = car(str(tmp_path / "cable"))
        async with Collector(source) as taken:
            await taken.until_rows(60, within_s=20.0)
            assert source.status.details["adapter"]["baud"] == 9600
        assert check_every_reading(taken.taken, adapter, "focus_st") >= 60
    finally:
        await terminal.close()


async def test_unplugging_a_cable_is_told_and_it_can_be_plugged_in_again(tmp_path: Path) -> None:
    adapter = simulated_adapter("focus_st", answer_s=0.003, wait_s=0.01)
    terminal = TerminalAdapter(adapter, link=tmp_path / "cable")
    await terminal.open()
    source = car(str(tmp_path / "cable"))
    async with Collector(source) as taken:
        await taken.until_rows(10)
        await terminal.close()
        with pytest.raises(SourceUnavailableError, match="cable: "):
            await taken.until_end()
    with pytest.raises(SourceUnavailableError, match=r"cannot be opened: .*plugged in"):
        await source.open()
    await source.close()
    again = TerminalAdapter(adapter, link=tmp_path / "cable")
    await again.open()
    try:
        async with Collector(source) as taken:
            await taken.until_rows(10)
    finally:
        await again.close()


async def test_a_feed_recovers_when_the_adapter_is_killed_and_started_again(
    tmp_path: Path,
) -> None:
    adapter = simulated_adapter("focus_st", answer_s=0.003, wait_s=0.01)
    listener = TcpAdapter(adapter)
    await listener.open()
    source = car(f"127.0.0.1:{listener.port}")
    runtime = embedded_runtime(tmp_path, is_learning=False)
    await runtime.start()
    try:
        runtime.feeds.add(source, profile="focus_st")
        await until(lambda: source.status.rows > 20)
        await listener.close()
        await until(lambda: source.status.state is SourceState.WAITING)
        assert "Next try in" in source.status.detail
        before = source.status.rows
        again = TcpAdapter(adapter, port=listener.port)
        await again.open()
        await until(lambda: source.status.rows > before + 20, within_s=20.0)
        assert source.status.state is SourceState.LIVE
        live = runtime.machine("car")
        assert live.profile.id == "focus_st"
        assert {"engine_speed_rpm", "boost_bar", "oil_temp_c"} <= live.values.keys()
        assert live.rejected == 0
        await again.close()
    finally:
        await runtime.stop()


async def test_breaks_in_the_connection_are_survived_for_ever(tmp_path: Path) -> None:
    async with plugged_in(defects=("disconnect_every=60",)) as (_, address):
        source = car(address)
        runtime = embedded_runtime(tmp_path, is_learning=False)
        await runtime.start()
        try:
            runtime.feeds.add(source, profile="focus_st")
            await until(lambda: source.status.rows > 150, within_s=30.0)
        finally:
            await runtime.stop()


async def test_a_car_without_a_profile_gets_one_with_the_standard_s_names(tmp_path: Path) -> None:
    async with plugged_in("focus_st") as (_, address):
        source = car(address, profile=None)
        runtime = embedded_runtime(tmp_path, is_learning=False)
        await runtime.start()
        try:
            runtime.feeds.add(source)
            await until(lambda: source.status.rows > 20)
            live = runtime.machine("car")
            channels = live.profile.channels
            assert live.profile.inferred
            assert channels["engine_speed_rpm"].unit == "rpm"
            assert channels["coolant_temp_c"].unit == "degC"
            assert channels["manifold_pressure_kpa"].unit == "kPa"
            assert channels["dtc_count"].unit == "count"
            assert channels["battery_voltage_v"].unit == "V"
            assert live.values["coolant_temp_c"] == pytest.approx(87, abs=5)
        finally:
            await runtime.stop()


@pytest.mark.long
async def test_a_car_whose_ignition_goes_off_is_given_up_with_the_reason() -> None:
    async with plugged_in() as (adapter, address):
        source = car(address)
        async with Collector(source) as taken:
            await taken.until_rows(10)
            adapter.defects.is_ignition_off = True
            with pytest.raises(SourceUnavailableError, match=r"NO DATA.*ignition"):
                await taken.until_end(within_s=15.0)
        with pytest.raises(SourceUnavailableError, match="Switch the ignition on"):
            await source.open()
        await source.close()


async def test_a_pid_that_the_car_refuses_rests_and_the_others_go_on() -> None:
    profile = builtin_profiles()["focus_st"]
    async with plugged_in("gr86_cup", protocol="6") as (_, address):
        source = car(address, profile=profile)  # another car's profile: no PIDs of Ford there
        async with Collector(source) as taken:
            await taken.until_rows(5)
            await until(lambda: "missing" in source.status.details)
            await asyncio.sleep(1.1)
            details = source.status.details
    by_pid = {rate["pid"]: rate for rate in details["rates"]}
    assert by_pid["2204FE"]["state"] == "not answered"
    assert "engine_load_pct" in details["missing"]
    read = {name for decoded in taken.taken for name in decoded.batches[0].columns}
    assert "coolant_temp_c" in read
    assert "boost_bar" not in read


async def test_something_is_asked_now_and_then_so_that_nobody_falls_asleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "KEEP_ALIVE_S", 0.2)
    monkeypatch.setattr(reader, "LOST_S", 1.0)
    async with plugged_in() as (adapter, address):
        source = car(address, fast_hz=0.01, slow_hz=0.01, codes_every_s=0)
        async with Collector(source) as taken:
            await taken.until_rows(6)  # each PID once; then nothing is due for long
            before, rows = adapter.requests, taken.rows
            await asyncio.sleep(1.5)
            assert adapter.requests >= before + 4
            assert taken.rows == rows
            assert not taken.ended


async def test_trouble_codes_are_told_with_their_text() -> None:
    async with plugged_in() as (adapter, address):
        adapter.car.codes.stored += ["P0301", "P0171", "P0420", "U0121"]
        adapter.car.codes.pending += ["P0299"]
        source = car(address, codes_every_s=0.5)
        async with Collector(source) as taken:
            await until(lambda: len(source.codes) == 5)
            await taken.until_rows(5)
            await until(lambda: len(source.status.details["codes"]) == 5)
            adapter.car.codes.stored.clear()
            await until(lambda: [one.code for one in source.codes] == ["P0299"])
        assert source.codes[0].kind is CodeKind.PENDING
        assert source.codes[0].text.startswith("Turbocharger: boost too low")


async def test_status_tells_adapter_car_and_clone() -> None:
    async with plugged_in(defects=("version=ELM327 v1.5",)) as (_, address):
        source = car(address)
        async with Collector(source) as taken:
            await taken.until_rows(5)
        details = source.status.details
    assert details["readings_from"] == "adapter"
    assert details["car"]["vin"] == "TELLTALE0SAMPLE01"
    assert details["car"]["computers"] == {"7E8": 23, "7E9": 2}
    assert details["adapter"]["doubts"]
    assert "probably a copy" in source.status.detail


async def test_a_simulated_car_stands_in_as_a_machine_of_its_own_until_the_adapter_is_there(
    tmp_path: Path,
) -> None:
    listener = TcpAdapter(simulated_adapter("focus_st", answer_s=0.003, wait_s=0.01))
    await listener.open()
    await listener.close()  # nobody is there, but the port is known
    source = car(f"127.0.0.1:{listener.port}", fallback="simulator", look_again_s=0.3)
    runtime = embedded_runtime(tmp_path, is_learning=False)
    await runtime.start()
    try:
        runtime.feeds.add(source, profile="focus_st")
        await until(lambda: source.status.rows > 5)
        was_simulated = source.simulated
        assert source.status.details["readings_from"] == "simulator"
        assert "car-simulated" in source.status.detail
        assert runtime.machine("car-simulated").machine.simulated
        again = TcpAdapter(listener.adapter, port=listener.port)
        await again.open()
        await until(lambda: runtime.fleet.find("car"))
        await until(lambda: runtime.machine("car").values)
        assert not runtime.machine("car").machine.simulated
        assert (was_simulated, source.simulated) == (True, False)
        assert source.status.details["readings_from"] == "adapter"
        assert source.status.rejected == 0
        await again.close()
    finally:
        await runtime.stop()


async def test_without_a_stand_in_it_is_told_that_readings_are_entered_by_hand() -> None:
    source = car("127.0.0.1:9")
    with pytest.raises(SourceUnavailableError, match="cannot connect"):
        await source.open()
    assert source.status.details["readings_from"] == "manual entry"
    await source.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": ""}, "port is ''"),
        ({"port": "tcp://host:99999"}, "port from 1 to 65535"),
        ({"port": "http://host"}, "HOST:PORT"),
        ({"machine": " "}, "machine"),
        ({"profile": "focus_sd"}, "Did you mean 'focus_st'"),
        ({"fast_hz": 0}, "fast_hz"),
        ({"rates_hz": {"boost_bar": -1}}, "boost_bar"),
        ({"protocol": "X"}, "protocol is 'X'"),
        ({"fallback": "simulate"}, "Did you mean 'simulator'"),
        ({"fallback": "simulator", "profile": None}, "no profile with a simulator"),
        ({"bauds": [1]}, "bauds"),
        ({"codes_every_s": -1}, "codes_every_s"),
    ],
)
def test_settings_are_checked_without_io(settings: dict[str, Any], words: str) -> None:
    given = {"machine": "car", "port": "127.0.0.1:9", "profile": "focus_st", **settings}
    with pytest.raises(SettingsError, match=words):
        make_source("obd2", **given)
