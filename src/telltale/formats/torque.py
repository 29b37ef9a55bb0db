"""Torque's uploads and logs: what its sensors measure, by OBD-II PID or the app's own number.

Source: Torque's public description of its upload to a web server: `GET ...?eml=&v=&session=&id=
&time=&k<PID in hex>=<value>`; PIDs below 100 (hex) are SAE J1979's, those from FF0000 on the app's.
Values come in the units below, whatever the app shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from telltale.formats.obd.pids import pid_table
from telltale.units import suffix_of, unit_id

MAX_KEYS = 500  # of one upload
MAX_NAMES = 1_000  # remembered of one phone

# The app's own sensors: channel and unit
OWN: Mapping[int, tuple[str, str]] = {
    0xFF1001: ("gps_speed_km_h", "km/h"),
    0xFF1005: ("longitude_deg", "deg"),
    0xFF1006: ("latitude_deg", "deg"),
    0xFF1007: ("gps_bearing_deg", "deg"),
    0xFF1010: ("gps_altitude_m", "m"),
    0xFF1202: ("boost_psi", "psi"),
    0xFF1204: ("trip_distance_km", "km"),
    0xFF1214: ("o2_volts_b1s1_v", "V"),
    0xFF1215: ("o2_volts_b1s2_v", "V"),
    0xFF1220: ("acc_x_g", "g"),
    0xFF1221: ("acc_y_g", "g"),
    0xFF1222: ("acc_z_g", "g"),
    0xFF1223: ("acc_total_g", "g"),
    0xFF1225: ("torque_nm", "Nm"),
    0xFF1226: ("wheel_power_hp", "hp"),
    0xFF1238: ("adapter_voltage_v", "V"),
    0xFF1239: ("gps_accuracy_m", "m"),
    0xFF123A: ("gps_satellites", "1"),
    0xFF1266: ("trip_time_s", "s"),
}
_KEY = re.compile(r"k([0-9a-fA-F]{1,8})")
_DESCRIBED = re.compile(r"(userShortName|userFullName|userUnit|defaultUnit)([0-9a-fA-F]{1,8})")


@dataclass(frozen=True, slots=True)
class Sensor:
    """What a key of an upload measures."""

    channel: str
    unit: str


class Described:
    """What one phone told about sensors that no table knows; it tells that once per session."""

    def __init__(self) -> None:
        self._told: dict[int, dict[str, str]] = {}

    def note(self, parameters: Mapping[str, str]) -> None:
        """Remember names and units of an upload."""
        for key, text in parameters.items():
            match = _DESCRIBED.fullmatch(key)
            if match and text.strip():
                pid = int(match[2], 16)
                if pid in self._told or len(self._told) < MAX_NAMES:
                    self._told.setdefault(pid, {})[match[1]] = text.strip()[:100]

    def sensor(self, pid: int) -> Sensor:
        """Return what a PID measures."""
        known = known_sensor(pid)
        if known is not None:
            return known
        told = self._told.get(pid, {})
        title = told.get("userFullName") or told.get("userShortName") or f"torque {pid:x}"
        unit = unit_id(told.get("defaultUnit", "")) or ""
        return Sensor(_channel(title, unit), unit)


@cache
def known_sensor(pid: int) -> Sensor | None:
    """Return what the standard, or the app, says that a PID measures; None if neither does."""
    if pid in OWN:
        return Sensor(*OWN[pid])
    standard = pid_table().get(pid)
    numbers = standard.numbers if standard is not None and not standard.is_state else ()
    return Sensor(numbers[0].name, numbers[0].unit) if numbers else None


def _channel(title: str, unit: str) -> str:
    """Return a sensor's title as a channel, with its unit as suffix."""
    name = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_") or "torque"
    suffix = suffix_of(unit) if unit and unit != "1" else None
    return name if not suffix or name.endswith(f"_{suffix}") else f"{name}_{suffix}"


def values_of(parameters: Mapping[str, str], described: Described) -> dict[Sensor, str]:
    """Return an upload's values as they were sent."""
    found: dict[Sensor, str] = {}
    for key, text in parameters.items():
        match = _KEY.fullmatch(key)
        if match and len(found) < MAX_KEYS:
            found[described.sensor(int(match[1], 16))] = text
    return found
