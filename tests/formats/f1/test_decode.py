"""Packets of the F1 games: each format by its own layout, one frame one sample, nothing crashes."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telltale.batch import NS_PER_S
from telltale.formats.datagrams import decode_datagrams
from telltale.formats.f1.channels import CHANNELS, UNITS
from telltale.formats.f1.decode import GameClock, GameDecoder
from telltale.formats.f1.layouts import FORMATS, LAYOUTS
from telltale.units import unit_of_name
from tests.formats.f1.game import SIZES, Game

NOW_NS = 1_780_300_800 * NS_PER_S


@pytest.mark.parametrize("year", FORMATS)
def test_each_packet_has_the_published_size(year: int) -> None:
    assert {key[1]: layout.size for key, layout in LAYOUTS.items() if key[0] == year} == SIZES[year]


@pytest.mark.parametrize("year", FORMATS)
def test_all_packets_of_a_frame_are_one_sample_of_the_players_car(year: int) -> None:
    found = decode_datagrams(Game(year, player=3).frame(12.5), arrival_ns=NOW_NS)
    (batch,) = found.batches
    assert (batch.machine, batch.time_ns.tolist()) == ("f1-player", [NOW_NS])
    told = {name: float(values[0]) for name, values in batch.columns.items()}
    wanted = {
        "speed_km_h": 283.0,
        "throttle_pct": 75.0,
        "steering_pct": -25.0,
        "brake_pct": 50.0,
        "gear": 7.0,
        "engine_speed_rpm": 11_250.0,
        "engine_temp_c": 105.0,
        "brake_rl_temp_c": 510.0,
        "brake_fr_temp_c": 620.0,
        "tyre_fl_surface_temp_c": 92.0,
        "tyre_fl_inner_temp_c": 96.0,
        "tyre_fr_pressure_psi": 23.5,
        "tyre_rl_wear_pct": 14.5,
        "tyre_fr_wear_pct": 22.75,
        "tyre_fl_damage_pct": 3.0,
        "brake_rr_damage_pct": 6.0,
        "front_left_wing_damage_pct": 9.0,
        "tc_wear_pct": 22.0,
        "accx_g": 0.5,
        "accy_g": -1.5,
        "position_z_m": 30.0,
        "lap": 7.0,
        "place": 4.0,
        "lapdist_m": 1237.5,
        "lap_time_s": 12.345,
        "last_lap_s": 83.456,
        "sector2_s": 61.25,
        "gap_ahead_s": 1.2,
        "gap_leader_s": 5.4 if year == 2023 else 65.4,
        "pit_stop_count": 1.0,
        "penalties_s": 5.0,
        "fuel_kg": 42.5,
        "brake_bias_pct": 56.0,
        "ers_store_kj": 2500.0,
        "track_temp_c": 34.0,
        "air_temp_c": 21.0,
        "track_length_m": 5303.0,
        "safety_car": 1.0,
    }
    assert {name: told[name] for name in wanted} == pytest.approx(wanted)
    assert ("tyre_fl_blisters_pct" in told) == (year == 2025)
    if year == 2025:
        assert told["tyre_fl_blisters_pct"] == 33.0
    assert (found.rejected_rows, found.row_numbers) == (0, ())
    assert found.units["tyre_fl_wear_pct"] == "%"


def test_every_channels_unit_is_the_one_of_its_name() -> None:
    assert len(UNITS) == sum(map(len, CHANNELS.values()))
    for name, unit in UNITS.items():
        assert unit_of_name(name) in (None, unit), name


def test_all_cars_that_take_part_are_machines_of_their_own_if_asked_for() -> None:
    game = GameDecoder("car-1", all_cars=True)
    found = decode_datagrams(
        Game(2024, player=2).frame(5.0, active=4), arrival_ns=NOW_NS, games=game
    )
    told = {batch.machine: batch.columns["speed_km_h"].tolist() for batch in found.batches}
    assert told == {"car-1": [282.0], "f1-car-0": [280.0], "f1-car-1": [281.0], "f1-car-3": [283.0]}


def test_a_frame_gets_the_same_time_however_its_packets_are_cut() -> None:
    frames = [packet for i in range(20) for packet in Game(2025).frame(10 + i / 60)]
    whole = GameDecoder().decode(frames, range(len(frames)), arrival_ns=NOW_NS)
    game, times = GameDecoder(), set()
    for i in range(0, len(frames), 5):
        part = frames[i : i + 5]
        late_ns = NOW_NS + i * 3_000_000
        for batch in game.decode(part, range(len(part)), arrival_ns=late_ns).batches:
            times |= set(batch.time_ns.tolist())
    assert times == set(whole.batches[0].time_ns.tolist())
    assert len(times) == 20


def test_a_pause_and_a_flashback_take_the_clock_anew() -> None:
    clock = GameClock()
    assert clock.time_ns(1, 10.0, NOW_NS) == NOW_NS
    assert clock.time_ns(1, 10.5, NOW_NS + 480_000_000) == NOW_NS + 500_000_000
    paused_ns = NOW_NS + 60 * NS_PER_S
    assert clock.time_ns(1, 10.6, paused_ns) == paused_ns
    assert clock.time_ns(1, 6.0, paused_ns + 10) == paused_ns + 10
    assert clock.time_ns(2, 6.1, paused_ns + 20) == paused_ns + 20


def test_packets_beside_json_and_csv_are_told_apart_by_their_bytes() -> None:
    line = b"2026-06-01T08:00:00Z,cota,GR86-1,1,10.5,180.0"
    mixed = [b'{"machine": "pump-3", "x": 1}', Game(2023).telemetry(1.0), line, b"{broken"]
    found = decode_datagrams(mixed, arrival_ns=NOW_NS)
    assert [batch.machine for batch in found.batches] == ["f1-player", "pump-3", "GR86-1"]
    assert found.rejected_rows == 1
    assert found.reasons[0].row == 3


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (Game(2023).telemetry(1.0)[:28], "cut off"),
        (Game(2023).telemetry(1.0)[:-1], "has 1351 bytes, not 1352"),
        (Game(2024).lap(1.0)[:1131], "has 1131 bytes, not 1285"),
        (struct.pack("<H", 2022) + bytes(1400), "format 2022. Set UDP Format"),
        (
            Game(2025).telemetry(1.0).replace(struct.pack("<f", 1.0), struct.pack("<f", np.nan), 1),
            "damaged",
        ),
        (Game(2025, player=40).telemetry(1.0), "damaged"),
        (Game(2025).header(99, 1.0, 1), "no packet 99"),
    ],
)
def test_a_packet_that_cannot_be_read_is_counted_with_the_reason(packet: bytes, why: str) -> None:
    found = decode_datagrams([Game(2023).telemetry(1.0), packet], arrival_ns=NOW_NS)
    assert (found.rows, found.rejected_rows) == (1, 1)
    assert found.reasons[0].row == 1
    assert why in found.reasons[0].message


def test_packets_of_no_use_are_left_out_without_a_reason() -> None:
    found = decode_datagrams([Game(2024).header(4, 1.0, 1) + bytes(1300)], arrival_ns=NOW_NS)
    assert (found.rows, found.rejected_rows, found.reasons) == (0, 0, ())


HEADS = st.sampled_from([Game(year).header(i, 1.0, 1) for year in FORMATS for i in SIZES[year]])


@given(st.lists(st.binary(max_size=40) | st.tuples(HEADS, st.binary(max_size=64)), max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(parts: list[bytes | tuple[bytes, bytes]]) -> None:
    packets = []
    for part in parts:
        if isinstance(part, bytes):
            packets.append(b"\xe7\x07" + part)
            continue
        head, noise = part
        year, packet_id = int.from_bytes(head[:2], "little"), head[6]
        packets.append(
            (head + noise * 30).ljust(SIZES[year][packet_id], b"\xff")[: SIZES[year][packet_id]]
        )
    found = GameDecoder(all_cars=True).decode(packets, range(len(packets)), arrival_ns=NOW_NS)
    assert found.rejected_rows <= len(packets)
    for batch in found.batches:
        assert all(not np.isinf(values).any() for values in batch.columns.values())
