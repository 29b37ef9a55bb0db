"""Telegraf's JSON: one metric, or {"metrics": [...]}, as its mqtt, http and file outputs write it.

Source: docs.influxdata.com, Telegraf, "JSON serializer": name, tags, fields, timestamp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from telltale.errors import DecodeError
from telltale.formats.base import Decoded, shown
from telltale.formats.readings import Found, Reading, Words, decoded_of
from telltale.formats.tagged import MACHINE_TAGS, channel_of, owner_tag, values_between


def is_telegraf(value: Any) -> bool:  # Any: JSON
    """Tell whether JSON is what Telegraf writes."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("metrics"), list):
        return all(map(_is_metric, value["metrics"]))
    return _is_metric(value)


def _is_metric(value: Any) -> bool:  # Any: JSON
    return (
        isinstance(value, dict)
        and isinstance(value.get("fields"), dict)
        and isinstance(value.get("name"), str)
        and isinstance(value.get("tags", {}), dict)
    )


def telegraf_readings(
    value: Any,  # Any: JSON
    *,
    machine: str | None = None,
    machine_tags: Sequence[str] = MACHINE_TAGS,
) -> list[Reading]:
    """Return the metrics as readings; `name_field` is the channel.

    The values of tags that do not say whose it is stand between the two, in the tags' order:
    two disks of a host are two channels.

    Args:
        value: The message.
        machine: Whose they are; None when a tag says it.
        machine_tags: Which tag, the first that is there.

    Raises:
        DecodeError: It is not Telegraf's JSON.
    """
    metrics = value.get("metrics", [value]) if isinstance(value, dict) else None
    if not isinstance(metrics, list) or not all(map(_is_metric, metrics)):
        raise DecodeError(
            f"{shown(value)} is not Telegraf's JSON. It has name, tags, fields and timestamp; "
            'set data_format = "json" in the output.'
        )
    return [_reading(metric, machine, machine_tags) for metric in metrics]


def _reading(metric: Mapping[str, Any], machine: str | None, tags: Sequence[str]) -> Reading:
    told: Mapping[str, Any] = metric.get("tags", {})
    tag = owner_tag(told, tags)
    owner = machine if machine is not None or tag is None else str(told[tag])
    name = "_".join([metric["name"], *values_between(told, tags, tag)])
    values = {channel_of(name, field): value for field, value in metric["fields"].items()}
    return Reading(owner, values, metric.get("timestamp"))


def decode_telegraf(value: Any, *, machine: str | None, arrival_ns: int) -> Decoded:  # Any: JSON
    """Decode what Telegraf's http output posts; metrics of one machine and time are one sample.

    Args:
        value: The parsed body.
        machine: Whose they are; None when a tag says it.
        arrival_ns: Time of metrics without one.

    Raises:
        DecodeError: It is not Telegraf's JSON.
    """
    readings = telegraf_readings(value, machine=machine)
    for i, reading in enumerate(readings):
        reading.message = i
    return decoded_of(
        Found(readings),
        arrivals_ns=[arrival_ns] * len(readings),
        senders=[f"Metric {i + 1}" for i in range(len(readings))],
        words=Words(),
    )
