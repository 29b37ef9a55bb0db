"""Sparkplug B payloads, checked against Google's own protobuf with the specification's fields."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import (  # type: ignore[import-untyped]  # it brings none
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.errors import DecodeError
from telltale.formats.readings import Found
from telltale.formats.sparkplug import (
    REBIRTH,
    SparkplugMetric,
    SparkplugPayload,
    read_payload,
    rebirth_command,
    sparkplug_topic,
    write_payload,
)
from telltale.formats.sparkplug_nodes import NodeState, SparkplugNodes

NOW_NS = 1_763_712_000_000_000_000
NOW_MS = NOW_NS // 1_000_000


def reference() -> Any:
    """Return the Payload message of Sparkplug 3.0, 6.4, made by protobuf itself."""
    file = descriptor_pb2.FileDescriptorProto(name="b.proto", package="b", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    payload = file.message_type.add(name="Payload")
    metric = file.message_type.add(name="Metric")

    def put(message: Any, name: str, number: int, kind: int) -> None:
        message.field.add(name=name, number=number, type=kind, label=1)

    put(payload, "timestamp", 1, kinds.TYPE_UINT64)
    payload.field.add(
        name="metrics", number=2, type=kinds.TYPE_MESSAGE, label=3, type_name=".b.Metric"
    )
    put(payload, "seq", 3, kinds.TYPE_UINT64)
    for name, number, kind in (
        ("name", 1, kinds.TYPE_STRING), ("alias", 2, kinds.TYPE_UINT64),
        ("timestamp", 3, kinds.TYPE_UINT64), ("datatype", 4, kinds.TYPE_UINT32),
        ("is_historical", 5, kinds.TYPE_BOOL), ("is_null", 7, kinds.TYPE_BOOL),
        ("int_value", 10, kinds.TYPE_UINT32), ("long_value", 11, kinds.TYPE_UINT64),
        ("float_value", 12, kinds.TYPE_FLOAT), ("double_value", 13, kinds.TYPE_DOUBLE),
        ("boolean_value", 14, kinds.TYPE_BOOL), ("string_value", 15, kinds.TYPE_STRING),
    ):  # fmt: skip
        put(metric, name, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("b.Payload"))


Payload = reference()
BITS = {1: 8, 2: 16, 3: 32, 4: 64}
INTEGERS = st.one_of(
    *(
        st.tuples(st.just(kind), st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
        for kind, bits in BITS.items()
    ),
    *(st.tuples(st.just(kind + 4), st.integers(0, 2**bits - 1)) for kind, bits in BITS.items()),
)
VALUES = st.one_of(
    INTEGERS,
    st.tuples(st.just(9), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just(10), st.floats(allow_nan=False)),
    st.tuples(st.just(11), st.booleans()),
    st.tuples(st.just(12), st.text(max_size=20)),
)
METRICS = st.builds(
    lambda name, alias, time_ms, value, historical: SparkplugMetric(
        name, alias, time_ms, value[0], value[1], historical
    ),
    st.text(max_size=20),
    st.none() | st.integers(0, 2**64 - 1),
    st.none() | st.integers(0, 2**63 - 1),
    VALUES,
    st.booleans(),
)
PAYLOADS = st.builds(
    SparkplugPayload,
    st.none() | st.integers(0, 2**63 - 1),
    st.none() | st.integers(0, 255),
    st.lists(METRICS, max_size=5).map(tuple),
)


@settings(max_examples=200)
@given(PAYLOADS)
def test_what_is_written_reads_back_equal(payload: SparkplugPayload) -> None:
    assert read_payload(write_payload(payload)) == payload


@settings(max_examples=200)
@given(PAYLOADS)
def test_protobuf_reads_what_is_written(payload: SparkplugPayload) -> None:
    theirs = Payload.FromString(write_payload(payload))
    assert len(theirs.metrics) == len(payload.metrics)
    for their, our in zip(theirs.metrics, payload.metrics, strict=True):
        assert their.name == our.name
        assert their.datatype == our.datatype
        assert their.is_historical == our.is_historical
        assert (their.alias if their.HasField("alias") else None) == our.alias
    assert read_payload(theirs.SerializeToString()) == payload


@pytest.mark.parametrize(
    ("datatype", "field", "sent", "value"),
    [
        (1, "int_value", 0xFB, -5), (1, "int_value", 0xFFFFFFFB, -5),
        (2, "int_value", 0xFFFB, -5), (3, "int_value", 2**32 - 5, -5),
        (4, "long_value", 2**64 - 5, -5), (8, "long_value", 2**64 - 5, 2**64 - 5),
        (9, "float_value", 1.5, 1.5), (11, "boolean_value", True, True),
    ],
)  # fmt: skip
def test_numbers_of_each_type_are_read(datatype: int, field: str, sent: Any, value: Any) -> None:
    theirs = Payload()
    theirs.metrics.add(name="x", datatype=datatype, **{field: sent})
    assert read_payload(theirs.SerializeToString()).metrics[0].value == value


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_payload_or_refused(body: bytes) -> None:
    try:
        read_payload(body)
    except DecodeError:
        return


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("spBv1.0/G/NBIRTH/E", ("G", "NBIRTH", "E", "")),
        ("spBv1.0/G/DDATA/E/D", ("G", "DDATA", "E", "D")),
        ("spBv1.0/G/DDATA/E", None), ("spBv1.0/G/NDATA/E/D", None),
        ("spBv1.0/STATE/host", None), ("spAv1.0/G/NDATA/E", None),
    ],
)  # fmt: skip
def test_a_topic_says_whose_message_it_is(topic: str, told: tuple[str, ...] | None) -> None:
    found = sparkplug_topic(topic)
    assert (None if found is None else tuple(found)) == told


def test_the_command_asks_for_a_rebirth_in_protobufs_own_reading() -> None:
    theirs = Payload.FromString(rebirth_command(NOW_MS))
    (metric,) = theirs.metrics
    assert (metric.name, metric.datatype, metric.boolean_value) == (REBIRTH, 11, True)


class Plant:
    """Takes messages of one node, as the source does."""

    def __init__(self) -> None:
        self.nodes = SparkplugNodes("{group}-{node}-{device}")
        self.now_ns = NOW_NS
        self.found = Found()
        self.asked = 0
        self.problem = ""

    def send(
        self, message: str, *metrics: SparkplugMetric, seq: int | None = 0, device: str = ""
    ) -> dict[str, Any]:
        topic = sparkplug_topic(f"spBv1.0/G/{message}/E" + (f"/{device}" if device else ""))
        assert topic is not None
        body = write_payload(SparkplugPayload(NOW_MS, seq, metrics))
        taken = self.nodes.take(topic, body, now_ns=self.now_ns, found=self.found)
        self.asked += taken.must_ask
        self.problem = taken.problem
        return {
            f"{reading.machine}.{name}": value
            for reading in taken.readings
            for name, value in reading.values.items()
        }

    @property
    def state(self) -> str:
        return str(self.nodes.told()[0]["state"])


def named(name: str, value: float, alias: int | None = None) -> SparkplugMetric:
    return SparkplugMetric(name, alias, None, 10, value)


def aliased(alias: int, value: float) -> SparkplugMetric:
    return SparkplugMetric("", alias, None, 0, value)


def birth(bd_seq: int = 0) -> tuple[SparkplugMetric, ...]:
    return (SparkplugMetric("bdSeq", datatype=4, value=bd_seq), named("Temp", 20.0, 1))


def test_births_give_names_to_aliases_of_nodes_and_devices() -> None:
    plant = Plant()
    assert plant.send("NBIRTH", *birth()) == {"G-E.Temp": 20.0}
    assert plant.send("DBIRTH", named("Speed", 5.0, 2), seq=1, device="D") == {"G-E-D.Speed": 5.0}
    assert plant.send("NDATA", aliased(1, 21.0), seq=2) == {"G-E.Temp": 21.0}
    assert plant.send("DDATA", aliased(2, 6.0), seq=3, device="D") == {"G-E-D.Speed": 6.0}
    assert (plant.state, plant.asked) == (NodeState.ONLINE, 0)


def test_numbers_run_on_from_255_to_0() -> None:
    plant = Plant()
    plant.send("NBIRTH", *birth(), seq=255)
    plant.send("NDATA", aliased(1, 21.0), seq=0)
    assert plant.asked == 0


def test_a_gap_keeps_the_values_and_asks_for_a_rebirth_once() -> None:
    plant = Plant()
    plant.send("NBIRTH", *birth())
    assert plant.send("NDATA", aliased(1, 21.0), seq=2) == {"G-E.Temp": 21.0}
    assert (plant.state, plant.asked) == (NodeState.INCOMPLETE, 1)
    plant.send("NDATA", aliased(1, 22.0), seq=3)
    assert plant.asked == 1, "it is given time to answer"
    plant.now_ns += 11 * 10**9
    plant.send("NDATA", aliased(1, 23.0), seq=4)
    assert plant.asked == 2
    plant.send("NBIRTH", *birth())
    assert plant.state == NodeState.ONLINE


def test_data_before_a_birth_ask_for_it_and_are_kept_if_they_are_named() -> None:
    plant = Plant()
    assert plant.send("NDATA", named("Temp", 1.0), seq=9) == {"G-E.Temp": 1.0}
    assert plant.asked == 1
    assert plant.send("NDATA", aliased(7, 1.0), seq=10) == {}
    assert "rebirth of 'E' is asked for" in plant.problem


def test_a_death_of_an_earlier_life_does_not_count() -> None:
    plant = Plant()
    plant.send("NBIRTH", *birth(5))
    plant.send("NDEATH", SparkplugMetric("bdSeq", datatype=4, value=4), seq=None)
    assert plant.state == NodeState.ONLINE
    plant.send("NDEATH", SparkplugMetric("bdSeq", datatype=4, value=5), seq=None)
    assert plant.state == NodeState.DEAD


def test_a_device_can_die_alone() -> None:
    plant = Plant()
    plant.send("NBIRTH", *birth())
    plant.send("DBIRTH", named("Speed", 5.0, 2), seq=1, device="D")
    plant.send("DDEATH", seq=2, device="D")
    assert plant.nodes.told()[0]["devices"] == {"D": "dead"}
    assert plant.state == NodeState.ONLINE


def test_what_is_no_number_is_left_out_with_its_reason() -> None:
    plant = Plant()
    plant.send(
        "NBIRTH",
        SparkplugMetric("Serial", datatype=12, value="X1"),
        SparkplugMetric("Since", datatype=13, value=NOW_MS),
        SparkplugMetric("Node Control/Rebirth", datatype=11, value=False),
        SparkplugMetric("Gone", datatype=10, is_null=True),
    )
    assert set(plant.found.left_out) == {"Serial", "Since"}


def test_historical_values_keep_their_own_times_and_units_are_told() -> None:
    plant = Plant()
    metric = SparkplugMetric("P", None, NOW_MS - 5000, 10, 3.0, is_historical=True, unit="bar")
    topic = sparkplug_topic("spBv1.0/G/NDATA/E")
    assert topic is not None
    body = write_payload(SparkplugPayload(NOW_MS, 0, (metric,)))
    readings = plant.nodes.take(topic, body, now_ns=NOW_NS, found=plant.found).readings
    assert readings[0].time == NOW_NS - 5 * 10**9
    assert plant.found.units == {"P": "bar"}
