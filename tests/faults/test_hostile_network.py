"""Senders, viewers and web pages that mean harm: each is told, bounded and outlived."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.faults.server import API, TIMEOUT_S, Server, free_udp_port, serving, until

PUMP = {"bearing_temp_c": 41.5}
HEAD = b"POST /api/v1/machines/pump-1/telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(autouse=True)
def goes_on(server: Server) -> Iterator[None]:
    """After every test the server answers, keeps readings from HTTP and UDP, and has not grown."""
    yield
    assert server.push_json("pump-1", PUMP).json()["accepted"] == 1
    before = server.get("/machines/pump-1")["rows"]
    send(server, json.dumps({"machine": "pump-1", **PUMP}).encode())
    until(lambda: server.get("/machines/pump-1")["rows"] > before, "UDP goes on")
    assert server.rss_mib() < 500


def send(server: Server, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for datagram in datagrams:
            udp.sendto(datagram, ("127.0.0.1", server.udp_port))


def say(url: str, message: str) -> str | bytes:
    with connect(url, proxy=None) as websocket:
        websocket.send(message)
        return websocket.recv(timeout=TIMEOUT_S)


def udp_count(server: Server, what: str) -> int:
    return int(server.get("/sources")["sources"][0][what])


def address(server: Server, path: str) -> str:
    return f"ws://127.0.0.1:{server.port}{API}{path}"


BAD_DATAGRAMS = {
    "nothing": b"",
    "half of one": b'{"machine": "pump-1", "bearing_t',
    "not UTF-8": b"\xff\xfe\x00",
    "a list": b'[{"machine": "pump-1", "bearing_temp_c": 4}]',
    "no machine": b'{"bearing_temp_c": 4}',
    "a machine with a slash": b'{"machine": "../x", "bearing_temp_c": 4}',
    "deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "no value": b'{"machine": "void"}',
    "no number, of a new machine": b'{"machine": "void", "colour": null}',
    "2,000 channels, of a new machine": json.dumps(
        {"machine": "wide", **{f"c{i}": i for i in range(2_000)}}
    ).encode(),
    "half a CSV line": b"1760000000,barber,88,1,0.5",
}


@pytest.mark.parametrize("datagram", BAD_DATAGRAMS.values(), ids=BAD_DATAGRAMS)
def test_a_bad_datagram_is_counted_and_costs_only_itself(server: Server, datagram: bytes) -> None:
    before = udp_count(server, "rejected")
    send(server, datagram)
    until(lambda: udp_count(server, "rejected") > before, "it is counted")
    assert not {"void", "wide"} & {m["id"] for m in server.get("/machines")["machines"]}
    assert server.get("/sources")["sources"][0]["state"] == "live"


GARBAGE: list[str | bytes] = [
    "",
    "{",
    "[]",
    b"\x00\xff",
    "[" * 60_000,
    "x" * 70_000,
    '{"type": "nonsense"}',
    '{"type": "subscribe", "machines": 5}',
    '{"type": "subscribe", "rate_hz": -1}',
    '{"type": "subscribe", "rate_hz": 1e999}',
    '{"type": "subscribe", "backfill_s": 1e9}',
    '{"type": "subscribe", "resume": {"epoch": 5}}',
    '{"type": "ping", "sent_ms": "now"}',
    json.dumps({"type": "subscribe", "machines": [str(i) for i in range(2_000)]}),
]


def test_garbage_on_the_live_socket_is_answered_and_the_socket_goes_on(server: Server) -> None:
    with connect(address(server, "/live"), proxy=None) as websocket:
        for message in GARBAGE:
            websocket.send(message)
            answer = json.loads(websocket.recv(timeout=TIMEOUT_S))
            assert answer["type"] == "error", (message, answer)
            assert len(answer["detail"]) > 20
        websocket.send('{"type": "subscribe"}')
        assert json.loads(websocket.recv(timeout=TIMEOUT_S))["type"] == "hello"


def test_garbage_on_the_push_socket_is_answered_and_the_socket_goes_on(server: Server) -> None:
    with connect(address(server, "/machines/pump-1/push"), proxy=None) as websocket:
        bodies: list[str | bytes] = ["", "{", b"\xff\xfe", "[" * 60_000, "{}"]
        for number, message in enumerate(bodies, start=1):
            websocket.send(message)
            answer = json.loads(websocket.recv(timeout=TIMEOUT_S))
            assert answer["n"] == number
            assert answer.get("accepted", 0) == 0
        websocket.send(json.dumps(PUMP))
        assert json.loads(websocket.recv(timeout=TIMEOUT_S))["accepted"] == 1


@pytest.mark.parametrize("path", ["/live", "/machines/pump-1/push"])
def test_a_message_of_100_mb_ends_only_its_own_connection(server: Server, path: str) -> None:
    before = server.rss_mib()
    with pytest.raises(ConnectionClosed):
        say(address(server, path), "x" * 100_000_000)
    assert server.rss_mib() < before + 100


@pytest.mark.parametrize("path", ["/live", "/machines/pump-1/push"])
def test_text_that_is_no_utf_8_ends_only_its_own_connection(server: Server, path: str) -> None:
    with connect(address(server, path), proxy=None) as websocket:
        websocket.socket.sendall(b"\x81\x83\x00\x00\x00\x00\xff\xfe\xff")
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=TIMEOUT_S)
    log = server.log.read_text()
    assert "Traceback" not in log
    server.logged()


def stalled(server: Server, head: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S)
    connection.sendall(head)
    return connection


def test_requests_that_stall_hold_nobody_up(server: Server) -> None:
    chunk = b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5\r\n[{"
    with ExitStack() as stack:
        for head in (b"", b"POST", HEAD, HEAD + chunk) * 75:
            stack.enter_context(stalled(server, head))
        for _ in range(20):
            assert server.push_json("pump-1", PUMP).status == 200
        with connect(address(server, "/live"), proxy=None) as websocket:
            websocket.send('{"type": "subscribe"}')
            assert json.loads(websocket.recv(timeout=TIMEOUT_S))["type"] == "hello"


def test_a_request_that_stalls_is_ended_by_itself(server: Server) -> None:
    with stalled(server, HEAD) as connection:
        assert connection.recv(1) == b""  # closed, in silence: nothing was asked yet


def test_endless_headers_are_refused_without_being_held(server: Server) -> None:
    before = server.rss_mib()
    with stalled(server, HEAD) as connection:
        try:
            for _ in range(3_000):
                connection.sendall(b"X-Endless: " + b"x" * 10_000 + b"\r\n")
        except ConnectionError:
            pass
        else:
            pytest.fail("30 MB of headers were taken")
    assert server.rss_mib() < before + 20


def test_pages_of_other_sites_can_neither_write_nor_watch(server: Server) -> None:
    path = f"{API}/machines/pump-1/telemetry"
    body = json.dumps(PUMP).encode()
    own = f"http://127.0.0.1:{server.port}"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
    ):
        simple = {"Content-Type": "text/plain", **headers}
        answer = server.request("POST", path, body, simple)
        assert answer.status == 403, headers
        assert "telltale" in answer.detail or "private" in answer.detail
    allowed = {"Origin": own, "Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}
    assert server.request("POST", path, body, allowed).status == 200
    for websocket_path in ("/live", "/machines/pump-1/push"):
        with (
            pytest.raises(InvalidStatus),
            connect(
                address(server, websocket_path), proxy=None, origin=Origin("http://evil.example")
            ),
        ):
            pass
    foreign = server.request("GET", f"{API}/machines", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in {name.lower() for name in foreign.headers}


def test_a_sender_that_invents_machines_is_stopped_and_the_known_ones_go_on(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, udp_port=free_udp_port(), extra=("--max-machines", "20")) as server:
        assert server.push_json("known", PUMP).status == 200
        send(server, *(f'{{"machine": "m{i}", "a": 1}}'.encode() for i in range(2_000)))
        until(lambda: len(server.get("/machines")["machines"]) == 20, "the places are taken")
        answer = server.push_json("one-more", PUMP)
        assert answer.status == 422
        assert "20 machines" in answer.detail
        assert "--max-machines" in answer.detail
        assert server.push_json("known", PUMP).json()["accepted"] == 1
        listed = [{**PUMP, "machine": "known"}]
        assert server.push_json("known", listed).json()["accepted"] == 1
        assert len(list((server.data / "profiles").glob("*.toml"))) <= 20
        time.sleep(0.5)
        assert len(server.get("/machines")["machines"]) == 20
        refused = [e for e in server.logged() if e["event"] == "source_refused"]
        assert len(refused) <= 3


def few_files() -> None:
    """Begin with as few open files as some systems permit, for which more may be asked."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))


def test_more_viewers_than_the_system_permits_at_first_are_taken(tmp_path: Path) -> None:
    with serving(tmp_path, before=few_files) as server, ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(stalled(server, b""))
        assert server.request("GET", "/healthz").status == 200
