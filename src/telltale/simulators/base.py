"""`Simulator`: the seam of simulated machines, and the small values that describe one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from telltale.batch import FloatArray, IntArray
from telltale.errors import SettingsError
from telltale.registry import suggest


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that can go wrong.

    Attributes:
        name: As used in settings and addresses.
        title: For people.
        description: What happens in the machine, one sentence.
        channels: Where it shows.
        onset_s: Time constant with which it develops; 63 % of it is there after this long.
    """

    name: str
    title: str
    description: str
    channels: tuple[str, ...]
    onset_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """How one channel is measured.

    Attributes:
        name: Channel of the profile.
        step: Resolution of the analog-digital converter, in the channel's unit.
        low, high: What it can show; a value beyond is shown as the end.
        noise: Standard deviation of the noise, in the channel's unit.
        noise_share: Further noise, as a share of the value.
        is_held: True for a value that jumps (gear, lap): not interpolated.
        stuck_by: Fault that makes it repeat its last value.
        glitch_by: Fault that makes it jump to `glitch` for single samples.
    """

    name: str
    step: float
    low: float
    high: float
    noise: float = 0.0
    noise_share: float = 0.0
    is_held: bool = False
    stuck_by: str | None = None
    glitch_by: str | None = None
    glitch: float = math.nan


class Simulator(Protocol):
    """One machine that does not exist. Same seed, same times, same commands: same bits.

    The answer does not depend on how the time axis is cut into calls of `advance`.

    Attributes:
        name: Its name in `SIMULATORS`.
        title: For people.
        profile: Id of the profile whose channels it gives.
        channels: Names of the columns that `advance` returns.
        scenarios: What it can be doing.
        scenario: What it is doing.
        faults: What can go wrong.
    """

    name: str
    title: str
    profile: str
    channels: tuple[str, ...]
    scenarios: tuple[str, ...]
    scenario: str
    faults: tuple[Fault, ...]

    def advance(self, time_ns: IntArray) -> dict[str, FloatArray]:
        """Return the readings at these times, one array of shape (n,) per channel.

        Args:
            time_ns: Not decreasing, and not before the last call's last time.

        Raises:
            BatchError: Time goes back.
        """

    def set_scenario(self, name: str) -> None:
        """Do this from the next sample on. Raises SettingsError for an unknown name."""

    def set_fault(self, name: str, severity: float) -> None:
        """Let a fault develop to this severity, 0 (repaired) to 1. Raises SettingsError."""

    def severities(self) -> Mapping[str, float]:
        """Return every fault's severity as it was set."""


def check_scenario(where: str, name: str, scenarios: tuple[str, ...]) -> str:
    """Return the name if it is a scenario. Raises SettingsError."""
    if name not in scenarios:
        raise SettingsError(f"{where}: no scenario named {name!r}. {suggest(name, scenarios)}")
    return name


def check_severity(where: str, name: str, severity: float, faults: tuple[Fault, ...]) -> float:
    """Return the severity if fault and number are right. Raises SettingsError."""
    names = [fault.name for fault in faults]
    if name not in names:
        raise SettingsError(f"{where}: no fault named {name!r}. {suggest(name, names)}")
    if not 0.0 <= severity <= 1.0:
        raise SettingsError(
            f"{where}: severity of {name} is {severity!r}. Give a number from 0 (off) to 1 (full)."
        )
    return float(severity)
