"""A small sender of the F1 games' packets, written from the published sizes and offsets.

It packs with `struct` and numbers of its own, so that a wrong table in the decoder shows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

CARS = 22
SIZES = {  # published: packet id to bytes, by format
    2023: {0: 1349, 1: 644, 2: 1131, 6: 1352, 7: 1239, 10: 953},
    2024: {0: 1349, 1: 753, 2: 1285, 6: 1352, 7: 1239, 10: 953},
    2025: {0: 1349, 1: 753, 2: 1285, 6: 1352, 7: 1239, 10: 1041},
}


@dataclass(frozen=True, slots=True)
class Game:
    """One session of one game."""

    year: int
    player: int = 0
    session: int = 77

    def header(self, packet_id: int, time_s: float, frame: int) -> bytes:
        return struct.pack(
            "<HBBBBBQfIIBB",
            self.year,
            self.year % 100,
            1,
            5,
            1,
            packet_id,
            self.session,
            time_s,
            frame,
            frame,
            self.player,
            255,
        )

    def packet(self, packet_id: int, time_s: float, entries: bytes) -> bytes:
        head = self.header(packet_id, time_s, int(time_s * 60))
        return (head + entries).ljust(SIZES[self.year][packet_id], b"\0")

    def motion(self, time_s: float) -> bytes:
        car = struct.pack("<6f6h6f", 10, 20, 30, 0, 0, 0, *[0] * 6, -1.5, 0.5, 1.0, 0, 0, 0)
        return self.packet(0, time_s, car * CARS)

    def session_packet(self, time_s: float) -> bytes:
        zones = bytes(21 * 5)
        head = struct.pack(
            "<BbbBHBbBHHBBBBBB", 2, 34, 21, 58, 5303, 10, 0, 0, 4000, 7200, 80, *[0] * 5
        )
        return self.packet(1, time_s, head + zones + bytes((1, 0)))

    def lap(self, time_s: float, *, active: int = CARS) -> bytes:
        cars = b""
        for car in range(CARS):
            gaps = struct.pack("<HH", 1200, 5400)
            if self.year >= 2024:
                gaps = struct.pack("<HBHB", 1200, 0, 5400, 1)
            entry = struct.pack("<IIHBHB", 83_456, 12_345, 27_500, 0, 1_250, 1) + gaps
            entry += struct.pack("<fff", 1234.5 + car, 9876.5, 0.0)
            entry += bytes((car + 1, 7, 0, 1, 1, 0, 5, 0, 0, 0, 0, car + 1, 4))
            entry += bytes((2 if car < active else 0, 0)) + struct.pack("<HHB", 0, 0, 0)
            if self.year >= 2024:
                entry += struct.pack("<fB", 311.0, 3)
            cars += entry
        return self.packet(2, time_s, cars)

    def telemetry(self, time_s: float) -> bytes:
        cars = b""
        for car in range(CARS):
            cars += struct.pack("<HfffBbHBBH", 280 + car, 0.75, -0.25, 0.5, 0, 7, 11_250, 1, 80, 0)
            cars += struct.pack(
                "<4H4B4BH4f4B",
                510,
                520,
                610,
                620,
                *range(90, 98),
                105,
                21,
                21.5,
                23,
                23.5,
                *[0] * 4,
            )
        return self.packet(6, time_s, cars)

    def status(self, time_s: float) -> bytes:
        car = struct.pack(
            "<5B3fHHBBHBBBb", 0, 0, 1, 56, 0, 42.5, 110, 3.25, 13_000, 4_000, 8, 0, 0, 16, 16, 9, 0
        )
        car += struct.pack("<fffBfffB", 5e5, 1.2e5, 2.5e6, 1, 0, 0, 0, 0)
        return self.packet(7, time_s, car * CARS)

    def damage(self, time_s: float) -> bytes:
        cars = b""
        for car in range(CARS):
            cars += struct.pack("<4f", 11.5 + car, 12.5, 21.25, 22.75) + bytes(
                (1, 2, 3, 4, 5, 6, 7, 8)
            )
            if self.year >= 2025:
                cars += bytes((31, 32, 33, 34))
            cars += bytes((9, 10, 11, 12, 13, 14, 0, 0, 15, 16, 17, 18, 19, 20, 21, 22, 0, 0))
        return self.packet(10, time_s, cars)

    def frame(self, time_s: float, *, active: int = CARS) -> list[bytes]:
        """Return everything that a game says of one frame."""
        return [
            self.motion(time_s),
            self.session_packet(time_s),
            self.lap(time_s, active=active),
            self.telemetry(time_s),
            self.status(time_s),
            self.damage(time_s),
        ]
