"""How a measuring point is shown: what it is, what it adds to its machine, how it stands."""

from __future__ import annotations

import msgspec

from telltale.profiles.point_channels import point_channels
from telltale.profiles.points import Point, title_of
from telltale.runtime.vibration.gear_normal import GearState
from telltale.runtime.vibration.record import WaveformView
from telltale.units import suffix_of


class PointView(msgspec.Struct, frozen=True):
    """One measuring point of a machine.

    Attributes:
        shaft_rpm: Turns per minute, or the channel that it is taken from.
        columns: Channels of the machine that its waveforms become, by what they are.
        gear: How well its healthy gear is known; null without a gear.
        newest: Its newest waveform.
    """

    name: str
    title: str
    rate_hz: float
    unit: str
    shaft_rpm: float | str | None
    has_bearing: bool
    has_gear: bool
    columns: dict[str, str]
    gear: GearState | None
    newest: WaveformView | None


def point_view(
    name: str, point: Point, gear: GearState | None, newest: WaveformView | None
) -> PointView:
    """Return how a point is shown."""
    return PointView(
        name=name,
        title=title_of(name, point),
        rate_hz=point.rate_hz,
        unit=point.unit,
        shaft_rpm=point.shaft_rpm,
        has_bearing=point.has_bearing,
        has_gear=point.gear is not None,
        columns={_what(name, column, point.unit): column for column in point_channels(name, point)},
        gear=gear,
        newest=newest,
    )


def _what(point: str, column: str, unit: str) -> str:
    """Return what a point's channel is, without the point's name and the acceleration's unit."""
    what = column.removeprefix(f"{point}_")
    ending = f"_{suffix_of(unit)}"
    return what.removesuffix(ending) if what.startswith("acceleration") else what
