"""Values, states and events go out through a real broker, and Home Assistant is told of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telltale.errors import SettingsError, SourceUnavailableError
from telltale.runtime.core import Runtime
from telltale.sinks.base import MachineOut, SignalOut, ValueOut
from telltale.sinks.mqtt import MqttSink
from telltale.sources.base import SourceState
from tests.brokers import Peer, broker, lasting_broker
from tests.runtime.conftest import OpenRuntime, clock, open_runtime
from tests.runtime.test_core import readings
from tests.waiting import until

__all__ = ["clock", "open_runtime"]  # fixtures

SIGNALS = {
    "bearing_temp_c": SignalOut("Bearing temperature", "degC", 1),
    "efficiency": SignalOut("Efficiency", "1", 2),
}


def machine(value: float = 42.0, time_ns: int = 1, state: str = "ok", **how: Any) -> MachineOut:
    values = {"bearing_temp_c": ValueOut(value, time_ns, how.pop("value_state", "ok"))}
    return MachineOut("pump 3", "Pump 3", "Industrial pump", "Hall 2", state, 10.0, SIGNALS, values)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer(lasting_broker().port)
    yield made
    made.leave()


async def opened(base: str, peer: Peer, **settings: Any) -> MqttSink:
    peer.subscribe(f"{base}/#")
    sink = MqttSink(
        port=lasting_broker().port, base=base, discovery=f"{base}/found", every_s=0.1, **settings
    )
    await sink.open()
    return sink


async def test_a_value_is_sent_once_for_each_measurement_and_never_when_stale(peer: Peer) -> None:
    sink = await opened("s1", peer)
    topic = "s1/pump 3/bearing_temp_c"
    await sink.publish([machine(42.0, 1)], [])
    await sink.publish([machine(42.0, 1)], [])
    await sink.publish([machine(42.5, 2)], [])
    await sink.publish([machine(43.0, 3, value_state="stale")], [])
    await sink.publish([machine(44.0, 4)], [])
    await until(lambda: len(peer.of(topic)) == 3)
    assert peer.of(topic) == [b"42", b"42.5", b"44"]
    await sink.close()


async def test_the_state_is_kept_by_the_broker_and_sent_when_it_changes(peer: Peer) -> None:
    sink = await opened("s2", peer)
    for state in ("ok", "ok", "critical"):
        await sink.publish([machine(state=state)], [])
    await until(lambda: peer.of("s2/pump 3/_state") == [b"ok", b"critical"])
    late = await asyncio.to_thread(Peer, lasting_broker().port)
    late.subscribe("s2/#")
    await until(lambda: late.of("s2/pump 3/_state") == [b"critical"])
    late.leave()
    await sink.close()


async def test_home_assistant_is_told_units_classes_expiry_and_availability(peer: Peer) -> None:
    sink = await opened("s3", peer, expire_after_s=30)
    await sink.publish([machine()], [])
    await sink.publish([machine()], [])
    topic = "s3/found/device/telltale_pump_3/config"
    await until(lambda: peer.of(topic))
    (payload,) = peer.of(topic)
    told = json.loads(payload)
    assert told["device"] == {
        "identifiers": ["telltale_pump_3"], "name": "Pump 3", "model": "Industrial pump",
        "suggested_area": "Hall 2",
    }  # fmt: skip
    assert told["availability"] == [{"topic": "s3/_status"}]
    assert told["components"]["bearing_temp_c"] == {
        "p": "sensor", "name": "Bearing temperature", "state_topic": "s3/pump 3/bearing_temp_c",
        "unique_id": "telltale_pump_3_bearing_temp_c", "state_class": "measurement",
        "expire_after": 30, "suggested_display_precision": 1,
        "device_class": "temperature", "unit_of_measurement": "°C",
    }  # fmt: skip
    assert "unit_of_measurement" not in told["components"]["efficiency"]
    assert told["components"]["_problem"]["device_class"] == "problem"
    await sink.publish([], [])  # it was removed
    await until(lambda: peer.of(topic)[-1] == b"")
    await sink.close()


async def test_the_last_will_says_that_telltale_is_gone(peer: Peer) -> None:
    sink = await opened("s4", peer)
    await until(lambda: peer.of("s4/_status") == [b"online"])
    assert sink._session is not None
    sink._session.drop()
    await until(lambda: peer.of("s4/_status")[-1] == b"offline")
    await sink.open()
    await until(lambda: peer.of("s4/_status")[-1] == b"online")
    await sink.close()
    await until(lambda: peer.of("s4/_status")[-1] == b"offline")


async def test_only_the_wanted_machines_and_channels_are_sent(peer: Peer) -> None:
    sink = await opened("s5", peer, machines=["motor-*"], channels="bearing_*")
    await sink.publish([machine()], [])
    other = machine()
    await sink.publish([MachineOut("motor-1", *list(fields(other))[1:])], [])
    await until(lambda: peer.of("s5/motor-1/bearing_temp_c"))
    assert not peer.of("s5/pump 3/_state")
    await sink.close()


def fields(one: MachineOut) -> Iterator[Any]:
    for name in MachineOut.__dataclass_fields__:
        yield getattr(one, name)


async def test_a_lost_broker_is_told(tmp_path: Path) -> None:
    with broker("amqtt", tmp_path / "broker") as running:
        sink = MqttSink(port=running.port)
        await sink.open()
        running.kill()
        await until(lambda: sink._lost)
        with pytest.raises(SourceUnavailableError, match="connection was lost"):
            await sink.publish([machine()], [])
        with pytest.raises(SourceUnavailableError, match="cannot be reached"):
            await sink.open()


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"base": "a/#"}, "without wildcards"), ({"qos": 7}, "qos is 7"), ({"every_s": 0}, "every_s"),
     ({"version": "6"}, "version"), ({"cert_file": "x"}, "tls is false")],
)  # fmt: skip
def test_settings_are_refused_with_what_to_write(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(SettingsError, match=match):
        MqttSink(**settings)


async def test_a_runtimes_machines_and_events_go_out_and_a_lost_broker_is_found_again(
    open_runtime: OpenRuntime, tmp_path: Path
) -> None:
    with broker("amqtt", tmp_path / "broker") as running:
        async with open_runtime() as runtime:
            sink = MqttSink(port=running.port, every_s=0.1)
            runtime.outputs.add(sink)
            peer = await asyncio.to_thread(Peer, running.port)
            peer.subscribe("telltale/#")
            await until(lambda: sink.status.state is SourceState.LIVE)
            await sent(runtime, peer)
            peer.leave()
            running.kill()
            await until(lambda: sink.status.state is SourceState.WAITING)
            running.start()
            peer = await asyncio.to_thread(Peer, running.port)
            peer.subscribe("telltale/#")
            await until(lambda: peer.of("telltale/pump-1/bearing_temp_c"), within_s=20)
            peer.leave()


async def sent(runtime: Runtime, peer: Peer) -> None:
    await runtime.ingest(readings("pump-1", n=3), profile="industrial_pump")
    await until(lambda: peer.of("telltale/pump-1/bearing_temp_c"))
    runtime.fleet.note("pump-1", "renamed", "It has another name.")
    await until(lambda: peer.of("telltale/pump-1/_event"))
    assert json.loads(peer.of("telltale/pump-1/_event")[-1])["message"] == "It has another name."
