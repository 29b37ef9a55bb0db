"""A closed race track and the quickest lap a car can drive on it, point by point.

The lap is quasi-steady: corner speed from grip, then limits of braking (backwards) and of engine
power and grip (forwards), with the friction circle shared between turning and slowing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from telltale.batch import FloatArray

POINT_M = 4.0  # distance between two points of the lap
ROUNDING_M = 38.0  # how far a corner of the outline is smoothed to either side
GRAVITY_M_S2 = 9.81
# An invented circuit, metres: twelve corners, two long straights, driven clockwise.
OUTLINE_M = (
    (0.0, 0.0),
    (864.0, 36.0),
    (996.0, -156.0),
    (840.0, -300.0),
    (1032.0, -480.0),
    (936.0, -732.0),
    (648.0, -672.0),
    (540.0, -840.0),
    (180.0, -816.0),
    (72.0, -576.0),
    (276.0, -396.0),
    (-72.0, -216.0),
)
ANCHOR_DEG = (47.25, 9.4)  # a lake: nobody will take it for a real circuit
M_PER_DEG = 111_320.0


@dataclass(frozen=True, slots=True)
class Grip:
    """What car and tyres can do: in corners, on the brakes, and what power is left to pull."""

    corner_g: float = 1.25
    brake_g: float = 1.15
    power_kw: float = 170.0
    mass_kg: float = 1270.0
    drag_n_s2_m2: float = 0.42
    top_m_s: float = 53.5


@dataclass(frozen=True, slots=True)
class Lap:
    """One lap by distance, all of shape (points,).

    Attributes:
        length_m: Once around.
        curvature_per_m: Positive to the right.
        speed_m_s: The quickest possible.
        accel_m_s2: Along the track at that speed.
        latitude_deg, longitude_deg: Where.
    """

    length_m: float
    curvature_per_m: FloatArray
    speed_m_s: FloatArray
    accel_m_s2: FloatArray
    latitude_deg: FloatArray
    longitude_deg: FloatArray


def make_lap(grip: Grip) -> Lap:
    """Lay out the track and drive the quickest lap with this grip."""
    east_m, north_m, length_m = rounded_loop(np.array(OUTLINE_M))
    step_m = length_m / len(east_m)
    heading = np.unwrap(np.arctan2(_around(east_m), _around(north_m)))
    turn = np.diff(
        heading,
        append=heading[0] + 2.0 * math.pi * round((heading[-1] - heading[0]) / (2.0 * math.pi)),
    )
    curvature = turn / step_m
    speed_m_s = quickest_speed_m_s(np.abs(curvature), step_m, grip)
    accel = (np.roll(speed_m_s, -1) ** 2 - speed_m_s**2) / (2.0 * step_m)
    latitude_deg = ANCHOR_DEG[0] + north_m / M_PER_DEG
    east_per_deg = M_PER_DEG * math.cos(math.radians(ANCHOR_DEG[0]))
    longitude_deg = ANCHOR_DEG[1] + east_m / east_per_deg
    return Lap(length_m, curvature, speed_m_s, accel, latitude_deg, longitude_deg)


def rounded_loop(corners_m: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return east, north and length of a closed polygon whose corners were rounded."""
    line_m = resampled(np.vstack((corners_m, corners_m[:1])), POINT_M)
    n = len(line_m)
    waves = np.fft.fftfreq(n, d=POINT_M)
    smooth = np.exp(-2.0 * (math.pi * waves * ROUNDING_M) ** 2)  # a Gaussian, as its transform
    round_m = np.fft.ifft(np.fft.fft(line_m[:, 0] + 1j * line_m[:, 1]) * smooth)
    loop_m = np.column_stack((round_m.real, round_m.imag))
    closed_m = np.vstack((loop_m, loop_m[:1]))
    length_m = float(np.hypot(*np.diff(closed_m, axis=0).T).sum())
    even_m = resampled(closed_m, POINT_M)
    return even_m[:, 0], even_m[:, 1], length_m


def resampled(line_m: FloatArray, step_m: float) -> FloatArray:
    """Return evenly spaced points on a closed line, the repeated last point left out."""
    along_m = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line_m, axis=0).T))))
    n = round(along_m[-1] / step_m)
    at_m = np.arange(n) * (along_m[-1] / n)
    return np.column_stack([np.interp(at_m, along_m, line_m[:, k]) for k in (0, 1)])


def quickest_speed_m_s(curvature_per_m: FloatArray, step_m: float, grip: Grip) -> FloatArray:
    """Return the highest speed at every point of a closed lap, curvature without its sign."""
    corner = np.sqrt(grip.corner_g * GRAVITY_M_S2 / np.maximum(curvature_per_m, 1e-6))
    speed = np.minimum(corner, grip.top_m_s).tolist()
    bend = curvature_per_m.tolist()
    n = len(speed)
    for k in range(2 * n, 0, -1):  # twice around, so that start and finish agree
        here, before = k % n, (k - 1) % n
        left = left_of_grip(speed[here], bend[here], grip)
        slow = grip.brake_g * GRAVITY_M_S2 * left
        speed[before] = min(speed[before], math.sqrt(speed[here] ** 2 + 2.0 * slow * step_m))
    for k in range(2 * n):
        here, after = k % n, (k + 1) % n
        left = left_of_grip(speed[here], bend[here], grip)
        pull = min(
            grip.power_kw * 1000.0 / max(speed[here], 5.0), 0.55 * grip.mass_kg * GRAVITY_M_S2
        )
        gain = (pull - grip.drag_n_s2_m2 * speed[here] ** 2) / grip.mass_kg * left
        reach = max(1.0, speed[here] ** 2 + 2.0 * gain * step_m)
        speed[after] = min(speed[after], math.sqrt(reach))
    return np.array(speed)


def left_of_grip(speed_m_s: float, curvature_per_m: float, grip: Grip) -> float:
    """Return the share of grip that turning leaves for slowing or pulling (friction circle)."""
    used = speed_m_s**2 * curvature_per_m / (grip.corner_g * GRAVITY_M_S2)
    return math.sqrt(max(0.0, 1.0 - min(used, 1.0) ** 2))


def _around(values: FloatArray) -> FloatArray:
    return np.roll(values, -1) - values
