"""Modbus as a feed, against real servers: values, exceptions, slow and silent devices, restarts."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymodbus.constants import ExcCodes

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.registers import Order, RegisterType, Table
from telltale.sources import make_source
from telltale.sources.base import SourceState
from telltale.sources.modbus.link import ModbusLink, way_of
from telltale.sources.modbus.probe import probe
from telltale.sources.modbus.source import ModbusSource
from tests.docs_pages import free_port
from tests.doubles import Collector
from tests.modbus_devices import Behaviour, null_modem, serving, serving_rtu
from tests.opc_ua_server import way_to
from tests.waiting import until

REGISTERS = [
    {"channel": "flow_l_min", "table": "holding", "address": 0, "type": "float32", "unit": "l/min"},
    {"channel": "temp_c", "table": "holding", "address": 2, "type": "int16", "scale": 0.1},
    {"channel": "energy", "table": "holding", "address": 10, "type": "int64"},
    {"channel": "count_3", "table": "holding", "address": 23},
    {"channel": "running", "table": "coil", "address": 2},
    {"channel": "stopped", "table": "discrete", "address": 0},
    {"channel": "level", "table": "input", "address": 1, "device": 2},
    {"channel": "high_bit", "table": "holding", "address": 2, "bit": 15},
]


def pump(port: int, **settings: Any) -> ModbusSource:
    given = {"registers": REGISTERS, "interval_s": 0.05, **settings}
    source = make_source("modbus", machine="pump", address=f"127.0.0.1:{port}", **given)
    assert isinstance(source, ModbusSource)
    return source


async def test_all_tables_types_and_devices_are_read_as_one_row() -> None:
    behaviour = Behaviour()
    async with serving(behaviour) as port, Collector(pump(port)) as taken:
        await taken.until_rows(3)
        first = taken.taken[0]
        (batch,) = first.batches
    values = {name: column.item(0) for name, column in batch.columns.items()}
    assert values.pop("temp_c") == pytest.approx(-0.5)
    assert values == {
        "flow_l_min": 12.5,
        "energy": -(2.0**40) - 7,
        "count_3": 103.0,
        "running": 1.0,
        "stopped": 0.0,
        "level": 8.0,
        "high_bit": 1.0,
    }
    assert first.units == {"flow_l_min": "l/min"}
    assert first.codes["running"] == {"false": 0.0, "true": 1.0}
    assert abs(int(batch.time_ns[0]) - time.time_ns()) < 5e9
    holding = {(at, count) for function, at, count in behaviour.asked if function == 3}
    assert holding == {(0, 14), (23, 1)}  # neighbours in one request


async def test_what_a_device_refuses_is_split_until_all_else_is_read() -> None:
    behaviour = Behaviour(refuses={5: ExcCodes.ILLEGAL_ADDRESS, 23: ExcCodes.ILLEGAL_ADDRESS})
    async with serving(behaviour) as port:
        source = pump(port)
        async with Collector(source) as taken:
            await taken.until_rows(3)
            columns = set(taken.taken[-1].batches[0].columns)
            behaviour.asked.clear()
            await taken.until_rows(6)
            await until(lambda: "count_3" in source.status.details["refused"])
    assert columns == {one["channel"] for one in REGISTERS} - {"count_3"}
    assert "illegal data address" in source.status.details["refused"]["count_3"]
    assert "holding 23 of device 1" in source.status.details["refused"]["count_3"]
    assert not [at for f, at, n in behaviour.asked if f == 3 and at <= 23 < at + n]  # it rests


async def test_a_device_that_takes_few_registers_at_once_is_asked_for_fewer() -> None:
    many = [{"channel": f"c{i}", "table": "holding", "address": 30 + i} for i in range(120)]
    behaviour = Behaviour(most=40)
    async with serving(behaviour) as port, Collector(pump(port, registers=many)) as taken:
        await taken.until_rows(2)
        columns = taken.taken[-1].batches[0].columns
    assert len(columns) == 120
    assert {column.item(0) for column in columns.values()} == {7.0}


async def test_each_interval_has_rows_of_its_own() -> None:
    registers = [
        {"channel": "fast", "table": "holding", "address": 0, "interval_s": 0.02},
        {"channel": "slow", "table": "holding", "address": 20, "interval_s": 0.2},
    ]
    async with serving() as port, Collector(pump(port, registers=registers)) as taken:
        await asyncio.sleep(1.0)
        names = [name for d in taken.taken for b in d.batches for name in b.columns]
        assert np.all(np.diff(taken.times_ns()) >= 0)
    assert 4 <= names.count("slow") <= 7
    assert 25 <= names.count("fast") <= 52


async def test_a_slow_device_gives_fewer_rows_and_says_so() -> None:
    behaviour = Behaviour(wait_s=0.15)
    registers = REGISTERS[:1]
    async with serving(behaviour) as port:
        source = pump(port, registers=registers, interval_s=0.02)
        async with Collector(source) as taken:
            await taken.until_rows(8)
            assert {d.batches[0].columns["flow_l_min"].item(0) for d in taken.taken} == {12.5}
            await until(lambda: source.status.details["turns_left_out"] >= 5)


async def test_a_silent_device_rests_and_costs_the_others_nothing() -> None:
    registers = [
        {"channel": "a", "table": "holding", "address": 20, "device": 1},
        {"channel": "b", "table": "holding", "address": 21, "device": 2},
    ]
    silent = Behaviour(wait_s=30.0)
    port = free_port(socket.SOCK_STREAM)
    async with serving(Behaviour(), port=port, units=(1,), more={2: silent}):
        source = pump(port, registers=registers, timeout_s=0.1)
        async with Collector(source) as taken:
            await taken.until_rows(20)
            columns = {name for d in taken.taken for name in d.batches[0].columns}
            assert columns == {"a"}
            await until(lambda: source.status.details["silent_devices"])
            assert "no answer within 0.1 s" in source.status.details["silent_devices"]["2"]
            assert len(silent.asked) <= 3  # it is asked again after 1, 2, 4 ... 30 s
            silent.wait_s = 0.0
            await until(lambda: "b" in taken.taken[-1].batches[0].columns)
            await until(lambda: not source.status.details["silent_devices"])


async def test_a_server_that_was_away_is_read_again() -> None:
    port = free_port(socket.SOCK_STREAM)
    source = pump(port)
    async with serving(port=port):
        taken = Collector(source)
        await taken.__aenter__()
        await taken.until_rows(2)
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1"):
        await taken.until_end()
    await taken.__aexit__(None, None, None)
    with pytest.raises(SourceUnavailableError, match=r"nothing answers at 127\.0\.0\.1"):
        await source.open()
    async with serving(port=port), Collector(source) as again:
        await again.until_rows(2)
        assert source.status.state is SourceState.LIVE


async def test_a_way_that_swallows_everything_is_found_in_bounded_time() -> None:
    async with serving() as port, way_to(port) as way:
        source = pump(way.port, timeout_s=0.2)
        async with Collector(source) as taken:
            await taken.until_rows(2)
            way.swallows = True
            since_s = time.monotonic()
            with pytest.raises(SourceUnavailableError, match="3 requests in a row"):
                await taken.until_end(within_s=10.0)
            assert time.monotonic() - since_s < 5.0


async def test_rtu_over_a_serial_line_reads_the_same() -> None:
    with null_modem() as (device_end, our_end):
        async with serving_rtu(device_end, Behaviour()):
            source = make_source(
                "modbus",
                machine="pump",
                address=our_end,
                parity="N",
                registers=[one for one in REGISTERS if "device" not in one],
                interval_s=0.05,
            )
            async with Collector(source) as taken:
                await taken.until_rows(5)
                columns = taken.taken[-1].batches[0].columns
    assert columns["flow_l_min"].item(0) == 12.5
    assert columns["energy"].item(0) == -(2.0**40) - 7
    assert columns["running"].item(0) == 1.0


async def test_a_late_answer_on_a_serial_line_is_never_taken_for_another() -> None:
    """RTU answers do not say to which request they belong: these two differ in address alone."""
    registers = [
        {"channel": "a", "table": "holding", "address": 20},
        {"channel": "b", "table": "holding", "address": 29},
    ]
    behaviour = Behaviour()
    with null_modem() as (device_end, our_end):
        async with serving_rtu(device_end, behaviour):
            source = make_source(
                "modbus",
                machine="pump",
                address=our_end,
                parity="N",
                registers=registers,
                gap=0,
                interval_s=0.05,
                timeout_s=0.2,
            )
            async with Collector(source) as taken:
                await taken.until_rows(3)
                behaviour.wait_s = 0.3
                await until(lambda: source.status.details["failures"].get("no answer"))
                behaviour.wait_s = 0.0
                rows = taken.rows
                await taken.until_rows(rows + 5)
            assert set(taken_values(taken, "a")) == {100.0}
            assert set(taken_values(taken, "b")) == {109.0}


def taken_values(taken: Collector, name: str) -> list[float]:
    batches = [batch for decoded in taken.taken for batch in decoded.batches]
    return [value for b in batches for value in b.columns.get(name, np.empty(0)).tolist()]


async def test_a_map_that_is_mended_is_taken_at_the_next_try(tmp_path: Path) -> None:
    place = tmp_path / "pump.csv"
    async with serving() as port:
        source = pump(port, registers=None, map_file=str(place))
        with pytest.raises(SourceUnavailableError, match=r"pump\.csv: cannot be read"):
            await source.open()
        place.write_text("channel,table,address\nx,holdin,20\n")
        with pytest.raises(SourceUnavailableError, match=r"pump\.csv:2: table is 'holdin'"):
            await source.open()
        place.write_text("channel,table,address\nx,holding,20\n")
        async with Collector(source) as taken:
            await taken.until_rows(1)
            assert taken.column("x").item(0) == 100.0


async def test_a_probe_shows_what_lies_there_in_every_order() -> None:
    async with serving() as port:
        link = ModbusLink(way_of(f"127.0.0.1:{port}"), 1.0)
        await link.open()
        found = await probe(link, device=1, table=Table.HOLDING, address=0)
        by = {(one.kind, one.order): one.value for one in found.readings}
        assert by[RegisterType.FLOAT32, Order.ABCD] == 12.5
        last = await probe(link, device=1, table=Table.INPUT, address=2)
        assert last.words == (7,)
        bits = await probe(link, device=1, table=Table.COIL, address=0)
        assert bits.words == (1, 0, 1, 0)
        with pytest.raises(SourceUnavailableError, match="illegal data address"):
            await probe(link, device=1, table=Table.HOLDING, address=9_000)
        link.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"address": ""}, "address is ''"),
        ({"address": "udp://x:1"}, "address is 'udp://x:1'"),
        ({"address": "host:99999"}, "Give HOST or HOST:PORT"),
        ({"registers": None}, "either with map_file or with registers"),
        ({"map_file": "x.csv"}, "either with map_file or with registers"),
        ({"parity": "X"}, "parity is 'X'"),
        ({"device": 300}, "device is 300"),
        ({"registers": [{"channel": "x"}]}, "registers:1: address is missing"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as told:
        make_source(
            "modbus",
            **{"machine": "m", "address": "127.0.0.1", "registers": REGISTERS, **settings},
        )
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("address", "serial", "host", "port"),
    [
        ("192.168.0.20", False, "192.168.0.20", 502),
        ("tcp://plc:1502", False, "plc", 1502),
        ("[::1]:503", False, "::1", 503),
        ("rtu+tcp://10.0.0.5:4001", False, "10.0.0.5", 4001),
        ("/dev/ttyUSB0", True, "/dev/ttyUSB0", 0),
        ("COM3", True, "COM3", 0),
    ],
)
def test_an_address_says_how_a_device_is_reached(
    address: str, serial: bool, host: str, port: int
) -> None:
    way = way_of(address)
    assert (way.is_serial, way.host, way.port) == (serial, host, port)
