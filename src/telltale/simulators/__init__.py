"""Physics of the built-in machines, seeded, with faults that can be switched on."""

from __future__ import annotations

from typing import Any

import numpy as np

from telltale.errors import SettingsError
from telltale.registry import load
from telltale.simulators.base import Simulator

SIMULATORS = {
    "engine_2jz": "telltale.simulators.engine_2jz:Engine2jz",
    "pump": "telltale.simulators.pump:Pump",
    "race_car": "telltale.simulators.race_car:RaceCar",
    "focus_st": "telltale.simulators.focus_st:FocusSt",
    "rotating_machine": "telltale.simulators.rotating_machine:RotatingMachine",
}


def make_simulator(
    name: str,
    rng: np.random.Generator,
    **settings: Any,  # Any: each simulator checks its own settings
) -> Simulator:
    """Return the simulator registered under `name`.

    Raises:
        SettingsError: No such simulator, or a setting that it does not know or cannot use.
    """
    make = load(SIMULATORS, name, group="telltale.simulators", error=SettingsError)
    try:
        simulator: Simulator = make(rng, **settings)
    except TypeError as error:
        raise SettingsError(
            f"simulator {name}: {error}. Its settings are in docs/reference/simulators.md."
        ) from None
    return simulator
