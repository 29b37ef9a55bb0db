"""What every registered source promises; a new entry is tested the moment it is registered."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import can
import numpy as np
import pytest

from telltale.batch import NS_PER_S, Batch
from telltale.errors import SettingsError, SourceUnavailableError
from telltale.sources import SOURCES, make_source
from telltale.sources.base import Source, SourceState, SourceStatus
from telltale.sources.recording import BatchRecording
from telltale.sources.udp import UdpSource
from tests import modbus_devices, opc_ua_server
from tests.brokers import Peer, lasting_broker
from tests.doubles import Collector
from tests.elm import lasting_address
from tests.formats.can.parts import CAR
from tests.formats.can.parts import database as can_database

RECORDED_NS = 1_763_712_000 * NS_PER_S
COVERED: set[str] = set()


@dataclass(frozen=True, slots=True)
class Case:
    """How one source is made, fed and broken.

    Attributes:
        make: Makes one that can open, from a folder of its own.
        feed: Does what makes it give samples, once it is open.
        bad: Settings that its constructor must refuse.
        make_unavailable: Makes one that cannot open; None with the reason in `always_opens`.
        always_opens: Why there is no way in which it could not open.
    """

    make: Callable[[Path], Source]
    feed: Callable[[Source], None]
    bad: dict[str, object]
    make_unavailable: Callable[[Path], Source] | None = None
    always_opens: str = ""


def recording() -> BatchRecording:
    time_ns = RECORDED_NS + np.arange(50, dtype=np.int64) * 1_000_000
    return BatchRecording("test", [Batch("m", time_ns, {"x": np.arange(50.0)})])


def folder_with_a_log(folder: Path) -> Path:
    lines = [f"2026-01-01T00:00:{i:02d}Z,{i}" for i in range(50)]
    (folder / "log.csv").write_text("time,x\n" + "\n".join(lines) + "\n")
    return folder


def send_datagrams(source: Source) -> None:
    assert isinstance(source, UdpSource)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for i in range(50):
            payload = f'{{"machine": "m{i % 2}", "time": {1763712000 + i}, "x": {i}}}'
            udp.sendto(payload.encode(), ("127.0.0.1", source.port))


def send_frames(_: Source) -> None:
    with can.Bus(channel="contract", interface="virtual", ignore_config=True) as bus:
        for i in range(60):
            bus.send(can.Message(arbitration_id=0x100, data=bytes([i] * 8), is_extended_id=False))


def publish_messages(source: Source) -> None:
    peer = Peer(lasting_broker().port)
    for i in range(50):
        peer.publish(f"contract/m{i % 2}", f'{{"time": {1763712000 + i}, "x": {i}}}', qos=0)
    peer.leave()


def nothing_to_do(source: Source) -> None:
    """It feeds itself."""


def udp_on_a_foreign_address(_: Path) -> Source:
    return make_source("udp", host="192.0.2.1", port=0)  # TEST-NET-1, never an own address


CASES = {
    "mqtt": Case(
        lambda _: make_source("mqtt", topics="contract/{machine}", port=lasting_broker().port),
        publish_messages,
        {"topics": "a/{machine}", "qos": 3},
        lambda _: make_source("mqtt", topics="a/{machine}", port=9),  # discard: nobody
    ),
    "simulator": Case(
        lambda _: make_source("simulator", machine="p", simulator="pump", rate_hz=100),
        nothing_to_do,
        {"machine": "p", "simulator": "pump", "rate_hz": 0},
        always_opens="It needs nothing from outside.",
    ),
    "udp": Case(
        lambda _: make_source("udp", port=0),
        send_datagrams,
        {"port": -1},
        udp_on_a_foreign_address,
    ),
    "replay": Case(
        lambda _: make_source("replay", recording=recording(), speed=100, loop=True),
        nothing_to_do,
        {"recording": recording(), "speed": 2000},
        always_opens="Its recording was opened by whoever gave it.",
    ),
    "file_replay": Case(
        lambda folder: make_source(
            "file_replay", path=folder_with_a_log(folder) / "log.csv", speed=100, loop=True
        ),
        nothing_to_do,
        {"path": "log.csv", "times": "never"},
        lambda folder: make_source("file_replay", path=folder / "absent.csv"),
    ),
    "watch_folder": Case(
        lambda folder: make_source(
            "watch_folder", folder=folder_with_a_log(folder), poll_s=0.02, settle_s=0
        ),
        nothing_to_do,
        {"folder": "x", "poll_s": 0},
        lambda folder: make_source("watch_folder", folder=folder / "absent"),
    ),
    "obd2": Case(
        lambda _: make_source(
            "obd2", machine="car", port=lasting_address(), profile="focus_st", fast_hz=50
        ),
        nothing_to_do,
        {"machine": "car", "port": ""},
        lambda _: make_source("obd2", machine="car", port="127.0.0.1:9"),  # discard: nobody
    ),
    "can_bus": Case(
        lambda folder: make_source(
            "can_bus",
            machine="car",
            database=can_database(folder, CAR),
            interface="virtual",
            channel="contract",
        ),
        send_frames,
        {"machine": "car", "database": "car.dbc", "interface": "can"},
        lambda folder: make_source(
            "can_bus", machine="car", database=can_database(folder, CAR), channel="absent"
        ),
    ),
    "modbus": Case(
        lambda _: make_source(
            "modbus",
            machine="pump",
            address=modbus_devices.lasting_address(),
            registers=[{"channel": "x", "table": "holding", "address": 20}],
            interval_s=0.02,
        ),
        nothing_to_do,
        {"machine": "pump", "address": "127.0.0.1", "registers": []},
        lambda _: make_source(
            "modbus",
            machine="pump",
            address="127.0.0.1:9",
            registers=[{"channel": "x", "table": "holding", "address": 20}],
        ),
    ),
    "opc_ua": Case(
        lambda _: make_source(
            "opc_ua",
            machine="pump",
            url=opc_ua_server.lasting_url(),
            nodes={"ticks": "ns=2;s=Pump3.ticks"},
            interval_s=0.05,
        ),
        nothing_to_do,
        {"machine": "pump", "url": "opc.tcp://127.0.0.1:9", "nodes": {}},
        lambda _: make_source(
            "opc_ua", machine="pump", url="opc.tcp://127.0.0.1:9", nodes={"x": "i=85"}
        ),
    ),
}


def case_of(name: str) -> Case:
    COVERED.add(name)
    return CASES[name]


def counters(status: SourceStatus) -> tuple[int, int, int, int]:
    return status.rows, status.rejected, status.dropped, status.last_time_ns


@pytest.mark.parametrize("name", SOURCES)
def test_bad_settings_are_refused_by_the_constructor_without_io(name: str) -> None:
    with pytest.raises(SettingsError, match=r"\. ?"):
        make_source(name, **case_of(name).bad)
    with pytest.raises(SettingsError, match=f"source {name}: .*colour"):
        make_source(name, **{**case_of(name).bad, "colour": "red"})


@pytest.mark.parametrize("name", SOURCES)
async def test_the_constructor_opens_nothing_and_a_source_has_a_name(
    name: str, tmp_path: Path
) -> None:
    source = case_of(name).make(tmp_path)
    assert source.name
    assert isinstance(source.simulated, bool)
    assert source.status.state is SourceState.CLOSED
    assert counters(source.status) == (0, 0, 0, 0)


@pytest.mark.parametrize("name", SOURCES)
async def test_times_never_go_back_and_counters_only_grow(name: str, tmp_path: Path) -> None:
    source = case_of(name).make(tmp_path)
    seen: list[tuple[int, int, int, int]] = []
    async with Collector(source) as taken:
        assert source.status.state is SourceState.LIVE
        case_of(name).feed(source)
        for rows in (10, 30, 50):
            await taken.until_rows(rows)
            seen.append(counters(source.status))
        machines = {batch.machine for decoded in taken.taken for batch in decoded.batches}
        for machine in machines:
            assert np.all(np.diff(taken.times_ns(machine)) >= 0)
    seen.append(counters(source.status))
    assert machines
    for before, after in pairwise(seen):
        assert all(a >= b for a, b in zip(after, before, strict=True))
    assert source.status.rows >= 50
    assert source.status.rate.per_second(time.time_ns()) > 0
    assert source.status.last_time_ns > 0
    assert source.status.detail


@pytest.mark.parametrize("name", SOURCES)
async def test_closing_twice_is_safe_before_and_after_opening(name: str, tmp_path: Path) -> None:
    source = case_of(name).make(tmp_path)
    await source.close()
    await source.close()
    await source.open()
    await source.close()
    await source.close()
    assert source.status.state is SourceState.CLOSED


@pytest.mark.parametrize("name", SOURCES)
async def test_closing_ends_the_batches_within_a_second(name: str, tmp_path: Path) -> None:
    source = case_of(name).make(tmp_path)
    async with Collector(source) as taken:
        await asyncio.sleep(0.05)
        await source.close()
        await taken.until_end(within_s=1.0)


@pytest.mark.parametrize("name", SOURCES)
async def test_a_source_can_be_opened_again_after_closing(name: str, tmp_path: Path) -> None:
    source = case_of(name).make(tmp_path)
    async with Collector(source) as taken:
        await asyncio.sleep(0.01)
    if name == "watch_folder":
        (tmp_path / "more.csv").write_text("time,x\n2026-01-02T00:00:00Z,1\n")
    async with Collector(source) as taken:
        case_of(name).feed(source)
        await taken.until_rows(1)


@pytest.mark.parametrize("name", SOURCES)
async def test_what_cannot_open_says_so_in_a_sentence(name: str, tmp_path: Path) -> None:
    case = case_of(name)
    if case.make_unavailable is None:
        assert case.always_opens
        await case.make(tmp_path).open()
        return
    source = case.make_unavailable(tmp_path)
    with pytest.raises(SourceUnavailableError, match=r": .+\. .+") as told:
        await source.open()
    assert len(str(told.value)) > 30
    await source.close()


def test_an_unknown_source_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="Did you mean 'replay'"):
        make_source("relay")


def test_no_registered_source_was_left_out() -> None:
    for name in SOURCES:
        case_of(name)
    assert set(CASES) == set(SOURCES) == COVERED
