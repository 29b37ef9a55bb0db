"""A CAN bus as a feed: real buses in this computer, and an adapter that is pulled out."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import os
import pty
import select
import threading
import time
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import can
import numpy as np
import pytest

from telltale.errors import MissingExtraError, SettingsError, SourceUnavailableError
from telltale.formats.can.tables import CanTables
from telltale.profiles.load import ProfileBook
from telltale.runtime.core import Runtime
from telltale.runtime.fleet import Fleet
from telltale.sources.base import SourceState
from telltale.sources.can_bus import CanBusSource
from telltale.sources.can_open import BusAddress
from telltale.sources.can_reader import BusHealth, BusState, CanReader
from telltale.store.sqlite import SQLiteStore
from telltale.stream.memory import MemoryStream
from tests.doubles import Collector
from tests.formats.can import parts
from tests.waiting import until

_numbers = itertools.count()


@pytest.fixture(scope="module")
def car(tmp_path_factory: pytest.TempPathFactory) -> CanTables:
    return parts.tables_of(tmp_path_factory.mktemp("car"), parts.CAR)


@pytest.fixture
def channel() -> str:
    return f"test-{next(_numbers)}"


@contextmanager
def node(channel: str, interface: str = "virtual") -> Iterator[can.BusABC]:
    """Give another node on a bus."""
    bus = can.Bus(channel=channel, interface=interface, ignore_config=True)
    try:
        yield bus
    finally:
        bus.shutdown()


def send(bus: can.BusABC, n: int = 50, first: int = 0) -> None:
    for i in range(first, first + n):
        data = (4 * i).to_bytes(2, "little") + bytes([0, 0, 0, i % 4, 0, 0])
        bus.send(can.Message(arbitration_id=0x100, data=data, is_extended_id=False))


def speeds(taken: Collector) -> list[float]:
    found = [
        batch.columns["Engine.Speed"]
        for decoded in taken.taken
        for batch in decoded.batches
        if "Engine.Speed" in batch.columns
    ]
    values = np.concatenate(found) if found else np.empty(0)
    return [float(value) for value in values if not np.isnan(value)]


async def test_signals_come_with_their_times_and_unknown_frames_are_counted(
    car: CanTables, channel: str
) -> None:
    source = CanBusSource("car", car, interface="virtual", channel=channel)
    began_ns = time.time_ns()
    async with Collector(source) as taken:
        with node(channel) as bus:
            send(bus)
            for _ in range(3):
                bus.send(can.Message(arbitration_id=0x7FF, is_extended_id=False))
            await until(lambda: len(speeds(taken)) == 50)
        await until(lambda: source.status.details["frames"] == 53, within_s=3)
        times = taken.times_ns("car")
        assert began_ns - 10**9 <= times[0] <= times[-1] <= time.time_ns() + 10**9
        assert np.all(np.diff(times) >= 0)
        assert source.status.details["unknown"] == [{"id": "0x7FF", "frames": 3}]
        assert source.status.details["decoded_frames"] == 50
        assert "listens only: bus active, 53 frames, 50 of them" in source.status.detail
    assert speeds(taken) == [float(i) for i in range(50)]


async def test_what_the_bus_is_like_becomes_channels(car: CanTables, channel: str) -> None:
    source = CanBusSource("car", car, interface="virtual", channel=channel)
    passive = can.Message(
        arbitration_id=0x204, data=[0, 0x10, 0, 0, 0, 0, 3, 130], is_error_frame=True
    )
    async with Collector(source) as taken:
        with node(channel) as bus:
            send(bus, 1)
            bus.send(passive)
            await until(lambda: source.status.details["bus_state"] == "passive", within_s=3)
        await until(lambda: 2.0 in states(taken), within_s=3)
    last = [d.batches[0] for d in taken.taken if "can_bus_state" in d.batches[0].columns][-1]
    found = {name: values.tolist() for name, values in last.columns.items()}
    assert found == {
        "can_bus_state": [2.0],
        "can_error_frames": [1.0],
        "can_receive_errors": [130.0],
        "can_transmit_errors": [3.0],
        "can_dropped_frames": [0.0],
    }


async def test_the_bus_itself_can_be_left_out(car: CanTables, channel: str) -> None:
    source = CanBusSource(
        "car", car, interface="virtual", channel=channel, bus_channels=False, name="engine bus"
    )
    assert source.name == "engine bus"
    async with Collector(source) as taken:
        with node(channel) as bus:
            send(bus, 5)
            await until(lambda: len(speeds(taken)) == 5)
        await until(lambda: source.status.details["frames"] == 5, within_s=3)
    assert states(taken) == []


def states(taken: Collector) -> list[float]:
    return [
        float(batch.columns["can_bus_state"][0])
        for decoded in taken.taken
        for batch in decoded.batches
        if "can_bus_state" in batch.columns
    ]


@pytest.mark.parametrize(
    ("identifier", "data", "state"),
    [
        (0x004, [0, 0x04], BusState.WARNING),
        (0x004, [0, 0x20], BusState.PASSIVE),
        (0x040, [], BusState.OFF),
        (0x100, [], BusState.ACTIVE),
        (0x004, [0, 0x40], BusState.ACTIVE),
    ],
)
def test_error_frames_are_read_as_linux_writes_them(
    identifier: int, data: list[int], state: BusState
) -> None:
    health = BusHealth(state=BusState.WARNING)
    health.note(can.Message(arbitration_id=identifier, data=data, is_error_frame=True))
    assert (health.state, health.error_frames) == (state, 1)


async def test_a_bus_that_goes_off_is_lost_and_opened_again(
    car: CanTables, channel: str, tmp_path: Path
) -> None:
    source = CanBusSource("car", car, interface="virtual", channel=channel)
    async with running(tmp_path) as runtime:
        runtime.feeds.add(source)
        await until(lambda: source.status.state is SourceState.LIVE)
        with node(channel) as bus:
            send(bus, 5)
            await until(lambda: source.status.rows >= 5)
            bus.send(can.Message(arbitration_id=0x40, is_error_frame=True))
            await until(lambda: source.status.state is SourceState.WAITING)
            assert "the bus is off" in source.status.detail
            await until(lambda: source.status.state is SourceState.LIVE)
            rows = source.status.rows
            send(bus, 5, first=5)
            await until(lambda: source.status.rows >= rows + 5)
    assert source.status.details["error_frames"] == 1


class Slcan:
    """A serial adapter on a pseudo-terminal: takes the Lawicel commands, sends what it is told."""

    def __init__(self, port: Path) -> None:
        self.commands = b""
        self._end, self._device = pty.openpty()
        tty.setraw(self._device)
        port.unlink(missing_ok=True)
        port.symlink_to(os.ttyname(self._device))
        self._is_out = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        return b"L\r" in self.commands or b"O\r" in self.commands

    def send(self, n: int) -> None:
        for i in range(n):
            os.write(self._end, f"t1008{4 * i & 0xFF:02X}00000000020000\r".encode())

    def pull_out(self) -> None:
        self._is_out.set()
        self._thread.join(2)
        os.close(self._end)
        os.close(self._device)

    def _run(self) -> None:
        while not self._is_out.is_set():
            ready, _, _ = select.select([self._end], [], [], 0.02)
            if ready:
                data = os.read(self._end, 1024)
                self.commands += data
                os.write(self._end, b"\r" * data.count(b"\r"))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Runtime]:
    runtime = Runtime(
        Fleet(
            store=SQLiteStore(folder),
            stream=MemoryStream(),
            profiles=ProfileBook(folder / "profiles"),
        )
    )
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()


async def test_an_adapter_that_is_pulled_out_is_used_again_once_it_is_back(
    car: CanTables, tmp_path: Path
) -> None:
    port = tmp_path / "ttyCAN"
    adapter = Slcan(port)
    source = CanBusSource(
        "car",
        car,
        interface="slcan",
        channel=str(port),
        bitrate=500_000,
        settings={"sleep_after_open": 0},
    )
    async with running(tmp_path) as runtime:
        runtime.feeds.add(source)
        await until(lambda: adapter.is_open)
        assert b"S6\r" in adapter.commands
        assert b"L\r" in adapter.commands  # listens only: it acknowledges nothing
        await until(lambda: source.status.state is SourceState.LIVE)
        adapter.send(20)
        await until(lambda: source.status.details["frames"] >= 20)
        await asyncio.to_thread(adapter.pull_out)
        await until(lambda: source.status.state is SourceState.WAITING)
        assert "Plug the adapter in" in source.status.detail
        back = Slcan(port)
        await until(lambda: back.is_open)
        await until(lambda: source.status.state is SourceState.LIVE)
        back.send(20)
        await until(lambda: source.status.details["frames"] >= 40)
        await runtime.feeds.remove(source.name)
        await asyncio.to_thread(back.pull_out)
    assert source.status.state is SourceState.CLOSED


async def test_multicast_is_read_or_the_missing_package_is_named(car: CanTables) -> None:
    source = CanBusSource("car", car, interface="udp_multicast", channel="239.74.163.77")
    if importlib.util.find_spec("msgpack") is None:
        with pytest.raises(MissingExtraError, match=r'msgpack.*pip install "telltale\[vehicle\]"'):
            await source.open()
        return
    async with Collector(source) as taken:
        with node("239.74.163.77", "udp_multicast") as bus:
            send(bus)
            await until(lambda: len(speeds(taken)) == 50)


def test_what_nobody_takes_is_dropped_and_counted(channel: str) -> None:
    bus = can.Bus(channel=channel, interface="virtual", ignore_config=True)
    reader = CanReader(bus, lambda: None, max_waiting=10)
    with node(channel) as other:
        send(other, 30)
        end_s = time.monotonic() + 5
        while reader.waiting + reader.dropped < 30 and time.monotonic() < end_s:
            time.sleep(0.005)
    assert (reader.waiting, reader.dropped) == (10, 20)
    assert len(reader.take(100)) == 10
    reader.stop()
    reader.stop()


async def test_an_adapter_that_counts_from_its_own_start_is_put_on_the_clock(
    car: CanTables, channel: str
) -> None:
    settings = {"preserve_timestamps": True}
    source = CanBusSource("car", car, interface="virtual", channel=channel, settings=settings)
    async with Collector(source) as taken:
        bus = can.Bus(
            channel=channel, interface="virtual", ignore_config=True, preserve_timestamps=True
        )
        for stamp in (5.0, 5.1, 5.1, 5.3):
            message = can.Message(
                timestamp=stamp, arbitration_id=0x100, data=bytes(8), is_extended_id=False
            )
            bus.send(message)
        await until(lambda: len(speeds(taken)) == 4)
        bus.shutdown()
    times = np.concatenate(
        [
            batch.time_ns
            for decoded in taken.taken
            for batch in decoded.batches
            if "Engine.Speed" in batch.columns
        ]
    )
    assert np.diff(times).tolist() == [100_000_000, 1, 199_999_999]
    assert abs(times[-1] - time.time_ns()) < 5 * 10**9


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"interface": "socketcam"}, "Did you mean 'socketcan'"),
        ({"channel": ""}, "channel is ''"),
        ({"bitrate": 5}, "bitrate is 5"),
        ({"senders": "nobody"}, "senders is 'nobody'"),
        ({"settings": {"bitrate": 5}}, "Give it as bitrate"),
        ({"gather_ms": -1}, "gather_ms is -1"),
        ({"machine": " "}, "machine is ' '"),
        ({"database": []}, "Give a DBC file"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any], why: str) -> None:
    settings: dict[str, Any] = {"machine": "car", "database": "car.dbc", **wrong}
    with pytest.raises(SettingsError, match=why):
        CanBusSource(**settings)


async def test_a_database_that_is_not_there_ends_the_source_with_a_sentence(
    tmp_path: Path, channel: str
) -> None:
    source = CanBusSource("car", tmp_path / "absent.dbc", interface="virtual", channel=channel)
    async with running(tmp_path) as runtime:
        runtime.feeds.add(source)
        await until(lambda: source.status.state is SourceState.ENDED)
    assert "absent.dbc: No such file or directory. Give the CAN database." in source.status.detail


def test_an_interface_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(
        SourceUnavailableError, match="ip link set can77 up type can bitrate 250000"
    ):
        BusAddress("socketcan", "can77", bitrate=250_000).open()
    with pytest.raises(SourceUnavailableError, match="install PEAK's driver"):
        BusAddress("pcan", "PCAN_USBBUS1").open()
    with pytest.raises(SourceUnavailableError, match="install Kvaser's CANlib"):
        BusAddress("kvaser", "0").open()
