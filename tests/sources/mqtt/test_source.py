"""The MQTT source against real brokers: amqtt, and mosquitto for MQTT 5, passwords and sessions."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.formats.sparkplug import (
    SparkplugMetric,
    SparkplugPayload,
    read_payload,
    write_payload,
)
from telltale.sources import make_source
from telltale.sources.base import SourceState
from telltale.sources.mqtt.source import MqttSource
from tests.brokers import Peer, TestBroker, broker, lasting_broker, needs_mosquitto
from tests.doubles import Collector
from tests.waiting import until

BROKERS = [
    pytest.param(("amqtt", "3.1.1"), id="amqtt 3.1.1"),
    pytest.param(("mosquitto", "3.1.1"), id="mosquitto 3.1.1", marks=needs_mosquitto),
    pytest.param(("mosquitto", "5"), id="mosquitto 5", marks=needs_mosquitto),
]


def made(running: TestBroker, topics: Any, **settings: Any) -> MqttSource:
    source = make_source("mqtt", topics=topics, port=running.port, **settings)
    assert isinstance(source, MqttSource)
    return source


@pytest.fixture(scope="module")
def mosquitto_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestBroker]:
    with broker("mosquitto", tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


def login(word: str) -> dict[str, str]:
    return {"username": "anna", "password": word}


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    all_of_them: list[Peer] = []
    yield all_of_them
    for peer in all_of_them:
        peer.leave()


async def peer_of(running: TestBroker, peers: list[Peer], **how: Any) -> Peer:
    peer = await asyncio.to_thread(Peer, running.port, **how)
    peers.append(peer)
    return peer


@pytest.mark.parametrize("which", BROKERS)
async def test_topics_become_machines_and_channels(
    which: tuple[str, str], tmp_path: Path, peers: list[Peer]
) -> None:
    with broker(which[0], tmp_path / "broker") as running:
        source = made(running, "plant/{machine}/{channel}", version=which[1])
        async with Collector(source) as taken:
            peer = await peer_of(running, peers)
            peer.publish("plant/p1/temp_c", "21.5")
            peer.publish("plant/p2/on", "true", qos=0)
            peer.publish("plant/p1/level", '{"value": 3, "unit": "m", "time": 1763712000}')
            peer.publish("elsewhere/p1/temp_c", "1")
            await taken.until_rows(3)
        told = {
            (batch.machine, name): values.tolist()
            for decoded in taken.taken
            for batch in decoded.batches
            for name, values in batch.columns.items()
        }
        assert told == {("p1", "temp_c"): [21.5], ("p2", "on"): [1.0], ("p1", "level"): [3.0]}
        assert f"MQTT {which[1]}" in source._detail()


async def test_a_message_is_acknowledged_only_once_it_is_settled(peers: list[Peer]) -> None:
    running = lasting_broker()
    source = made(running, "ack/{machine}")
    acknowledged: list[int] = []
    async with Collector(source) as taken:
        assert source._session is not None
        send = source._session.acknowledge

        def noted(mid: int, qos: int) -> None:
            acknowledged.append(mid)
            send(mid, qos)

        source._session.acknowledge = noted  # type: ignore[method-assign]
        peer = await peer_of(running, peers)
        for i in range(3):
            peer.publish(f"ack/m{i}", '{"x": 1}')
            await taken.until_rows(i + 1)
        assert acknowledged == []
        first, second, third = taken.taken
        source.settle(second, is_kept=True)
        assert acknowledged == [], "in order of arrival"
        source.settle(first, is_kept=True)
        assert len(acknowledged) == 2
        source.settle(third, is_kept=True)
        assert len(acknowledged) == 3


@needs_mosquitto
async def test_what_could_not_be_kept_comes_again(
    mosquitto_folder: TestBroker, peers: list[Peer]
) -> None:
    source = made(mosquitto_folder, "again/{machine}", client_id="again")
    peer = await peer_of(mosquitto_folder, peers)
    async with Collector(source) as taken:
        peer.publish("again/m", '{"x": 7, "time": 1763712000}')
        await taken.until_rows(1)
        source.settle(taken.taken[0], is_kept=False)
        with pytest.raises(SourceUnavailableError, match="asked for them again"):
            await taken.until_end()
    async with Collector(source) as taken:
        await taken.until_rows(1)
        assert taken.column("x").tolist() == [7.0]
        source.settle(taken.taken[0], is_kept=True)
    async with Collector(source) as taken:
        await asyncio.sleep(0.2)
        assert taken.rows == 0
    await source.forget()


@needs_mosquitto
async def test_what_came_while_telltale_was_away_is_read_after_its_restart(
    mosquitto_folder: TestBroker, peers: list[Peer]
) -> None:
    settings = {"client_id": "away", "topics": "away/{machine}"}
    first = made(mosquitto_folder, **settings)
    await first.open()
    await first.close()
    peer = await peer_of(mosquitto_folder, peers)
    for i in range(100):
        peer.publish("away/m", f'{{"x": {i}, "time": {1763712000 + i}}}')
    second = made(mosquitto_folder, **settings)
    async with Collector(second) as taken:
        while taken.rows < 100:
            await asyncio.sleep(0.01)
            for decoded in taken.taken:
                second.settle(decoded, is_kept=True)
        assert sorted(taken.column("x").tolist()) == list(range(100))
    await second.forget()
    third = made(mosquitto_folder, **settings)
    peer.publish("away/m", '{"x": 1}')
    async with Collector(third) as taken:
        await asyncio.sleep(0.2)
        assert taken.rows == 0, "the broker forgot this client"


async def test_a_lost_broker_is_told_and_found_again(tmp_path: Path, peers: list[Peer]) -> None:
    with broker("amqtt", tmp_path / "broker") as running:
        source = made(running, "lost/{machine}")
        async with Collector(source) as taken:
            running.kill()
            with pytest.raises(SourceUnavailableError, match="connection was lost"):
                await taken.until_end()
        with pytest.raises(SourceUnavailableError, match=r"cannot be reached: .+ Check host"):
            await source.open()
        running.start()
        async with Collector(source) as taken:
            peer = await peer_of(running, peers)
            peer.publish("lost/m", '{"x": 1}')
            await taken.until_rows(1)


def is_waiting(source: MqttSource) -> bool:
    """Tell whether the broker has to wait, and all that was read is handed on."""
    return source._session is not None and source._session._is_paused and not len(source._inbox)


async def test_a_full_inbox_makes_the_broker_wait_and_loses_nothing(peers: list[Peer]) -> None:
    running = lasting_broker()
    source = made(running, "full/{machine}", max_waiting=20)
    async with Collector(source) as taken:
        peer = await peer_of(running, peers)
        for i in range(200):
            peer.publish("full/m", f'{{"x": {i}, "time": {1763712000 + i}}}', qos=1)
        await until(lambda: is_waiting(source))
        held = source.status.rows
        await asyncio.sleep(0.2)
        assert source.status.rows == held < 200
        settled = 0
        while taken.rows < 200:
            for decoded in taken.taken[settled:]:
                source.settle(decoded, is_kept=True)
                settled += 1
            await asyncio.sleep(0.01)
        assert sorted(taken.column("x").tolist()) == list(range(200))


async def test_retained_values_without_a_time_are_not_taken_for_new(peers: list[Peer]) -> None:
    running = lasting_broker()
    peer = await peer_of(running, peers)
    peer.publish("kept/m/a", "1", retain=True)
    peer.publish("kept/m/b", '{"value": 2, "time": 1763712000}', retain=True)
    source = made(running, "kept/{machine}/{channel}")
    async with Collector(source) as taken:
        await taken.until_rows(1)
        peer.publish("kept/m/a", "3")
        await taken.until_rows(2)
        values = {
            name: column.tolist()
            for decoded in taken.taken
            for batch in decoded.batches
            for name, column in batch.columns.items()
        }
        assert values == {"b": [2.0], "a": [3.0]}


async def test_a_topic_that_falls_silent_makes_a_fresh_client(peers: list[Peer]) -> None:
    running = lasting_broker()
    source = made(running, "quiet/{machine}", quiet_s=0.5, qos=0)
    async with Collector(source) as taken:
        peer = await peer_of(running, peers)
        before = source._session
        await asyncio.sleep(1.2)
        assert source._session is before, "it never spoke"
        peer.publish("quiet/m", '{"x": 1}')
        await taken.until_rows(1)
        source.settle(taken.taken[0], is_kept=True)
        await until(lambda: source._session is not before and source.status.state == "live")
        peer.publish("quiet/m", '{"x": 2}')
        await taken.until_rows(2)


async def test_a_last_will_says_that_telltale_was_lost(peers: list[Peer]) -> None:
    running = lasting_broker()
    peer = await peer_of(running, peers)
    peer.subscribe("will/#")
    source = made(running, "x/{machine}", status_topic="will/telltale")
    await source.open()
    await until(lambda: peer.of("will/telltale") == [b"online"])
    assert source._session is not None
    source._session.drop()
    await until(lambda: peer.of("will/telltale")[-1] == b"offline")
    await source.open()
    await until(lambda: peer.of("will/telltale")[-1] == b"online")
    await source.close()
    await until(lambda: peer.of("will/telltale")[-1] == b"offline")


async def test_a_sparkplug_node_is_read_and_asked_for_its_birth(peers: list[Peer]) -> None:
    running = lasting_broker()
    peer = await peer_of(running, peers)
    peer.subscribe("spBv1.0/#")
    source = made(running, "spBv1.0/G1/#", sparkplug_host="telltale-host")

    def send(message: str, seq: int, *metrics: SparkplugMetric) -> None:
        body = write_payload(SparkplugPayload(1763712000000 + seq, seq, metrics))
        peer.publish(f"spBv1.0/G1/{message}/E1", body, qos=0)

    async with Collector(source) as taken:
        await until(lambda: peer.of("spBv1.0/STATE/telltale-host"))
        assert b'"online":true' in peer.of("spBv1.0/STATE/telltale-host")[0]
        send("NDATA", 3, SparkplugMetric("", 1, None, 0, 5.0))
        await until(lambda: peer.of("spBv1.0/G1/NCMD/E1"))
        (asked,) = read_payload(peer.of("spBv1.0/G1/NCMD/E1")[0]).metrics
        assert (asked.name, asked.value) == ("Node Control/Rebirth", True)
        send("NBIRTH", 0, SparkplugMetric("Temp", 1, None, 10, 20.0))
        send("NDATA", 1, SparkplugMetric("", 1, None, 0, 21.0))
        await taken.until_rows(2)
        assert taken.column("Temp").tolist() == [20.0, 21.0]
        assert {batch.machine for one in taken.taken for batch in one.batches} == {"G1-E1"}
        await until(lambda: source.status.details["nodes"])
        (node,) = source.status.details["nodes"]
        assert (node["node"], node["state"], node["rebirths_asked"]) == ("E1", "online", 1)


async def test_a_probe_takes_nothing_from_the_source_that_runs(peers: list[Peer]) -> None:
    running = lasting_broker()
    source = made(running, "probe/{machine}", client_id="probed", status_topic="probe-status")
    async with Collector(source) as taken, Collector(source.probe()) as probed:
        peer = await peer_of(running, peers)
        peer.publish("probe/m", '{"x": 1}')
        await taken.until_rows(1)
        await probed.until_rows(1)
        assert source.status.state is SourceState.LIVE


@needs_mosquitto
async def test_a_wrong_password_is_told_and_a_right_one_opens(
    tmp_path: Path, peers: list[Peer]
) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(folder / "passwords"), "anna", "secret"], check=True
    )
    with broker("mosquitto", folder, f"password_file {folder}/passwords\n") as running:
        wrong = made(running, "a/{machine}", **login("wrong"))
        with pytest.raises(SourceUnavailableError, match=r"'anna'.+Check username and password"):
            await wrong.open()
        assert "wrong" not in repr(wrong._broker)
        right = made(running, "a/{machine}", **login("secret"))
        async with Collector(right) as taken:
            peer = await peer_of(running, peers, **login("secret"))
            peer.publish("a/m", '{"x": 1}')
            await taken.until_rows(1)


@needs_mosquitto
async def test_tls_checks_the_brokers_certificate(tmp_path: Path, peers: list[Peer]) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    extra = f"listener PORT 127.0.0.1\ncertfile {cert}\nkeyfile {key}\n"
    with broker("mosquitto", folder, extra) as running:
        strange = made(running, "a/{machine}", tls=True)
        with pytest.raises(SourceUnavailableError, match=r"not trusted .+ ca_file"):
            await strange.open()
        known = made(running, "a/{machine}", tls=True, ca_file=str(cert), qos=0)
        async with Collector(known) as taken:
            peer = await peer_of(running, peers, ca_file=str(cert))
            peer.publish("a/m", '{"x": 1}')
            await taken.until_rows(1)
            assert "encrypted" in known.status.detail


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"topics": []}, "topics has 0"),
        ({"topics": [{"topic": "a/{machine}", "payloud": "json"}]}, "Did you mean 'payload'"),
        ({"topics": "a/{machine}", "payload": "jsn"}, "Did you mean 'json'"),
        ({"topics": "a/{machine}", "payload": "value"}, r"Capture \{channel\}"),
        ({"topics": "a/{machine}", "machine": "{side}"}, "nothing gives {side}"),
        ({"topics": "a/{machine}", "version": "4"}, "version is '4'"),
        ({"topics": "a/{machine}", "ca_file": "x"}, "Set tls = true"),
        ({"topics": "a", "status_topic": "s", "sparkplug_host": "h"}, "one last will"),
    ],
)
def test_settings_are_refused_with_what_to_write(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        make_source("mqtt", **settings)


def test_the_client_id_is_the_same_after_a_restart() -> None:
    ids = {MqttSource("a/{machine}")._broker.client_id for _ in range(2)}
    assert len(ids) == 1
    assert all(len(one) <= 23 for one in ids)
