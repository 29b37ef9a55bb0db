"""Writes the small logs beside this file, from telltale's own simulators and a formula.

Run it again and the same bytes come out: seeds and times are fixed. None of it is measured.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from telltale.simulators import make_simulator

FOLDER = Path(__file__).parent
PSI_PER_BAR = 14.503774
KM_PER_MILE = 1.609344


def write_rows(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write one comma-separated file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def fahrenheit(temp_c: float) -> float:
    """Return degrees Fahrenheit."""
    return temp_c * 1.8 + 32.0


def focus_st_drive(path: Path) -> None:
    """Write five minutes on the road at 4 Hz, as an OBD app would, with a stuck thermostat."""
    car = make_simulator("focus_st", np.random.default_rng(5), scenario="accelerate")
    start = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
    start_ns = int(start.timestamp()) * 10**9
    times_ns = start_ns + np.arange(1200, dtype=np.int64) * 250_000_000
    first = car.advance(times_ns[:240])
    car.set_fault("thermostat_stuck", 1.0)
    second = car.advance(times_ns[240:])
    columns = {name: np.concatenate((first[name], second[name])) for name in first}
    rows = (
        (
            (start + timedelta(seconds=i / 4)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
            f"{columns['engine_speed_rpm'][i]:.0f}",
            f"{columns['speed_km_h'][i] / KM_PER_MILE:.1f}",
            f"{columns['throttle_pct'][i]:.0f}",
            f"{columns['boost_bar'][i] * PSI_PER_BAR:.1f}",
            f"{columns['afr'][i]:.2f}",
            f"{fahrenheit(columns['coolant_temp_c'][i]):.0f}",
            f"{fahrenheit(columns['oil_temp_c'][i]):.0f}",
            f"{columns['battery_voltage_v'][i]:.2f}",
        )
        for i in range(1200)
    )
    head = ("Time", "RPM", "SPEED (mph)", "THROTTLE (%)", "BOOST (psi)", "AFR",
            "COOLANT_TEMP (°F)", "OIL_TEMP (°F)", "BATTERY_VOLTAGE (V)")  # fmt: skip
    write_rows(path, head, rows)


def gr_cup_telemetry(path: Path) -> None:
    """Write 12 s of one car in the long form of the GR Cup: one row per signal and instant."""
    names = {
        "speed": "speed_km_h", "nmot": "engine_speed_rpm", "gear": "gear", "ath": "throttle_pct",
        "pbrake_f": "pbrake_f_bar", "accx_can": "accx_g", "accy_can": "accy_g",
        "Steering_Angle": "steering_angle_deg", "Laptrigger_lapdist_dls": "lapdist_m",
    }  # fmt: skip
    car = make_simulator("race_car", np.random.default_rng(7))
    start = datetime(2026, 4, 18, 14, 0, tzinfo=UTC)
    start_ns = int(start.timestamp()) * 10**9
    warm_ns = start_ns - 90 * 10**9 + np.arange(900, dtype=np.int64) * 100_000_000
    car.advance(warm_ns)
    times_ns = start_ns + np.arange(60, dtype=np.int64) * 200_000_000
    columns = car.advance(times_ns)

    def rows() -> Iterable[Sequence[object]]:
        for i in range(60):
            clock = start + timedelta(seconds=i / 5)
            sent = clock + timedelta(seconds=0.35)
            lap = 32768 if i == 10 else int(columns["lap"][i])  # the logger's error, as it happens
            for signal, channel in names.items():
                yield (
                    lap, f"{sent:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z", signal,
                    f"{columns[channel][i]:.3f}", f"{clock:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
                    "GR86-007-013",
                )  # fmt: skip

    head = ("lap", "meta_time", "telemetry_name", "telemetry_value", "timestamp", "vehicle_id")
    write_rows(path, head, rows())


def compressor(path: Path) -> None:
    """Write three hours of an invented compressor: semicolons, decimal commas, a row of units."""
    rng = np.random.default_rng(11)
    start = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
    oil_c, lines = 40.0, ["Zeit;Netzdruck;Oel Temp;Motorstrom", ";bar;°C;A"]
    for i in range(1080):
        is_loaded = i % 24 < 16
        current_a = 41.0 if is_loaded else 18.0
        blocked = 1.0 + 0.45 * (i > 720)
        oil_c += (45.0 + 0.75 * current_a * blocked - oil_c) / 40.0
        pressure_bar = 7.0 + (0.03 if is_loaded else -0.06) * (i % 24 - 8)
        cells = (pressure_bar, oil_c, current_a)
        noisy = [f"{x + rng.normal(0.0, 0.05):.2f}".replace(".", ",") for x in cells]
        when = start + timedelta(seconds=10 * i)
        lines.append(f"{when:%d.%m.%Y %H:%M:%S};" + ";".join(noisy))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    focus_st_drive(FOLDER / "focus_st_drive.csv")
    gr_cup_telemetry(FOLDER / "gr_cup_telemetry.csv")
    compressor(FOLDER / "compressor.csv")
