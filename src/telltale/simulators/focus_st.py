"""A Ford Focus ST: 2.0 l turbo four, six-speed manual gearbox, driven in four ways.

A driver follows a speed plan with pedal, brake and gears; the car answers with its mass and drag;
the engine answers with air, boost, mixture and heat.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from telltale.simulators.drive import Drift, Hold, clamp
from telltale.simulators.focus_st_channels import FAULTS, SENSORS
from telltale.simulators.gearbox import Gearbox
from telltale.simulators.stepped import SteppedSimulator, toward

STEP_S = 0.1
MASS_KG = 1480.0
DRAG_N_S2_M2 = 0.45  # half of air density x frontal area x drag coefficient
ROLLING_N = 190.0
WHEEL_M = 0.318
FINAL_DRIVE = 3.82
GEARS = (3.23, 1.95, 1.32, 1.03, 0.82, 0.69)
IDLE_RPM = 850.0
RED_LINE_RPM = 6300.0
PEAK_TORQUE_NM = 360.0
ENGINE_BRAKE_NM = 25.0
FULL_BOOST_BAR = 1.24  # about 18 psi over the air around
SEA_LEVEL_BAR = 1.013
BARO_BAR = 1.013
THERMOSTAT_C = 88.0
AIR_PER_TANK_G = 650_000.0  # 62 l of petrol at 14.2 kg of air per kg
REFUEL_PCT = 15.0  # the simulated driver never runs dry

# Scenario: speed plan from and to (km/h), hardest acceleration asked for (m/s2).
DUTIES = {
    "idle": (0.0, 0.0, 0.0),
    "cruise": (85.0, 112.0, 0.5),
    "accelerate": (40.0, 130.0, 2.2),
    "hard": (50.0, 170.0, 4.5),
}


class FocusPlant:
    """Driver, car and engine. Coolant and oil are one heat capacity each."""

    sensors = SENSORS
    faults = FAULTS
    scenarios = tuple(DUTIES)
    step_s = STEP_S
    draws = 7

    def __init__(self, ambient_c: float = 20.0) -> None:
        self._ambient_c = ambient_c
        self._plan = Hold(5.0, 8.0, STEP_S)
        self._hill_n = Drift(0.0, 120.0, 25.0, STEP_S)
        self._mixture = Drift(0.0, 0.10, 1.5, STEP_S)
        self._idle_rpm = Drift(IDLE_RPM, 12.0, 2.0, STEP_S)
        self._electric = Drift(14.1, 0.05, 20.0, STEP_S)
        self._speed_m_s = 0.0
        self._gearbox = Gearbox(GEARS, FINAL_DRIVE, WHEEL_M, STEP_S)
        self._pedal = self._throttle = 0.0
        self._urge = 0.0  # what the driver has wanted lately; decides when to change gear
        self._rpm = IDLE_RPM
        self._turbo = 0.0  # share of the speed that gives full boost
        self._boost_bar = -0.65
        self._afr = 14.7
        self._coolant_c, self._oil_c, self._intake_c = 86.0, 88.0, ambient_c + 10.0
        self._fuel_pct = 72.0
        self._octane = -1.0  # the engine computer trusts the fuel fully

    def step(self, scenario: str, level: Mapping[str, float], z: list[float]) -> list[float]:
        """Go on by 0.1 s. Order of the values: as `SENSORS`."""
        self._drive(scenario, z)
        self._breathe(level)
        loaded = clamp((self._boost_bar + 0.2) / (FULL_BOOST_BAR + 0.2), 0.0, 1.0)
        self._mix(loaded, level, z[4])
        maf_g_s = self._maf_g_s()
        self._heat(maf_g_s, level)
        volts = self._electric.step(z[5]) - 2.9 * level["battery_low"]
        fuel_bar = 3.8 + 0.25 * loaded - 1.5 * level["lean_mixture"] * (0.4 + loaded)
        self._fuel_pct -= 100.0 * maf_g_s / AIR_PER_TANK_G * STEP_S
        if self._fuel_pct < REFUEL_PCT:
            self._fuel_pct = 100.0
        doubt = -1.0 + 0.7 * level["lean_mixture"] * (0.6 + 0.4 * loaded)
        self._octane = toward(self._octane, doubt, STEP_S, 20.0)
        return [
            self._rpm,
            self._speed_m_s * 3.6,
            100.0 * self._throttle,
            100.0 * clamp(self._load(), 0.0, 1.0),
            self._coolant_c,
            self._intake_c,
            maf_g_s,
            BARO_BAR + self._boost_bar,
            self._timing_deg(loaded, level),
            fuel_bar - 0.35 * level["battery_low"],
            self._boost_bar,
            self._oil_c,
            self._turbo_rpm(level),
            self._afr,
            self._fuel_pct,
            volts,
            self._octane,
            100.0 * self._pedal,
        ]

    def _drive(self, scenario: str, z: list[float]) -> None:
        """Follow the speed plan with pedal, brake and gears for one step."""
        slow_km_h, fast_km_h, hardest = DUTIES[scenario]
        share = self._plan.step(z[0], z[1])
        wish_m_s = (slow_km_h + (fast_km_h - slow_km_h) * share) / 3.6
        hill_n = self._hill_n.step(z[2]) if self._speed_m_s > 1.0 else 0.0
        resist_n = DRAG_N_S2_M2 * self._speed_m_s**2 + ROLLING_N + hill_n
        wish_m_s2 = clamp(0.6 * (wish_m_s - self._speed_m_s), -4.0, hardest)
        need_n = MASS_KG * wish_m_s2 + resist_n
        per_m = self._gearbox.per_m
        torque_nm = self._torque_nm()
        is_idle = wish_m_s == 0.0 and self._speed_m_s < 0.5
        want_nm = need_n / per_m + ENGINE_BRAKE_NM
        pedal = 0.0 if is_idle else clamp(want_nm / (0.65 * self._pull_nm()), 0.0, 1.0)
        self._urge = toward(self._urge, pedal, STEP_S, 1.0)
        self._gearbox.step(self._rpm, self._urge, z[6])
        if self._gearbox.is_open:
            pedal = 0.0
        self._pedal = pedal
        self._throttle = toward(self._throttle, pedal, STEP_S, 0.15)
        drive_n = 0.0 if is_idle else torque_nm * per_m
        brake_n = max(0.0, -need_n) if need_n < 0.0 else 0.0
        gain_m_s = (drive_n - brake_n - resist_n) / MASS_KG * STEP_S
        self._speed_m_s = max(0.0, self._speed_m_s + gain_m_s) if not is_idle else 0.0
        wheel_rpm = self._gearbox.wheel_rpm(self._speed_m_s)
        idle_rpm = self._idle_rpm.step(z[3])
        self._rpm = toward(self._rpm, max(idle_rpm, wheel_rpm), STEP_S, 0.15)

    def _breathe(self, level: Mapping[str, float]) -> None:
        """Spin the turbocharger with the exhaust; boost follows its speed squared."""
        exhaust = clamp(self._throttle * self._rpm / 3200.0, 0.0, 1.0)
        lag_s = (0.5 + 900.0 / max(self._rpm, IDLE_RPM)) if exhaust > self._turbo else 0.6
        self._turbo = toward(self._turbo, exhaust, STEP_S, lag_s)
        tight = 1.0 - 0.55 * level["boost_leak"]
        vacuum_bar = -0.70 * (1.0 - self._throttle) ** 2 * (1.0 - self._turbo)
        goal_bar = vacuum_bar + FULL_BOOST_BAR * self._turbo**2 * self._throttle**0.5 * tight
        self._boost_bar = toward(self._boost_bar, goal_bar, STEP_S, 0.15)

    def _turbo_rpm(self, level: Mapping[str, float]) -> float:
        """Return the turbo's speed: it spins on a little even without boost."""
        windmill_rpm = 40_000.0 * min(1.0, self._turbo / 0.02)
        return windmill_rpm + 165_000.0 * self._turbo * (1.0 + 0.35 * level["boost_leak"])

    def _load(self) -> float:
        return (SEA_LEVEL_BAR + self._boost_bar) / (SEA_LEVEL_BAR + FULL_BOOST_BAR)

    def _pull_nm(self) -> float:
        """Return the torque at full throttle and this engine speed."""
        revs = self._rpm / RED_LINE_RPM
        return PEAK_TORQUE_NM * clamp(0.55 + 1.6 * revs - 1.3 * revs**2, 0.35, 1.0)

    def _torque_nm(self) -> float:
        if self._gearbox.is_open:
            return 0.0
        fill = self._throttle * (0.45 + 0.55 * self._load())
        return self._pull_nm() * fill - ENGINE_BRAKE_NM * (1.0 - self._throttle)

    def _maf_g_s(self) -> float:
        """Return the air through 1999 cm3 at 90 % filling: half its volume a revolution."""
        density_g_l = 1.19 * max(0.1, SEA_LEVEL_BAR + self._boost_bar)
        return 1.999 / 2.0 * self._rpm / 60.0 * 0.9 * density_g_l

    def _mix(self, loaded: float, level: Mapping[str, float], z: float) -> None:
        afr = 14.7 - 2.9 * loaded**0.8 + self._mixture.step(z)
        afr += 3.0 * loaded * level["lean_mixture"] + 0.5 * level["lean_mixture"]
        afr -= 1.6 * (0.2 + loaded) * level["boost_leak"]
        self._afr = toward(self._afr, afr, STEP_S, 0.2)

    def _timing_deg(self, loaded: float, level: Mapping[str, float]) -> float:
        revs = self._rpm / RED_LINE_RPM
        pulled = 9.0 * loaded * level["lean_mixture"]
        return 8.0 + 22.0 * revs - 20.0 * loaded - pulled

    def _heat(self, maf_g_s: float, level: Mapping[str, float]) -> None:
        """Burnt fuel heats coolant and oil; wind and radiator cool them."""
        heat_kw = maf_g_s / 14.0 * 43.0  # fuel at 43 kJ/g
        wind = 0.35 + min(self._speed_m_s, 35.0) / 35.0
        opening = clamp((self._coolant_c - THERMOSTAT_C) / 9.0, 0.02, 1.0)
        opening *= 1.0 - 0.905 * level["thermostat_stuck"]
        exchange_kw = 0.15 * (self._oil_c - self._coolant_c)
        out_kw = (1.6 * opening * wind + 0.03) * (self._coolant_c - self._ambient_c)
        self._coolant_c += (0.20 * heat_kw + exchange_kw - out_kw) * STEP_S / 40.0
        oil_out_kw = 0.05 * wind * (self._oil_c - self._ambient_c)
        self._oil_c += (0.045 * heat_kw + 0.6 - exchange_kw - oil_out_kw) * STEP_S / 18.0
        charge_c = self._ambient_c + 8.0 + 22.0 * max(0.0, self._boost_bar) / FULL_BOOST_BAR
        charge_c += 8.0 * (1.35 - wind)
        self._intake_c = toward(self._intake_c, charge_c, STEP_S, 12.0)


class FocusSt(SteppedSimulator):
    """A Focus ST as a simulator."""

    name = "focus_st"
    title = "Ford Focus ST"
    profile = "focus_st"

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        scenario: str | None = "cruise",
        ambient_c: float = 20.0,
    ) -> None:
        super().__init__(FocusPlant(ambient_c), rng, scenario=scenario)
