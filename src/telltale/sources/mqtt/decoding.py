"""Messages to batches: each topic's captures say whose and what, its subscription says how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from telltale.errors import DecodeError
from telltale.formats.base import Decoded
from telltale.formats.mqtt_payload import payload_readings
from telltale.formats.mqtt_topics import filled
from telltale.formats.readings import Found, Reading, Words, decoded_of
from telltale.formats.sparkplug import sparkplug_topic
from telltale.formats.sparkplug_nodes import SparkplugNodes
from telltale.sources.mqtt.subscriptions import Subscription

MAX_TOPICS = 20_000  # whose captures are remembered; then they are found anew
MAX_MESSAGE_BYTES = 4 << 20
_EXPECTED = "a reading"


class Message(NamedTuple):
    """One message as it arrived. `mid` and `qos` acknowledge it."""

    topic: str
    payload: bytes
    qos: int
    mid: int
    retain: bool
    arrival_ns: int


@dataclass(frozen=True, slots=True)
class Place:
    """What a topic says."""

    subscription: Subscription
    machine: str | None
    channel: str | None


class MessageDecoder:
    """Reads messages of some subscriptions. Remembers births and the numbers of words.

    Args:
        subscriptions: The first whose pattern fits a topic reads it.
        words: Patterns of the channels whose text is kept.
        takes_retained: Values that the broker kept from before count as measured on arrival.

    Attributes:
        left_out: Columns of which nothing is kept, with the reason.
        ignored: Retained values that bring no time of their own: how old they are is not known.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        words: tuple[str, ...],
        *,
        takes_retained: bool = False,
    ) -> None:
        self.left_out: dict[str, str] = {}
        self.ignored = 0
        self._subscriptions = subscriptions
        self._patterns = words
        self._takes_retained = takes_retained
        self._words = Words()
        self._places: dict[str, Place | None] = {}
        self._nodes = {
            id(one): SparkplugNodes(one.machine or "", words)
            for one in subscriptions
            if one.is_sparkplug
        }

    def decode(self, messages: Sequence[Message]) -> tuple[Decoded, list[tuple[str, str]]]:
        """Return the messages as batches, and the nodes (group, name) to ask for a rebirth."""
        found = Found()
        to_ask: list[tuple[str, str]] = []
        for i, message in enumerate(messages):
            try:
                readings = self._readings(message, found, to_ask)
            except DecodeError as error:
                said = message.payload[:200].decode("utf-8", "replace")
                found.refusals.row(i, said, _EXPECTED, str(error))
                continue
            for reading in readings:
                reading.message = i
                found.readings.append(reading)
        decoded = decoded_of(
            found,
            arrivals_ns=[message.arrival_ns for message in messages],
            senders=[message.topic for message in messages],
            words=self._words,
        )
        for name, why in found.left_out.items():
            if len(self.left_out) < 100:
                self.left_out.setdefault(name, why)
        return decoded, to_ask

    def connection_lost(self) -> None:
        """Messages may have been missed."""
        for nodes in self._nodes.values():
            nodes.expect_any_number()

    def nodes(self) -> list[dict[str, object]]:
        """Return how each Sparkplug node stands."""
        return [told for nodes in self._nodes.values() for told in nodes.told()]

    def _readings(
        self, message: Message, found: Found, to_ask: list[tuple[str, str]]
    ) -> list[Reading]:
        place = self._place(message.topic)
        if place is None:
            return []
        subscription = place.subscription
        subscription.messages += 1
        subscription.last_ns = message.arrival_ns
        subscription.is_speaking = True
        if len(message.payload) > MAX_MESSAGE_BYTES:
            raise DecodeError(
                f"{len(message.payload):,} bytes are more than {MAX_MESSAGE_BYTES:,} in one "
                "message. Send fewer rows at a time."
            )
        nodes = self._nodes.get(id(subscription))
        if nodes is not None:
            return self._of_node(nodes, message, found, to_ask)
        readings = payload_readings(
            message.payload,
            subscription.payload,
            machine=place.machine,
            channel=place.channel,
            words=self._patterns,
            found=found,
        )
        if message.retain and not self._takes_retained:
            timed = [reading for reading in readings if reading.time is not None]
            self.ignored += len(readings) - len(timed)
            return timed
        return readings

    def _of_node(
        self,
        nodes: SparkplugNodes,
        message: Message,
        found: Found,
        to_ask: list[tuple[str, str]],
    ) -> list[Reading]:
        topic = sparkplug_topic(message.topic)
        if topic is None:
            return []  # a STATE, or somebody else's
        taken = nodes.take(topic, message.payload, now_ns=message.arrival_ns, found=found)
        if taken.must_ask:
            to_ask.append((topic.group, topic.node))
        if taken.problem:
            raise DecodeError(taken.problem)
        return taken.readings

    def _place(self, topic: str) -> Place | None:
        if topic not in self._places:
            if len(self._places) >= MAX_TOPICS:
                self._places.clear()
            self._places[topic] = self._found_place(topic)
        return self._places[topic]

    def _found_place(self, topic: str) -> Place | None:
        for one in self._subscriptions:
            captures = one.pattern.captures(topic)
            if captures is None:
                continue
            if one.is_sparkplug or one.machine is None:
                machine = None
            else:  # an id goes into addresses, so it holds no "/"
                machine = filled(one.machine, captures).replace("/", "-")
            channel = None if one.channel is None else filled(one.channel, captures)
            return Place(one, machine, channel)
        return None
