"""Makes a simulated adapter in a simulated car from a few words, for the command line and tests."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from telltale.errors import SettingsError
from telltale.profiles.load import builtin_profiles
from telltale.registry import suggest
from telltale.simulators import make_simulator
from telltale.simulators.elm327 import CAN_PROTOCOLS, LEGACY_PROTOCOLS, Elm327
from telltale.simulators.elm327_car import Codes, SimulatedCar
from telltale.simulators.elm327_defects import parse_defects

OLD_CARS = frozenset({"toyota_2jz_gte"})  # from before CAN
CODE = re.compile(r"[PCBU][0-3][0-9A-F]{3}")


def simulated_adapter(
    profile: str,
    *,
    scenario: str | None = None,
    protocol: str | None = None,
    stored: tuple[str, ...] = (),
    defects: tuple[str, ...] = (),
    seed: int = 0,
    has_gearbox_computer: bool = True,
    answer_s: float = 0.01,
    wait_s: float = 0.03,
) -> Elm327:
    """Return an adapter in the car of a built-in profile.

    Args:
        profile: A car's; it says what can be read, and which simulator moves it.
        scenario: What the car is doing; None for the simulator's first.
        protocol: Its bus, 1 to 9 as ATSP numbers them.
        stored: Trouble codes that it holds.
        defects: As `parse_defects` takes them.
        seed: The same seed gives the same car and the same chance.
        has_gearbox_computer: A second computer answers too.
        answer_s: As `Elm327`.
        wait_s: As `Elm327`.

    Raises:
        SettingsError: One of them is unknown.
    """
    cars = {
        name: one
        for name, one in builtin_profiles().items()
        if one.simulator and any(channel.obd2 for channel in one.channels.values())
    }
    if profile not in cars:
        raise SettingsError(f"no car named {profile!r} can be simulated. {suggest(profile, cars)}")
    wrong = [code for code in stored if not CODE.fullmatch(code.upper())]
    if wrong:
        raise SettingsError(f"{wrong[0]!r} is no trouble code. Give one such as P0301.")
    number = protocol or ("5" if profile in OLD_CARS else "6")
    if number not in CAN_PROTOCOLS and number not in LEGACY_PROTOCOLS:
        raise SettingsError(f"protocol is {protocol!r}. Give 1 to 9.")
    play = cars[profile].simulator
    settings: dict[str, Any] = dict(play.settings) if play else {}
    if scenario is not None:
        settings["scenario"] = scenario
    rng = np.random.default_rng(seed)
    simulator = make_simulator(play.name if play else "", rng, **settings)
    held = Codes(stored=[code.upper() for code in stored])
    car = SimulatedCar(
        simulator, cars[profile], codes=held, has_gearbox_computer=has_gearbox_computer
    )
    return Elm327(
        car,
        protocol=number,
        defects=parse_defects(defects),
        rng=rng,
        answer_s=answer_s,
        wait_s=wait_s,
    )
