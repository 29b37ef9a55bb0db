"""Measuring points: where an accelerometer sits on a machine, and what turns below it."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Rate = Annotated[float, msgspec.Meta(ge=1, le=100_000_000)]
Order = Annotated[float, msgspec.Meta(gt=0, le=500)]  # as many as a bearing has balls
MAX_RPM = 1_000_000.0  # beyond the fastest spindles
MOST_PITCH = 500.0  # of the balls' circle, in balls
FIT_TOLERANCE = 0.01  # of the geometry as it is printed
NAME_RULE = re.compile(r"[a-z][a-z0-9_]{0,29}")  # its channels' names are columns of the store
MAX_POINTS = 64  # of one profile; each adds about fifteen channels
Acceleration = Literal["g", "m/s2"]


class PointBearing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Geometry of a rolling bearing whose inner race turns.

    Attributes:
        balls: Rolling elements.
        ball_mm: Diameter of one.
        pitch_mm: Diameter of the circle through their centres.
        angle_deg: Contact angle; 0 for a deep-groove bearing under radial load.
        name: As on the ring, for people.
    """

    balls: Annotated[int, msgspec.Meta(ge=3, le=500)]
    ball_mm: Positive
    pitch_mm: Positive
    angle_deg: Annotated[float, msgspec.Meta(ge=0, lt=90)] = 0.0
    name: str = ""


class PointOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fault orders of a bearing in multiples of shaft speed, as its maker lists them.

    Attributes:
        bpfo: Balls that pass a point of the outer race, per turn of the shaft.
        bpfi: Balls that pass a point of the inner race.
        bsf: Turns of a ball about itself; not doubled.
        ftf: Turns of the cage.
    """

    bpfo: Order
    bpfi: Order
    bsf: Order
    ftf: Order


class PointGear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A gear wheel on the shaft.

    Attributes:
        teeth: Of the wheel that turns with the shaft.
    """

    teeth: Annotated[int, msgspec.Meta(ge=3, le=10_000)]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measuring point of a machine, of which waveforms come now and then.

    Attributes:
        title: For people: "Drive end". Made of the point's name if absent.
        rate_hz: Sampling rate, unless a waveform says its own.
        unit: Of the samples, and of what is worked out of them.
        scale: Units per count of integer samples, or per full scale of a WAV file.
        shaft_rpm: Shaft speed, or the channel or metric to take it from at the waveform's time.
        top_hz: Highest frequency used to diagnose a bearing; half the sampling rate if absent.
        bearing: Its geometry.
        orders: Its fault orders, where the geometry is not known.
        gear: A gear wheel on the shaft.
        source: Where the facts come from.
    """

    rate_hz: Rate
    title: str = ""
    unit: Acceleration = "g"
    scale: Positive = 1.0
    shaft_rpm: float | str | None = None
    top_hz: Positive | None = None
    bearing: PointBearing | None = None
    orders: PointOrders | None = None
    gear: PointGear | None = None
    source: str | None = None

    @property
    def has_bearing(self) -> bool:
        """True if a bearing's fault frequencies are known."""
        return self.bearing is not None or self.orders is not None


def title_of(name: str, point: Point) -> str:
    """Return what people call a point: its title, or one made of its name."""
    return point.title or name.replace("_", " ").capitalize()


def wrong_with(point: Point) -> tuple[str, str] | None:
    """Return the key at fault and what is wrong; None for a point that makes sense."""
    if point.bearing is not None and point.orders is not None:
        return "orders", "the bearing's geometry is given too; leave one of them out"
    if point.top_hz is not None and point.top_hz > point.rate_hz / 2.0:
        return "top_hz", f"is above half the sampling rate, {point.rate_hz / 2.0:g} Hz"
    return _wrong_bearing(point) or _wrong_speed(point)


def _wrong_bearing(point: Point) -> tuple[str, str] | None:
    orders = point.orders
    if point.bearing is not None and (unfit := _unfit(point.bearing)) is not None:
        return "bearing", unfit
    if orders is not None and not orders.ftf < 1.0 < orders.bpfo < orders.bpfi:
        return "orders", "ftf must be below 1, and bpfo above 1 and below bpfi"
    return None


def _unfit(bearing: PointBearing) -> str | None:
    """Return why such balls make no bearing: they overlap, or are far too small."""
    told = f"{bearing.ball_mm:g} mm"
    circle = f"a circle of {bearing.pitch_mm:g} mm"
    if not bearing.ball_mm < bearing.pitch_mm:
        return f"balls of {told} do not fit on {circle}"
    most = math.pi / math.asin(bearing.ball_mm / bearing.pitch_mm / (1.0 + FIT_TOLERANCE))
    if bearing.balls > most:
        return f"{bearing.balls} balls of {told} do not fit on {circle}; {int(most)} do, in one row"
    if bearing.pitch_mm > MOST_PITCH * bearing.ball_mm:
        return f"balls of {told} on {circle} make no bearing; give both diameters in mm"
    return None


def _wrong_speed(point: Point) -> tuple[str, str] | None:
    rpm = point.shaft_rpm
    if isinstance(rpm, float | int) and not 0.0 < rpm <= MAX_RPM:
        told = f"{rpm:g} is no speed; give turns per minute, up to {MAX_RPM:,.0f}"
        return "shaft_rpm", f"{told}, or the name of a channel"
    if rpm is None and (point.has_bearing or point.gear is not None):
        return "shaft_rpm", "is missing (`--rpm`); without it no fault frequency is known"
    return None
