"""How the F1 games lay out their packets: little-endian and packed, by format and packet id.

Source: EA SPORTS, "Data Output from F1 23 / F1 24 / F1 25 Game": fields, types and sizes. Four
values of a wheel come rear left, rear right, front left, front right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CARS = 22
FORMATS = (2023, 2024, 2025)
MOTION, SESSION, LAP, TELEMETRY, STATUS, DAMAGE = 0, 1, 2, 6, 7, 10
# Sent as well, and of no use as readings: events, participants, set-ups and the like.
OTHER_IDS = frozenset({3, 4, 5, 8, 9, 11, 12, 13, 14, 15})

Fields = list[tuple[Any, ...]]  # as np.dtype takes them

HEADER = np.dtype(
    [
        ("packet_format", "<u2"),
        ("game_year", "u1"),
        ("game_version", "u1", 2),
        ("packet_version", "u1"),
        ("packet_id", "u1"),
        ("session_uid", "<u8"),
        ("session_time_s", "<f4"),
        ("frame", "<u4"),
        ("overall_frame", "<u4"),
        ("player", "u1"),
        ("second_player", "u1"),
    ]
)


def _bytes(*names: str) -> Fields:
    return [(name, "u1") for name in names]


_MOTION: Fields = [
    ("position_m", "<f4", 3),
    ("velocity_m_s", "<f4", 3),
    ("directions", "<i2", 6),
    ("g", "<f4", 3),  # lateral, longitudinal, vertical
    ("angles_rad", "<f4", 3),  # yaw, pitch, roll
]
_TELEMETRY: Fields = [
    ("speed_km_h", "<u2"),
    ("throttle", "<f4"),
    ("steer", "<f4"),
    ("brake", "<f4"),
    ("clutch_pct", "u1"),
    ("gear", "i1"),
    ("engine_speed_rpm", "<u2"),
    ("drs", "u1"),
    ("rev_lights_pct", "u1"),
    ("rev_lights", "<u2"),
    ("brake_temp_c", "<u2", 4),
    ("surface_temp_c", "u1", 4),
    ("inner_temp_c", "u1", 4),
    ("engine_temp_c", "<u2"),
    ("pressure_psi", "<f4", 4),
    ("surface", "u1", 4),
]
_STATUS: Fields = [
    *_bytes("traction_control", "abs", "fuel_mix", "brake_bias_pct", "pit_limiter"),
    ("fuel_kg", "<f4"),
    ("fuel_capacity_kg", "<f4"),
    ("fuel_laps", "<f4"),
    ("max_rpm", "<u2"),
    ("idle_rpm", "<u2"),
    *_bytes("gears", "drs_allowed"),
    ("drs_distance_m", "<u2"),
    *_bytes("compound", "visual_compound", "tyre_age_laps"),
    ("flag", "i1"),
    ("ice_power_w", "<f4"),
    ("mguk_power_w", "<f4"),
    ("ers_store_j", "<f4"),
    ("ers_mode", "u1"),
    ("ers_mguk_j", "<f4"),
    ("ers_mguh_j", "<f4"),
    ("ers_deployed_j", "<f4"),
    ("network_paused", "u1"),
]
_PARTS = (
    "front_left_wing",
    "front_right_wing",
    "rear_wing",
    "floor",
    "diffuser",
    "sidepod",
    "drs_fault",
    "ers_fault",
    "gearbox",
    "engine",
    "mguh_wear",
    "es_wear",
    "ce_wear",
    "ice_wear",
    "mguk_wear",
    "tc_wear",
    "engine_blown",
    "engine_seized",
)


def _damage(year: int) -> Fields:
    tyres: Fields = [("wear_pct", "<f4", 4), ("tyre_damage_pct", "u1", 4)]
    brakes: Fields = [("brake_damage_pct", "u1", 4)]
    blisters: Fields = [("blisters_pct", "u1", 4)] if year >= 2025 else []
    return [*tyres, *brakes, *blisters, *_bytes(*_PARTS)]


def _lap(year: int) -> Fields:
    gaps: Fields = [("front_gap_ms", "<u2"), ("leader_gap_ms", "<u2")]
    trap: Fields = []
    if year >= 2024:  # gaps of minutes, and the speed trap, came with this format
        gaps = [
            ("front_gap_ms", "<u2"),
            ("front_gap_minutes", "u1"),
            ("leader_gap_ms", "<u2"),
            ("leader_gap_minutes", "u1"),
        ]
        trap = [("trap_speed_km_h", "<f4"), ("trap_lap", "u1")]
    return [
        ("last_lap_ms", "<u4"),
        ("lap_time_ms", "<u4"),
        ("sector1_ms", "<u2"),
        ("sector1_minutes", "u1"),
        ("sector2_ms", "<u2"),
        ("sector2_minutes", "u1"),
        *gaps,
        ("lapdist_m", "<f4"),
        ("distance_m", "<f4"),
        ("safety_car_delta_s", "<f4"),
        *_bytes("place", "lap", "pit_status", "pit_stops", "sector", "is_invalid", "penalties_s"),
        *_bytes("warnings", "corner_warnings", "drive_throughs", "stop_goes", "grid"),
        *_bytes("driver_status", "result_status", "pit_timer"),
        ("pit_lane_ms", "<u2"),
        ("pit_stop_ms", "<u2"),
        ("pit_penalty", "u1"),
        *trap,
    ]


_SESSION: Fields = [
    ("weather", "u1"),
    ("track_temp_c", "i1"),
    ("air_temp_c", "i1"),
    ("total_laps", "u1"),
    ("track_length_m", "<u2"),
    ("session_type", "u1"),
    ("track_id", "i1"),
    ("formula", "u1"),
    ("time_left_s", "<u2"),
    ("duration_s", "<u2"),
    ("pit_speed_limit_km_h", "u1"),
    *_bytes("is_paused", "is_spectating", "spectated_car", "sli_pro", "marshal_zones"),
    ("zones", [("start", "<f4"), ("flag", "i1")], 21),
    ("safety_car", "u1"),
    ("is_network_game", "u1"),
]


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of packet: its size, and where its fields are.

    Attributes:
        dtype: The whole packet; what follows the fields that are read is left out by `itemsize`.
        is_by_car: It holds "cars", one entry each; else one "session".
    """

    dtype: np.dtype[np.void]
    is_by_car: bool

    @property
    def size(self) -> int:
        """Bytes of a packet."""
        return self.dtype.itemsize


def _of_cars(fields: Fields, rest: int) -> Layout:
    """Return a packet of a header, an entry per car and some more bytes."""
    whole: Fields = [("header", HEADER), ("cars", fields, CARS), ("rest", "u1", rest)]
    return Layout(np.dtype(whole if rest else whole[:2]), is_by_car=True)


def _of_session(size: int) -> Layout:
    head = np.dtype(_SESSION)
    rest = size - HEADER.itemsize - head.itemsize
    return Layout(np.dtype([("header", HEADER), ("session", head), ("rest", "u1", rest)]), False)


def _layouts(year: int) -> dict[tuple[int, int], Layout]:
    return {
        (year, MOTION): _of_cars(_MOTION, 0),
        (year, SESSION): _of_session(644 if year == 2023 else 753),
        (year, LAP): _of_cars(_lap(year), 2),
        (year, TELEMETRY): _of_cars(_TELEMETRY, 3),
        (year, STATUS): _of_cars(_STATUS, 0),
        (year, DAMAGE): _of_cars(_damage(year), 0),
    }


LAYOUTS: dict[tuple[int, int], Layout] = {
    key: layout for year in FORMATS for key, layout in _layouts(year).items()
}


def is_game_packet(datagram: bytes) -> bool:
    """Tell an F1 packet from text: it begins with the year, 2018 to 2047, as two bytes.

    No JSON and no CSV begins so: the second byte is a control character.
    """
    return datagram[1:2] == b"\x07" and 0xE2 <= datagram[0] <= 0xFF


def has_game_packets(datagrams: Sequence[bytes]) -> bool:
    """Tell if any of them is one."""
    return any(map(is_game_packet, datagrams))
