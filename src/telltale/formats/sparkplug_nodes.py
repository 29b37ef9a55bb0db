"""`SparkplugNodes`: what births told of edge nodes, so that their data can be read.

Births give names and types to aliases; a gap in the numbers of a node's messages, or data before
its birth, means that something was missed: then the node is to be asked for its births again.

Source: Eclipse Sparkplug 3.0.0, 5.4 to 5.12 and 6.4.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from telltale.batch import NS_PER_S
from telltale.formats.mqtt_payload import is_word
from telltale.formats.mqtt_topics import filled
from telltale.formats.readings import Found, Reading
from telltale.formats.sparkplug import (
    BD_SEQ,
    SparkplugMetric,
    SparkplugPayload,
    SparkplugTopic,
    read_payload,
    why_no_reading,
)

MAX_NODES = 1_000  # a group may invent ids for ever
MAX_ALIASES = 20_000  # of one node
ASK_AGAIN_NS = 10 * NS_PER_S
CONTROLS = ("Node Control/", "Device Control/")
DEFAULT_MACHINE = "{group}-{node}-{device}"


class NodeState(StrEnum):
    """Where an edge node stands."""

    UNBORN = "unborn"  # data came, but no birth yet
    ONLINE = "online"
    INCOMPLETE = "incomplete"  # a message was missed: a birth is awaited
    DEAD = "dead"


@dataclass(slots=True)
class Known:
    """What a birth told of one metric."""

    name: str
    datatype: int
    device: str
    unit: str = ""


@dataclass(slots=True)
class Node:
    """One edge node. `datatypes` are by device and name."""

    state: NodeState = NodeState.UNBORN
    seq: int | None = None
    bd_seq: int | None = None
    gaps: int = 0
    rebirths_asked: int = 0
    asked_ns: int = -ASK_AGAIN_NS
    aliases: dict[int, Known] = field(default_factory=dict)
    datatypes: dict[tuple[str, str], int] = field(default_factory=dict)
    devices: dict[str, bool] = field(default_factory=dict)  # whether it is alive


class TakenMessage(NamedTuple):
    """What one message gave.

    Attributes:
        readings: Of the node or of one device.
        must_ask: The node is to be asked for a rebirth now.
        problem: Why nothing of it could be read; "" if something could.
    """

    readings: list[Reading]
    must_ask: bool = False
    problem: str = ""


class SparkplugNodes:
    """The edge nodes that were heard, by group and node; the longest silent makes room.

    Args:
        machine: Template of a machine's id, with {group}, {node} and {device}.
        words: Patterns of the metrics whose text is kept.
    """

    def __init__(self, machine: str = DEFAULT_MACHINE, words: tuple[str, ...] = ()) -> None:
        self._machine = machine
        self._words = words
        self._nodes: OrderedDict[tuple[str, str], Node] = OrderedDict()

    def take(
        self, topic: SparkplugTopic, body: bytes, *, now_ns: int, found: Found
    ) -> TakenMessage:
        """Read one message. Raises DecodeError if its payload cannot be read."""
        if topic.message in ("NCMD", "DCMD"):
            return TakenMessage([])
        payload = read_payload(body)
        node = self._node(topic)
        if topic.message == "NDEATH":
            _die(node, payload)
            return TakenMessage([])
        _follow(node, topic, payload)
        if topic.message == "DDEATH":
            node.devices[topic.device] = False
            return TakenMessage([], _must_ask(node, now_ns))
        if topic.message in ("NBIRTH", "DBIRTH"):
            _learn(node, topic.device, payload)
        readings, problem = self._readings(node, topic, payload, found)
        return TakenMessage(readings, _must_ask(node, now_ns), problem)

    def told(self) -> list[dict[str, object]]:
        """Return how each node stands, for people and scripts."""
        return [
            {
                "group": group,
                "node": name,
                "state": node.state.value,
                "devices": {name: "online" if on else "dead" for name, on in node.devices.items()},
                "gaps": node.gaps,
                "rebirths_asked": node.rebirths_asked,
            }
            for (group, name), node in self._nodes.items()
        ]

    def expect_any_number(self) -> None:
        """Take whatever number comes next: the connection was lost. Aliases hold as they are."""
        for node in self._nodes.values():
            node.seq = None

    def _node(self, topic: SparkplugTopic) -> Node:
        key = topic.group, topic.node
        node = self._nodes.setdefault(key, Node())
        self._nodes.move_to_end(key)
        if len(self._nodes) > MAX_NODES:
            self._nodes.popitem(last=False)
        return node

    def _readings(
        self, node: Node, topic: SparkplugTopic, payload: SparkplugPayload, found: Found
    ) -> tuple[list[Reading], str]:
        by_key: dict[tuple[str, int | None], Reading] = {}
        strangers = 0
        for metric in payload.metrics:
            known = _named(node, topic.device, metric)
            if known is None:
                strangers += 1
                continue
            device, named = known
            if not _is_reading(named, self._words, found):
                continue
            time_ms = named.time_ms if named.time_ms is not None else payload.time_ms
            machine = self._machine_of(topic, device)
            reading = by_key.setdefault(
                (machine, time_ms),
                Reading(machine, {}, None if time_ms is None else time_ms * 1_000_000),
            )
            value = named.value
            reading.values[named.name] = str(value) if is_word(named.name, self._words) else value
        if strangers and node.state is NodeState.ONLINE:
            node.state = NodeState.INCOMPLETE
        problem = ""
        if strangers and not by_key:
            problem = (
                f"{strangers} metrics have aliases that no birth has told. A rebirth of "
                f"{topic.node!r} is asked for; its values come with it."
            )
        return list(by_key.values()), problem

    def _machine_of(self, topic: SparkplugTopic, device: str) -> str:
        values = {"group": topic.group, "node": topic.node, "device": device}
        return filled(self._machine, values).strip("-_. ")


def _die(node: Node, payload: SparkplugPayload) -> None:
    """Note a death, unless it is that of an earlier life: it may come after the new birth."""
    told = _bd_seq(payload)
    if told is not None and node.bd_seq is not None and told != node.bd_seq:
        return
    node.state, node.seq = NodeState.DEAD, None
    node.devices = dict.fromkeys(node.devices, False)


def _bd_seq(payload: SparkplugPayload) -> int | None:
    for metric in payload.metrics:
        if metric.name == BD_SEQ and isinstance(metric.value, int):
            return int(metric.value)
    return None


def _follow(node: Node, topic: SparkplugTopic, payload: SparkplugPayload) -> None:
    """Check that no message is missing; a node's birth begins anew."""
    if topic.message == "NBIRTH":
        node.state, node.seq = NodeState.ONLINE, payload.seq
        node.bd_seq = _bd_seq(payload)
        node.aliases, node.datatypes, node.devices = {}, {}, {}
        return
    expected = None if node.seq is None else (node.seq + 1) % 256
    if node.state is NodeState.ONLINE and expected is not None and payload.seq != expected:
        node.gaps += 1
        node.state = NodeState.INCOMPLETE
    elif node.state is NodeState.DEAD:
        node.state = NodeState.UNBORN
    node.seq = payload.seq


def _learn(node: Node, device: str, payload: SparkplugPayload) -> None:
    if device:
        node.devices[device] = True
    for metric in payload.metrics:
        if not metric.name or len(node.datatypes) >= MAX_ALIASES:
            continue
        node.datatypes[device, metric.name] = metric.datatype
        if metric.alias is not None:
            node.aliases[metric.alias] = Known(metric.name, metric.datatype, device, metric.unit)


def _named(node: Node, device: str, metric: SparkplugMetric) -> tuple[str, SparkplugMetric] | None:
    """Return whose a metric is, and it with name and type; None if its alias is unknown."""
    if metric.name:
        datatype = metric.datatype or node.datatypes.get((device, metric.name), 0)
        return device, metric.typed(datatype)
    known = None if metric.alias is None else node.aliases.get(metric.alias)
    if known is None:
        return None
    told = SparkplugMetric(
        known.name,
        metric.alias,
        metric.time_ms,
        metric.datatype,
        metric.value,
        metric.is_historical,
        metric.is_null,
        metric.unit or known.unit,
    )
    return known.device or device, told.typed(metric.datatype or known.datatype)


def _is_reading(metric: SparkplugMetric, words: tuple[str, ...], found: Found) -> bool:
    """Tell whether a metric is one that is kept, and note why not."""
    if metric.name == BD_SEQ or metric.name.startswith(CONTROLS) or metric.is_null:
        return False
    reason = why_no_reading(metric)
    if not reason and isinstance(metric.value, str) and not is_word(metric.name, words):
        reason = "text; name it in the setting words to keep its words"
    if reason:
        found.leave_out(metric.name, reason)
        return False
    if metric.unit:
        found.units[metric.name] = metric.unit
    return True


def _must_ask(node: Node, now_ns: int) -> bool:
    if node.state is NodeState.ONLINE or now_ns - node.asked_ns < ASK_AGAIN_NS:
        return False
    node.asked_ns = now_ns
    node.rebirths_asked += 1
    return True
