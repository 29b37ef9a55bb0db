"""What can go wrong with the rotating machine, and what its sensor gives."""

from __future__ import annotations

from telltale.simulators.base import Fault, Sensor

AXES = ("axial", "vertical", "horizontal")
BANDS_HZ = tuple(f"{low}_{low + 200}" for low in range(0, 2000, 200))
ULTRASOUND_KHZ = tuple(f"{low}_{low + 8}" for low in range(0, 80, 8))

FAULTS: tuple[Fault, ...] = (
    Fault(
        "imbalance",
        "Imbalance",
        "Mass off the axis: radial vibration at one times shaft speed, growing with its square.",
        ("vibration_velocity_vertical_mm_s", "vibration_velocity_horizontal_mm_s", "band_0_200_g"),
        60.0,
    ),
    Fault(
        "misalignment",
        "Misalignment",
        "The coupling is out of line: axial vibration at one and two times shaft speed, warmth.",
        ("vibration_velocity_axial_mm_s", "band_0_200_g", "band_200_400_g", "temp_c"),
        60.0,
    ),
    Fault(
        "bearing_defect",
        "Bearing defect",
        "A race is pitted: impulses raise ultrasound, kurtosis, peaks and the bands above 1 kHz.",
        ("kurtosis_vertical", "peak_vertical_g", "band_1400_1600_g", "level_db", "temp_c"),
        120.0,
    ),
    Fault(
        "lubrication",
        "Poor lubrication",
        "The oil film breaks: ultrasound between 8 and 50 kHz rises first, then temperature.",
        ("level_db", "temp_c"),
        120.0,
    ),
    Fault(
        "looseness",
        "Looseness",
        "A foot is loose: many harmonics of shaft speed, mostly vertical, with knocks.",
        ("vibration_velocity_vertical_mm_s", "band_400_600_g", "kurtosis_vertical"),
        30.0,
    ),
)

SENSORS: tuple[Sensor, ...] = (
    Sensor("speed_rpm", 1.0, 0.0, 20000.0, noise=2.0),
    Sensor("temp_c", 0.1, -40.0, 200.0, noise=0.1),
    Sensor("level_db", 0.1, -100.0, 60.0, noise=0.5),
    *(Sensor(f"kurtosis_{axis}", 0.01, 0.0, 300.0, noise_share=0.05) for axis in AXES),
    *(Sensor(f"peak_{axis}_g", 0.001, 0.0, 100.0, noise_share=0.05) for axis in AXES),
    *(Sensor(f"vibration_acc_{axis}_g", 0.001, 0.0, 100.0, noise_share=0.03) for axis in AXES),
    *(
        Sensor(f"vibration_velocity_{axis}_mm_s", 0.01, 0.0, 200.0, noise_share=0.04)
        for axis in AXES
    ),
    *(Sensor(f"ultrasound_{band}k_db", 0.1, -120.0, 60.0, noise=0.7) for band in ULTRASOUND_KHZ),
    *(Sensor(f"band_{band}_g", 0.0001, 0.0, 50.0, noise_share=0.05) for band in BANDS_HZ),
)
