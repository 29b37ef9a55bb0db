"""An industrial centrifugal pump on a pipe system, driven through a frequency converter.

Flow is where the pump's curve meets the system's curve, so the affinity laws come out by
themselves; power gives current, current and friction give heat.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from telltale.simulators.base import Fault, Sensor
from telltale.simulators.drive import Drift, Hold, clamp
from telltale.simulators.stepped import SteppedSimulator, toward

STEP_S = 0.1
RATED_RPM = 1500.0
RATED_FLOW_L_MIN = 122.0
SHUT_OFF_BAR = 5.4  # pressure rise at no flow and rated speed
PUMP_CURVE = (SHUT_OFF_BAR - 4.19) / RATED_FLOW_L_MIN**2  # bar per (L/min)^2
STATIC_BAR = 0.8  # what the pipe system needs at no flow
SYSTEM_CURVE = (4.19 - STATIC_BAR) / RATED_FLOW_L_MIN**2
RATED_POWER = 4.19 * RATED_FLOW_L_MIN  # hydraulic, bar L/min
IDLE_CURRENT_A = 6.0  # magnetising, 90 degrees from the load current
LOAD_CURRENT_A = math.sqrt(15.5**2 - IDLE_CURRENT_A**2)

# Scenario: set speed from and to, rpm.
DUTIES = {
    "normal": (1455.0, 1545.0),
    "low_demand": (1380.0, 1440.0),
    "high_demand": (1560.0, 1620.0),
}

FAULTS: tuple[Fault, ...] = (
    Fault(
        "bearing_wear",
        "Bearing wear",
        "The drive-end bearing wears: it shakes, rubs, grows warm and costs current.",
        ("vibration_mm_s", "bearing_temp_c", "motor_current_a", "oil_pressure_bar"),
        120.0,
    ),
    Fault(
        "cavitation",
        "Cavitation",
        "Suction pressure falls to the vapour pressure: bubbles shake the pump, flow falls.",
        ("suction_pressure_bar", "flow_l_min", "discharge_pressure_bar", "vibration_mm_s"),
        30.0,
    ),
    Fault(
        "seal_leak",
        "Seal leak",
        "The shaft seal leaks: oil pressure falls, some of the flow is lost, the bearing runs dry.",
        ("oil_pressure_bar", "flow_l_min", "discharge_pressure_bar", "bearing_temp_c"),
        60.0,
    ),
    Fault(
        "blockage",
        "Blocked discharge",
        "Something blocks the pipe: flow falls, discharge pressure rises, the casing grows warm.",
        ("flow_l_min", "discharge_pressure_bar", "motor_current_a", "casing_temp_c"),
        45.0,
    ),
    Fault(
        "sensor_stuck",
        "Flow sensor stuck",
        "The flow sensor repeats its last value while the pump goes on.",
        ("flow_l_min",),
        5.0,
    ),
)

SENSORS: tuple[Sensor, ...] = (
    Sensor("motor_speed_rpm", 1.0, 0.0, 3600.0, noise=3.0),
    Sensor("bearing_temp_c", 0.1, -40.0, 200.0, noise=0.15),
    Sensor("oil_pressure_bar", 0.01, 0.0, 16.0, noise=0.03),
    Sensor("vibration_mm_s", 0.01, 0.0, 50.0, noise=0.04, noise_share=0.07),
    Sensor("flow_l_min", 0.1, 0.0, 400.0, noise=0.6, stuck_by="sensor_stuck"),
    Sensor("suction_pressure_bar", 0.005, 0.0, 10.0, noise=0.015),
    Sensor("discharge_pressure_bar", 0.01, 0.0, 25.0, noise=0.03),
    Sensor("motor_current_a", 0.05, 0.0, 100.0, noise=0.12),
    Sensor("casing_temp_c", 0.1, -40.0, 200.0, noise=0.15),
    Sensor("ambient_temp_c", 0.1, -40.0, 85.0, noise=0.08),
)


class PumpPlant:
    """The pump, its motor and the pipe. Bearing and casing are one heat capacity each."""

    sensors = SENSORS
    faults = FAULTS
    scenarios = tuple(DUTIES)
    step_s = STEP_S
    draws = 8

    def __init__(self, ambient_c: float = 29.0) -> None:
        self._set_speed = Hold(40.0, 60.0, STEP_S)
        self._suction = Drift(1.6, 0.05, 40.0, STEP_S)
        self._valve = Drift(1.0, 0.02, 60.0, STEP_S)
        self._ambient = Drift(ambient_c, 1.0, 900.0, STEP_S)
        self._shake = Drift(0.0, 1.0, 2.0, STEP_S)
        self._bubbles = Drift(0.0, 1.0, 0.4, STEP_S)
        self._speed_rpm = RATED_RPM
        self._flow_l_min = RATED_FLOW_L_MIN
        self._bearing_c, self._casing_c = ambient_c + 12.5, ambient_c + 12.5

    def step(self, scenario: str, level: Mapping[str, float], z: list[float]) -> list[float]:
        """Go on by 0.1 s. Order of the values: as `SENSORS`."""
        slow, fast = DUTIES[scenario]
        set_rpm = slow + (fast - slow) * self._set_speed.step(z[0], z[1])
        self._speed_rpm = toward(self._speed_rpm, set_rpm, STEP_S, 4.0)
        speed = self._speed_rpm / RATED_RPM
        bubbles = level["cavitation"] * max(0.2, 1.0 + 0.5 * self._bubbles.step(z[6]))
        suction_bar = max(0.05, self._suction.step(z[2]) * (1.0 - 0.75 * level["cavitation"]))
        rise_bar = self._pump_water(speed, bubbles, level, z[3])
        current_a = self._motor_current_a(speed, rise_bar, level)
        ambient_c = self._ambient.step(z[4])
        self._heat(ambient_c, speed, current_a, level)
        return [
            self._speed_rpm,
            self._bearing_c,
            4.19 * (0.6 + 0.4 * speed) - 1.6 * level["seal_leak"] - 0.6 * level["bearing_wear"],
            self._vibration_mm_s(speed, bubbles, level, z[5]),
            self._flow_l_min * (1.0 - 0.12 * level["seal_leak"]),
            suction_bar,
            suction_bar + rise_bar,
            current_a,
            self._casing_c,
            ambient_c,
        ]

    def _pump_water(
        self, speed: float, bubbles: float, level: Mapping[str, float], z: float
    ) -> float:
        """Move flow towards the duty point; return the pressure rise there, bar."""
        throttled = self._valve.step(z) * (1.0 + 5.0 * level["blockage"])
        leak = 1.0 - 0.18 * level["seal_leak"]
        head_bar = SHUT_OFF_BAR * speed**2 * leak * (1.0 - 0.3 * clamp(bubbles, 0.0, 1.5))
        spare_bar = max(0.0, head_bar - STATIC_BAR)
        flow_l_min = math.sqrt(spare_bar / (PUMP_CURVE + SYSTEM_CURVE * throttled))
        self._flow_l_min = toward(self._flow_l_min, flow_l_min, STEP_S, 0.6)
        return max(0.0, head_bar - PUMP_CURVE * self._flow_l_min**2)

    def _motor_current_a(self, speed: float, rise_bar: float, level: Mapping[str, float]) -> float:
        """Return the current: load and magnetising components at right angles."""
        hydraulic = rise_bar * self._flow_l_min / RATED_POWER
        off_best = abs(self._flow_l_min / (RATED_FLOW_L_MIN * speed) - 1.0)
        losses = 0.15 * speed**2 * off_best + 0.62 * level["bearing_wear"] * speed
        power = hydraulic * (1.0 + 0.2 * off_best) + losses
        return math.hypot(IDLE_CURRENT_A, LOAD_CURRENT_A * power / speed)

    def _vibration_mm_s(
        self, speed: float, bubbles: float, level: Mapping[str, float], z: float
    ) -> float:
        off_best = abs(self._flow_l_min / (RATED_FLOW_L_MIN * speed) - 1.0)
        quiet = 2.1 * speed**2 * (1.0 + 0.9 * off_best) + 0.18 * self._shake.step(z)
        worn = 6.6 * level["bearing_wear"] * speed**2
        return max(0.1, quiet + worn + 4.2 * bubbles + 0.8 * level["seal_leak"])

    def _heat(
        self, ambient_c: float, speed: float, current_a: float, level: Mapping[str, float]
    ) -> None:
        load = (current_a / 15.5) ** 2
        friction_c = 24.0 * level["bearing_wear"] + 9.0 * level["seal_leak"]
        bearing_c = ambient_c + 8.0 * speed + 4.5 * min(load, 1.5) + friction_c
        # Water carries the losses away; with less of it the casing grows warm.
        carried = clamp(self._flow_l_min / RATED_FLOW_L_MIN, 0.25, 1.5)
        casing_c = ambient_c + 6.0 + 7.0 * min(load, 1.5) / carried**1.5
        self._bearing_c = toward(self._bearing_c, bearing_c, STEP_S, 180.0)
        self._casing_c = toward(self._casing_c, casing_c, STEP_S, 300.0)


class Pump(SteppedSimulator):
    """An industrial pump as a simulator."""

    name = "pump"
    title = "Industrial pump"
    profile = "industrial_pump"

    def __init__(
        self, rng: np.random.Generator, *, scenario: str | None = None, ambient_c: float = 29.0
    ) -> None:
        super().__init__(PumpPlant(ambient_c), rng, scenario=scenario)
