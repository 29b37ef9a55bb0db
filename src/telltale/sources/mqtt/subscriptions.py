"""What is subscribed to, and how each topic's messages are to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from telltale.errors import SettingsError
from telltale.formats.mqtt_payload import PayloadKind
from telltale.formats.mqtt_topics import TopicPattern, check_template, parse_pattern
from telltale.formats.sparkplug import NAMESPACE
from telltale.formats.sparkplug_nodes import DEFAULT_MACHINE
from telltale.registry import suggest

MAX_SUBSCRIPTIONS = 100
SPARKPLUG_NAMES = ("group", "node", "device")


class TopicSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `topics`; a plain text is its topic alone.

    Attributes:
        topic: Pattern, e.g. "plant/{machine}/{channel}".
        payload: How its messages are written; None takes the source's.
        machine: Whose readings they are, e.g. "{site}-{machine}"; None takes the source's.
        channel: What a plain value is, e.g. "{quantity}_{place}"; None takes {channel}.
        qos: 0, 1 or 2; None takes the source's.
        quiet_s: After so long a silence the connection is made anew; None takes the source's.
    """

    topic: str
    payload: str | None = None
    machine: str | None = None
    channel: str | None = None
    qos: int | None = None
    quiet_s: float | None = None


@dataclass(slots=True)
class Subscription:
    """One subscription, checked.

    Attributes:
        machine, channel: Templates; None where the message says it.
        messages: That came since the start.
        last_ns: When the newest came; 0 before the first.
        is_speaking: A message came since the connection was made.
    """

    pattern: TopicPattern
    payload: PayloadKind
    machine: str | None
    channel: str | None
    qos: int
    quiet_s: float
    messages: int = 0
    last_ns: int = 0
    is_speaking: bool = False

    @property
    def is_sparkplug(self) -> bool:
        """True if its messages are Sparkplug B."""
        topic = self.pattern.topic_filter
        is_told = self.payload is PayloadKind.SPARKPLUG
        return is_told or (self.payload is PayloadKind.AUTO and topic.startswith(f"{NAMESPACE}/"))


def check_subscriptions(
    topics: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]],
    *,
    payload: str,
    machine: str | None,
    qos: int,
    quiet_s: float,
) -> tuple[Subscription, ...]:
    """Return the subscriptions. Raises SettingsError naming the entry and what is wrong."""
    entries = [topics] if isinstance(topics, str | Mapping) else list(topics)
    if not 0 < len(entries) <= MAX_SUBSCRIPTIONS:
        raise SettingsError(
            f"mqtt: topics has {len(entries)} entries. Give 1 to {MAX_SUBSCRIPTIONS}, such as "
            '["plant/{machine}/{channel}"].'
        )
    return tuple(
        _subscription(_settings(entry), payload, machine, qos, quiet_s) for entry in entries
    )


def _settings(entry: object) -> TopicSettings:
    if isinstance(entry, str):
        return TopicSettings(entry)
    if isinstance(entry, Mapping):
        known = TopicSettings.__struct_fields__
        for key in entry:
            if key not in known:
                raise SettingsError(f"mqtt: topics has no {key!r}. {suggest(str(key), known)}")
    try:
        return msgspec.convert(entry, TopicSettings)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"mqtt: topics holds {entry!r}: {error}. Give a topic, or a table with one."
        ) from None


def _subscription(
    told: TopicSettings, payload: str, machine: str | None, qos: int, quiet_s: float
) -> Subscription:
    pattern = parse_pattern(told.topic)
    kind = _payload(told.payload or payload)
    wanted_qos = qos if told.qos is None else told.qos
    if wanted_qos not in (0, 1, 2):
        raise SettingsError(f"mqtt: qos is {wanted_qos!r}. Give 0, 1 or 2.")
    wanted_s = quiet_s if told.quiet_s is None else told.quiet_s
    if not 0 <= wanted_s <= 1e9:
        raise SettingsError(f"mqtt: quiet_s is {wanted_s!r}. Give seconds; 0 for never.")
    owner = told.machine or machine or ("{machine}" if "machine" in pattern.names else None)
    channel = told.channel or ("{channel}" if "channel" in pattern.names else None)
    found = Subscription(pattern, kind, owner, channel, wanted_qos, wanted_s)
    if found.is_sparkplug:
        found.machine = told.machine or machine or DEFAULT_MACHINE
        check_template("mqtt: machine", found.machine, SPARKPLUG_NAMES)
        return found
    for what, template in (("machine", owner), ("channel", channel)):
        if template is not None:
            check_template(f"mqtt: topic {told.topic!r}: {what}", template, pattern.names)
    if kind is PayloadKind.VALUE and channel is None:
        raise SettingsError(
            f"mqtt: topic {told.topic!r}: a plain value does not say what it is. "
            "Capture {channel} in the topic, or set channel."
        )
    return found


def _payload(text: str) -> PayloadKind:
    try:
        return PayloadKind(text)
    except ValueError:
        raise SettingsError(
            f"mqtt: payload is {text!r}. {suggest(str(text), [kind.value for kind in PayloadKind])}"
        ) from None
