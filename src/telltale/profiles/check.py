"""What must hold in a profile beyond its shape: names, units, bounds and references agree."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from telltale.errors import UnitError
from telltale.profiles.point_channels import point_problems
from telltale.profiles.schema import Alias, Channel, Limits, Metric, Obd2, Output, Profile
from telltale.profiles.toml_lines import Path
from telltale.registry import is_registered, suggest
from telltale.units import UNITS, quantity, unit_id, unit_of_name

# A profile's id and its channels' names become a table and columns of the store.
ID_RULE = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED_NAMES = frozenset({"time", "time_ns", "machine"})  # the store's own columns
_HEX = re.compile(r"[0-9A-Fa-f]{2,6}")
_ECU = re.compile(r"[0-9A-Fa-f]{3}|[0-9A-Fa-f]{8}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and the key where it is."""

    path: Path
    what: str


def problems(profile: Profile, *, functions: Mapping[str, str]) -> Iterator[Problem]:
    """Yield everything wrong with a profile whose shape is right.

    Args:
        profile: As read.
        functions: The metric table; empty skips the check of function names.
    """
    if not ID_RULE.fullmatch(profile.id):
        yield Problem(
            (), f"the file's name {profile.id!r} must be lower-case letters, digits and '_'"
        )
    if not profile.channels:
        yield Problem(("channels",), "a profile needs at least one channel")
    for name, channel in profile.channels.items():
        yield from _channel(profile, name, channel)
    for name, metric in profile.metrics.items():
        yield from _metric(profile, name, metric, functions)
    for path, what in point_problems(profile):
        yield Problem(path, what)
    yield from _aliases(profile)
    yield from _listed(profile)


def output_problems(profile: Profile, name: str, output: Output) -> Iterator[Problem]:
    """Yield everything wrong with a model's output, as a column beside those of a profile."""
    at: Path = ("outputs", name)
    yield from _name_and_unit(at, name, output.unit)
    yield from _ordered((*at, "scale"), output.scale)
    yield from _ordered((*at, "normal"), output.normal)
    if output.limits:
        yield from _limits(profile, (*at, "limits"), output.limits)


def _channel(profile: Profile, name: str, channel: Channel) -> Iterator[Problem]:
    at: Path = ("channels", name)
    yield from _name_and_unit(at, name, channel.unit)
    yield from _ordered((*at, "range"), channel.range)
    yield from _ordered((*at, "scale"), channel.scale)
    yield from _ordered((*at, "normal"), channel.normal)
    low, high = channel.range
    if channel.normal and not low <= channel.normal[0] <= channel.normal[1] <= high:
        yield Problem((*at, "normal"), f"must lie within range [{low:g}, {high:g}]")
    if channel.limits and channel.no_limit:
        yield Problem((*at, "no_limit"), "says why there are no limits, but there are")
    if channel.limits:
        yield from _limits(profile, (*at, "limits"), channel.limits)
        for key, bound in _bounds(channel.limits):
            if not low <= bound <= high:
                what = f"{bound:g} is outside range [{low:g}, {high:g}] and could never be passed"
                yield Problem((*at, "limits", key), what)
    if channel.obd2:
        yield from _obd2((*at, "obd2"), channel.obd2, channel.unit)


def _obd2(at: Path, obd2: Obd2, channel_unit: str) -> Iterator[Problem]:
    for key in ("service", "pid"):
        if not _HEX.fullmatch(getattr(obd2, key)) or len(getattr(obd2, key)) % 2:
            yield Problem((*at, key), 'must be two, four or six hex digits, e.g. "0C"')
    if obd2.ecu is not None and not _ECU.fullmatch(obd2.ecu):
        yield Problem((*at, "ecu"), 'must be three or eight hex digits, e.g. "7E0" or "18DA10F1"')
    if obd2.service != "01" and obd2.bytes is None:
        yield Problem((*at, "bytes"), "is missing; only the PIDs of service 01 are a standard's")
    if obd2.unit is None or unit_id(channel_unit) is None:
        return
    if unit_id(obd2.unit) is None:
        what = f"unknown unit {obd2.unit!r}. {suggest(obd2.unit, (u.id for u in UNITS))}"
        yield Problem((*at, "unit"), what)
    elif quantity(obd2.unit) != quantity(channel_unit):
        yield Problem((*at, "unit"), f"{obd2.unit!r} cannot become the channel's {channel_unit!r}")


def _metric(
    profile: Profile, name: str, metric: Metric, functions: Mapping[str, str]
) -> Iterator[Problem]:
    at: Path = ("metrics", name)
    if name in profile.channels:
        yield Problem(at, "is also a channel; give the metric another name")
    yield from _name_and_unit(at, name, metric.unit)
    yield from _ordered((*at, "scale"), metric.scale)
    yield from _ordered((*at, "normal"), metric.normal)
    group = "telltale.metrics"
    if functions and not is_registered(functions, metric.function, group=group):
        what = f"no metric function {metric.function!r}. {suggest(metric.function, functions)}"
        yield Problem((*at, "function"), what)
    earlier = list(profile.metrics)[: list(profile.metrics).index(name)]
    known = (*profile.channels, *earlier)
    for index, given in enumerate(metric.inputs):
        if given not in known:
            what = f"no channel or earlier metric {given!r}. {suggest(given, known)}"
            yield Problem((*at, "inputs", index), what)
    if metric.limits:
        yield from _limits(profile, (*at, "limits"), metric.limits)


def _name_and_unit(at: Path, name: str, unit: str) -> Iterator[Problem]:
    if not ID_RULE.fullmatch(name):
        yield Problem(at, "a name is lower-case letters, digits and '_', a letter first")
    if name in RESERVED_NAMES:
        yield Problem(at, f"{name!r} is taken by the store; choose another name")
    if unit_id(unit) is None:
        what = f"unknown unit {unit!r}. {suggest(unit, (u.id for u in UNITS))}"
        yield Problem((*at, "unit"), what)
        return
    said = unit_of_name(name)
    if said is not None and said != unit_id(unit):
        yield Problem((*at, "unit"), f"{unit!r}, but the name's ending says {said!r}")


def _ordered(at: Path, ends: tuple[float, float] | None) -> Iterator[Problem]:
    if ends and not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] < ends[1]):
        yield Problem(at, f"[{ends[0]:g}, {ends[1]:g}] must be two numbers, the smaller one first")


def _bounds(limits: Limits) -> Iterable[tuple[str, float]]:
    """Return the bounds that are given, in the order their values must have."""
    keys = ("critical_below", "warn_below", "warn_above", "critical_above")
    given = [(key, getattr(limits, key)) for key in keys]
    return [(key, value) for key, value in given if value is not None]


def _limits(profile: Profile, at: Path, limits: Limits) -> Iterator[Problem]:
    bounds = list(_bounds(limits))
    if not bounds:
        yield Problem(at, "has no bound; give warn_above, warn_below or their critical forms")
    for (key, value), (next_key, next_value) in pairwise(bounds):
        if not value <= next_value:
            what = f"{next_value:g} must not be below {key} = {value:g}"
            yield Problem((*at, next_key), what)
    if limits.when and limits.when[0] not in profile.names:
        what = f"no channel or metric {limits.when[0]!r}. {suggest(limits.when[0], profile.names)}"
        yield Problem((*at, "when", 0), what)


def _aliases(profile: Profile) -> Iterator[Problem]:
    owner = {name.casefold(): name for name in profile.names}
    for name, channel in profile.channels.items():
        for index, given in enumerate(channel.aliases):
            at: Path = ("channels", name, "aliases", index)
            alias = given if isinstance(given, Alias) else Alias(given)
            other = owner.setdefault(alias.name.casefold(), name)
            if other != name:
                yield Problem(at, f"{alias.name!r} already means {other!r}")
            if not alias.name.strip():
                yield Problem(at, "an alias cannot be empty")
            yield from _alias_unit(at, alias, channel)


def _alias_unit(at: Path, alias: Alias, channel: Channel) -> Iterator[Problem]:
    if alias.unit is None or unit_id(channel.unit) is None:
        return
    try:
        measured = quantity(alias.unit)
    except UnitError as unknown:
        yield Problem(at, str(unknown))
        return
    if measured != quantity(channel.unit):
        what = f"{alias.unit!r} is a unit of {measured}, the channel's {channel.unit!r} is not"
        yield Problem(at, what)


def _listed(profile: Profile) -> Iterator[Problem]:
    for key in ("cards", "charts"):
        seen: set[str] = set()
        for index, name in enumerate(getattr(profile, key)):
            if name not in profile.names:
                what = f"no channel or metric {name!r}. {suggest(name, profile.names)}"
                yield Problem((key, index), what)
            elif name in seen:
                yield Problem((key, index), f"{name!r} is listed twice")
            seen.add(name)
