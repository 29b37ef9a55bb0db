"""A motor-driven rotating machine with a three-axis vibration and ultrasound sensor on a bearing.

Vibration is built from what causes it (imbalance at one time shaft speed, misalignment at two,
looseness in many harmonics, bearing impulses in the high bands), so total acceleration, velocity,
peak, kurtosis and bands always agree with each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from telltale.simulators.drive import Drift, Hold
from telltale.simulators.rotating_machine_channels import AXES, FAULTS, SENSORS
from telltale.simulators.stepped import SteppedSimulator, toward

STEP_S = 0.1
RATED_RPM = 3400.0
BANDS_G = (0.140, 0.097, 0.068, 0.066, 0.061, 0.080, 0.066, 0.056, 0.051, 0.039)  # FD's means
ULTRASOUND_DB = (-19.9, -28.8, -33.9, -43.8, -48.8, -52.5, -57.4, -62.3, -64.5, -70.2)
LEVEL_DB = -38.8
AXIS_SHARE = (0.78, 1.10, 1.05)  # of the band spectrum that each axis sees
VELOCITY_MM_S = (2.4, 3.4, 2.9)  # healthy, at rated speed
CREST = (3.8, 3.3, 3.6)  # healthy peak over rms
KURTOSIS = (3.25, 3.05, 3.2)  # 3.0 is pure noise

# Scenario: speed from and to, rpm.
DUTIES = {"normal": (3150.0, 3550.0), "slow": (2500.0, 2800.0), "fast": (3650.0, 3950.0)}

# What each fault adds to the ten vibration bands, g at full severity.
ADDED_G = {
    "imbalance": (0.42, 0.02, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "misalignment": (0.26, 0.20, 0.06, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "looseness": (0.24, 0.22, 0.20, 0.18, 0.15, 0.10, 0.06, 0.04, 0.02, 0.02),
    "bearing_defect": (0.0, 0.01, 0.02, 0.03, 0.05, 0.14, 0.22, 0.28, 0.30, 0.26),
    "lubrication": (0.0, 0.0, 0.0, 0.01, 0.02, 0.03, 0.05, 0.06, 0.07, 0.07),
}
# And to velocity per axis, as a multiple of the healthy value.
ADDED_VELOCITY = {
    "imbalance": (0.6, 2.2, 2.6),
    "misalignment": (3.2, 0.9, 1.1),
    "looseness": (0.7, 2.8, 1.4),
    "bearing_defect": (0.1, 0.2, 0.2),
    "lubrication": (0.05, 0.05, 0.05),
}
ADDED_ULTRASOUND_DB = {"bearing_defect": 26.0, "lubrication": 34.0}
ADDED_TEMP_C = {"bearing_defect": 14.0, "lubrication": 26.0, "misalignment": 9.0}
ADDED_KURTOSIS = {"bearing_defect": 9.0, "looseness": 2.0}
ADDED_CREST = {"bearing_defect": 4.5, "looseness": 1.2}


class RotatingPlant:
    """Shaft, bearing and casing, with one heat capacity."""

    sensors = SENSORS
    faults = FAULTS
    scenarios = tuple(DUTIES)
    step_s = STEP_S
    draws = 9

    def __init__(self, ambient_c: float = 22.0) -> None:
        self._set_speed = Hold(30.0, 60.0, STEP_S)
        self._ambient = Drift(ambient_c, 1.0, 1200.0, STEP_S)
        self._load = Drift(1.0, 0.06, 60.0, STEP_S)
        self._axes = tuple(Drift(1.0, 0.06, 8.0, STEP_S) for _ in AXES)
        self._hiss_db = Drift(0.0, 1.2, 20.0, STEP_S)
        self._knocks = Drift(0.0, 0.25, 3.0, STEP_S)
        self._speed_rpm = RATED_RPM
        self._temp_c = ambient_c + 11.5

    def step(self, scenario: str, level: Mapping[str, float], z: list[float]) -> list[float]:
        """Go on by 0.1 s. Order of the values: as `SENSORS`."""
        slow, fast = DUTIES[scenario]
        set_rpm = slow + (fast - slow) * self._set_speed.step(z[0], z[1])
        self._speed_rpm = toward(self._speed_rpm, set_rpm, STEP_S, 5.0)
        speed = self._speed_rpm / RATED_RPM
        load = self._load.step(z[2])
        self._temp_c = self._next_temp_c(speed * load, level, self._ambient.step(z[3]))
        present = [name for name, share in level.items() if share > 0.0]
        bands_g = self._bands_g(speed, load, level, present)
        shake = [axis.step(z[4 + k]) for k, axis in enumerate(self._axes)]
        total_g = math.sqrt(sum(band**2 for band in bands_g))
        acc_g = [total_g * share * s for share, s in zip(AXIS_SHARE, shake, strict=True)]
        level_db, *ultrasound_db = self._ultrasound_db(speed, level, present, z[8])
        return [
            self._speed_rpm,
            self._temp_c,
            level_db,
            *self._impulses(acc_g, level, present, z[7]),
            *acc_g,
            *self._velocity_mm_s(speed, shake, level, present),
            *ultrasound_db,
            *bands_g,
        ]

    def _next_temp_c(self, work: float, level: Mapping[str, float], ambient_c: float) -> float:
        goal_c = ambient_c + 11.5 * work + added(ADDED_TEMP_C, level, list(level))
        return toward(self._temp_c, goal_c, STEP_S, 240.0)

    def _bands_g(
        self, speed: float, load: float, level: Mapping[str, float], present: list[str]
    ) -> list[float]:
        healthy = speed**2 * load
        bands_g = [band * healthy for band in BANDS_G]
        for name in present:
            extra = level[name] * speed**2
            bands_g = [
                math.hypot(band, extra * more)
                for band, more in zip(bands_g, ADDED_G[name], strict=True)
            ]
        return bands_g

    def _velocity_mm_s(
        self, speed: float, shake: list[float], level: Mapping[str, float], present: list[str]
    ) -> list[float]:
        return [
            VELOCITY_MM_S[k]
            * speed
            * shake[k]
            * (1.0 + speed * sum(level[name] * ADDED_VELOCITY[name][k] for name in present))
            for k in range(len(AXES))
        ]

    def _impulses(
        self, acc_g: list[float], level: Mapping[str, float], present: list[str], z: float
    ) -> list[float]:
        """Return kurtosis per axis, then peak per axis: both follow how impulsive it is."""
        knocks = self._knocks.step(z)
        kurtosis = added(ADDED_KURTOSIS, level, present) * (1.0 + knocks)
        crest = added(ADDED_CREST, level, present) * (1.0 + 0.5 * knocks)
        return [
            *(healthy + max(0.0, kurtosis) for healthy in KURTOSIS),
            *(rms * (CREST[k] + crest) for k, rms in enumerate(acc_g)),
        ]

    def _ultrasound_db(
        self, speed: float, level: Mapping[str, float], present: list[str], z: float
    ) -> list[float]:
        """Return the level over all bands, then the ten bands: the same hiss, spread out."""
        hiss_db = 20.0 * math.log10(max(speed, 0.05)) + self._hiss_db.step(z)
        rise_db = hiss_db + added(ADDED_ULTRASOUND_DB, level, present)
        # Friction and impulses fill 8 to 50 kHz first; the ends rise half as much.
        return [
            LEVEL_DB + rise_db,
            *(
                db + rise_db * (1.0 if 1 <= band <= 5 else 0.5)
                for band, db in enumerate(ULTRASOUND_DB)
            ),
        ]


def added(table: Mapping[str, float], level: Mapping[str, float], present: list[str]) -> float:
    """Return what the faults that are present add together."""
    return sum(table.get(name, 0.0) * level[name] for name in present)


class RotatingMachine(SteppedSimulator):
    """A rotating machine as a simulator."""

    name = "rotating_machine"
    title = "Rotating machine"
    profile = "rotating_machine"

    def __init__(
        self, rng: np.random.Generator, *, scenario: str | None = None, ambient_c: float = 22.0
    ) -> None:
        super().__init__(RotatingPlant(ambient_c), rng, scenario=scenario)
