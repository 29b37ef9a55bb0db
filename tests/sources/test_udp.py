"""UDP over the loopback with real sockets: whole, broken, huge and many datagrams."""

from __future__ import annotations

import json
import socket
import time

import pytest
import structlog.testing

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.base import Rejection
from telltale.sources.base import SourceState
from telltale.sources.reason_log import MAX_SENDERS, PER_MINUTE, ReasonLog
from telltale.sources.udp import UdpSource
from telltale.sources.udp_socket import (
    drain,
    kernel_drops,
    open_udp_socket,
    receive_buffer_bytes,
    widen_receive_buffer,
)
from tests.doubles import Collector

TIME_S = 1_763_712_000


def reading(i: int = 0, machine: str = "pump-3", **more: object) -> bytes:
    return json.dumps({"machine": machine, "time": TIME_S + i / 1000, "x": i, **more}).encode()


class Sender:
    """A socket that sends to a source."""

    def __init__(self, source: UdpSource) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", source.port))

    def send(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.socket.send(payload)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


async def test_a_json_reading_arrives_with_its_machine_time_and_value() -> None:
    source = UdpSource(port=0)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            sender.send(reading(7))
            await taken.until_rows(1)
        (batch,) = taken.taken[0].batches
        assert batch.machine == "pump-3"
        assert batch.time_ns.tolist() == [TIME_S * 10**9 + 7_000_000]
        assert batch.columns["x"].tolist() == [7.0]
        assert source.status.rows == 1
        assert source.status.last_time_ns == batch.time_ns[0]


async def test_the_11_field_line_of_the_race_feed_arrives() -> None:
    source = UdpSource(port=0)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            sender.send(
                b"2025-09-06T18:40:41.775Z,sebring,GR86-002-13,4,812.5,143.2,0.31,-0.92,12.5,0,6120"
            )
            await taken.until_rows(1)
        columns = taken.taken[0].batches[0].columns
        assert columns["speed_kmh"].tolist() == [143.2]
        assert columns["rpm"].tolist() == [6120.0]


async def test_a_lone_datagram_is_passed_on_at_once() -> None:
    source = UdpSource(port=0)
    took_ms = []
    async with Collector(source) as taken:
        with Sender(source) as sender:
            for i in range(20):
                before = time.perf_counter()
                sender.send(reading(i))
                await taken.until_rows(i + 1)
                took_ms.append((time.perf_counter() - before) * 1e3)
    assert sorted(took_ms)[len(took_ms) // 2] < 6.0  # the collector itself looks every 2 ms


async def test_half_a_datagram_and_garbage_cost_only_themselves() -> None:
    source = UdpSource(port=0)
    with structlog.testing.capture_logs() as logs:
        async with Collector(source) as taken:
            with Sender(source) as sender:
                bad = [reading(1)[:20], b"\xff\xfe\x00garbage", b"[[[[", b'{"x": 1}', b"a,b"]
                sender.send(reading(0), *bad, reading(2))
                await taken.until_rows(2)
                sender.send(reading(3))
                await taken.until_rows(3)
            assert taken.column("x").tolist() == [0.0, 2.0, 3.0]
            assert source.status.rejected == len(bad)
    told = [entry for entry in logs if entry["event"] == "reading_refused"]
    assert len(told) == len(bad)
    assert all(entry["sender"].startswith("127.0.0.1:") for entry in told)


async def test_an_empty_datagram_does_no_harm() -> None:
    source = UdpSource(port=0)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            sender.send(b"", reading(1))
            await taken.until_rows(1)
            assert taken.column("x").tolist() == [1.0]


async def test_the_largest_datagram_there_can_be_is_read_whole() -> None:
    source = UdpSource(port=0)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            sender.send(reading(5, note="n" * 65_000))
            await taken.until_rows(1)
            assert taken.column("x").tolist() == [5.0]


async def test_a_burst_arrives_completely_and_in_order() -> None:
    source = UdpSource(port=0)
    async with Collector(source) as taken:
        with Sender(source) as sender:
            sender.send(*(reading(i) for i in range(3000)))
            await taken.until_rows(3000 - source.status.dropped)
        assert source.status.dropped == 0
        assert taken.column("x").tolist() == [float(i) for i in range(3000)]
        assert source.status.rate.per_second(time.time_ns()) > 0


async def test_what_the_system_drops_is_counted() -> None:
    """A tiny receive buffer that nobody drains must overflow."""
    udp = open_udp_socket("127.0.0.1", 0)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(500):
        sender.sendto(reading(i), udp.getsockname())
    kept: list[bytes] = []
    drain(udp, 1000, kept)
    assert 0 < len(kept) < 500
    assert kernel_drops(udp) == 500 - len(kept)
    sender.close()
    udp.close()


async def test_what_is_lost_or_not_taken_before_closing_is_counted_and_stays_so() -> None:
    source = UdpSource(port=0)
    await source.open()
    assert source._udp is not None
    source._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with Sender(source) as sender:
        sender.send(*(reading(i) for i in range(500)))
    await source.close()
    assert source.status.dropped == 500
    await source.open()
    await source.close()
    assert source.status.dropped == 500


def test_the_receive_buffer_is_as_large_as_the_system_allows() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    before = receive_buffer_bytes(udp)
    widen_receive_buffer(udp, 1 << 26)
    assert receive_buffer_bytes(udp) >= before
    udp.close()


async def test_a_port_in_use_is_unavailable_and_can_be_tried_again() -> None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.bind(("127.0.0.1", 0))
    source = UdpSource(port=holder.getsockname()[1])
    with pytest.raises(SourceUnavailableError, match="Another program may use the port"):
        await source.open()
    holder.close()
    await source.open()
    assert source.status.state is SourceState.LIVE
    assert "receive buffer" in source.status.detail
    await source.close()


def test_settings_are_checked_before_anything_is_opened() -> None:
    with pytest.raises(SettingsError, match="port is 70000"):
        UdpSource(port=70_000)
    with pytest.raises(SettingsError, match="host"):
        UdpSource(host="")
    with pytest.raises(SettingsError, match="gather_ms"):
        UdpSource(gather_ms=-1)


def refusals(n: int) -> list[Rejection]:
    return [Rejection(i, None, None, "a reading", f"bad {i}") for i in range(n)]


def test_a_sender_is_logged_ten_times_a_minute_and_then_counted() -> None:
    minute_ns = 60 * 10**9
    log = ReasonLog("udp:1")
    with structlog.testing.capture_logs() as logs:
        assert log.note(refusals(15), ["a"] * 15, now_ns=0) == PER_MINUTE
        assert log.note(refusals(3), ["b"] * 3, now_ns=0) == 3
        assert log.note(refusals(1), ["a"], now_ns=1) == 0
        assert log.note(refusals(1), ["a"], now_ns=minute_ns) == 1
    silenced = [entry for entry in logs if entry["event"] == "readings_refused_unlogged"]
    assert [entry["more"] for entry in silenced] == [6]


def test_many_senders_do_not_fill_the_memory() -> None:
    log = ReasonLog("udp:1")
    with structlog.testing.capture_logs():
        for i in range(MAX_SENDERS + 50):
            log.note(refusals(1), [f"s{i}"], now_ns=0)
    assert len(log._minutes) == MAX_SENDERS
