"""Which profile a feed is most like, by its names alone.

A feed fits when at least `MIN_SHARE` of its names are names or aliases of the profile's channels
and at least `MIN_EVIDENCE` of those say something: "value" or "speed" could be anybody's. A feed
of which more would be lost gets a profile of its own (`infer`), so that every column is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from telltale.profiles.names import NameTable, plain
from telltale.profiles.schema import Profile

MIN_SHARE = 0.75
MIN_EVIDENCE = 2

# Words that a feed of anything may use: alone they prove no machine.
GENERIC = frozenset(
    {
        "value",
        "values",
        "x",
        "y",
        "z",
        "data",
        "reading",
        "sensor",
        "signal",
        "measurement",
        "temp",
        "temperature",
        "temp_c",
        "pressure",
        "speed",
        "level",
        "current",
        "voltage",
        "power",
        "flow",
        "load",
        "humidity",
        "position",
        "angle",
        "lat",
        "lon",
        "latitude",
        "longitude",
        "lap",
        "sector",
        "gear",
    }
)


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a profile fits a feed.

    Attributes:
        profile_id: The profile that fits best, None if none fits well enough.
        share: Of the feed's names, how many the best profile knows, 0 to 1.
        matched: Feed name to channel, of the best profile.
    """

    profile_id: str | None
    share: float
    matched: dict[str, str]


def best_fit(names: Iterable[str], profiles: Iterable[Profile]) -> Fit:
    """Return the profile that knows most of these names.

    Of equals one that a person has checked goes before an inferred one, then the one they fill
    most.

    Args:
        names: Of the feed's columns, without its time.
        profiles: Candidates; an earlier one wins where all else is equal.
    """
    asked = tuple(dict.fromkeys(names))
    best = Fit(None, 0.0, {})
    best_score = (False, 0.0, False, 0.0)
    for profile in profiles:
        matched = _matched(asked, profile)
        share = len(matched) / len(asked) if asked else 0.0
        channels = set(matched.values())
        fill = len(channels) / len(profile.channels)
        score = (_proves(matched, share), share, not profile.inferred, fill)
        if matched and score > best_score:
            best_score = score
            best = Fit(profile.id if score[0] else None, share, matched)
    return best


def _matched(names: Iterable[str], profile: Profile) -> dict[str, str]:
    table = NameTable(profile)
    found = ((name, table.find(name)) for name in names)
    return {name: meaning.channel for name, meaning in found if meaning}


def _proves(matched: dict[str, str], share: float) -> bool:
    """Tell whether these names are enough to say what machine this is."""
    evidence = {channel for name, channel in matched.items() if plain(name) not in GENERIC}
    return share >= MIN_SHARE and len(evidence) >= MIN_EVIDENCE
