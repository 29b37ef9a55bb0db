"""Whose a measurement with tags is, and what its fields are called: Influx lines, Telegraf JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MACHINE_TAGS = ("machine", "machine_id", "host", "device")  # the first that is there says it
_ALWAYS_OWNERS = frozenset({"machine", "machine_id", "host"})  # never part of a channel's name


@dataclass(frozen=True, slots=True)
class Naming:
    """How a series becomes a machine and channels.

    Attributes:
        machine: Whose everything is; None when the tags say it, else the measurement.
        machine_tags: The tags that say it, the first that is there.
        has_measurement: Channels of a tagged machine begin with the measurement's name.
    """

    machine: str | None = None
    machine_tags: tuple[str, ...] = MACHINE_TAGS
    has_measurement: bool = True

    def of(self, measurement: str, tags: Mapping[str, str]) -> tuple[str, str]:
        """Return the machine, and what stands before each field's name."""
        tag = owner_tag(tags, self.machine_tags)
        between = values_between(tags, self.machine_tags, tag)
        if self.machine is None and tag is None:
            return measurement.replace("/", "-"), "_".join(between)
        owner = self.machine if self.machine is not None else tags[tag or ""].replace("/", "-")
        named = [measurement, *between] if self.has_measurement else between
        return owner, "_".join(named)


def owner_tag(tags: Mapping[str, object], machine_tags: Sequence[str]) -> str | None:
    """Return the tag that says whose a measurement is; None if there is none."""
    return next((tag for tag in machine_tags if tag in tags), None)


def values_between(
    tags: Mapping[str, object], machine_tags: Sequence[str], owner: str | None
) -> list[str]:
    """Return the values of the other tags by name: two disks of a host are two channels."""
    silent = {owner} | (_ALWAYS_OWNERS & set(machine_tags))
    return [str(tags[tag]) for tag in sorted(tags) if tag not in silent]


def channel_of(prefix: str, field: str) -> str:
    """Return a field's channel; a field called "value" adds nothing to what it is a value of."""
    if not prefix:
        return field
    return prefix if field == "value" else f"{prefix}_{field}"
