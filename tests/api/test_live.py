"""The live WebSocket and server-sent events against a real server."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection

from telltale.api.settings import ApiSettings
from telltale.batch import Batch
from telltale.events import Event, EventKind, Level
from telltale.pipeline.base import Result
from telltale.stream.hub import Hub
from telltale.stream.memory import MemoryStream
from tests.api.conftest import API, Serve, Served, serving
from tests.waiting import until

T_NS = 1_763_712_000 * 10**9


def hub_of(served: Served) -> Hub:
    assert isinstance(served.runtime.stream, MemoryStream)
    return served.runtime.stream.hub


def note(machine: str, number: int) -> Event:
    return Event(
        key=f"{machine}/limit/flow_l_min/warn_below/{number}",
        machine=machine,
        kind=EventKind.LIMIT,
        level=Level.WARN,
        name="flow_l_min",
        rule="warn_below",
        start_ns=number,
        end_ns=number + 1,
    )


async def push(served: Served, number: int, machine: str = "pump-3") -> None:
    reading = {
        "time": T_NS + number * 10**9,
        "bearing_temp_c": 40.0,
        "flow_l_min": float(number % 90),
    }
    assert (await served.push(machine, [reading])).status_code == 200


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def heard(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def heard_until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (message := await heard(socket))["type"] != kind:
        pass
    return message


async def test_subscribing_gives_hello_then_backfill_then_frames(served: Served) -> None:
    for number in range(5):
        await push(served, number)
    async with served.socket() as socket:
        await say(socket, type="subscribe", backfill_s=60, rate_hz=50)
        messages = [await heard(socket) for _ in range(3)]
        assert [message["type"] for message in messages] == ["hello", "backfill", "frame"]
        hello, past, frame = messages
        assert hello["resumed"] is False
        assert past["machine"] == "pump-3"
        assert past["time_ns"] == [T_NS + number * 10**9 for number in range(5)]
        assert past["columns"]["flow_l_min"] == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert frame["machines"]["pump-3"]["values"]["flow_l_min"] == 4.0
        await push(served, 6)
        frame = await heard_until(socket, "frame")
        assert frame["machines"]["pump-3"]["values"]["flow_l_min"] == 6.0
        assert frame["seq"] > hello["seq"]


async def test_frames_come_at_the_asked_rate(served: Served) -> None:
    await push(served, 0)
    async with served.socket() as socket:
        await say(socket, type="subscribe", rate_hz=10)
        await heard_until(socket, "frame")

        async def feed() -> None:
            for number in range(1, 10_000):
                await push(served, number)

        feeding = asyncio.create_task(feed())
        begin_s = time.monotonic()
        times_s = []
        while time.monotonic() - begin_s < 1.5:
            await heard_until(socket, "frame")
            times_s.append(time.monotonic())
        feeding.cancel()
    assert 9 <= len(times_s) <= 17
    assert float(np.median(np.diff(times_s))) == pytest.approx(0.1, abs=0.04)


async def test_subscribing_anew_replaces_the_machines_and_channels(served: Served) -> None:
    await push(served, 1, "pump-1")
    await push(served, 2, "pump-2")
    async with served.socket() as socket:
        await say(socket, type="subscribe", machines=["pump-1"])
        assert (await heard_until(socket, "frame"))["machines"].keys() == {"pump-1"}
        await say(socket, type="subscribe", machines=["pump-2"], channels=["flow_l_min"])
        await heard_until(socket, "hello")
        frame = await heard_until(socket, "frame")
        assert frame["machines"].keys() == {"pump-2"}
        assert frame["machines"]["pump-2"]["values"] == {"flow_l_min": 2.0}
        assert hub_of(served).viewers == 1


async def test_a_client_that_comes_back_gets_exactly_the_events_it_missed(served: Served) -> None:
    publish = served.runtime.stream.publish_event
    async with served.socket() as socket:
        await say(socket, type="subscribe")
        epoch = (await heard_until(socket, "hello"))["epoch"]
        publish(note("pump-3", 1))
        last = await heard_until(socket, "events")
    for number in range(2, 6):
        publish(note("pump-3", number))
    async with served.socket() as socket:
        await say(socket, type="subscribe", resume={"epoch": epoch, "seq": last["seq"]})
        hello = await heard(socket)
        events = await heard_until(socket, "events")
    assert (hello["resumed"], hello["missed_events"]) == (True, 0)
    assert [event["start_ns"] for event in events["events"]] == [2, 3, 4, 5]


async def test_another_epoch_cannot_be_resumed(served: Served) -> None:
    async with served.socket() as socket:
        await say(socket, type="subscribe", resume={"epoch": "other", "seq": 5})
        assert (await heard(socket))["resumed"] is False


async def test_a_frame_says_the_same_state_as_the_machine_itself(served: Served) -> None:
    await push(served, 1, "live")
    body = b"time,bearing_temp_c,flow_l_min\n1763712000,40,50\n"
    params = {"filename": "old.csv", "profile": "industrial_pump"}
    await served.http.post(f"{API}/imports", params=params, content=body)
    await until(lambda: len(served.runtime.machines()) == 2)
    async with served.socket() as socket:
        await say(socket, type="subscribe")
        frame = await heard_until(socket, "frame")
    for machine in ("live", "old"):
        view = (await served.get(f"/machines/{machine}")).json()
        assert frame["machines"][machine]["state"] == view["state"]


async def test_pings_are_answered_and_the_server_pings_too(serve: Serve) -> None:
    served: Served = await serve(settings=ApiSettings(ping_s=0.05))
    async with served.socket() as socket:
        await say(socket, type="ping", sent_ms=123)
        pong = await heard_until(socket, "pong")
        assert pong["sent_ms"] == 123
        assert abs(pong["server_ms"] / 1000 - time.time()) < 5
        ping = await heard_until(socket, "ping")
        await say(socket, type="pong", sent_ms=ping["sent_ms"])
        assert (await heard_until(socket, "ping"))["sent_ms"] >= ping["sent_ms"]


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("{broken", "cannot be read"),
        ('{"type": "shout"}', "shout"),
        ('{"type": "subscribe", "rate_hz": 0}', "rate_hz"),
        ('{"type": "subscribe", "rate_hz": 1e9}', "rate_hz"),
        ('{"type": "subscribe", "machines": "all"}', "machines"),
        ('{"type": "subscribe", "backfill_s": -1}', "backfill_s"),
        ("[" * 50_000, "cannot be read"),
        ("x" * 70_000, "longer"),
    ],
)
async def test_a_message_that_makes_no_sense_is_answered_and_costs_nothing_else(
    served: Served, message: str, word: str
) -> None:
    await push(served, 1)
    async with served.socket() as socket:
        await socket.send(message)
        answer = await heard(socket)
        assert answer["type"] == "error"
        assert word in answer["detail"]
        await say(socket, type="subscribe")
        assert (await heard_until(socket, "frame"))["machines"].keys() == {"pump-3"}


async def test_a_viewer_that_reads_nothing_takes_no_frames_from_the_others(served: Served) -> None:
    names = [f"channel_{number}" for number in range(400)]
    stalled = await _stalled_viewer(served)
    try:
        async with served.socket() as socket:
            await say(socket, type="subscribe", rate_hz=100)
            hub = hub_of(served)
            gaps_s: list[float] = []
            before_s = time.monotonic()
            for number in range(400):
                _publish_wide(served, names, number)
                await heard_until(socket, "frame")
                gaps_s.append(time.monotonic() - before_s)
                before_s = time.monotonic()
            assert hub.dropped > 20
            assert float(np.quantile(gaps_s, 0.95)) < 0.2
    finally:
        stalled.close()


def _publish_wide(served: Served, names: list[str], number: int) -> None:
    time_ns = np.array([T_NS + number], dtype=np.int64)
    values = {name: np.array([number + 0.123456789]) for name in names}
    served.runtime.stream.publish(Result(Batch("wide", time_ns, values)))


async def _stalled_viewer(served: Served) -> sockets.socket:
    """Open a socket by hand, subscribe, and never read from it again."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", served.port))
    await loop.sock_sendall(
        raw,
        f"GET {API}/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode(),
    )
    await loop.sock_recv(raw, 1000)
    text = json.dumps({"type": "subscribe", "rate_hz": 200}).encode()
    frame = bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text  # masked with zeros
    await loop.sock_sendall(raw, frame)
    await asyncio.sleep(0.05)
    assert hub_of(served).viewers == 1
    return raw


async def test_a_viewer_that_leaves_is_forgotten(served: Served) -> None:
    hub = hub_of(served)
    async with served.socket() as socket:
        await say(socket, type="subscribe")
        await heard(socket)
        assert hub.viewers == 1
    for _ in range(100):
        if hub.viewers == 0:
            break
        await asyncio.sleep(0.01)
    assert hub.viewers == 0


async def sse(response: httpx.Response, n_events: int) -> list[dict[str, str]]:
    events: list[dict[str, str]] = []
    current: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            current[name] = value
        elif current:
            events.append(current)
            current = {}
            if len(events) == n_events:
                break
    return events


async def test_server_sent_events_say_the_same_as_the_socket(served: Served) -> None:
    await push(served, 7)
    async with served.socket() as socket:
        await say(socket, type="subscribe", rate_hz=50, backfill_s=60)
        by_socket = [await heard(socket) for _ in range(3)]
    url = f"{API}/live/events"
    params = {"rate_hz": 50, "backfill_s": 60}
    async with served.http.stream("GET", url, params=params) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = [event for event in await sse(response, 4) if "event" in event]
    by_events = [json.loads(event["data"]) for event in events]
    assert [event["event"] for event in events] == ["hello", "backfill", "frame"]
    assert by_events[1] == by_socket[1]
    assert (
        by_events[2]["machines"]["pump-3"]["values"] == by_socket[2]["machines"]["pump-3"]["values"]
    )
    assert int(events[2]["id"]) == by_events[2]["seq"]


async def test_server_sent_events_resume_behind_the_last_id(served: Served) -> None:
    publish = served.runtime.stream.publish_event
    hub = hub_of(served)
    publish(note("pump-3", 1))
    seen = hub.seq
    publish(note("pump-3", 2))
    publish(note("pump-3", 3))
    headers = {"last-event-id": str(seen)}
    async with served.http.stream("GET", f"{API}/live/events", headers=headers) as response:
        events = await sse(response, 3)
    hello, told = (json.loads(event["data"]) for event in events[1:])
    assert hello["resumed"] is True
    assert [event["start_ns"] for event in told["events"]] == [2, 3]
    for _ in range(100):
        if hub.viewers == 0:
            break
        await asyncio.sleep(0.01)
    assert hub.viewers == 0


async def test_values_kept_before_a_restart_are_shown_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as first:
        await push(first, 3)
        old_epoch = hub_of(first).epoch
    async with serving(tmp_path) as second, second.socket() as socket:
        await say(socket, type="subscribe", resume={"epoch": old_epoch, "seq": 1})
        hello = await heard(socket)
        frame = await heard_until(socket, "frame")
    assert hello["resumed"] is False
    assert hello["epoch"] != old_epoch
    assert frame["machines"]["pump-3"]["values"]["flow_l_min"] == 3.0
