"""A Toyota 2JZ-GTE: inline six, 2997 cm3, twin turbo, on the road, idling or on a track.

Driver -> throttle and speed -> air -> turbo spool -> boost -> mixture -> power -> heat; knock
follows boost, heat and lean mixture.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from telltale.simulators.base import Fault, Sensor
from telltale.simulators.drive import Drift, Hold, clamp
from telltale.simulators.gearbox import RPM_PER_RAD_S, Gearbox
from telltale.simulators.stepped import SteppedSimulator, toward

STEP_S = 0.1
IDLE_RPM = 750.0
RED_LINE_RPM = 6800.0
FULL_BOOST_BAR = 0.85  # factory wastegate, about 12 psi
FULL_AIR_G_S = 330.0  # 2997 cm3 at 6800 rpm and full boost
FULL_POWER_KW = 235.0
AIR_BAR = 1.013
FULL_TORQUE_NM = 1000.0 * FULL_POWER_KW / (RED_LINE_RPM / RPM_PER_RAD_S)
DRAG_NM = 45.0  # friction and pumping with the throttle shut
MASS_KG = 1580.0  # with the driver
DRAG_N_S2_M2 = 0.41  # half of air density x frontal area x drag coefficient
ROLLING_N = 220.0
GEARS = (3.83, 2.36, 1.69, 1.31, 1.00, 0.79)  # six-speed manual
FINAL_DRIVE = 3.27
WHEEL_M = 0.32
IDLE_THROTTLE_PCT = 3.0
THERMOSTAT_C = 82.0

# Scenario: speed plan from and to (km/h), hardest acceleration asked for (m/s2).
DUTIES = {
    "road": (45.0, 135.0, 3.5),
    "idle": (0.0, 0.0, 0.0),
    "motorway": (85.0, 130.0, 0.8),
    "track": (80.0, 215.0, 6.0),
}

FAULTS: tuple[Fault, ...] = (
    Fault(
        "lean_under_boost",
        "Lean under boost",
        "The fuel pump cannot keep up: the mixture goes lean with boost and the engine knocks.",
        ("afr", "knock", "oil_temp_c"),
        20.0,
    ),
    Fault(
        "coolant_loss",
        "Coolant loss",
        "A leak empties the cooling circuit: coolant, then oil grow hot, then the engine knocks.",
        ("coolant_temp_c", "oil_temp_c", "knock"),
        60.0,
    ),
    Fault(
        "boost_leak",
        "Boost leak",
        "A hose has come loose: boost stays low and the mixture goes rich.",
        ("boost_bar", "afr"),
        10.0,
    ),
    Fault(
        "oil_cooler_blocked",
        "Oil cooler blocked",
        "The oil cooler passes no heat: oil grows hot at any load.",
        ("oil_temp_c",),
        60.0,
    ),
    Fault(
        "afr_sensor_stuck",
        "Lambda sensor stuck",
        "The wide-band sensor repeats its last value.",
        ("afr",),
        5.0,
    ),
)

SENSORS: tuple[Sensor, ...] = (
    Sensor("engine_speed_rpm", 0.25, 0.0, 9000.0, noise=6.0),
    Sensor("boost_bar", 0.005, -1.0, 3.0, noise=0.006),
    Sensor("afr", 0.01, 8.0, 20.0, noise=0.05, stuck_by="afr_sensor_stuck"),
    Sensor("oil_temp_c", 0.1, -40.0, 180.0, noise=0.12),
    Sensor("coolant_temp_c", 0.1, -40.0, 150.0, noise=0.12),
    Sensor("knock", 0.01, 0.0, 100.0, noise=0.02, noise_share=0.08),
    Sensor("throttle_pct", 0.4, 0.0, 100.0, noise=0.2),
    Sensor("manifold_pressure_kpa", 1.0, 0.0, 400.0, noise=0.4),
    Sensor("maf_g_s", 0.01, 0.0, 655.35, noise_share=0.01),
    Sensor("intake_temp_c", 1.0, -40.0, 215.0, noise=0.2),
    Sensor("speed_km_h", 1.0, 0.0, 400.0),
    Sensor("battery_voltage_v", 0.02, 0.0, 20.0, noise=0.02),
)


class EnginePlant:
    """The engine. Temperatures are lumped: one heat capacity each for coolant and oil."""

    sensors = SENSORS
    faults = FAULTS
    scenarios = tuple(DUTIES)
    step_s = STEP_S
    draws = 7

    def __init__(self, ambient_c: float = 22.0) -> None:
        self._ambient_c = ambient_c
        self._plan = Hold(4.0, 8.0, STEP_S)
        self._gearbox = Gearbox(GEARS, FINAL_DRIVE, WHEEL_M, STEP_S)
        self._idle_rpm = Drift(IDLE_RPM, 10.0, 2.0, STEP_S)
        self._fuelling = Drift(0.0, 0.12, 1.5, STEP_S)
        self._electric = Drift(14.0, 0.06, 20.0, STEP_S)
        self._throttle = 0.0
        self._urge = 0.0  # what the driver has wanted lately; decides when to change gear
        self._rpm = IDLE_RPM
        self._boost_bar = -0.6
        self._afr = 14.7
        self._coolant_c, self._oil_c = 78.0, 84.0
        self._intake_c = ambient_c + 8.0
        self._speed_m_s = 0.0

    def step(self, scenario: str, level: Mapping[str, float], z: list[float]) -> list[float]:
        """Go on by 0.1 s. Order of the values: as `SENSORS`."""
        self._drive(scenario, z)
        self._breathe(level)
        self._mix(level, z[4])
        power_kw = self._power_kw()
        self._heat(power_kw, level)
        return [
            self._rpm,
            self._boost_bar,
            self._afr,
            self._oil_c,
            self._coolant_c,
            self._knock(z[5]),
            IDLE_THROTTLE_PCT + (100.0 - IDLE_THROTTLE_PCT) * self._throttle,
            100.0 * (AIR_BAR + self._boost_bar),
            FULL_AIR_G_S * power_kw / FULL_POWER_KW,
            self._intake_c,
            self._speed_m_s * 3.6,
            self._electric.step(z[6]),
        ]

    def _drive(self, scenario: str, z: list[float]) -> None:
        """Follow the speed plan with pedal, brake and gears for one step."""
        slow_km_h, fast_km_h, hardest = DUTIES[scenario]
        wish_m_s = (slow_km_h + (fast_km_h - slow_km_h) * self._plan.step(z[0], z[1])) / 3.6
        is_standing = wish_m_s == 0.0 and self._speed_m_s < 0.5
        resist_n = DRAG_N_S2_M2 * self._speed_m_s**2 + ROLLING_N
        wish_m_s2 = clamp(0.6 * (wish_m_s - self._speed_m_s), -6.0, hardest)
        need_n = MASS_KG * wish_m_s2 + resist_n
        per_m = self._gearbox.per_m
        pedal = clamp((need_n / per_m + DRAG_NM) / FULL_TORQUE_NM, 0.0, 1.0)
        pedal = 0.0 if is_standing else pedal
        self._urge = toward(self._urge, pedal, STEP_S, 1.0)
        self._gearbox.step(self._rpm, self._urge, z[2])
        if self._gearbox.is_open:
            pedal = 0.0
        self._throttle = toward(self._throttle, pedal, STEP_S, 0.15)
        drive_n = 0.0 if is_standing or self._gearbox.is_open else self._torque_nm() * per_m
        brake_n = max(0.0, drive_n - need_n) if need_n < 0.0 else 0.0
        gain_m_s = (drive_n - brake_n - resist_n) / MASS_KG * STEP_S
        self._speed_m_s = 0.0 if is_standing else max(0.0, self._speed_m_s + gain_m_s)
        wheel_rpm = self._gearbox.wheel_rpm(self._speed_m_s)
        idle_rpm = self._idle_rpm.step(z[3])
        self._rpm = toward(self._rpm, max(idle_rpm, wheel_rpm), STEP_S, 0.15)

    def _torque_nm(self) -> float:
        """Return what the crankshaft gives; no fuel is burnt with the pedal lifted."""
        burning = clamp(self._throttle / 0.04, 0.0, 1.0)
        return FULL_TORQUE_NM * self._density() * burning - DRAG_NM * (1.0 - self._throttle)

    def _breathe(self, level: Mapping[str, float]) -> None:
        speed = self._rpm / RED_LINE_RPM
        vacuum_bar = -0.68 * (1.0 - self._throttle) ** 1.5
        drive = clamp((self._throttle - 0.3) / 0.6, 0.0, 1.0) * clamp(speed * 2.2 - 0.45, 0.0, 1.0)
        boost_bar = FULL_BOOST_BAR * drive * (1.0 - 0.6 * level["boost_leak"])
        goal_bar = vacuum_bar * (1.0 - drive) + boost_bar
        is_spooling = goal_bar > self._boost_bar
        lag_s = 0.35 + 1.3 * (1.0 - speed) if is_spooling else 0.2
        self._boost_bar = toward(self._boost_bar, goal_bar, STEP_S, lag_s)

    def _mix(self, level: Mapping[str, float], z: float) -> None:
        loaded = clamp((self._boost_bar + 0.25) / (FULL_BOOST_BAR + 0.25), 0.0, 1.0)
        afr = 14.7 - 2.9 * loaded + self._fuelling.step(z)
        afr += 3.4 * loaded * level["lean_under_boost"]
        afr -= 3.4 * (0.3 + loaded) * level["boost_leak"]  # metered air that never arrives
        self._afr = toward(self._afr, afr, STEP_S, 0.25)

    def _power_kw(self) -> float:
        """Return the power that the air in the cylinders is good for."""
        return FULL_POWER_KW * self._density() * self._rpm / RED_LINE_RPM

    def _density(self) -> float:
        """Return the density of the charge as a share of that at full boost."""
        return max(0.0, 1.0 + self._boost_bar) / (1.0 + FULL_BOOST_BAR)

    def _heat(self, power_kw: float, level: Mapping[str, float]) -> None:
        """Heat into coolant and oil, out through thermostat, radiator and oil cooler."""
        hot_air_c = 28.0 * max(0.0, self._boost_bar)  # compressed, then cooled by the intercooler
        self._intake_c = toward(self._intake_c, self._ambient_c + 8.0 + hot_air_c, STEP_S, 8.0)
        lean = max(0.0, self._afr - 12.5) * level["lean_under_boost"]
        to_coolant_kw = 4.0 + 0.30 * power_kw + 0.06 * power_kw * lean
        to_oil_kw = 1.0 + 0.066 * power_kw + 1.6 * (self._rpm / RED_LINE_RPM) ** 2 * 4.0
        opening = clamp((self._coolant_c - THERMOSTAT_C) / 10.0, 0.03, 1.0)
        kept = 1.0 - 0.85 * level["coolant_loss"]
        radiator_kw_k = 1.05 * opening * kept
        cooler_kw_k = 0.16 * (1.0 - 0.75 * level["oil_cooler_blocked"])
        exchange_kw = 0.10 * kept * (self._oil_c - self._coolant_c)
        warm_c = self._coolant_c - self._ambient_c
        coolant_kw = to_coolant_kw + exchange_kw - (radiator_kw_k + 0.02) * warm_c
        oil_excess_c = max(0.0, self._oil_c - 80.0)
        oil_kw = to_oil_kw - exchange_kw - cooler_kw_k * oil_excess_c * 1.2
        oil_kw -= 0.012 * (self._oil_c - self._ambient_c)
        self._coolant_c += coolant_kw * STEP_S / 45.0  # about 8 L of coolant and the head, kJ/K
        self._oil_c += oil_kw * STEP_S / 20.0  # 5.4 L of oil and the sump, kJ/K

    def _knock(self, z: float) -> float:
        boosted = max(0.0, self._boost_bar) / FULL_BOOST_BAR
        lean = max(0.0, self._afr - (14.9 - 2.6 * boosted)) * boosted
        hot = max(0.0, self._coolant_c - 102.0) / 20.0
        noise = 0.12 + 0.25 * self._rpm / RED_LINE_RPM
        return max(0.0, noise + 0.35 * boosted + 1.1 * lean + 1.2 * hot + 0.05 * z)


class Engine2jz(SteppedSimulator):
    """A Toyota 2JZ-GTE as a simulator."""

    name = "engine_2jz"
    title = "Toyota 2JZ-GTE"
    profile = "toyota_2jz_gte"

    def __init__(
        self, rng: np.random.Generator, *, scenario: str | None = None, ambient_c: float = 22.0
    ) -> None:
        super().__init__(EnginePlant(ambient_c), rng, scenario=scenario)
