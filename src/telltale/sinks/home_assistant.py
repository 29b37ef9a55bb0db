"""Home Assistant's MQTT discovery: one message per machine that says what its topics hold.

Source: home-assistant.io, "MQTT", device discovery, and the units that each device class allows.
"""

from __future__ import annotations

import re
from typing import Any

import telltale
from telltale.sinks.base import MachineOut, SignalOut

ORIGIN = {"name": "telltale", "sw_version": telltale.__version__}
DEVICE_CLASSES = {  # a unit's own spelling to Home Assistant's class and unit
    "degC": ("temperature", "°C"),
    "degF": ("temperature", "°F"),
    "K": ("temperature", "K"),
    "bar": ("pressure", "bar"),
    "mbar": ("pressure", "mbar"),
    "Pa": ("pressure", "Pa"),
    "hPa": ("pressure", "hPa"),
    "kPa": ("pressure", "kPa"),
    "psi": ("pressure", "psi"),
    "V": ("voltage", "V"),
    "mV": ("voltage", "mV"),
    "A": ("current", "A"),
    "mA": ("current", "mA"),
    "W": ("power", "W"),
    "kW": ("power", "kW"),
    "Hz": ("frequency", "Hz"),
    "kHz": ("frequency", "kHz"),
    "km/h": ("speed", "km/h"),
    "m/s": ("speed", "m/s"),
    "mm/s": ("speed", "mm/s"),
    "mph": ("speed", "mph"),
    "L/min": ("volume_flow_rate", "L/min"),
    "m**3/h": ("volume_flow_rate", "m³/h"),
    "s": ("duration", "s"),
    "min": ("duration", "min"),
    "h": ("duration", "h"),
    "d": ("duration", "d"),
    "kg": ("weight", "kg"),
    "g": ("weight", "g"),
    "km": ("distance", "km"),
    "m": ("distance", "m"),
    "mm": ("distance", "mm"),
}
PROBLEMS = "{{ 'ON' if value in ('warn', 'critical', 'failed') else 'OFF' }}"


def discovery_id(machine: str) -> str:
    """Return a machine's id as Home Assistant takes ids: letters, digits, - and _."""
    return "telltale_" + re.sub(r"[^A-Za-z0-9_-]", "_", machine)


def discovery(
    machine: MachineOut, base: str, *, status_topic: str, expire_after_s: int, names: list[str]
) -> dict[str, Any]:  # Any: what JSON can hold
    """Return what the discovery topic of one machine says.

    Args:
        machine: Which.
        base: Topic below which its values are, e.g. "telltale/pump-3".
        status_topic: Where it says whether telltale itself is there.
        expire_after_s: A value older than this is not shown any more.
        names: Of the channels and metrics that are published.
    """
    own = discovery_id(machine.id)
    parts: dict[str, Any] = {
        name: _sensor(own, base, name, machine.signals[name], expire_after_s) for name in names
    }
    parts["_problem"] = {
        "p": "binary_sensor",
        "name": "Problem",
        "device_class": "problem",
        "unique_id": f"{own}__problem",
        "state_topic": f"{base}/_state",
        "value_template": PROBLEMS,
    }
    parts["_state"] = {
        "p": "sensor",
        "name": "State",
        "unique_id": f"{own}__state",
        "state_topic": f"{base}/_state",
    }
    device = {"identifiers": [own], "name": machine.title, "model": machine.profile_title}
    if machine.place:
        device["suggested_area"] = machine.place
    return {
        "device": device,
        "origin": ORIGIN,
        "availability": [{"topic": status_topic}],
        "components": parts,
    }


def _sensor(
    own: str, base: str, name: str, signal: SignalOut, expire_after_s: int
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "p": "sensor",
        "name": signal.title,
        "unique_id": f"{own}_{name}",
        "state_topic": f"{base}/{name}",
        "state_class": "measurement",
        "expire_after": expire_after_s,
        "suggested_display_precision": signal.decimals,
    }
    known = DEVICE_CLASSES.get(signal.unit)
    if known is not None:
        told["device_class"], told["unit_of_measurement"] = known
    elif signal.unit not in ("", "1"):
        told["unit_of_measurement"] = signal.unit
    return told
