"""A manual gearbox and the hand on its lever, for the simulated road cars."""

from __future__ import annotations

import math
from collections.abc import Sequence

SHIFT_S = 0.3  # clutch open
SETTLE_S = 0.7  # no further shift for this long after one
RPM_PER_RAD_S = 30.0 / math.pi


class Gearbox:
    """Changes up late when driven hard, and down when the engine would labour.

    Args:
        ratios: From first gear on.
        final_drive: Of the axle.
        wheel_m: Rolling radius.
        step_s: Length of a step.

    Attributes:
        gear: From 1.
    """

    def __init__(
        self, ratios: Sequence[float], final_drive: float, wheel_m: float, step_s: float
    ) -> None:
        self.gear = 1
        self._per_m = [ratio * final_drive / wheel_m for ratio in ratios]
        self._step_s = step_s
        self._wait_s = 0.0

    @property
    def per_m(self) -> float:
        """Radians of the engine per metre of road; newtons at the wheel per N m of torque."""
        return self._per_m[self.gear - 1]

    @property
    def is_open(self) -> bool:
        """True while the clutch is open: the engine pulls nothing."""
        return self._wait_s > SETTLE_S

    def wheel_rpm(self, speed_m_s: float) -> float:
        """Return the engine speed that belongs to this road speed in this gear."""
        return speed_m_s * self.per_m * RPM_PER_RAD_S

    def step(self, rpm: float, urge: float, z: float) -> None:
        """Go on by one step.

        Args:
            rpm: Engine speed.
            urge: What the driver has wanted of the engine lately, 0 to 1.
            z: A standard normal number; no two shifts take equally long.
        """
        self._wait_s = max(0.0, self._wait_s - self._step_s)
        if self._wait_s > 0.0:
            return
        if rpm > 2500.0 + 3500.0 * urge**2 and self.gear < len(self._per_m):
            self.gear += 1
        elif rpm < 1400.0 + 2100.0 * urge**2 and self.gear > 1:
            self.gear -= 1
        else:
            return
        self._wait_s = SHIFT_S + SETTLE_S + 0.05 * abs(z)
