"""Heat and pressure of a race car's four tyres and brakes, one heat capacity each."""

from __future__ import annotations

from collections.abc import Mapping

from telltale.simulators.drive import clamp

CORNERS = ("fl", "fr", "rl", "rr")
AIR_C = 26.0
COLD_BAR = 1.55  # gauge, at 20 degC
AIR_BAR = 1.013
ZERO_C_K = 273.15
SIDE = (1.0, -1.0, 1.0, -1.0)  # a right turn (positive g) loads the left side
END = (-1.0, -1.0, 1.0, 1.0)  # slowing loads the front
SIDE_SHARE, END_SHARE = 0.45, 0.30  # load moved per g, as a share of a wheel's own
TYRE_HEAT = 0.042  # degC per s, per m/s and g at normal load
TYRE_COOLING_PER_S = 0.0142
BRAKE_HEAT = (2.0, 2.0, 1.15, 1.15)  # degC per s, per m/s and g; two thirds in front
BRAKE_COOLING_PER_S = 0.036
GAS_LAG_S = 150.0


class Wheels:
    """Tyre and brake temperatures, tyre pressures."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._tyre_c = [72.0, 70.0, 72.0, 70.0]
        self._gas_c = [60.0, 59.0, 60.0, 59.0]
        self._brake_c = [260.0, 260.0, 190.0, 190.0]

    def step(
        self, speed_m_s: float, accel_g: float, side_g: float, level: Mapping[str, float]
    ) -> None:
        """Go on by one step at this speed and these accelerations."""
        wind = 0.4 + speed_m_s / 40.0
        work = speed_m_s * (accel_g * accel_g + side_g * side_g) ** 0.5
        slide = 1.0 + 1.0 * level["tyre_drop"]
        braking = speed_m_s * max(0.0, -accel_g)
        air_flow = wind * (1.0 - 0.6 * level["brake_fade"])
        for k in range(4):
            load = 1.0 + SIDE_SHARE * SIDE[k] * side_g + END_SHARE * END[k] * accel_g
            gain_c = TYRE_HEAT * slide * work * clamp(load, 0.1, 2.0)
            loss_c = TYRE_COOLING_PER_S * wind * (self._tyre_c[k] - AIR_C)
            self._tyre_c[k] += (gain_c - loss_c) * self._step_s
            self._gas_c[k] += (self._tyre_c[k] - self._gas_c[k]) * self._step_s / GAS_LAG_S
            cooling_c = BRAKE_COOLING_PER_S * air_flow * (self._brake_c[k] - AIR_C)
            self._brake_c[k] += (BRAKE_HEAT[k] * braking - cooling_c) * self._step_s

    def values(self) -> list[float]:
        """Return mean and four tyre temperatures, mean and four pressures, four brakes."""
        cold_k = 20.0 + ZERO_C_K
        bar = [(COLD_BAR + AIR_BAR) * (c + ZERO_C_K) / cold_k - AIR_BAR for c in self._gas_c]
        return [sum(self._tyre_c) / 4.0, *self._tyre_c, sum(bar) / 4.0, *bar, *self._brake_c]
