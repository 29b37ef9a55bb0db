"""What can go wrong with the Focus ST, and what is measured on it."""

from __future__ import annotations

from telltale.simulators.base import Fault, Sensor

FAULTS: tuple[Fault, ...] = (
    Fault(
        "boost_leak",
        "Boost leak",
        "A charge pipe leaks: boost stays low while the turbocharger overspeeds to make up.",
        ("boost_bar", "turbo_speed_rpm", "intake_pressure_bar", "afr"),
        10.0,
    ),
    Fault(
        "thermostat_stuck",
        "Thermostat stuck closed",
        "The radiator gets no water: coolant, then oil overheat.",
        ("coolant_temp_c", "oil_temp_c"),
        30.0,
    ),
    Fault(
        "battery_low",
        "Alternator failing",
        "The alternator no longer charges: system voltage sinks as the battery empties.",
        ("battery_voltage_v", "fuel_pressure_bar"),
        120.0,
    ),
    Fault(
        "lean_mixture",
        "Lean mixture",
        "Fuel pressure is low: the mixture is lean under load and ignition timing is pulled.",
        ("afr", "fuel_pressure_bar", "timing_advance_deg", "octane_adjust_ratio"),
        20.0,
    ),
)

SENSORS: tuple[Sensor, ...] = (
    Sensor("engine_speed_rpm", 0.25, 0.0, 8000.0, noise=5.0),
    Sensor("speed_km_h", 1.0, 0.0, 255.0),
    Sensor("throttle_pct", 0.4, 0.0, 100.0, noise=0.2),
    Sensor("engine_load_pct", 0.4, 0.0, 100.0, noise=0.3),
    Sensor("coolant_temp_c", 1.0, -40.0, 215.0, noise=0.2),
    Sensor("intake_temp_c", 1.0, -40.0, 215.0, noise=0.2),
    Sensor("maf_g_s", 0.01, 0.0, 655.0, noise_share=0.01),
    Sensor("intake_pressure_bar", 0.01, 0.0, 4.0, noise=0.006),
    Sensor("timing_advance_deg", 0.5, -64.0, 63.5, noise=0.3),
    Sensor("fuel_pressure_bar", 0.03, 0.0, 10.0, noise=0.02),
    Sensor("boost_bar", 0.01, -1.0, 2.5, noise=0.006),
    Sensor("oil_temp_c", 0.5, -40.0, 215.0, noise=0.1),
    Sensor("turbo_speed_rpm", 100.0, 0.0, 300000.0, noise=400.0),
    Sensor("afr", 0.01, 8.0, 20.0, noise=0.05),
    Sensor("fuel_level_pct", 0.4, 0.0, 100.0, noise=0.15),
    Sensor("battery_voltage_v", 0.02, 0.0, 20.0, noise=0.02),
    Sensor("octane_adjust_ratio", 0.001, -1.0, 1.0),
    Sensor("pedal_pct", 0.4, 0.0, 100.0, noise=0.1),
)
