"""What is noted among a machine's events when somebody or telltale changes what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from telltale.profiles.fit import Fit
from telltale.profiles.schema import Profile
from telltale.simulators.base import Simulator
from telltale.store.base import Machine


def registration_told(profile: Profile, fit: Fit, n_names: int) -> str:
    """Return how an unknown machine came to its profile."""
    if profile.inferred:
        return inferred_sentence(profile)
    return f"Registered on {profile.title}: {len(fit.matched)} of {n_names} names fit."


def found_told(before: str, profile: Profile, fit: Fit) -> str:
    """Return why a machine left its inferred profile, and what became of its readings."""
    return (
        f"Profile changed from {before} to {profile.id}: {len(fit.matched)} names of all that it "
        f"has sent fit {profile.title}. What is derived starts anew; its readings stay readable."
    )


def inferred_sentence(profile: Profile) -> str:
    """Return what is to be done about a profile that telltale wrote by itself."""
    n_channels = len(profile.channels)
    channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
    return f"Profile inferred from {channels}; check its units."


def changes_told(before: Machine, after: Machine) -> Iterator[tuple[str, str]]:
    """Yield what was changed of a machine, in a word and in a sentence."""
    if after.title != before.title:
        yield "renamed", f"Renamed from {before.title} to {after.title}."
    if after.place != before.place:
        yield "moved", f"Moved to {after.place}." if after.place else f"Moved from {before.place}."
    if after.profile != before.profile:
        yield (
            "profile",
            (
                f"Profile changed from {before.profile} to {after.profile}; "
                "what is derived starts anew."
            ),
        )


def simulation_told(
    simulator: Simulator, scenario: str, severities: Mapping[str, float]
) -> Iterator[tuple[str, str]]:
    """Yield what was switched since scenario and faults' severities were these."""
    if simulator.scenario != scenario:
        yield "scenario", f"Scenario changed from {scenario} to {simulator.scenario}."
    now = simulator.severities()
    for fault in simulator.faults:
        was, severity = severities[fault.name], now[fault.name]
        if severity == was:
            continue
        if severity == 0:
            yield fault.name, f"{fault.title} repaired."
        elif was == 0:
            yield fault.name, f"{fault.title} switched on, {severity:.0%}."
        else:
            yield fault.name, f"{fault.title} set to {severity:.0%}."
