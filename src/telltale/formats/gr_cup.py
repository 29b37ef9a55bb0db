"""Toyota GR Cup files: what their columns are, the logger's lap error, and its wandering clock."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from telltale.batch import NS_PER_S, FloatArray, IntArray
from telltale.formats.columns import Column, Role, classified
from telltale.formats.layout import Clock, Layout
from telltale.formats.unix_times import NOT_A_TIME

LAP_ERROR = 32768  # the logger's "no lap known"
CLOCK_TOLERANCE_NS = 60 * NS_PER_S  # receive delays seen: up to 13 s
CAR_PREFIX = "car-"
# What a lap table's rows mark, by a part of its file's name, to the column that says so
TRIGGERS = {"lap_start": "lap_start", "lap_end": "lap_end", "lap_time": "lap_timed"}
_LONG = {"telemetry_name", "telemetry_value", "meta_time"}
_LAP_TABLE = {"lap", "meta_time", "vehicle_id"}
_SECTIONS = {"number", "lap_number", "lap_time", "hour"}
_WEATHER = {"time_utc_seconds", "air_temp"}
_RESULTS = ({"number", "position"}, {"number", "pos"}, {"number", "bestlap_1"})
_SECONDS = re.compile(
    r"LAP_TIME|ELAPSED|PIT_TIME|S\d(_LARGE|_SECONDS)?|(IM|INT|FL)[\w-]*_(time|elapsed)"
    r"|GAP_\w+|TOTAL_TIME|FL_TIME|TIME|AVERAGE|BESTLAP_\d+",
    re.IGNORECASE,
)
_WORDS = {"FLAG_AT_FL", "CROSSING_FINISH_LINE_IN_PIT", "STATUS", "CLASS"}
_ABOUT = re.compile(
    r"driver_(?!number).*|team|group|division|vehicle|manufacturer|tires|ecm .*|\*.*|sort key"
    r"|expire_at|meta_.*|original_vehicle_id|vehicle_number",
    re.IGNORECASE,
)
_UNITS = {
    "kph": "km/h", "top_speed": "km/h", "fl_kph": "km/h", "air_temp": "degC",
    "track_temp": "degC", "humidity": "%", "pressure": "hPa", "wind_speed": "km/h",
    "wind_direction": "deg", "value": "ms",  # of the lap_time table
}  # fmt: skip
TELEMETRY_UNITS = {
    "speed": "km/h", "nmot": "rpm", "aps": "%", "ath": "%", "pbrake_f": "bar", "pbrake_r": "bar",
    "accx_can": "g", "accy_can": "g", "Steering_Angle": "deg", "VBOX_Lat_Min": "deg",
    "VBOX_Long_Minutes": "deg", "Laptrigger_lapdist_dls": "m",
}  # fmt: skip


def is_long(header: Sequence[str]) -> bool:
    """Tell if there is one row per message: telemetry_name, telemetry_value."""
    return {name.lower() for name in header} >= _LONG


def layout_of(
    sample: Mapping[str, Sequence[str]], decimal: str, filename: str = ""
) -> Layout | None:
    """Return the layout of a GR Cup table; None if it is something else.

    Args:
        sample: Texts of the first rows by column.
        decimal: Decimal sign.
        filename: Tells apart the lap tables, which all have the same columns.
    """
    names = {name.lower() for name in sample}
    if names >= _LAP_TABLE:
        layout = _layout("GR Cup lap table", sample, decimal, "vehicle_id", "meta_time")
        trigger = next((word for word in TRIGGERS if word in filename.lower()), "")
        return msgspec.structs.replace(layout, trigger=trigger)
    if names >= _SECTIONS:
        return _layout("GR Cup sections", sample, decimal, "number", "hour")
    if names >= _WEATHER:
        return _layout("GR Cup weather", sample, decimal, None, "time_utc_seconds")
    if any(names >= shape for shape in _RESULTS):
        return _layout("GR Cup results", sample, decimal, "number", None)
    return None


def _layout(
    title: str,
    sample: Mapping[str, Sequence[str]],
    decimal: str,
    machine: str | None,
    time: str | None,
) -> Layout:
    columns = []
    time_column = None
    for source, texts in sample.items():
        if source.lower() == machine:
            columns.append(Column(source, Role.MACHINE))
        elif source.lower() == "timestamp" and time == "meta_time":  # the logger's own clock
            columns.append(Column(source, Role.TIME))
        elif source.lower() == time:
            time_column = source
            columns.append(Column(source, Role.TIME))
        else:
            columns.append(_column(source, texts, decimal))
    clock = Clock.NONE if time is None else Clock.ABSOLUTE
    return Layout(
        title,
        tuple(columns),
        Clock.TIME_OF_DAY if time == "hour" else clock,
        time_column,
        machine_prefix=CAR_PREFIX if machine == "number" else "",
    )


def _column(source: str, texts: Sequence[str], decimal: str) -> Column:
    if source.upper() in _WORDS:
        return Column(source, Role.CODE, "", "words become numbers")
    if _ABOUT.fullmatch(source):
        return Column(source, Role.LEFT_OUT, "", "about the entry, not a measurement")
    if _SECONDS.fullmatch(source):
        return Column(source, Role.DURATION, "s")
    return classified(source, texts, _UNITS.get(source.lower(), ""), decimal)


class EcuClock:
    """One car's logger clock, set right by the receive clock.

    Messages arrive in bursts that share a receive time, so that the logger's clock alone tells
    them apart; but it can be days off. Within a minute of the receive time it is taken as it is.
    Beyond, it is shifted: by what makes the first message of such a stretch fall on its receive
    time, until the two drift a minute apart again. So the receive clock gives the date and the
    logger's clock the spacing, whatever way the stream is cut.
    """

    __slots__ = ("_shift_ns",)

    def __init__(self) -> None:
        self._shift_ns = 0

    def right(self, logger_ns: IntArray, received_ns: IntArray) -> IntArray:
        """Return the true times of messages in order of arrival; both of shape (n,)."""
        behind_ns = received_ns - logger_ns
        near = np.abs(behind_ns) <= CLOCK_TOLERANCE_NS
        shift_ns = np.zeros(len(behind_ns), dtype=np.int64)
        for i in np.flatnonzero(~near):
            if abs(int(behind_ns[i]) - self._shift_ns) > CLOCK_TOLERANCE_NS:
                self._shift_ns = int(behind_ns[i])
            shift_ns[i] = self._shift_ns
        unknown = (logger_ns == NOT_A_TIME) | (received_ns == NOT_A_TIME)
        return np.where(unknown, received_ns, logger_ns + shift_ns)


class LapMemory:
    """One car's last known lap: takes the place of the logger's lap error."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = np.nan

    def mended(self, laps: FloatArray) -> FloatArray:
        """Return laps in time order, errors replaced by the lap before; NaN if none is known."""
        is_error = laps == LAP_ERROR
        known = ~is_error & ~np.isnan(laps)
        place = np.where(known, np.arange(len(laps)), -1)
        np.maximum.accumulate(place, out=place)
        before = np.where(place >= 0, laps[place], self._last)
        if known.any():
            self._last = float(laps[known][-1])
        return np.where(is_error, before, laps)
