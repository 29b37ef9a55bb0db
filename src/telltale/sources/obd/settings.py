"""Checks of the settings of an OBD-II source. They do no I/O."""

from __future__ import annotations

from telltale.errors import SettingsError
from telltale.profiles.load import builtin_profiles
from telltale.profiles.schema import Profile
from telltale.registry import suggest
from telltale.sources.obd.find_bus import AUTO, PROTOCOLS

FALLBACKS = ("none", "simulator")


def known_profile(where: str, profile: Profile | str | None) -> Profile | None:
    """Return the profile that is meant, a built-in one by its id. Raises SettingsError."""
    if profile is None or isinstance(profile, Profile):
        return profile
    known = builtin_profiles()
    if profile not in known:
        raise SettingsError(f"{where}: no profile named {profile!r}. {suggest(profile, known)}")
    return known[profile]


def known_protocol(where: str, protocol: str) -> str:
    """Return the bus as ATSP numbers it. Raises SettingsError."""
    if str(protocol) not in {AUTO, *PROTOCOLS}:
        raise SettingsError(
            f"{where}: protocol is {protocol!r}. Give 0 to find the bus, or 1 to 9: "
            + "; ".join(f"{number} {name}" for number, name in PROTOCOLS.items())
            + "."
        )
    return str(protocol)


def known_fallback(where: str, fallback: str, profile: Profile | None) -> str:
    """Return what stands in for a car that is not there. Raises SettingsError."""
    if fallback not in FALLBACKS:
        raise SettingsError(
            f"{where}: fallback is {fallback!r}. {suggest(str(fallback), FALLBACKS)}"
        )
    if fallback == "simulator" and (profile is None or profile.simulator is None):
        raise SettingsError(
            f"{where}: fallback is 'simulator', but there is no profile with a simulator. "
            "Name one such as focus_st, or leave fallback out."
        )
    return fallback
