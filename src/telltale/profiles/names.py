"""Finds the channel that a feed's name means: by its own name, an alias, or nearly so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telltale.profiles.schema import Alias, Profile
from telltale.registry import nearest
from telltale.units import quantity, suffix_of, unit_id, unit_of_suffix

_UNIT_IN_NAME = re.compile(r"^(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]$")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a feed's name turned out to be.

    Attributes:
        channel: Canonical name.
        unit: The unit that an alias or the name itself says; None for the channel's own.
    """

    channel: str
    unit: str | None = None


def split_unit(name: str) -> tuple[str, str | None]:
    """Return a header without the unit in brackets at its end, and that unit.

    "Oil Temp (°C)" gives ("Oil Temp", "°C"), "COOLANT_TEMPERATURE ()" gives no unit. What is no
    unit stays: "Oil Temp (left)" is a name.
    """
    parts = _UNIT_IN_NAME.match(name.strip())
    unit = parts["unit"].strip() if parts else ""
    if parts is None or (unit and unit_id(unit) is None):
        return name.strip(), None
    return parts["name"], unit or None


def plain(name: str) -> str:
    """Return a name in lower case with everything but letters and digits as single "_"."""
    return _NOT_WORD.sub("_", name.casefold()).strip("_")


def _stem(name: str, unit: str) -> str:
    """Return a channel's name without the unit at its end."""
    suffix = suffix_of(unit)
    return name.removesuffix(f"_{suffix}") if suffix else name


class NameTable:
    """All names of one profile's channels. Made once, asked often."""

    def __init__(self, profile: Profile) -> None:
        self._exact: dict[str, Found] = {}
        self._plain: dict[str, Found | None] = {}
        for name, channel in profile.channels.items():
            for alias in channel.aliases:
                entry = alias if isinstance(alias, Alias) else Alias(alias)
                self._add(entry.name, Found(name, entry.unit))
        for name in profile.channels:
            self._add(name, Found(name))
        self._stems = {
            _stem(name, channel.unit): name for name, channel in profile.channels.items()
        }
        self._shown = (*profile.channels, *self._exact)
        self._profile = profile

    def _add(self, name: str, found: Found) -> None:
        self._exact[name.casefold()] = found
        key = plain(name)
        # Names that differ only in punctuation, or have no letter at all, prove nothing.
        is_clear = key and self._plain.get(key, found) == found
        self._plain[key] = found if is_clear else None

    def find(self, name: str) -> Found | None:
        """Return what a feed's name means, None if nothing fits.

        Tried in turn: as written without regard to case, without a unit in brackets, without
        regard to punctuation, and with another unit at its end.
        """
        if found := self._exact.get(name.casefold()):
            return found
        stripped, unit = split_unit(name)
        found = self._exact.get(stripped.casefold()) or self._plain.get(plain(stripped))
        if found is None and unit is None:
            return self._in_another_unit(name)
        return Found(found.channel, unit) if found and unit else found

    def _in_another_unit(self, name: str) -> Found | None:
        """Return the channel that "bearing_temp_f" means: its name, but for the unit at its end."""
        stem, _, suffix = name.rpartition("_")
        unit = unit_of_suffix(suffix.casefold()) or unit_id(suffix)
        channel = self._stems.get(plain(stem)) if unit and suffix else None
        if unit is None or channel is None:
            return None
        own = unit_id(self._profile.channels[channel].unit)
        is_same = own is not None and quantity(unit) == quantity(own)
        return Found(channel, unit) if is_same else None  # "speed_rpm" is no "speed_km_h"

    def suggest(self, name: str) -> str:
        """Return a sentence that helps with a name that nothing fits."""
        return nearest(name, self._shown) or (
            f"No such channel on {self._profile.title}; "
            f"its {len(self._profile.channels)} names are in profile {self._profile.id!r}."
        )
