"""A rolling bearing's geometry, and how often each of its parts is struck per turn of the shaft."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from telltale.errors import ModelError


class Part(StrEnum):
    """Where a bearing can be damaged, in the order of every array over parts."""

    OUTER_RACE = "outer_race"
    INNER_RACE = "inner_race"
    BALL = "ball"


PARTS = tuple(Part)
FREQUENCY_NAMES = {Part.OUTER_RACE: "BPFO", Part.INNER_RACE: "BPFI", Part.BALL: "2 x BSF"}
CAGE_NAME = "FTF"


@dataclass(frozen=True, slots=True)
class FaultOrders:
    """Strikes per turn of the shaft.

    Attributes:
        outer_race: A point of the outer race is passed by balls (BPFO).
        inner_race: A point of the inner race is passed by balls (BPFI).
        ball_spin: A ball turns about itself (BSF); its damage strikes twice per turn.
        cage: The cage turns (FTF).
    """

    outer_race: float
    inner_race: float
    ball_spin: float
    cage: float

    def of(self, part: Part) -> float:
        """Return strikes per turn of the shaft for damage of this part."""
        return {
            Part.OUTER_RACE: self.outer_race,
            Part.INNER_RACE: self.inner_race,
            Part.BALL: 2.0 * self.ball_spin,
        }[part]

    def sideband(self, part: Part) -> float | None:
        """Return with which order the damage goes in and out of the load zone; None if it stays."""
        return {Part.OUTER_RACE: None, Part.INNER_RACE: 1.0, Part.BALL: self.cage}[part]


@dataclass(frozen=True, slots=True)
class Bearing:
    """Geometry of a rolling bearing whose inner race turns.

    Attributes:
        name: As on the ring.
        n_balls: Rolling elements.
        ball_diameter_mm: Of one.
        pitch_diameter_mm: Of the circle through their centres.
        contact_angle_deg: 0 for a deep-groove bearing under radial load.
    """

    name: str
    n_balls: int
    ball_diameter_mm: float
    pitch_diameter_mm: float
    contact_angle_deg: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a geometry that no bearing has."""
        if self.n_balls < 3 or not 0.0 < self.ball_diameter_mm < self.pitch_diameter_mm:
            raise ModelError(
                f"bearing {self.name}: {self.n_balls} balls of {self.ball_diameter_mm} mm on a "
                f"pitch circle of {self.pitch_diameter_mm} mm. Give at least 3 balls, smaller "
                "than the circle."
            )

    def orders(self) -> FaultOrders:
        """Return the fault frequencies in multiples of shaft speed, for rolling without slip.

        Source:
            Randall and Antoni, Rolling element bearing diagnostics - a tutorial, Mechanical
            Systems and Signal Processing 25 (2011), equations 1 to 4.
        """
        share = self.ball_diameter_mm / self.pitch_diameter_mm
        share *= math.cos(math.radians(self.contact_angle_deg))
        spin = self.pitch_diameter_mm / (2.0 * self.ball_diameter_mm) * (1.0 - share**2)
        return FaultOrders(
            outer_race=self.n_balls / 2.0 * (1.0 - share),
            inner_race=self.n_balls / 2.0 * (1.0 + share),
            ball_spin=spin,
            cage=(1.0 - share) / 2.0,
        )


SKF_6205 = Bearing("6205-2RS", 9, 7.94, 39.04)  # CWRU: 0.3126 and 1.537 inch
