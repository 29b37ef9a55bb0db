"""What a column's header says: the unit it is in, and the channel name it becomes."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources

from telltale.profiles.check import RESERVED_NAMES
from telltale.profiles.names import plain, split_unit
from telltale.units import quantity, suffix_of, unit_id, unit_of_name, unit_of_suffix

MAX_NAME = 63  # what the store takes
ROOM_FOR_NUMBER = 6  # "_12345"
MIN_SPELLED_LETTERS = 3  # "_kmh" is a unit at the end of a name; "_c" is left to the suffixes


# Two small letters before a capital: "RateRMS" is two words, "kWh" is one.
_NEW_WORD = re.compile(r"(?<=[a-z0-9]{2})(?=[A-Z])")


def split_words(header: str) -> str:
    """Return a header with spaces between its words: "FlowRateRMS" gives "Flow Rate RMS"."""
    return _NEW_WORD.sub(" ", header).replace("_", " ")


def _worded(header: str) -> str:
    """Return a header as a plain name in ASCII: accents go, other letters too."""
    bare = unicodedata.normalize("NFKD", split_words(header)).encode("ascii", "ignore").decode()
    return plain(bare)


@cache
def _known_feeds() -> tuple[Mapping[str, str], ...]:
    """Return, per well-known feed, its names and the units its document gives."""
    text = (resources.files("telltale.profiles") / "feeds.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text).values()
    return tuple({k.casefold(): unit for k, unit in table["units"].items()} for table in tables)


def units_of(names: Sequence[str], declared: Mapping[str, str]) -> dict[str, str]:
    """Return the unit of every column for which something says it.

    Asked in turn: the feed itself, brackets in the header, the document of a well-known feed,
    the ending of the name.
    """
    known: dict[str, str] = {}
    present = {split_unit(name)[0].casefold() for name in names}
    for feed in _known_feeds():
        if 2 * len(present & feed.keys()) >= len(feed):
            known = {**feed, **known}
    found: dict[str, str] = {}
    for name in names:
        stripped, bracketed = split_unit(name)
        said = (
            unit_id(declared.get(name, ""))
            or unit_id(bracketed or "")
            or known.get(stripped.casefold())
            or _ending(_worded(stripped), names)
        )
        if said:
            found[name] = said
    return found


def _ending(name: str, names: Iterable[str]) -> str | None:
    """Return the unit that the last part of a plain name says."""
    stem, _, last = name.rpartition("_")
    if unit := unit_of_name(name):
        return None if len(last) == 1 and _is_lettered(stem, last, names) else unit
    is_word = stem and len(last) >= MIN_SPELLED_LETTERS and last != "gps"
    return unit_id(last) if is_word else None


def _is_lettered(stem: str, letter: str, names: Iterable[str]) -> bool:
    """Tell whether a sibling differs in one letter that is no unit: sensor_a beside sensor_b."""
    siblings = {_worded(split_unit(name)[0]) for name in names}
    return any(
        f"{stem}_{other}" in siblings and unit_of_name(f"{stem}_{other}") is None
        for other in "abcdefghijklmnopqrstuvwxyz"
        if other != letter
    )


def titled(header: str, unit: str) -> str:
    """Return a header as words without its unit: "bearing_temp_c" gives "Bearing temperature"."""
    words = split_words(split_unit(header)[0]).replace("/", " ").split()
    for start in range(1, len(words)):
        ending = plain("_".join(words[start:]))
        if unit != "1" and unit in {unit_of_suffix(ending), unit_id(ending)}:
            words = words[:start]
            break
    if quantity(unit) == "temperature":
        words = ["temperature" if word.casefold() == "temp" else word for word in words]
    text = " ".join(words)
    return (text[:1].upper() + (text[1:].lower() if text.isupper() else text[1:])) or "Column"


def channel_name(header: str, unit: str | None, taken: Iterable[str]) -> str:
    """Return a new canonical name: the header in plain letters, and the unit as its ending."""
    suffix = suffix_of(unit) if unit and unit != "1" else None
    worded = _worded(split_unit(header)[0])
    stem = _stem(worded, unit)[: MAX_NAME - ROOM_FOR_NUMBER - len(suffix or "value") - 1].strip("_")
    if worded == suffix:
        suffix = None  # a column called "rpm" stays "rpm"
    used = set(taken)
    for number in range(1, len(used) + 2):
        counted = stem if number == 1 else f"{stem}_{number}"
        name = _agreeing(f"{counted}_{suffix}" if suffix else counted, unit)
        if name not in used:
            return name
    return name


def _stem(name: str, unit: str | None) -> str:
    """Return a plain name without the ending that says its unit, fit to begin a channel's name."""
    parts = name.split("_")
    for start in range(1, len(parts)):
        ending = "_".join(parts[start:])
        if unit and unit != "1" and unit in {unit_of_suffix(ending), unit_id(ending)}:
            name = "_".join(parts[:start])
            break
    name = name or "column"
    return name if name[0].isalpha() else f"x_{name}"


def _agreeing(name: str, unit: str | None) -> str:
    """Return a name whose ending does not claim another unit, and that is free to use."""
    said = unit_of_name(name)
    is_wrong = said is not None and said != (unit or "1")
    return f"{name}_value" if is_wrong or name in RESERVED_NAMES else name
