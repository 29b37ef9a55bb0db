"""A GR86 Cup car racing alone on an invented closed track: laps, tyres, brakes and a driver.

The car follows the track's quickest lap, scaled by the driver's form and the tyres' grip; every
other channel follows from where it is and how fast: lateral g = v2 k, gear and rpm from speed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from telltale.simulators.base import Fault, Sensor
from telltale.simulators.drive import Drift, clamp
from telltale.simulators.stepped import SteppedSimulator, toward
from telltale.simulators.track import GRAVITY_M_S2, Grip, make_lap
from telltale.simulators.wheels import AIR_C, CORNERS, Wheels

STEP_S = 0.05
GEARS = (3.626, 2.188, 1.541, 1.213, 1.0, 0.767)  # GR86 manual gearbox
FINAL_DRIVE = 4.1
WHEEL_M = 0.315
WHEELBASE_M = 2.575
STEERING_RATIO = 13.5
UNDERSTEER_DEG_G = 2.2  # road-wheel angle per g, on top of the geometric one
SHIFT_UP_RPM = 7100.0
SHIFT_DOWN_RPM = 4700.0
FRONT_BAR_PER_G = 62.0
REAR_SHARE = 0.72  # rear brake pressure over front
FULL_BRAKE_BAR = 120.0
WEAR_PER_LAP = 0.0016  # grip a set of tyres loses per lap when raced
FUEL_PCT_PER_LAP = 2.2
THERMOSTAT_C = 82.0
REFUEL_PCT = 12.0  # below it the car gets fuel and fresh tyres as it crosses the line

# Scenario: share of the quickest pace that the driver aims at.
DUTIES = {"race": 0.975, "qualifying": 0.992, "save_tyres": 0.945, "safety_car": 0.62}

FAULTS: tuple[Fault, ...] = (
    Fault(
        "brake_fade",
        "Brake fade",
        "Brakes get no air and run hot: the pedal needs far more pressure, the car brakes earlier.",
        ("brake_temp_fl_c", "brake_temp_fr_c", "pbrake_f_bar", "pbrake_r_bar", "speed_km_h"),
        45.0,
    ),
    Fault(
        "tyre_drop",
        "Tyre drop-off",
        "The tyres overheat and go off: less speed in corners, more steering for the same corner.",
        ("tyre_temp_c", "tyre_temp_fl_c", "accy_g", "speed_km_h", "steering_angle_deg"),
        90.0,
    ),
    Fault(
        "sensor_glitch",
        "Accelerometer glitches",
        "A loose plug: single samples of the longitudinal accelerometer read -3.5 g.",
        ("accx_g",),
        5.0,
    ),
)

SENSORS: tuple[Sensor, ...] = (
    Sensor("speed_km_h", 0.01, 0.0, 300.0, noise=0.15),
    Sensor("engine_speed_rpm", 1.0, 0.0, 8000.0, noise=8.0),
    Sensor("gear", 1.0, 0.0, 6.0, is_held=True),
    Sensor("throttle_pct", 0.1, 0.0, 100.0, noise=0.3),
    Sensor("pedal_pct", 0.1, 0.0, 100.0, noise=0.3),
    Sensor("pbrake_f_bar", 0.01, 0.0, 200.0, noise=0.15),
    Sensor("pbrake_r_bar", 0.01, 0.0, 200.0, noise=0.15),
    Sensor("accx_g", 0.001, -4.0, 4.0, noise=0.02, glitch_by="sensor_glitch", glitch=-3.5),
    Sensor("accy_g", 0.001, -4.0, 4.0, noise=0.025),
    Sensor("steering_angle_deg", 0.1, -540.0, 540.0, noise=0.5),
    Sensor("lap", 1.0, 0.0, 32767.0, is_held=True),
    Sensor("lapdist_m", 0.1, 0.0, 10000.0, is_held=True),
    Sensor("latitude_deg", 1e-7, -90.0, 90.0, noise=2e-7),
    Sensor("longitude_deg", 1e-7, -180.0, 180.0, noise=3e-7),
    Sensor("brake_pct", 0.1, 0.0, 100.0, noise=0.1),
    Sensor("yaw_rate_deg_s", 0.01, -160.0, 160.0, noise=0.3),
    Sensor("sector", 1.0, 0.0, 3.0, is_held=True),
    Sensor("fuel_level_pct", 0.1, 0.0, 100.0, noise=0.05),
    Sensor("coolant_temp_c", 1.0, -40.0, 215.0, noise=0.2),
    Sensor("oil_temp_c", 1.0, -40.0, 215.0, noise=0.2),
    Sensor("tyre_temp_c", 0.1, -40.0, 300.0, noise=0.15),
    *(Sensor(f"tyre_temp_{corner}_c", 0.1, -40.0, 300.0, noise=0.3) for corner in CORNERS),
    Sensor("tyre_pressure_bar", 0.005, 0.0, 5.0, noise=0.003),
    *(Sensor(f"tyre_pressure_{corner}_bar", 0.005, 0.0, 5.0, noise=0.005) for corner in CORNERS),
    *(Sensor(f"brake_temp_{corner}_c", 1.0, -40.0, 1200.0, noise=1.5) for corner in CORNERS),
)


class RaceCarPlant:
    """Car, driver and tyres on the track."""

    sensors = SENSORS
    faults = FAULTS
    scenarios = tuple(DUTIES)
    step_s = STEP_S
    draws = 3

    def __init__(self) -> None:
        lap = make_lap(Grip())
        self._length_m = lap.length_m
        self._per_m = len(lap.speed_m_s) / lap.length_m
        self._columns = [
            column.tolist()
            for column in (
                lap.speed_m_s,
                lap.accel_m_s2,
                lap.curvature_per_m,
                lap.latitude_deg,
                lap.longitude_deg,
            )
        ]
        self._form = Drift(0.0, 0.006, 40.0, STEP_S)  # the driver is never the same twice
        self._line = Drift(0.0, 0.02, 0.8, STEP_S)
        self._hands_deg = Drift(0.0, 1.5, 0.25, STEP_S)
        self._at_m = 0.0
        self._lap = 1
        self._grip = 1.0
        self._gear = 3
        self._pace = DUTIES["race"]
        self._throttle = self._brake_bar = 0.0
        self._fuel_pct = 96.0
        self._coolant_c, self._oil_c = 86.0, 96.0
        self._wheels = Wheels(STEP_S)

    def step(self, scenario: str, level: Mapping[str, float], z: list[float]) -> list[float]:
        """Go on by 0.05 s. Order of the values: as `SENSORS`."""
        quick_m_s, accel_m_s2, bend, latitude_deg, longitude_deg = self._here()
        aim = DUTIES[scenario] * self._grip * (1.0 + self._form.step(z[0]))
        aim *= 1.0 - 0.09 * level["tyre_drop"] - 0.035 * level["brake_fade"]
        self._pace = toward(self._pace, aim, STEP_S, 2.0)
        speed_m_s = quick_m_s * self._pace
        accel_g = accel_m_s2 * self._pace**2 / GRAVITY_M_S2
        side_g = speed_m_s**2 * bend / GRAVITY_M_S2 * (1.0 + self._line.step(z[1]))
        self._pedals(speed_m_s, accel_g, level)
        self._heat(speed_m_s, accel_g)
        steering_deg = self._steering_deg(bend, side_g, level) + self._hands_deg.step(z[2])
        self._wheels.step(speed_m_s, accel_g, side_g, level)
        values = [
            speed_m_s * 3.6,
            self._engine_rpm(speed_m_s),
            float(self._gear),
            self._throttle,
            self._throttle,
            self._brake_bar,
            self._brake_bar * REAR_SHARE,
            accel_g,
            side_g,
            steering_deg,
            float(self._lap),
            self._at_m,
            latitude_deg,
            longitude_deg,
            100.0 * min(1.0, self._brake_bar / FULL_BRAKE_BAR),
            math.degrees(speed_m_s * bend),
            1.0 + int(3.0 * self._at_m / self._length_m),
            self._fuel_pct,
            self._coolant_c,
            self._oil_c,
            *self._wheels.values(),
        ]
        self._move(speed_m_s, scenario)
        return values

    def _here(self) -> list[float]:
        """Return the lap's columns where the car is, between the two nearest points."""
        place = self._at_m * self._per_m
        index = int(place)
        share = place - index
        n = len(self._columns[0])
        a, b = index % n, (index + 1) % n
        return [column[a] + (column[b] - column[a]) * share for column in self._columns]

    def _move(self, speed_m_s: float, scenario: str) -> None:
        self._at_m += speed_m_s * STEP_S
        burn = FUEL_PCT_PER_LAP * DUTIES[scenario] ** 2
        self._fuel_pct -= burn * speed_m_s * STEP_S / self._length_m
        if self._at_m >= self._length_m:
            self._at_m -= self._length_m
            self._lap += 1
            self._grip -= WEAR_PER_LAP * DUTIES[scenario] ** 4
            if self._fuel_pct < REFUEL_PCT:
                self._fuel_pct, self._grip = 100.0, 1.0

    def _pedals(self, speed_m_s: float, accel_g: float, level: Mapping[str, float]) -> None:
        """Find throttle and brake that give this acceleration against the drag."""
        grip = Grip()
        drag_g = (grip.drag_n_s2_m2 * speed_m_s**2 / grip.mass_kg + 0.15) / GRAVITY_M_S2
        power_g = grip.power_kw * 1000.0 / max(speed_m_s, 5.0) / grip.mass_kg / GRAVITY_M_S2
        pull_g = accel_g + drag_g
        throttle = 100.0 * clamp(pull_g / min(power_g, 0.55), 0.0, 1.0)
        softer = 1.0 + 0.9 * level["brake_fade"]
        brake_bar = FRONT_BAR_PER_G * max(0.0, -pull_g) * softer
        self._throttle = toward(self._throttle, throttle, STEP_S, 0.08)
        self._brake_bar = toward(self._brake_bar, brake_bar, STEP_S, 0.06)

    def _heat(self, speed_m_s: float, accel_g: float) -> None:
        """Heat of the work done into coolant and oil, out through thermostat, radiator and wind."""
        grip = Grip()
        push_n = grip.mass_kg * GRAVITY_M_S2 * accel_g + grip.drag_n_s2_m2 * speed_m_s**2
        power_kw = max(0.0, push_n * speed_m_s / 1000.0)
        wind = 0.3 + speed_m_s / 60.0
        opening = clamp((self._coolant_c - THERMOSTAT_C) / 10.0, 0.02, 1.0)
        exchange_kw = 0.25 * (self._oil_c - self._coolant_c)
        radiator_kw = 1.3 * opening * wind * (self._coolant_c - AIR_C)
        oil_out_kw = 0.05 * wind * (self._oil_c - AIR_C)
        coolant_kw = 5.0 + 0.45 * power_kw + exchange_kw - radiator_kw
        oil_kw = 1.5 + 0.10 * power_kw - exchange_kw - oil_out_kw
        self._coolant_c += coolant_kw * STEP_S / 35.0  # kJ/K of water and engine
        self._oil_c += oil_kw * STEP_S / 18.0

    def _engine_rpm(self, speed_m_s: float) -> float:
        per_gear = speed_m_s / WHEEL_M * FINAL_DRIVE * 30.0 / math.pi
        while self._gear < len(GEARS) and per_gear * GEARS[self._gear - 1] > SHIFT_UP_RPM:
            self._gear += 1
        while self._gear > 2 and per_gear * GEARS[self._gear - 1] < SHIFT_DOWN_RPM:
            if per_gear * GEARS[self._gear - 2] > SHIFT_UP_RPM:
                break
            self._gear -= 1
        return max(1000.0, per_gear * GEARS[self._gear - 1])

    def _steering_deg(self, bend: float, side_g: float, level: Mapping[str, float]) -> float:
        """Return the wheel angle: geometry of the corner and what the tyres slip."""
        slip = UNDERSTEER_DEG_G * (1.0 + 1.8 * level["tyre_drop"] + 8.0 * (1.0 - self._grip))
        return STEERING_RATIO * (math.degrees(math.atan(WHEELBASE_M * bend)) + slip * side_g)


class RaceCar(SteppedSimulator):
    """A GR86 Cup car as a simulator."""

    name = "race_car"
    title = "GR86 Cup car"
    profile = "gr86_cup"

    def __init__(self, rng: np.random.Generator, *, scenario: str | None = None) -> None:
        super().__init__(RaceCarPlant(), rng, scenario=scenario)
