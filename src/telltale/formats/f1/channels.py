"""What the F1 games' fields are called as channels, in which unit, and of which packet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from telltale.batch import FloatArray
from telltale.formats.f1.layouts import DAMAGE, LAP, MOTION, SESSION, STATUS, TELEMETRY

WHEELS = ("rl", "rr", "fl", "fr")  # the games' order
_PCT = 100.0
_DEG = 180.0 / math.pi


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel.

    Attributes:
        name: With its unit as suffix.
        field: Of the packet.
        unit: telltale's id of it.
        scale: The channel is the field times this.
        index: Which of a field's several values; None if it has one.
        minutes: Field of whole minutes that is added, for times in ms.
    """

    name: str
    field: str
    unit: str = "1"
    scale: float = 1.0
    index: int | None = None
    minutes: str | None = None

    def read(self, entries: npt.NDArray[np.void]) -> FloatArray:
        """Return its values in packets' entries, of any shape."""
        raw = entries[self.field]
        with np.errstate(invalid="ignore"):  # a damaged packet may hold NaNs of any kind
            values = (raw if self.index is None else raw[..., self.index]).astype(np.float64)
        if self.minutes is not None and self.minutes in (entries.dtype.names or ()):
            values = values + entries[self.minutes].astype(np.float64) * 60_000.0
        return np.asarray(values * self.scale, dtype=np.float64)


def _wheels(name: str, field: str, unit: str) -> tuple[Channel, ...]:
    stem, _, suffix = name.rpartition("@")
    return tuple(
        Channel(f"{stem}{wheel}{suffix}", field, unit, index=i) for i, wheel in enumerate(WHEELS)
    )


CHANNELS: Mapping[int, tuple[Channel, ...]] = {
    MOTION: (
        Channel("position_x_m", "position_m", "m", index=0),
        Channel("position_y_m", "position_m", "m", index=1),
        Channel("position_z_m", "position_m", "m", index=2),
        Channel("accx_g", "g", "g", index=1),
        Channel("accy_g", "g", "g", index=0),
        Channel("accz_g", "g", "g", index=2),
        Channel("yaw_deg", "angles_rad", "deg", _DEG, index=0),
        Channel("pitch_deg", "angles_rad", "deg", _DEG, index=1),
        Channel("roll_deg", "angles_rad", "deg", _DEG, index=2),
    ),
    SESSION: (
        Channel("weather", "weather"),
        Channel("track_temp_c", "track_temp_c", "degC"),
        Channel("air_temp_c", "air_temp_c", "degC"),
        Channel("track_length_m", "track_length_m", "m"),
        Channel("total_laps", "total_laps"),
        Channel("session_time_left_s", "time_left_s", "s"),
        Channel("safety_car", "safety_car"),
        Channel("is_paused", "is_paused"),
    ),
    LAP: (
        Channel("lap", "lap"),
        Channel("lapdist_m", "lapdist_m", "m"),
        Channel("lap_time_s", "lap_time_ms", "s", 1e-3),
        Channel("last_lap_s", "last_lap_ms", "s", 1e-3),
        Channel("sector", "sector"),
        Channel("sector1_s", "sector1_ms", "s", 1e-3, minutes="sector1_minutes"),
        Channel("sector2_s", "sector2_ms", "s", 1e-3, minutes="sector2_minutes"),
        Channel("gap_ahead_s", "front_gap_ms", "s", 1e-3, minutes="front_gap_minutes"),
        Channel("gap_leader_s", "leader_gap_ms", "s", 1e-3, minutes="leader_gap_minutes"),
        Channel("place", "place"),
        Channel("pit_status", "pit_status"),
        Channel("pit_stop_count", "pit_stops", "count"),
        Channel("is_lap_invalid", "is_invalid"),
        Channel("penalties_s", "penalties_s", "s"),
        Channel("result_status", "result_status"),
    ),
    TELEMETRY: (
        Channel("speed_km_h", "speed_km_h", "km/h"),
        Channel("throttle_pct", "throttle", "%", _PCT),
        Channel("brake_pct", "brake", "%", _PCT),
        Channel("steering_pct", "steer", "%", _PCT),
        Channel("clutch_pct", "clutch_pct", "%"),
        Channel("gear", "gear"),
        Channel("engine_speed_rpm", "engine_speed_rpm", "rpm"),
        Channel("is_drs_open", "drs"),
        Channel("engine_temp_c", "engine_temp_c", "degC"),
        *_wheels("brake_@_temp_c", "brake_temp_c", "degC"),
        *_wheels("tyre_@_surface_temp_c", "surface_temp_c", "degC"),
        *_wheels("tyre_@_inner_temp_c", "inner_temp_c", "degC"),
        *_wheels("tyre_@_pressure_psi", "pressure_psi", "psi"),
    ),
    STATUS: (
        Channel("fuel_kg", "fuel_kg", "kg"),
        Channel("fuel_laps", "fuel_laps"),
        Channel("brake_bias_pct", "brake_bias_pct", "%"),
        Channel("tyre_compound", "compound"),
        Channel("tyre_age_laps", "tyre_age_laps"),
        Channel("flag", "flag"),
        Channel("ers_store_kj", "ers_store_j", "kJ", 1e-3),
    ),
    DAMAGE: (
        *_wheels("tyre_@_wear_pct", "wear_pct", "%"),
        *_wheels("tyre_@_damage_pct", "tyre_damage_pct", "%"),
        *_wheels("tyre_@_blisters_pct", "blisters_pct", "%"),
        *_wheels("brake_@_damage_pct", "brake_damage_pct", "%"),
        Channel("front_left_wing_damage_pct", "front_left_wing", "%"),
        Channel("front_right_wing_damage_pct", "front_right_wing", "%"),
        Channel("rear_wing_damage_pct", "rear_wing", "%"),
        Channel("floor_damage_pct", "floor", "%"),
        Channel("diffuser_damage_pct", "diffuser", "%"),
        Channel("sidepod_damage_pct", "sidepod", "%"),
        Channel("gearbox_damage_pct", "gearbox", "%"),
        Channel("engine_damage_pct", "engine", "%"),
        Channel("ice_wear_pct", "ice_wear", "%"),
        Channel("mguh_wear_pct", "mguh_wear", "%"),
        Channel("mguk_wear_pct", "mguk_wear", "%"),
        Channel("es_wear_pct", "es_wear", "%"),
        Channel("ce_wear_pct", "ce_wear", "%"),
        Channel("tc_wear_pct", "tc_wear", "%"),
    ),
}
UNITS: Mapping[str, str] = {
    channel.name: channel.unit for channels in CHANNELS.values() for channel in channels
}
