"""The channels that a measuring point adds to its machine: what its waveforms are worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from telltale.profiles.points import NAME_RULE, Point, title_of, wrong_with
from telltale.profiles.schema import Channel, Limits, Profile
from telltale.registry import suggest
from telltale.units import suffix_of

LEAST_SHARE = 0.75  # of the evidence: as the diagnosis names a part
RMS, PEAK = "acceleration_rms", "acceleration_peak"
CREST, KURTOSIS = "crest_factor", "kurtosis"
VELOCITY = "velocity_rms_mm_s"
EVIDENCE = "bearing_evidence"
KNOCKING = "bearing_knocking"
SHARES = ("outer_race_share", "inner_race_share", "ball_share", "cage_share")
GEAR_SCORE, SIDEBANDS = "gear_score", "gear_sideband_ratio"
_INSPECT = "Plan an inspection of the bearing; its newest waveform shows the lines."


def column(point: str, what: str, unit: str = "g") -> str:
    """Return the name of a point's channel, e.g. "drive_end_acceleration_rms_g"."""
    return f"{point}_{what}_{suffix_of(unit)}" if what in {RMS, PEAK} else f"{point}_{what}"


def point_channels(name: str, point: Point) -> dict[str, Channel]:
    """Return the channels of one point, by name."""
    title = title_of(name, point)
    found = {
        column(name, what, point.unit): _size(f"{title} {told}", point.unit)
        for what, told in ((RMS, "acceleration RMS"), (PEAK, "acceleration peak"))
    }
    found[f"{name}_{CREST}"] = _ratio(f"{title} crest factor", (0.0, 1e6), (0.0, 12.0))
    found[f"{name}_{KURTOSIS}"] = _ratio(f"{title} kurtosis", (0.0, 1e9), (0.0, 12.0))
    found[f"{name}_{VELOCITY}"] = Channel(
        title=f"{title} velocity RMS, 10 to 1,000 Hz",
        unit="mm/s",
        range=(0.0, 1e6),
        scale=(0.0, 20.0),
        decimals=2,
        fill_s=0.0,
        source="ISO 20816-1, 4.3",
    )
    if point.has_bearing:
        found |= _bearing(name, title)
    if point.gear is not None:
        found |= _gear(name, title)
    return found


def with_points(profile: Profile) -> Profile:
    """Return the profile with the channels of its points; one that the file has goes before."""
    channels = {**profile.channels}
    for name, channel in _added(profile).items():
        channels.setdefault(name, channel)
    return msgspec.structs.replace(profile, channels=channels)


def fed_channels(profile: Profile) -> tuple[str, ...]:
    """Return the channels that a feed sends row by row; a point's come once per waveform."""
    added = _added(profile)
    return tuple(name for name in profile.channels if name not in added)


def own_channels(profile: Profile) -> dict[str, Channel]:
    """Return the channels that a file must hold: not those that a point adds as they are."""
    added = _added(profile)
    return {
        name: channel for name, channel in profile.channels.items() if added.get(name) != channel
    }


def point_problems(profile: Profile) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the key and what is wrong, of every fault in the points of a read profile."""
    signals = (*profile.channels, *profile.metrics)
    for name, point in profile.points.items():
        if not NAME_RULE.fullmatch(name):
            yield ("points", name), "a name is up to 30 lower-case letters, digits and '_'"
        if (wrong := wrong_with(point)) is not None:
            yield ("points", name, wrong[0]), wrong[1]
        rpm = point.shaft_rpm
        if isinstance(rpm, str) and rpm not in signals:
            what = f"no channel or metric {rpm!r}. {suggest(rpm, signals)}"
            yield ("points", name, "shaft_rpm"), what
        elif isinstance(rpm, str) and profile.signal(rpm).unit not in {"rpm", "krpm", "Hz"}:
            what = f"{rpm!r} is in {profile.signal(rpm).unit!r}, which is no speed of a shaft"
            yield ("points", name, "shaft_rpm"), what
    for name, channel in _added(profile).items():
        if profile.channels[name].unit != channel.unit:
            what = f"its measuring point gives it in {channel.unit!r}"
            yield ("channels", name, "unit"), what
        if name in profile.metrics:
            yield ("metrics", name), "is also a channel of a measuring point"


def _added(profile: Profile) -> Mapping[str, Channel]:
    added: dict[str, Channel] = {}
    for name, point in profile.points.items():
        if NAME_RULE.fullmatch(name):
            added |= point_channels(name, point)
    return added


def _size(title: str, unit: str) -> Channel:
    scale = (0.0, 10.0) if unit == "g" else (0.0, 100.0)
    return Channel(title, unit, (0.0, 1e6), scale=scale, decimals=3, fill_s=0.0)


def _ratio(
    title: str,
    bounds: tuple[float, float],
    scale: tuple[float, float],
    limits: Limits | None = None,
) -> Channel:
    return Channel(title, "1", bounds, scale=scale, decimals=2, limits=limits, fill_s=0.0)


def _bearing(name: str, title: str) -> dict[str, Channel]:
    """Return evidence, knocking and shares. A part is named as the diagnosis names it."""
    limits = Limits(
        warn_above=LEAST_SHARE,
        hysteresis=0.05,
        when=(f"{name}_{EVIDENCE}", "above", 1.0),
        advice=_INSPECT,
        source="share and evidence from which the diagnosis names a part",
    )
    told = ("outer race", "inner race", "ball", "cage")
    shares = {
        f"{name}_{what}": _ratio(f"{title} share of {part} damage", (0, 1), (0, 1), limits)
        for what, part in zip(SHARES, told, strict=True)
    }
    return {
        f"{name}_{EVIDENCE}": _ratio(f"{title} bearing evidence", (-1e3, 1e3), (0.0, 4.0)),
        f"{name}_{KNOCKING}": _ratio(f"{title} knocking", (0.0, 1e9), (0.0, 4.0)),
        **shares,
    }


def _gear(name: str, title: str) -> dict[str, Channel]:
    limits = Limits(
        warn_above=1.0,
        hysteresis=0.1,
        advice="Look at the teeth of the gear.",
        source="largest distance of a healthy waveform left out of the fit, with a margin",
    )
    return {
        f"{name}_{GEAR_SCORE}": _ratio(f"{title} gear score", (0.0, 1e9), (0.0, 4.0), limits),
        f"{name}_{SIDEBANDS}": _ratio(f"{title} gear sideband ratio", (0.0, 1e9), (0.0, 2.0)),
    }
