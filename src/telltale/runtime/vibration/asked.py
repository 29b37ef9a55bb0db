"""What a measuring point is for one waveform: as its profile says, and as somebody says now."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from telltale.batch import FloatArray
from telltale.errors import SettingsError
from telltale.formats.waveforms import Waveform
from telltale.models.vibration.bearings import Bearing, FaultOrders
from telltale.profiles.points import NAME_RULE, Acceleration, Point, wrong_with
from telltale.units import conversion

RATE_TOLERANCE = 0.01  # between what a file and a profile say


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says of one waveform; each goes before what the profile says.

    Attributes:
        sample_rate_hz: Sampling rate.
        shaft_rpm: Shaft speed.
        unit: "g" or "m/s2".
        scale: Units per count of integer samples, or per full scale.
        channel: Which one of several in the file, counted from 1.
        top_hz: Highest frequency used to diagnose a bearing.
        balls, ball_mm, pitch_mm, angle_deg: Geometry of the bearing.
        bpfo, bpfi, bsf, ftf: Or its fault orders.
        teeth: Of the gear wheel on the shaft.
    """

    sample_rate_hz: float | None = None
    shaft_rpm: float | None = None
    unit: Acceleration | None = None
    scale: float | None = None
    channel: int | None = None
    top_hz: float | None = None
    balls: int | None = None
    ball_mm: float | None = None
    pitch_mm: float | None = None
    angle_deg: float | None = None
    bpfo: float | None = None
    bpfi: float | None = None
    bsf: float | None = None
    ftf: float | None = None
    teeth: int | None = None


def point_for(known: Point | None, asked: Asked, sent: Waveform) -> Point:
    """Return the point as it is for one waveform.

    Raises:
        SettingsError: The sampling rate is not known, or what is said cannot be.
    """
    _check_finite(asked)
    said = (asked.sample_rate_hz, sent.rate_hz, known.rate_hz if known is not None else None)
    rate_hz = next((rate for rate in said if rate is not None), None)
    if rate_hz is None:
        raise SettingsError(
            "The sampling rate is not known: the file does not say it. Give it as sample_rate_hz "
            "(`--rate-hz`)."
        )
    table = msgspec.to_builtins(known) if known is not None else {}
    table |= {"rate_hz": rate_hz}
    for key in ("shaft_rpm", "unit", "scale", "top_hz"):
        if (value := getattr(asked, key)) is not None:
            table[key] = value
    if table.get("top_hz") and asked.top_hz is None:
        table["top_hz"] = min(table["top_hz"], rate_hz / 2.0)  # of a file with a rate of its own
    table |= _bearing(asked)
    if asked.teeth is not None:
        table["gear"] = {"teeth": asked.teeth}
    return _checked(table)


def samples_for(known: Point | None, point: Point, sent: Waveform) -> tuple[FloatArray, Point]:
    """Return the samples in the unit of the profile's point, and the point in that unit."""
    scale = point.scale if sent.is_scaled else 1.0
    if known is not None and known.unit != point.unit:
        to_known, _ = conversion(point.unit, known.unit)
        scale, point = scale * to_known, msgspec.structs.replace(point, unit=known.unit)
    with np.errstate(over="ignore"):  # what is too large is refused with the sensor's other faults
        return sent.samples * scale, point


def orders_of(point: Point) -> FaultOrders | None:
    """Return a point's fault orders; None if it has no bearing."""
    if point.orders is not None:
        given = point.orders
        return FaultOrders(given.bpfo, given.bpfi, given.bsf, given.ftf)
    if point.bearing is None:
        return None
    own = point.bearing
    return Bearing(own.name, own.balls, own.ball_mm, own.pitch_mm, own.angle_deg).orders()


def told_rates(known: Point | None, asked: Asked, sent: Waveform) -> tuple[str, ...]:
    """Return a warning where a file and its profile say different rates."""
    if known is None or sent.rate_hz is None or asked.sample_rate_hz is not None:
        return ()
    if abs(sent.rate_hz / known.rate_hz - 1.0) <= RATE_TOLERANCE:
        return ()
    return (
        f"The file says {sent.rate_hz:g} Hz and the profile {known.rate_hz:g} Hz; the file's rate "
        "was taken.",
    )


def told_scale(point: Point, sent: Waveform) -> tuple[str, ...]:
    """Return a warning where integers were sent and nobody says what one is worth."""
    if not sent.is_scaled or point.scale != 1.0:
        return ()
    return (
        f"The samples are integers and no scale is given: sizes are counts or parts of full scale, "
        f"not {point.unit}. Give the point a scale.",
    )


def check_point_name(name: str) -> None:
    """Refuse what cannot name a measuring point. Raises SettingsError."""
    if not NAME_RULE.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot name a measuring point: use up to 30 lower-case letters, digits and "
            "'_', a letter first."
        )


def _check_finite(asked: Asked) -> None:
    for name in asked.__struct_fields__:
        value = getattr(asked, name)
        least_is_zero = name == "angle_deg"
        if isinstance(value, float) and not (
            math.isfinite(value) and (value > 0.0 or (least_is_zero and value == 0.0))
        ):
            above = "of 0 or more" if least_is_zero else "above 0"
            raise SettingsError(f"{name} is {value:g}. Give a number {above}.")


def _bearing(asked: Asked) -> dict[str, object]:
    """Return the bearing that was described, whole; raises SettingsError where half of it is."""
    for kind, keys, needed in (
        ("bearing", ("balls", "ball_mm", "pitch_mm", "angle_deg"), 3),
        ("orders", ("bpfo", "bpfi", "bsf", "ftf"), 4),
    ):
        given = {key: value for key in keys if (value := getattr(asked, key)) is not None}
        if missing := [key for key in keys[:needed] if key not in given] if given else []:
            raise SettingsError(
                f"A bearing needs all of {', '.join(keys[:needed])}. Missing: {', '.join(missing)}."
            )
        if given:
            return {"bearing": None, "orders": None, kind: given}
    return {}


def _checked(table: dict[str, object]) -> Point:
    try:
        point = msgspec.convert(table, Point)
    except msgspec.ValidationError as error:
        raise SettingsError(f"The measuring point cannot be used: {error}.") from None
    if (wrong := wrong_with(point)) is not None:
        raise SettingsError(f"The measuring point cannot be used: {wrong[0]} {wrong[1]}.")
    return point
